/* recurrent.h - gated recurrent units over sequences of several lengths. */
#ifndef GN_RECURRENT_H
#define GN_RECURRENT_H

#include "../gn.h"

typedef struct gn_gru_shape {
  gn_int n, l, h; /* sequences, steps, numbers in a state */
} gn_gru_shape;

gn_int gn_gru_work(gn_gru_shape s); /* reals of workspace, for both */

/* y (N,L,H), gates (N,L,5H) out  <-  a (N,L,3H), u (H,3H), c (3H), h0 (N,H) or NULL for zeros, lengths (N) or NULL.
** With the state before h, columns in the order r, z, n, and p = h u + c:
**
**   r = sigmoid(a_r + p_r), z = sigmoid(a_z + p_z), q = p_n, n = tanh(a_n + r q), y = (1 - z) n + z h
**
** gates are r, z, n, q, h. A step behind a sequence's length leaves the state as it is, reads nothing of a, and its
** gates are 0. lengths are in 0 .. L. Parallel over N. Cannot fail.
** Source: Cho et al. 2014, arXiv:1406.1078, eqs. 5 to 8, with c_n inside r (...), as cuDNN and PyTorch have it. */
void gn_gru(gn_real *y, gn_real *gates, const gn_real *a, const gn_real *u, const gn_real *c, const gn_real *h0,
            const int32_t *lengths, gn_gru_shape s, gn_real *work);

/* da (N,L,3H), dp (N,L,3H), dh0 (N,H) out  <-  dy (N,L,H), gates, u, lengths: the gradients of sum(y dy) in a, in p of
** each step, and in h0. Those of u and c are sums of dp. Steps behind the length have gradient 0. Parallel over N.
** Cannot fail. */
void gn_gru_grad(gn_real *da, gn_real *dp, gn_real *dh0, const gn_real *dy, const gn_real *gates, const gn_real *u,
                 const int32_t *lengths, gn_gru_shape s, gn_real *work);

#endif
