/* map.h - points laid out in the plane: t-SNE, and the assignment of points to cells. */
#ifndef GN_MAP_H
#define GN_MAP_H

#include "../gn.h"

gn_int gn_affinities_work(gn_int n, gn_int d); /* doubles of workspace */

/* p (N,N) out, beta (N) out  <-  x (N,D): t-SNE's symmetric affinities, which sum to 1. Row i's precision beta_i is
** searched until the entropy of exp(-beta_i |x_i - x_j|^2) is within tolerance of `entropy` nats, in 200 rounds at
** most; it ends at 1e12, where more points than that coincide. p_ij = p_ji to the bit. N >= 2. Parallel over rows.
** Source: van der Maaten & Hinton 2008, JMLR 9, eqs. 1 and 12. */
void gn_affinities(gn_real *p, double *beta, const gn_real *x, gn_int n, gn_int d, double entropy, double tolerance,
                   double *work);

gn_int gn_tsne_work(gn_int n); /* doubles of workspace, for the next three */

/* dy (N,2) out  <-  y (N,2), p (N,N): the gradient of sum p ln(p / q), p's side times `factor`:
** 4 sum_j (factor p_ij - q_ij) w_ij (y_i - y_j), w_ij = 1 / (1 + |y_i - y_j|^2), q = w / sum w. Parallel over rows.
** Source: the same, eq. 5. */
void gn_tsne_gradient(gn_real *dy, const gn_real *y, const gn_real *p, gn_int n, double factor, double *work);

/* Returns sum p ln(p / q), nats. Parallel over rows. */
double gn_tsne_divergence(const gn_real *y, const gn_real *p, gn_int n, double *work);

/* One step of descent, in place: gain += 0.2 where the signs of gradient and u differ, else *= 0.8, at least 0.01;
** u = momentum u - rate gain gradient; y += u, less its mean. y, u, gain (N,2), dy (N,2) out.
** Source: the same, sec. 3.4; gains, Jacobs 1988. */
void gn_tsne_step(gn_real *y, gn_real *u, gn_real *gain, gn_real *dy, const gn_real *p, gn_int n, double factor,
                  double momentum, double rate, double *work);

gn_int gn_assign_work(gn_int m); /* doubles of workspace */

/* at (N) out, from 0; u (N), v (M) out  <-  cost (N,M), N <= M, finite: the columns, one for each row, whose costs have
** the least sum. u_i + v_j <= cost_ij, equal where j = at_i; v_j <= 0, and 0 where no row has j.
** N^2 M steps at most. Source: Jonker & Volgenant 1987, shortest augmenting paths.
** Differs: without their initialisation; rows in order, the lowest column of equals. */
void gn_assign(int32_t *at, double *u, double *v, const gn_real *cost, gn_int n, gn_int m, double *work);

#endif
