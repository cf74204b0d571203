/* optim.h - optimiser updates in place, a whole parameter list in one call. */
#ifndef GN_OPTIM_H
#define GN_OPTIM_H

#include "../gn.h"

/* One parameter: p and its state are written, g is read. n elements each; what a method does not use is NULL. */
typedef struct gn_param {
  gn_real *p;
  const gn_real *g;
  gn_real *m, *v;
  gn_real *average; /* of p, or NULL: Adam moves it too, while p is in the cache */
  gn_int n;
  gn_int first; /* index of its first block; gn_param_blocks fills it */
} gn_param;

/* Fills `first` and returns the number of blocks of the whole list: the work is shared out across all tensors. */
gn_int gn_param_blocks(gn_param *list, gn_int count);

typedef struct gn_adam {
  double lr, beta1, beta2, eps, weight_decay; /* g + weight_decay * p is the gradient (L2, not decoupled) */
  double t;                                   /* 1 in the first step */
  double rate;                                /* of the averages, as in gn_ema_step */
} gn_adam;
/* m <- b1 m + (1-b1) g; v <- b2 v + (1-b2) g^2; p <- p - lr mhat / (sqrt(vhat) + eps).
** Source: Kingma & Ba 2015, arXiv:1412.6980, alg. 1. */
void gn_adam_step(const gn_param *list, gn_int count, gn_int blocks, const gn_adam *o);

typedef struct gn_sgd {
  double lr, momentum, weight_decay;
  int nesterov;
} gn_sgd;
/* m <- momentum m + g; p <- p - lr m, or p - lr (g + momentum m) with nesterov. m is NULL where momentum is 0.
** Source: Sutskever et al. 2013, eqs. 1-4, in the form where lr multiplies the velocity. */
void gn_sgd_step(const gn_param *list, gn_int count, gn_int blocks, const gn_sgd *o);

typedef struct gn_rmsprop {
  double lr, alpha, eps, weight_decay;
} gn_rmsprop;
/* v <- alpha v + (1-alpha) g^2; p <- p - lr g / (sqrt(v) + eps). Source: Tieleman & Hinton 2012, lecture 6.5. */
void gn_rmsprop_step(const gn_param *list, gn_int count, gn_int blocks, const gn_rmsprop *o);

/* p <- (1 - rate) p + rate g: g is what is averaged. */
void gn_ema_step(const gn_param *list, gn_int count, gn_int blocks, double rate);

#endif
