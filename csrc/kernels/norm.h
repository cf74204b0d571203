/* norm.h - normalisation of x (O,R,C) with G groups of channels: one kernel for batch, layer, instance, group norm. */
#ifndef GN_NORM_H
#define GN_NORM_H

#include "../gn.h"

/* Statistics are taken per (o, group) over R and the C/G channels of the group; gamma and beta are per channel.
** batch norm: O = 1, R = N*H*W, G = C.  instance norm: O = N, R = H*W, G = C.  layer norm: O = N, R = H*W, G = 1.
** conditional batch norm: O = N, R = H*W, G = C, cond = 1: statistics (C) over O, too, but gamma and beta (O,C) per
** element of the batch. */
typedef struct gn_norm_dims {
  gn_int o, r, c, g; /* C is a multiple of G; R >= 1, C >= 1 */
  int cond;
} gn_norm_dims;

/* What every pass of a norm reads. x (O,R,C); mean, var (O,G), with cond (C). gamma, beta (C), with cond (O,C), or
** NULL: 1 and 0. slope is that of the activation that follows in the same pass, r(z) = z where z > 0, slope * z
** elsewhere: 1 none, 0 relu. */
typedef struct gn_norm_args {
  const gn_real *x, *mean, *var, *gamma, *beta;
  double eps;
  gn_real slope;
} gn_norm_args;

/* All of these overwrite their outputs, run in parallel over pieces fixed by the shape, and cannot fail. work:
** gn_norm_work reals, for gn_norm_grad2 gn_norm_grad2_work. */
gn_int gn_norm_work(const gn_norm_dims *d);
gn_int gn_norm_grad2_work(const gn_norm_dims *d);

/* mean, var (O,G) out  <-  x (O,R,C): mean and biased variance, exact to rounding also where |mean| >> std: sums run
** in double around the first value of each channel. var may be NULL. */
void gn_moments(gn_real *mean, gn_real *var, const gn_real *x, const gn_norm_dims *d, gn_real *work);

/* y (O,R,C), mean, var (O,G) out  <-  in, whose mean and var are not read: y = r((x - mean) / sqrt(var + eps) * gamma
** + beta). Reads x twice, writes y once.
** Source: Ioffe & Szegedy 2015, arXiv:1502.03167, alg. 1; Wu & He 2018, arXiv:1803.08494. */
void gn_norm(gn_real *y, gn_real *mean, gn_real *var, const gn_norm_args *in, const gn_norm_dims *d, gn_real *work);

/* y (O,R,C) out  <-  in: the second half of gn_norm. With cond it follows gn_moments of O = 1. */
void gn_norm_apply(gn_real *y, const gn_norm_args *in, const gn_norm_dims *d);

/* dx (O,R,C), dgamma, dbeta (as gamma, beta) out, each or NULL  <-  dy (O,R,C), the gradient of gn_norm's y, and in.
** beta is read for slope != 1 only. */
void gn_norm_grad(gn_real *dx, gn_real *dgamma, gn_real *dbeta, const gn_real *dy, const gn_norm_args *in,
                  const gn_norm_dims *d, gn_real *work);

/* ddy, dx (O,R,C), dgamma (C) out, each or NULL  <-  h (O,R,C), the gradient of gn_norm_grad's dx; dy and in as there:
** the derivatives of sum(h dx) in dy, x and gamma. That in beta is 0. Not for cond. Reads h, dy and x twice. */
void gn_norm_grad2(gn_real *ddy, gn_real *dx, gn_real *dgamma, const gn_real *h, const gn_real *dy,
                   const gn_norm_args *in, const gn_norm_dims *d, gn_real *work);

/* y (N,C) out  <-  x (N,C) / sqrt(mean over C of x^2 + eps). Source: Karras et al. 2018, arXiv:1710.10196, sec. 4.2. */
void gn_pixel_norm(gn_real *y, const gn_real *x, double eps, gn_int n, gn_int c);
void gn_pixel_norm_grad(gn_real *dx, const gn_real *dy, const gn_real *x, double eps, gn_int n, gn_int c);

/* y (n) out, m (n) in and out  <-  x (n): m holds uniform numbers in [0,1), which become the mask: 0 with probability
** p, else 1/(1-p) (p = 1: all 0); y = x m.
** Source: Srivastava et al. 2014, JMLR 15, scaled at training time. */
void gn_dropout(gn_real *y, gn_real *m, const gn_real *x, gn_int n, double p);

#endif
