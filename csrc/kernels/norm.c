/* norm.c - batch, layer, instance, group and pixel norm. See norm.h.
**
** Every norm is made of three passes: sums over pieces of x (split.h), coefficients from these sums, and a last pass
** over x that applies them. Pieces are fixed by the shape and their sums are added in order, so the result does not
** depend on the number of threads. */
#include "norm.h"
#include "../par.h"
#include "split.h"
#include <math.h>

#define LANES GN_SPLIT_LANES
#define REALS (gn_int)(sizeof(double) / sizeof(gn_real)) /* of a double */

/* One norm at work: its arguments, the pieces of x, and the workspace in its two parts. */
typedef struct norm {
  const gn_norm_args *in;
  const gn_norm_dims *d;
  gn_split s;
  gn_int per;   /* channels of a group */
  double *sums; /* (O,blocks,count,C): sums of each block of rows */
  double *coef; /* factors of the last pass */
} norm;

/* Returns the norm with room for `count` sums in work, which a norm of one pass does not need: NULL. */
static norm norm_of(const gn_norm_args *in, const gn_norm_dims *d, int count, gn_real *work) {
  norm n = {.in = in, .d = d, .s = gn_split_make(d->o, d->r, d->c), .per = d->c / d->g, .sums = (double *)(void *)work};
  n.coef = work ? n.sums + d->o * n.s.nblock * count * d->c : NULL;
  return n;
}

static gn_int elements(const gn_norm_dims *d) { return d->o * d->r * d->c; }

/* Workspace: two sums, and two coefficients. */
gn_int gn_norm_work(const gn_norm_dims *d) {
  const gn_split s = gn_split_make(d->o, d->r, d->c);
  return d->o * (s.nblock * 2 + 2) * d->c * REALS;
}

/* ---- lanes: a piece has nc channels, repeated over its lanes ---- */

/* lane[j] <- v[c0 + j % nc] */
static void fill_lanes(gn_real *restrict lane, const gn_real *restrict v, const gn_piece *p) {
  for (gn_int j = 0; j < p->nc; j++) lane[j] = v[p->c0 + j];
  for (gn_int j = p->nc; j < p->lanes; j++) lane[j] = lane[j - p->nc];
}

/* out[0..nc-1] <- lanes of the same channel added up */
static void join_lanes(double *out, const double *acc, const gn_piece *p) {
  for (gn_int j = 0; j < p->nc; j++) {
    double t = acc[j];
    for (gn_int k = j + p->nc; k < p->lanes; k += p->nc) t += acc[k];
    out[j] = t;
  }
}

/* m, a, b (lanes) <- the affine map (x - m) a + b of each lane: mean, gamma / sqrt(var + eps), beta */
static void lane_map(gn_real *m, gn_real *a, gn_real *b, const norm *n, const gn_piece *p) {
  const gn_norm_args *in = n->in;
  const gn_norm_dims *d = n->d;
  for (gn_int j = 0; j < p->lanes; j++) {
    if (j >= p->nc) {
      m[j] = m[j - p->nc];
      a[j] = a[j - p->nc];
      b[j] = b[j - p->nc];
      continue;
    }
    const gn_int c = p->c0 + j, q = d->cond ? c : p->o * d->g + c / n->per, at = d->cond ? p->o * d->c + c : c;
    m[j] = in->mean[q];
    a[j] = (gn_real)((in->gamma ? (double)in->gamma[at] : 1) / sqrt((double)in->var[q] + in->eps));
    b[j] = in->beta ? in->beta[at] : 0;
  }
}

/* Returns the gradient before the activation, from dy behind it; z: what the activation was given. */
static inline gn_real before(gn_real dy, gn_real z, gn_real slope) { return z > 0 ? dy : slope * dy; }

/* ---- sums ---- */

/* The place of sum `which` of `count` of a block of rows, from its channel c0 on. */
static double *block_sum(const norm *n, const gn_piece *p, int count, int which) {
  return n->sums + ((p->o * n->s.nblock + p->b) * count + which) * n->s.c + p->c0;
}

