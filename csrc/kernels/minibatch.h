/* minibatch.h - minibatch discrimination: how near the elements of a batch are to each other. */
#ifndef GN_MINIBATCH_H
#define GN_MINIBATCH_H

#include "../gn.h"

gn_int gn_minibatch_work(gn_int n, gn_int b, gn_int c); /* reals of workspace, for both */

/* o (N,B) out  <-  m (N,B,C): o[i,b] = sum over j != i of exp(-sum over c of |m[i,b,c] - m[j,b,c]|).
** Parallel over N; N^2 B C steps. Source: Salimans et al. 2016, arXiv:1606.03498, sec. 3.2. */
void gn_minibatch(gn_real *o, const gn_real *m, gn_int n, gn_int b, gn_int c, gn_real *work);

/* dm (N,B,C) out  <-  g (N,B), m: the gradient of sum(o g) with respect to m; |x| has slope 0 at 0. */
void gn_minibatch_grad(gn_real *dm, const gn_real *g, const gn_real *m, gn_int n, gn_int b, gn_int c, gn_real *work);

#endif
