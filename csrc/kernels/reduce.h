/* reduce.h - reductions of a dense array (O,R,C) over its middle dimension, softmax over it. */
#ifndef GN_REDUCE_H
#define GN_REDUCE_H

#include "../gn.h"

typedef enum { GN_SUM, GN_SUM_SQUARES, GN_MAXIMUM, GN_MINIMUM } gn_reduction;

gn_int gn_reduce_work(gn_int o, gn_int r, gn_int c); /* reals of workspace */

/* y (O,C) out  <-  x (O,R,C): scale * sum over R (GN_SUM), sqrt(sum of squares) * scale (GN_SUM_SQUARES), largest or
** smallest (scale not used; NaN if there is one; R >= 1). Sums run in double: blocks fixed by the shape, added in
** block order. */
void gn_reduce(gn_real *y, const gn_real *x, gn_int o, gn_int r, gn_int c, gn_reduction kind, double scale,
               gn_real *work);

/* y (O,C) out  <-  position 0..R-1 of the first largest (smallest if `least`) of x (O,R,C); NaN counts as such.
** R >= 1. */
void gn_argreduce(int32_t *y, const gn_real *x, gn_int o, gn_int r, gn_int c, int least);

/* Returns log sum exp of r >= 1 values at distance c, around the largest one so that nothing overflows. NaN and
** infinities pass. */
double gn_log_sum_exp(const gn_real *x, gn_int r, gn_int c);

typedef enum { GN_SOFTMAX, GN_LOG_SOFTMAX } gn_softmax_kind;

/* y (O,R,C) out  <-  softmax or its logarithm of x (O,R,C) over R. R >= 1. */
void gn_softmax(gn_real *y, const gn_real *x, gn_int o, gn_int r, gn_int c, gn_softmax_kind kind);

/* y (O,C) out  <-  log sum exp of x (O,R,C) over R. R >= 1. */
void gn_logsumexp(gn_real *y, const gn_real *x, gn_int o, gn_int r, gn_int c);

#endif