/* Returns sum `which` of `count` of channel c over all blocks of o. */
static double total(const norm *n, int count, gn_int o, int which, gn_int c) {
  const double *sum = n->sums + (o * n->s.nblock * count + which) * n->s.c + c;
  double t = 0;
  for (gn_int b = 0; b < n->s.nblock; b++) t += sum[b * count * n->s.c];
  return t;
}

static double rstd_of(const norm *n, gn_int k) { return 1 / sqrt((double)n->in->var[k] + n->in->eps); }

/* ---- moments ---- */

/* s1, s2 (lanes) <- sum over the rows of (x - k) and (x - k)^2 */
static void piece_moments(double *restrict s1, double *restrict s2, const gn_real *x, const gn_real *restrict k,
                          const gn_piece *p) {
  gn_int r = 0, n = p->lanes, ld = p->ld;
  for (gn_int j = 0; j < n; j++) s1[j] = s2[j] = 0;
  /* four rows at a time: the accumulators are loaded and stored once */
  for (; r + 4 <= p->full; r += 4) {
    const gn_real *a = x + r * ld, *b = a + ld, *c = b + ld, *d = c + ld;
    for (gn_int j = 0; j < n; j++) {
      double q = (double)k[j], u = (double)a[j] - q, v = (double)b[j] - q, w = (double)c[j] - q, z = (double)d[j] - q;
      s1[j] += (u + v) + (w + z);
      s2[j] += (u * u + v * v) + (w * w + z * z);
    }
  }
  /* the rows that are left, the last of which may be short */
  for (; r <= p->full; r++) {
    const gn_real *a = x + r * ld;
    gn_int m = r < p->full ? n : p->rest;
    for (gn_int j = 0; j < m; j++) {
      double u = (double)a[j] - (double)k[j];
      s1[j] += u;
      s2[j] += u * u;
    }
  }
}

/* Sums of x and x^2 around the first value of each channel. */
static void moment_sums(const norm *n, const gn_real *x) {
  const gn_norm_dims *d = n->d;
  GN_PARALLEL_FOR_IF(elements(d) > GN_PAR_MIN)
  for (gn_int k = 0; k < gn_split_count(&n->s); k++) {
    const gn_piece p = gn_split_piece(&n->s, k);
    gn_real shift[LANES];
    double s1[LANES], s2[LANES];
    fill_lanes(shift, x + p.o * d->r * d->c, &p);
    piece_moments(s1, s2, x + p.at, shift, &p);
    join_lanes(block_sum(n, &p, 2, 0), s1, &p);
    join_lanes(block_sum(n, &p, 2, 1), s2, &p);
  }
}

void gn_moments(gn_real *mean, gn_real *var, const gn_real *x, const gn_norm_dims *d, gn_real *work) {
  const norm n = norm_of(NULL, d, 2, work);
  moment_sums(&n, x);
  /* a group's mean is that of its channels' means; its variance adds how far these lie from it */
  GN_PARALLEL_FOR_IF(d->o * n.s.nblock * d->c > GN_PAR_MIN / 2)
  for (gn_int k = 0; k < d->o * d->g; k++) {
    const gn_int o = k / d->g, c0 = k % d->g * n.per;
    const gn_real *shift = x + o * d->r * d->c;
    double m = 0, m2 = 0, count = (double)d->r;
    for (gn_int c = c0; c < c0 + n.per; c++) m += (double)shift[c] + total(&n, 2, o, 0, c) / count;
    m /= (double)n.per;
    for (gn_int c = c0; c < c0 + n.per; c++) {
      double s1 = total(&n, 2, o, 0, c) / count, off = (double)shift[c] + s1 - m;
      m2 += total(&n, 2, o, 1, c) / count - s1 * s1 + off * off;
    }
    mean[k] = (gn_real)m;
    m2 /= (double)n.per;
    if (var) var[k] = (gn_real)(m2 < 0 ? 0 : m2); /* rounding can leave a tiny negative; NaN passes */
  }
}

/* ---- forward ---- */

