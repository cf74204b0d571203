/* loss.h - losses that are one number, the mean over all elements or rows, with their gradients. Sums run in double. */
#ifndef GN_LOSS_H
#define GN_LOSS_H

#include "../gn.h"

gn_int gn_loss_work(gn_int n); /* reals of workspace for n elements, or n rows of cross entropy */

/* The second operand of the elementwise losses: t (n), or t = NULL and every element is `value`. */
typedef enum { GN_BCE, GN_L1, GN_L2 } gn_loss_kind;

/* Returns the mean over x (n), n >= 1, of: GN_BCE max(x,0) - x t + log(1 + exp(-|x|)), GN_L1 |x - t|, GN_L2
** (x - t)^2. */
double gn_loss(gn_loss_kind kind, const gn_real *x, const gn_real *t, double value, gn_int n, gn_real *work);

/* dx, dt (n) out, each or NULL  <-  g * derivative of gn_loss with respect to x and t. L1 has derivative 0 at 0. */
void gn_loss_grad(gn_loss_kind kind, gn_real *dx, gn_real *dt, double g, const gn_real *x, const gn_real *t,
                  double value, gn_int n);

/* Returns the mean over n of log sum exp(x[n]) - x[n][label[n]], x (N,Y), label (N) in 0..Y-1. N, Y >= 1. */
double gn_cross_entropy(const gn_real *x, const int32_t *label, gn_int n, gn_int y, gn_real *work);

/* dx (N,Y) out  <-  g / N * (softmax(x) - one_hot(label)) */
void gn_cross_entropy_grad(gn_real *dx, double g, const gn_real *x, const int32_t *label, gn_int n, gn_int y);

#endif
