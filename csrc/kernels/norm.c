/* norm.c - batch, layer, instance, group and pixel norm; two passes forward, two passes backward. See norm.h. */
#include "norm.h"
#include "../par.h"
#include "split.h"
#include <math.h>

#define LANES GN_SPLIT_LANES

/* Workspace: two sums per (o, block, channel) in double, then per (o, channel) the coefficients of the second pass. */
gn_int gn_norm_work(const gn_norm_dims *d) {
  gn_split s = gn_split_make(d->o, d->r, d->c);
  return d->o * (s.nblock * 2 + 2) * d->c * (gn_int)(sizeof(double) / sizeof(gn_real));
}

/* lane[j] <- v[c0 + j % nc]: per-channel values laid out as the lanes of a piece. */
static void spread(gn_real *restrict lane, const gn_real *restrict v, const gn_piece *p) {
  for (gn_int j = 0; j < p->nc; j++) lane[j] = v[p->c0 + j];
  for (gn_int j = p->nc; j < p->lanes; j++) lane[j] = lane[j - p->nc];
}

/* out[0..nc-1] <- lanes of the same channel added up */
static void gather(double *out, const double *acc, const gn_piece *p) {
  for (gn_int j = 0; j < p->nc; j++) {
    double t = acc[j];
    for (gn_int k = j + p->nc; k < p->lanes; k += p->nc) t += acc[k];
    out[j] = t;
  }
}