/* y (n) <- r((x - m) a + b), lane by lane */
static inline void apply_row(gn_real *y, const gn_real *x, const gn_real *restrict m, const gn_real *restrict a,
                             const gn_real *restrict b, gn_real slope, gn_int n) {
  if (slope == 1)
    for (gn_int j = 0; j < n; j++) y[j] = (x[j] - m[j]) * a[j] + b[j];
  else
    for (gn_int j = 0; j < n; j++) {
      const gn_real z = (x[j] - m[j]) * a[j] + b[j];
      y[j] = z > 0 ? z : slope * z;
    }
}

void gn_norm_apply(gn_real *y, const gn_norm_args *in, const gn_norm_dims *d) {
  const norm n = norm_of(in, d, 0, NULL);
  GN_PARALLEL_FOR_IF(elements(d) > GN_PAR_MIN)
  for (gn_int k = 0; k < gn_split_count(&n.s); k++) {
    const gn_piece p = gn_split_piece(&n.s, k);
    gn_real m[LANES], a[LANES], b[LANES];
    lane_map(m, a, b, &n, &p);
    for (gn_int r = 0; r <= p.full; r++) {
      const gn_int at = p.at + r * p.ld;
      apply_row(y + at, in->x + at, m, a, b, in->slope, r < p.full ? p.lanes : p.rest);
    }
  }
}

void gn_norm(gn_real *y, gn_real *mean, gn_real *var, const gn_norm_args *in, const gn_norm_dims *d, gn_real *work) {
  gn_norm_args with = *in;
  gn_moments(mean, var, in->x, d, work);
  with.mean = mean;
  with.var = var;
  gn_norm_apply(y, &with, d);
}

/* ---- gradient ----
**
** dx = gamma s dy - s/M (sum gamma dy) - (x - m) s^3/M (sum gamma dy (x - m)), s = 1/sqrt(var + eps), M = R C/G.
** The sums over dy come first; coef (2,O,G), with cond (2,C), keeps the factors of 1 and of (x - m); the last pass adds
** up the three terms. */

/* s1, s2 (lanes) <- sum over the rows of dy and dy * (x - m) */
static void piece_products(double *restrict s1, double *restrict s2, const gn_real *dy, const gn_real *x,
                           const gn_real *restrict m, const gn_piece *p) {
  gn_int r = 0, n = p->lanes, ld = p->ld;
  for (gn_int j = 0; j < n; j++) s1[j] = s2[j] = 0;
  /* two rows at a time: the accumulators are loaded and stored once */
  for (; r + 2 <= p->full; r += 2) {
    const gn_real *a = dy + r * ld, *b = a + ld, *u = x + r * ld, *v = u + ld;
    for (gn_int j = 0; j < n; j++) {
      s1[j] += (double)(a[j] + b[j]);
      s2[j] += (double)(a[j] * (u[j] - m[j]) + b[j] * (v[j] - m[j]));
    }
  }
  /* the rows that are left, the last of which may be short */
  for (; r <= p->full; r++) {
    const gn_real *a = dy + r * ld, *u = x + r * ld;
    gn_int w = r < p->full ? n : p->rest;
    for (gn_int j = 0; j < w; j++) {
      s1[j] += (double)a[j];
      s2[j] += (double)a[j] * ((double)u[j] - (double)m[j]);
    }
  }
}

/* The same sums, of dy before the activation. */
static void piece_products_act(double *restrict s1, double *restrict s2, const gn_real *dy, const gn_real *x,
                               const gn_real *restrict m, const gn_real *restrict a, const gn_real *restrict b,
                               gn_real slope, const gn_piece *p) {
  for (gn_int j = 0; j < p->lanes; j++) s1[j] = s2[j] = 0;
  for (gn_int r = 0; r <= p->full; r++) {
    const gn_real *g = dy + r * p->ld, *u = x + r * p->ld;
    const gn_int w = r < p->full ? p->lanes : p->rest;
    for (gn_int j = 0; j < w; j++) {
      const gn_real d = u[j] - m[j], t = before(g[j], d * a[j] + b[j], slope);
      s1[j] += (double)t;
      s2[j] += (double)(t * d);
    }
  }
}

