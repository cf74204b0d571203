/* spectral.h - spectral normalisation: power iteration on a weight, division by its largest singular value, and that
** one's gradient. */
#ifndef GN_SPECTRAL_H
#define GN_SPECTRAL_H

#include "../gn.h"

/* A weight w (A,R,B) as the matrix W (R, A B): R output channels, wherever their axis lies. All sizes >= 1. */
typedef struct gn_spectral_dims {
  gn_int a, r, b;
} gn_spectral_dims;

gn_int gn_spectral_work(const gn_spectral_dims *d); /* reals of workspace, for each of these */

/* u (R), v (A,B) out  <-  w, u0 (R): v = W'u0 / |W'u0|, u = W v / |W v|. Where W'u0 is 0, u stays u0.
** Returns |W v| = u' W v. Where B = 1 w is read once: W v and |W'u0| come from the same pass.
** Source: Miyato et al. 2018, arXiv:1802.05957, alg. 1. */
double gn_power_iteration(gn_real *u, gn_real *v, const gn_real *w, const gn_real *u0, const gn_spectral_dims *d,
                          gn_real *work);

/* Returns u' W v. */
double gn_spectral_sigma(const gn_real *w, const gn_real *u, const gn_real *v, const gn_spectral_dims *d,
                         gn_real *work);

/* y (n) out  <-  w / sigma, sigma not 0: times the rounded 1 / sigma. */
void gn_spectral_divide(gn_real *y, const gn_real *w, double sigma, gn_int n);

/* dw (A,R,B) out  <-  dy, w, u, v: the gradient of y = w / sigma, sigma = u' W v, u and v being constants:
** (dy - <dy, y> u v') / sigma. Source: the same, eq. 12. */
void gn_spectral_grad(gn_real *dw, const gn_real *dy, const gn_real *w, const gn_real *u, const gn_real *v,
                      double sigma, const gn_spectral_dims *d, gn_real *work);

#endif