/* s1, s2 (lanes) <- sum over the rows of (x - k) and (x - k)^2 */
static void piece_moments(double *restrict s1, double *restrict s2, const gn_real *x, const gn_real *restrict k, const gn_piece *p) {
  gn_int r = 0, n = p->lanes, ld = p->ld;
  for (gn_int j = 0; j < n; j++) s1[j] = s2[j] = 0;
  for (; r + 4 <= p->full; r += 4) {
    const gn_real *a = x + r * ld, *b = a + ld, *c = b + ld, *d = c + ld;
    for (gn_int j = 0; j < n; j++) {
      double q = (double)k[j], u = (double)a[j] - q, v = (double)b[j] - q, w = (double)c[j] - q, z = (double)d[j] - q;
      s1[j] += (u + v) + (w + z);
      s2[j] += (u * u + v * v) + (w * w + z * z);
    }
  }
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

/* The gradient before the activation, from that behind it; z: what the activation was given. */
static inline gn_real before(gn_real dy, gn_real z, gn_real slope) { return z > 0 ? dy : slope * dy; }

/* The same sums as piece_products, of dy before the activation. */
static void piece_products_act(double *restrict s1, double *restrict s2, const gn_real *dy, const gn_real *x, const gn_real *restrict m,
                               const gn_real *restrict a, const gn_real *restrict b, gn_real slope, const gn_piece *p) {
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

/* s1, s2 (lanes) <- sum over the rows of dy and dy * (x - m) */
static void piece_products(double *restrict s1, double *restrict s2, const gn_real *dy, const gn_real *x, const gn_real *restrict m, const gn_piece *p) {
  gn_int r = 0, n = p->lanes, ld = p->ld;
  for (gn_int j = 0; j < n; j++) s1[j] = s2[j] = 0;
  for (; r + 2 <= p->full; r += 2) {
    const gn_real *a = dy + r * ld, *b = a + ld, *u = x + r * ld, *v = u + ld;
    for (gn_int j = 0; j < n; j++) {
      s1[j] += (double)(a[j] + b[j]);
      s2[j] += (double)(a[j] * (u[j] - m[j]) + b[j] * (v[j] - m[j]));
    }
  }
  for (; r <= p->full; r++) {
    const gn_real *a = dy + r * ld, *u = x + r * ld;
    gn_int w = r < p->full ? n : p->rest;
    for (gn_int j = 0; j < w; j++) {
      s1[j] += (double)a[j];
      s2[j] += (double)a[j] * ((double)u[j] - (double)m[j]);
    }
  }
}

/* The two sums of block b, channel c: part[((o * nblock + b) * 2 + which) * C + c]. */
static double total(const double *part, const gn_split *s, gn_int o, int which, gn_int c) {
  double t = 0;
  for (gn_int b = 0; b < s->nblock; b++) t += part[((o * s->nblock + b) * 2 + which) * s->c + c];
  return t;
}

void gn_moments(gn_real *mean, gn_real *var, const gn_real *x, const gn_norm_dims *d, gn_real *work) {
  gn_split s = gn_split_make(d->o, d->r, d->c);
  double *part = (double *)(void *)work;
  gn_int n = gn_split_count(&s), per = d->c / d->g;
  GN_PARALLEL_FOR_IF(d->o * d->r * d->c > GN_PAR_MIN)
  for (gn_int k = 0; k < n; k++) {
    gn_piece p = gn_split_piece(&s, k);
    gn_real shift[LANES];
    double s1[LANES], s2[LANES], *out = part + (p.o * s.nblock + p.b) * 2 * s.c + p.c0;
    spread(shift, x + p.o * d->r * d->c, &p);
    piece_moments(s1, s2, x + p.at, shift, &p);
    gather(out, s1, &p);
    gather(out + s.c, s2, &p);
  }
  GN_PARALLEL_FOR_IF(d->o * s.nblock * d->c > GN_PAR_MIN / 2)
  for (gn_int k = 0; k < d->o * d->g; k++) {
    gn_int o = k / d->g, c0 = k % d->g * per;
    const gn_real *shift = x + o * d->r * d->c;
    double m = 0, m2 = 0, count = (double)d->r;
    for (gn_int c = c0; c < c0 + per; c++) m += (double)shift[c] + total(part, &s, o, 0, c) / count;
    m /= (double)per;
    for (gn_int c = c0; c < c0 + per; c++) {
      double s1 = total(part, &s, o, 0, c) / count, off = (double)shift[c] + s1 - m;
      m2 += total(part, &s, o, 1, c) / count - s1 * s1 + off * off;
    }
    mean[k] = (gn_real)m;
    m2 /= (double)per;
    if (var) var[k] = (gn_real)(m2 < 0 ? 0 : m2); /* rounding can leave a tiny negative; NaN passes */
  }
}

void gn_norm(gn_real *y, gn_real *mean, gn_real *var, const gn_real *x, const gn_real *gamma, const gn_real *beta, double eps,
             gn_real slope, const gn_norm_dims *d, gn_real *work) {
  gn_moments(mean, var, x, d, work);
  gn_norm_apply(y, mean, var, x, gamma, beta, eps, slope, d);
}

/* The affine map (x - m) a + b of each lane. */
static void lane_map(gn_real *m, gn_real *a, gn_real *b, const gn_real *mean, const gn_real *var, const gn_real *gamma, const gn_real *beta,
                     double eps, const gn_norm_dims *d, const gn_piece *p) {
  const gn_int per = d->c / d->g;
  for (gn_int j = 0; j < p->lanes; j++) {
    if (j >= p->nc) {
      m[j] = m[j - p->nc];
      a[j] = a[j - p->nc];
      b[j] = b[j - p->nc];
      continue;
    }
    const gn_int c = p->c0 + j, q = d->cond ? c : p->o * d->g + c / per, at = d->cond ? p->o * d->c + c : c;
    m[j] = mean[q];
    a[j] = (gn_real)((gamma ? (double)gamma[at] : 1) / sqrt((double)var[q] + eps));
    b[j] = beta ? beta[at] : 0;
  }
}

void gn_norm_apply(gn_real *y, const gn_real *mean, const gn_real *var, const gn_real *x, const gn_real *gamma,
                   const gn_real *beta, double eps, gn_real slope, const gn_norm_dims *d) {
  gn_split s = gn_split_make(d->o, d->r, d->c);
  gn_int n = gn_split_count(&s);
  GN_PARALLEL_FOR_IF(d->o * d->r * d->c > GN_PAR_MIN)
  for (gn_int k = 0; k < n; k++) {
    gn_piece p = gn_split_piece(&s, k);
    gn_real m[LANES], a[LANES], b[LANES];
    lane_map(m, a, b, mean, var, gamma, beta, eps, d, &p);
    for (gn_int r = 0; r <= p.full; r++) {
      const gn_real *u = x + p.at + r * p.ld;
      gn_real *v = y + p.at + r * p.ld;
      gn_int w = r < p.full ? p.lanes : p.rest;
      if (slope == 1)
        for (gn_int j = 0; j < w; j++) v[j] = (u[j] - m[j]) * a[j] + b[j];
      else
        for (gn_int j = 0; j < w; j++) {
          const gn_real z = (u[j] - m[j]) * a[j] + b[j];
          v[j] = z > 0 ? z : slope * z;
        }
    }
  }
}

/* The sums of cond: dgamma, dbeta (O,C) are those of each o, coef (2,C) gets what all o contribute to a channel. */
static void conditional_sums(gn_real *dgamma, gn_real *dbeta, double *coef, const double *part, const gn_real *var, const gn_real *gamma,
                             double eps, const gn_split *s, const gn_norm_dims *d) {
  GN_PARALLEL_FOR_IF(d->o * s->nblock * d->c > GN_PAR_MIN / 2)
  for (gn_int c = 0; c < d->c; c++) {
    double rstd = 1 / sqrt((double)var[c] + eps), count = (double)d->r * (double)d->o, t1 = 0, t2 = 0;
    for (gn_int o = 0; o < d->o; o++) {
      const double w = gamma ? (double)gamma[o * d->c + c] : 1, s1 = total(part, s, o, 0, c), s2 = total(part, s, o, 1, c);
      t1 += w * s1;
      t2 += w * s2;
      if (dgamma) dgamma[o * d->c + c] = (gn_real)(s2 * rstd);
      if (dbeta) dbeta[o * d->c + c] = (gn_real)s1;
    }
    coef[c] = -rstd * t1 / count;
    coef[d->c + c] = -rstd * rstd * rstd * t2 / count;
  }
}

/* dx = gamma s dy - s/M (sum gamma dy) - (x - m) s^3/M (sum gamma dy (x - m)), s = 1/sqrt(var + eps), M = R C/G:
** the sums come first; coef (2,O,G) keeps the last two factors. */
void gn_norm_grad(gn_real *dx, gn_real *dgamma, gn_real *dbeta, const gn_real *dy, const gn_real *x, const gn_real *mean,
                  const gn_real *var, const gn_real *gamma, const gn_real *beta, double eps, gn_real slope, const gn_norm_dims *d,
                  gn_real *work) {
  gn_split s = gn_split_make(d->o, d->r, d->c);
  gn_int n = gn_split_count(&s), per = d->c / d->g;
  double *part = (double *)(void *)work, *coef = part + d->o * s.nblock * 2 * d->c;
  GN_PARALLEL_FOR_IF(d->o * d->r * d->c > GN_PAR_MIN)
  for (gn_int k = 0; k < n; k++) {
    gn_piece p = gn_split_piece(&s, k);
    gn_real m[LANES], a[LANES], b[LANES];
    double s1[LANES], s2[LANES], *out = part + (p.o * s.nblock + p.b) * 2 * s.c + p.c0;
    lane_map(m, a, b, mean, var, gamma, beta, eps, d, &p);
    if (slope == 1) piece_products(s1, s2, dy + p.at, x + p.at, m, &p);
    else piece_products_act(s1, s2, dy + p.at, x + p.at, m, a, b, slope, &p);
    gather(out, s1, &p);
    gather(out + s.c, s2, &p);
  }
  if (d->cond) conditional_sums(dgamma, dbeta, coef, part, var, gamma, eps, &s, d);
  else if (dgamma || dbeta) {
    GN_PARALLEL_FOR_IF(d->o * s.nblock * d->c > GN_PAR_MIN / 2)
    for (gn_int c = 0; c < d->c; c++) {
      double tg = 0, tb = 0;
      for (gn_int o = 0; o < d->o; o++) {
        tb += total(part, &s, o, 0, c);
        tg += total(part, &s, o, 1, c) / sqrt((double)var[o * d->g + c / per] + eps);
      }
      if (dgamma) dgamma[c] = (gn_real)tg;
      if (dbeta) dbeta[c] = (gn_real)tb;
    }
  }
  if (!dx) return;
  GN_PARALLEL_FOR_IF(d->o * s.nblock * d->c > GN_PAR_MIN / 2)
  for (gn_int k = 0; k < (d->cond ? 0 : d->o * d->g); k++) {
    gn_int o = k / d->g, c0 = k % d->g * per;
    double rstd = 1 / sqrt((double)var[k] + eps), count = (double)d->r * (double)per, t1 = 0, t2 = 0;
    for (gn_int c = c0; c < c0 + per; c++) {
      double w = gamma ? (double)gamma[c] : 1;
      t1 += w * total(part, &s, o, 0, c);
      t2 += w * total(part, &s, o, 1, c);
    }
    coef[k] = -rstd * t1 / count;
    coef[d->o * d->g + k] = -rstd * rstd * rstd * t2 / count;
  }
  GN_PARALLEL_FOR_IF(d->o * d->r * d->c > GN_PAR_MIN)
  for (gn_int k = 0; k < n; k++) {
    gn_piece p = gn_split_piece(&s, k);
    gn_real m[LANES], a[LANES], b[LANES], k1[LANES], k0[LANES];
    lane_map(m, a, b, mean, var, gamma, beta, eps, d, &p);
    for (gn_int j = 0; j < p.lanes; j++) {
      const gn_int q = d->cond ? p.c0 + j % p.nc : p.o * d->g + (p.c0 + j % p.nc) / per;
      k1[j] = (gn_real)coef[(d->cond ? d->c : d->o * d->g) + q];
      k0[j] = (gn_real)coef[q];
    }
    for (gn_int r = 0; r <= p.full; r++) {
      const gn_real *u = dy + p.at + r * p.ld, *v = x + p.at + r * p.ld;
      gn_real *z = dx + p.at + r * p.ld;
      gn_int w = r < p.full ? p.lanes : p.rest;
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