/* First pass: per channel, the sums of dy and of dy (x - m). */
static void grad_sums(const norm *n, const gn_real *dy) {
  const gn_real *x = n->in->x, slope = n->in->slope;
  GN_PARALLEL_FOR_IF(elements(n->d) > GN_PAR_MIN)
  for (gn_int k = 0; k < gn_split_count(&n->s); k++) {
    const gn_piece p = gn_split_piece(&n->s, k);
    gn_real m[LANES], a[LANES], b[LANES];
    double s1[LANES], s2[LANES];
    lane_map(m, a, b, n, &p);
    if (slope == 1) piece_products(s1, s2, dy + p.at, x + p.at, m, &p);
    else piece_products_act(s1, s2, dy + p.at, x + p.at, m, a, b, slope, &p);
    join_lanes(block_sum(n, &p, 2, 0), s1, &p);
    join_lanes(block_sum(n, &p, 2, 1), s2, &p);
  }
}

/* Second pass with cond: dgamma, dbeta (O,C) are the sums of each o, coef (2,C) what all o contribute to a channel. */
static void conditional_coefficients(const norm *n, gn_real *dgamma, gn_real *dbeta) {
  const gn_norm_dims *d = n->d;
  const gn_real *gamma = n->in->gamma;
  GN_PARALLEL_FOR_IF(d->o * n->s.nblock * d->c > GN_PAR_MIN / 2)
  for (gn_int c = 0; c < d->c; c++) {
    double rstd = rstd_of(n, c), count = (double)d->r * (double)d->o, t1 = 0, t2 = 0;
    for (gn_int o = 0; o < d->o; o++) {
      const double w = gamma ? (double)gamma[o * d->c + c] : 1, s1 = total(n, 2, o, 0, c), s2 = total(n, 2, o, 1, c);
      t1 += w * s1;
      t2 += w * s2;
      if (dgamma) dgamma[o * d->c + c] = (gn_real)(s2 * rstd);
      if (dbeta) dbeta[o * d->c + c] = (gn_real)s1;
    }
    n->coef[c] = -rstd * t1 / count;
    n->coef[d->c + c] = -rstd * rstd * rstd * t2 / count;
  }
}

/* dgamma, dbeta (C), each or NULL  <-  the sums of a channel over all o */
static void affine_grads(const norm *n, gn_real *dgamma, gn_real *dbeta) {
  const gn_norm_dims *d = n->d;
  GN_PARALLEL_FOR_IF(d->o * n->s.nblock * d->c > GN_PAR_MIN / 2)
  for (gn_int c = 0; c < d->c; c++) {
    double tg = 0, tb = 0;
    for (gn_int o = 0; o < d->o; o++) {
      tb += total(n, 2, o, 0, c);
      tg += total(n, 2, o, 1, c) / sqrt((double)n->in->var[o * d->g + c / n->per] + n->in->eps);
    }
    if (dgamma) dgamma[c] = (gn_real)tg;
    if (dbeta) dbeta[c] = (gn_real)tb;
  }
}

/* Second pass without cond: coef (2,O,G) from the sums of a group's channels, each times gamma. */
static void grad_coefficients(const norm *n) {
  const gn_norm_dims *d = n->d;
  GN_PARALLEL_FOR_IF(d->o * n->s.nblock * d->c > GN_PAR_MIN / 2)
  for (gn_int k = 0; k < d->o * d->g; k++) {
    const gn_int o = k / d->g, c0 = k % d->g * n->per;
    double rstd = rstd_of(n, k), count = (double)d->r * (double)n->per, t1 = 0, t2 = 0;
    for (gn_int c = c0; c < c0 + n->per; c++) {
      double w = n->in->gamma ? (double)n->in->gamma[c] : 1;
      t1 += w * total(n, 2, o, 0, c);
      t2 += w * total(n, 2, o, 1, c);
    }
    n->coef[k] = -rstd * t1 / count;
    n->coef[d->o * d->g + k] = -rstd * rstd * rstd * t2 / count;
  }
}

