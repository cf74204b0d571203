/* pointwise.h - strided, broadcasting loops over the functions of pointwise.def. */
#ifndef GN_POINTWISE_H
#define GN_POINTWISE_H

#include "../tensor.h"

/* One row: y[i*s[0]] <- f(a[i*s[1]], b[i*s[2]], c[i*s[3]]), i = 0..n-1. y may be a, b or c exactly (in place). */
typedef void (*gn_row)(gn_int n, gn_real *const *x, const gn_int *s, const gn_real *p);

typedef struct gn_pointwise {
  const char *name;
  int narg;   /* tensor arguments: 1..3 */
  int nparam; /* scalar parameters: 0..2 */
  gn_row row;
} gn_pointwise;

extern const gn_pointwise gn_pointwise_table[]; /* ends with name = NULL */

/* Operand 0 of the plan is written, 1..narg are read; x[k] is operand k's first element. Parallel. Cannot fail. */
void gn_pointwise_run(const gn_pointwise *f, const gn_plan *plan, gn_real *const *x, const gn_real *p);

#endif
