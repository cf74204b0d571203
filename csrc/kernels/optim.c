/* optim.c - Adam, SGD, RMSProp and moving averages over lists of tensors. See optim.h. */
#include "optim.h"
#include "../par.h"
#include "vecmath.h"
#include <math.h>

#define BLOCK GN_PAR_BLOCK

gn_int gn_param_blocks(gn_param *list, gn_int count) {
  gn_int k = 0;
  for (gn_int i = 0; i < count; i++) {
    list[i].first = k;
    k += (list[i].n + BLOCK - 1) / BLOCK;
  }
  return k;
}

/* The parameter that block k lies in: the last one with first <= k (empty ones before it share its number). */
static const gn_param *find(const gn_param *list, gn_int count, gn_int k) {
  gn_int lo = 0, hi = count - 1;
  while (lo < hi) {
    gn_int mid = (lo + hi + 1) / 2;
    if (list[mid].first <= k) lo = mid;
    else hi = mid - 1;
  }
  return &list[lo];
}

/* In the form r + rate (x - r): (1 - rate) rounded to float would scale a long average by up to 1 +- 6e-8 / rate. */
static void ema_block(gn_real *restrict p, const gn_real *restrict g, gn_int n, double rate) {
  const gn_real b = (gn_real)rate;
  if (rate == 1)
    for (gn_int i = 0; i < n; i++) p[i] = g[i];
  else
    for (gn_int i = 0; i < n; i++) p[i] += b * (g[i] - p[i]);
}

static void adam_block(gn_real *restrict p, const gn_real *restrict g, gn_real *restrict m, gn_real *restrict v,
                       gn_int n, const gn_adam *o) {
  const gn_real b1 = (gn_real)o->beta1, c1 = (gn_real)(1 - o->beta1), b2 = (gn_real)o->beta2,
                c2 = (gn_real)(1 - o->beta2);
  const gn_real step = (gn_real)(o->lr / (1 - pow(o->beta1, o->t))), fix = (gn_real)(1 / sqrt(1 - pow(o->beta2, o->t)));
  const gn_real eps = (gn_real)o->eps, wd = (gn_real)o->weight_decay;
  for (gn_int i = 0; i < n; i++) {
    gn_real d = g[i] + wd * p[i];
    m[i] = b1 * m[i] + c1 * d;
    v[i] = b2 * v[i] + c2 * d * d;
    p[i] -= step * m[i] / (M(sqrt)(v[i]) * fix + eps);
  }
}

static void sgd_block(gn_real *restrict p, const gn_real *restrict g, gn_real *restrict m, gn_int n, const gn_sgd *o) {
  const gn_real lr = (gn_real)o->lr, mu = (gn_real)o->momentum, wd = (gn_real)o->weight_decay;
  if (!m) {
    for (gn_int i = 0; i < n; i++) p[i] -= lr * (g[i] + wd * p[i]);
  } else if (o->nesterov) {
    for (gn_int i = 0; i < n; i++) {
      gn_real d = g[i] + wd * p[i];
      m[i] = mu * m[i] + d;
      p[i] -= lr * (d + mu * m[i]);
    }
  } else {
    for (gn_int i = 0; i < n; i++) {
      m[i] = mu * m[i] + (g[i] + wd * p[i]);
      p[i] -= lr * m[i];
    }
  }
}

static void rmsprop_block(gn_real *restrict p, const gn_real *restrict g, gn_real *restrict v, gn_int n,
                          const gn_rmsprop *o) {
  const gn_real a = (gn_real)o->alpha, c = (gn_real)(1 - o->alpha), lr = (gn_real)o->lr, eps = (gn_real)o->eps,
                wd = (gn_real)o->weight_decay;
  for (gn_int i = 0; i < n; i++) {
    gn_real d = g[i] + wd * p[i];
    v[i] = a * v[i] + c * d * d;
    p[i] -= lr * d / (M(sqrt)(v[i]) + eps);
  }
}

#define FOR_BLOCKS(call)                                                                                               \
  GN_PARALLEL_FOR_IF(blocks > 2)                                                                                       \
  for (gn_int k = 0; k < blocks; k++) {                                                                                \
    const gn_param *q = find(list, count, k);                                                                          \
    gn_int at = (k - q->first) * BLOCK, n = GN_MIN(q->n - at, BLOCK);                                                  \
    gn_real *m = q->m ? q->m + at : NULL, *v = q->v ? q->v + at : NULL;                                                \
    (void)m, (void)v;                                                                                                  \
    call;                                                                                                              \
  }

void gn_adam_step(const gn_param *list, gn_int count, gn_int blocks, const gn_adam *o) {
  FOR_BLOCKS(adam_block(q->p + at, q->g + at, m, v, n, o);
             if (q->average) ema_block(q->average + at, q->p + at, n, o->rate))
}
void gn_sgd_step(const gn_param *list, gn_int count, gn_int blocks, const gn_sgd *o) {
  FOR_BLOCKS(sgd_block(q->p + at, q->g + at, m, n, o))
}
void gn_rmsprop_step(const gn_param *list, gn_int count, gn_int blocks, const gn_rmsprop *o) {
  FOR_BLOCKS(rmsprop_block(q->p + at, q->g + at, v, n, o))
}
void gn_ema_step(const gn_param *list, gn_int count, gn_int blocks, double rate) {
  FOR_BLOCKS(ema_block(q->p + at, q->g + at, n, rate))
}