/* Last pass: dx = a dy + k1 (x - m) + k0, dy being taken through the activation. */
static void grad_apply(const norm *n, gn_real *dx, const gn_real *dy) {
  const gn_norm_dims *d = n->d;
  const gn_real slope = n->in->slope;
  const gn_int groups = d->cond ? d->c : d->o * d->g;
  GN_PARALLEL_FOR_IF(elements(d) > GN_PAR_MIN)
  for (gn_int k = 0; k < gn_split_count(&n->s); k++) {
    const gn_piece p = gn_split_piece(&n->s, k);
    gn_real m[LANES], a[LANES], b[LANES], k1[LANES], k0[LANES];
    lane_map(m, a, b, n, &p);
    /* the two coefficients, laid out as the lanes */
    for (gn_int j = 0; j < p.lanes; j++) {
      const gn_int c = p.c0 + j % p.nc, q = d->cond ? c : p.o * d->g + c / n->per;
      k1[j] = (gn_real)n->coef[groups + q];
      k0[j] = (gn_real)n->coef[q];
    }
    for (gn_int r = 0; r <= p.full; r++) {
      const gn_real *u = dy + p.at + r * p.ld, *v = n->in->x + p.at + r * p.ld;
      gn_real *z = dx + p.at + r * p.ld;
      const gn_int w = r < p.full ? p.lanes : p.rest;
      if (slope == 1)
        for (gn_int j = 0; j < w; j++) z[j] = a[j] * u[j] + (k1[j] * (v[j] - m[j]) + k0[j]);
      else
        for (gn_int j = 0; j < w; j++) {
          const gn_real t = v[j] - m[j];
          z[j] = a[j] * before(u[j], t * a[j] + b[j], slope) + (k1[j] * t + k0[j]);
        }
    }
  }
}

void gn_norm_grad(gn_real *dx, gn_real *dgamma, gn_real *dbeta, const gn_real *dy, const gn_norm_args *in,
                  const gn_norm_dims *d, gn_real *work) {
  const norm n = norm_of(in, d, 2, work);
  grad_sums(&n, dy);
  if (d->cond) conditional_coefficients(&n, dgamma, dbeta);
  else {
    if (dgamma || dbeta) affine_grads(&n, dgamma, dbeta);
    if (dx) grad_coefficients(&n);
  }
  if (dx) grad_apply(&n, dx, dy);
}

/* ---- gradient of the gradient ----
**
** With s = 1/sqrt(var + eps), n = (x - mean) s, t = gamma dy', dy' being dy before the activation, and the means over
** a group  A = h, B = h n, C = t, D = t n, E = h t:
**   dx of gn_norm_grad = s (t - C - n D), a symmetric map of t; so ddy = gamma s (h - A - n B), through the activation
**   dx = -s^2 (D h + B t - (A D + B C) + n (E - A C - 3 B D)),
**        from dn/dx = s (1 - mean - n mean(n .)) and ds/dx = -s^2 n / M
**   dgamma = sum dy' s (h - A - n B) */

/* The sums over h, h (x - m), dy', dy' (x - m), h dy'. */
enum { H1, H2, D1, D2, HD, SUMS };

/* The factors of the last pass: A and s B make ddy; those of h, gamma dy', 1 and (x - m) make dx. */
enum { DDY_0, DDY_X, DX_H, DX_DY, DX_0, DX_X, FACTORS };

gn_int gn_norm_grad2_work(const gn_norm_dims *d) {
  const gn_split s = gn_split_make(d->o, d->r, d->c);
  return d->o * (s.nblock * SUMS + FACTORS) * d->c * REALS;
}

static void piece_products2(double (*restrict sum)[LANES], const gn_real *h, const gn_real *dy, const gn_real *x,
                            const gn_real *restrict m, const gn_real *restrict a, const gn_real *restrict b,
                            gn_real slope, const gn_piece *p) {
  for (int k = 0; k < SUMS; k++)
    for (gn_int j = 0; j < p->lanes; j++) sum[k][j] = 0;
  for (gn_int r = 0; r <= p->full; r++) {
    const gn_real *f = h + r * p->ld, *g = dy + r * p->ld, *u = x + r * p->ld;
    const gn_int w = r < p->full ? p->lanes : p->rest;
    for (gn_int j = 0; j < w; j++) {
      const gn_real d = u[j] - m[j], t = slope == 1 ? g[j] : before(g[j], d * a[j] + b[j], slope);
      sum[H1][j] += (double)f[j];
      sum[H2][j] += (double)(f[j] * d);
      sum[D1][j] += (double)t;
      sum[D2][j] += (double)(t * d);
      sum[HD][j] += (double)(f[j] * t);
    }
  }
}

/* First pass: the five sums of each channel. */
static void grad2_sums(const norm *n, const gn_real *h, const gn_real *dy) {
  GN_PARALLEL_FOR_IF(elements(n->d) > GN_PAR_MIN)
  for (gn_int k = 0; k < gn_split_count(&n->s); k++) {
    const gn_piece p = gn_split_piece(&n->s, k);
    gn_real m[LANES], a[LANES], b[LANES];
    double sum[SUMS][LANES];
    lane_map(m, a, b, n, &p);
    piece_products2(sum, h + p.at, dy + p.at, n->in->x + p.at, m, a, b, n->in->slope, &p);
    for (int q = 0; q < SUMS; q++) join_lanes(block_sum(n, &p, SUMS, q), sum[q], &p);
  }
}

/* Second pass: coef (FACTORS,O,G). */
static void grad2_coefficients(const norm *n) {
  const gn_norm_dims *d = n->d;
  const gn_int og = d->o * d->g;
  GN_PARALLEL_FOR_IF(d->o * n->s.nblock * d->c > GN_PAR_MIN / 2)
  for (gn_int k = 0; k < og; k++) {
    const gn_int o = k / d->g, c0 = k % d->g * n->per;
    const double rstd = rstd_of(n, k), count = (double)d->r * (double)n->per;
    double t[SUMS] = {0};
    /* the group's sums: those with dy' get their channel's gamma */
    for (gn_int c = c0; c < c0 + n->per; c++) {
      const double w = n->in->gamma ? (double)n->in->gamma[c] : 1;
      for (int q = 0; q < SUMS; q++) t[q] += (q >= D1 ? w : 1) * total(n, SUMS, o, q, c);
    }
    /* the formulas above; n is written out as (x - m) s */
    const double A = t[H1] / count, B = rstd * t[H2] / count, C = t[D1] / count, D = rstd * t[D2] / count;
    const double E = t[HD] / count, s2 = rstd * rstd;
    const double out[FACTORS] = {[DDY_0] = A,
                                 [DDY_X] = rstd * B,
                                 [DX_H] = -s2 * D,
                                 [DX_DY] = -s2 * B,
                                 [DX_0] = s2 * (A * D + B * C),
                                 [DX_X] = -s2 * rstd * (E - A * C - 3 * B * D)};
    for (int q = 0; q < FACTORS; q++) n->coef[q * og + k] = out[q];
  }
}

static void grad2_gamma(const norm *n, gn_real *dgamma) {
  const gn_norm_dims *d = n->d;
  const double *f0 = n->coef + DDY_0 * d->o * d->g, *fx = n->coef + DDY_X * d->o * d->g;
  GN_PARALLEL_FOR_IF(d->o * n->s.nblock * d->c > GN_PAR_MIN / 2)
  for (gn_int c = 0; c < d->c; c++) {
    double t = 0;
    for (gn_int o = 0; o < d->o; o++) {
      const gn_int k = o * d->g + c / n->per;
      t += (total(n, SUMS, o, HD, c) - f0[k] * total(n, SUMS, o, D1, c) - fx[k] * total(n, SUMS, o, D2, c)) /
           sqrt((double)n->in->var[k] + n->in->eps);
    }
    dgamma[c] = (gn_real)t;
  }
}

/* Last pass: ddy, dx, each or NULL. */
static void grad2_apply(const norm *n, gn_real *ddy, gn_real *dx, const gn_real *h, const gn_real *dy) {
  const gn_norm_dims *d = n->d;
  const gn_real slope = n->in->slope, *gamma = n->in->gamma;
  GN_PARALLEL_FOR_IF(elements(d) > GN_PAR_MIN)
  for (gn_int k = 0; k < gn_split_count(&n->s); k++) {
    const gn_piece p = gn_split_piece(&n->s, k);
    gn_real m[LANES], a[LANES], b[LANES], q[FACTORS][LANES];
    lane_map(m, a, b, n, &p);
    /* the factors, laid out as the lanes; that of dy' gets gamma, as t has it */
    for (gn_int j = 0; j < p.lanes; j++) {
      const gn_int c = p.c0 + j % p.nc, g = p.o * d->g + c / n->per;
      for (int i = 0; i < FACTORS; i++)
        q[i][j] = (gn_real)(n->coef[i * d->o * d->g + g] * (i == DX_DY && gamma ? (double)gamma[c] : 1));
    }
    for (gn_int r = 0; r <= p.full; r++) {
      const gn_int at = p.at + r * p.ld, w = r < p.full ? p.lanes : p.rest;
      const gn_real *f = h + at, *g = dy + at, *u = n->in->x + at;
      if (ddy)
        for (gn_int j = 0; j < w; j++) {
          const gn_real e = u[j] - m[j], v = a[j] * (f[j] - q[DDY_0][j] - e * q[DDY_X][j]);
          ddy[at + j] = slope == 1 ? v : before(v, e * a[j] + b[j], slope);
        }
      if (dx)
        for (gn_int j = 0; j < w; j++) {
          const gn_real e = u[j] - m[j], t = slope == 1 ? g[j] : before(g[j], e * a[j] + b[j], slope);
          dx[at + j] = q[DX_H][j] * f[j] + q[DX_DY][j] * t + (q[DX_0][j] + q[DX_X][j] * e);
        }
    }
  }
}

void gn_norm_grad2(gn_real *ddy, gn_real *dx, gn_real *dgamma, const gn_real *h, const gn_real *dy,
                   const gn_norm_args *in, const gn_norm_dims *d, gn_real *work) {
  const norm n = norm_of(in, d, SUMS, work);
  grad2_sums(&n, h, dy);
  grad2_coefficients(&n);
  if (dgamma) grad2_gamma(&n, dgamma);
  if (ddy || dx) grad2_apply(&n, ddy, dx, h, dy);
}

/* ---- pixel norm, dropout ---- */

static double dot(const gn_real *a, const gn_real *b, gn_int n) {
  double t[8] = {0};
  gn_int i = 0;
  for (; i + 8 <= n; i += 8)
    for (int j = 0; j < 8; j++) t[j] += (double)a[i + j] * (double)b[i + j];
  for (; i < n; i++) t[0] += (double)a[i] * (double)b[i];
  return ((t[0] + t[1]) + (t[2] + t[3])) + ((t[4] + t[5]) + (t[6] + t[7]));
}

void gn_pixel_norm(gn_real *y, const gn_real *x, double eps, gn_int n, gn_int c) {
  GN_PARALLEL_FOR_IF(n * c > GN_PAR_MIN)
  for (gn_int k = 0; k < n; k++) {
    const gn_real *u = x + k * c;
    gn_real s = (gn_real)(1 / sqrt(dot(u, u, c) / (double)c + eps));
    for (gn_int j = 0; j < c; j++) y[k * c + j] = u[j] * s;
  }
}

/* dx = s dy - x s^3 (dy . x) / C */
void gn_pixel_norm_grad(gn_real *dx, const gn_real *dy, const gn_real *x, double eps, gn_int n, gn_int c) {
  GN_PARALLEL_FOR_IF(n * c > GN_PAR_MIN)
  for (gn_int k = 0; k < n; k++) {
    const gn_real *u = x + k * c, *v = dy + k * c;
    double s = 1 / sqrt(dot(u, u, c) / (double)c + eps);
    gn_real a = (gn_real)s, b = (gn_real)(-s * s * s * dot(u, v, c) / (double)c);
    for (gn_int j = 0; j < c; j++) dx[k * c + j] = a * v[j] + b * u[j];
  }
}

void gn_dropout(gn_real *y, gn_real *m, const gn_real *x, gn_int n, double p) {
  gn_real keep = (gn_real)(p < 1 ? 1 / (1 - p) : 0), q = (gn_real)p;
  GN_PARALLEL_FOR_IF(n > GN_PAR_MIN)
  for (gn_int i = 0; i < n; i++) {
    m[i] = m[i] >= q ? keep : 0;
    y[i] = x[i] * m[i];
  }
}
