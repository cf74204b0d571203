/* reduce.c - blocked, deterministic reductions over the middle of (O,R,C); softmax. See reduce.h. */
#include "reduce.h"
#include "../par.h"
#include "split.h"
#include "vecmath.h"

#define LANES GN_SPLIT_LANES

#define SQ(v) ((double)(v) * (double)(v))
/* A NaN wins and stays. | and not ||: without a branch it vectorises. */
static inline gn_real more(gn_real m, gn_real v) { return (v > m) | (v != v) ? v : m; }
static inline gn_real less(gn_real m, gn_real v) { return (v < m) | (v != v) ? v : m; }

/* acc[j] <- STEP over the rows of a piece; STEP4 takes four rows: the accumulators are loaded and stored once. */
#define DEFINE_PIECE(name, acc_t, INIT, STEP4, STEP)                                                                   \
  static void name(acc_t *restrict acc, const gn_real *x, const gn_piece *p) {                                         \
    gn_int r = 0, n = p->lanes, ld = p->ld;                                                                            \
    for (gn_int j = 0; j < n; j++) acc[j] = INIT;                                                                      \
    STEP4                                                                                                              \
    for (; r <= p->full; r++) {                                                                                        \
      const gn_real *a = x + r * ld;                                                                                   \
      gn_int m = r < p->full ? n : p->rest;                                                                            \
      for (gn_int j = 0; j < m; j++) acc[j] = STEP;                                                                    \
    }                                                                                                                  \
  }
#define FOUR_ROWS(sum)                                                                                                 \
  for (; r + 4 <= p->full; r += 4) {                                                                                   \
    const gn_real *a = x + r * ld, *b = a + ld, *c = b + ld, *d = c + ld;                                              \
    for (gn_int j = 0; j < n; j++) acc[j] += sum;                                                                      \
  }
DEFINE_PIECE(piece_sum, double, 0, FOUR_ROWS(((double)a[j] + (double)b[j]) + ((double)c[j] + (double)d[j])),
             acc[j] + (double)a[j])
DEFINE_PIECE(piece_squares, double, 0, FOUR_ROWS((SQ(a[j]) + SQ(b[j])) + (SQ(c[j]) + SQ(d[j]))), acc[j] + SQ(a[j]))
DEFINE_PIECE(piece_max, gn_real, -(gn_real)INFINITY, , more(acc[j], a[j]))
DEFINE_PIECE(piece_min, gn_real, (gn_real)INFINITY, , less(acc[j], a[j]))

/* Lanes that hold the same column are joined, then written to out[0..nc-1]. */
#define DEFINE_RUN(name, acc_t, PIECE, JOIN)                                                                           \
  static void name(acc_t *out, const gn_real *x, const gn_piece *p) {                                                  \
    acc_t acc[LANES];                                                                                                  \
    PIECE(acc, x, p);                                                                                                  \
    for (gn_int j = 0; j < p->nc; j++) {                                                                               \
      acc_t t = acc[j];                                                                                                \
      for (gn_int k = j + p->nc; k < p->lanes; k += p->nc) t = JOIN(t, acc[k]);                                        \
      out[j] = t;                                                                                                      \
    }                                                                                                                  \
  }
#define PLUS(s, v) ((s) + (v))
DEFINE_RUN(run_sum, double, piece_sum, PLUS)
DEFINE_RUN(run_squares, double, piece_squares, PLUS)
DEFINE_RUN(run_max, gn_real, piece_max, more)
DEFINE_RUN(run_min, gn_real, piece_min, less)

gn_int gn_reduce_work(gn_int o, gn_int r, gn_int c) {
  gn_split s = gn_split_make(o, r, c);
  return s.nblock > 1 ? o * s.nblock * c * (gn_int)(sizeof(double) / sizeof(gn_real)) : 0;
}

static inline double add8(const double *t) { return ((t[0] + t[1]) + (t[2] + t[3])) + ((t[4] + t[5]) + (t[6] + t[7])); }

/* Short rows, where the lanes of a piece would cost more than the sum. */
static double short_sum(const gn_real *x, gn_int n) {
  double t[8] = {0};
  gn_int i = 0;
  for (; i + 8 <= n; i += 8)
    for (int j = 0; j < 8; j++) t[j] += (double)x[i + j];
  for (; i < n; i++) t[0] += (double)x[i];
  return add8(t);
}

static double short_squares(const gn_real *x, gn_int n) {
  double t[8] = {0};
  gn_int i = 0;
  for (; i + 8 <= n; i += 8)
    for (int j = 0; j < 8; j++) t[j] += SQ(x[i + j]);
  for (; i < n; i++) t[0] += SQ(x[i]);
  return add8(t);
}

static gn_real finish(double t, gn_reduction kind, double scale) {
  return (gn_real)((kind == GN_SUM ? t : sqrt(t)) * scale);
}

static void reduce_sum(gn_real *y, const gn_real *x, const gn_split *s, gn_reduction kind, double scale,
                       gn_real *work) {
  double *part = (double *)(void *)work; /* (O,nblock,C) */
  gn_int n = gn_split_count(s);
  GN_PARALLEL_FOR_IF(s->o * s->r * s->c > GN_PAR_MIN)
  for (gn_int k = 0; k < n; k++) {
    gn_piece p = gn_split_piece(s, k);
    double acc[LANES], *out = s->nblock > 1 ? part + (p.o * s->nblock + p.b) * s->c + p.c0 : acc;
    if (kind == GN_SUM) run_sum(out, x + p.at, &p);
    else run_squares(out, x + p.at, &p);
    if (s->nblock == 1)
      for (gn_int j = 0; j < p.nc; j++) y[p.o * s->c + p.c0 + j] = finish(acc[j], kind, scale);
  }
  if (s->nblock == 1) return;
  GN_PARALLEL_FOR_IF(s->o * s->nblock * s->c > GN_PAR_MIN)
  for (gn_int k = 0; k < s->o * s->c; k++) {
    const double *q = part + k / s->c * s->nblock * s->c + k % s->c;
    double t = 0;
    for (gn_int b = 0; b < s->nblock; b++) t += q[b * s->c];
    y[k] = finish(t, kind, scale);
  }
}

static void reduce_extreme(gn_real *y, const gn_real *x, const gn_split *s, int least, gn_real *part) {
  gn_int n = gn_split_count(s);
  GN_PARALLEL_FOR_IF(s->o * s->r * s->c > GN_PAR_MIN)
  for (gn_int k = 0; k < n; k++) {
    gn_piece p = gn_split_piece(s, k);
    gn_real *out = s->nblock > 1 ? part + (p.o * s->nblock + p.b) * s->c + p.c0 : y + p.o * s->c + p.c0;
    if (least) run_min(out, x + p.at, &p);
    else run_max(out, x + p.at, &p);
  }
  if (s->nblock == 1) return;
  for (gn_int k = 0; k < s->o * s->c; k++) {
    const gn_real *q = part + k / s->c * s->nblock * s->c + k % s->c;
    gn_real t = q[0];
    for (gn_int b = 1; b < s->nblock; b++) t = least ? less(t, q[b * s->c]) : more(t, q[b * s->c]);
    y[k] = t;
  }
}

void gn_reduce(gn_real *y, const gn_real *x, gn_int o, gn_int r, gn_int c, gn_reduction kind, double scale,
               gn_real *work) {
  gn_split s = gn_split_make(o, r, c);
  if (o == 0 || c == 0) return;
  if (c == 1 && r < 128 && kind <= GN_SUM_SQUARES) {
    GN_PARALLEL_FOR_IF(o * r > GN_PAR_MIN)
    for (gn_int k = 0; k < o; k++)
      y[k] = finish(kind == GN_SUM ? short_sum(x + k * r, r) : short_squares(x + k * r, r), kind, scale);
  } else if (kind <= GN_SUM_SQUARES) reduce_sum(y, x, &s, kind, scale, work);
  else reduce_extreme(y, x, &s, kind == GN_MINIMUM, work);
}

void gn_argreduce(int32_t *y, const gn_real *x, gn_int o, gn_int r, gn_int c, int least) {
  GN_PARALLEL_FOR_IF(o * r * c > GN_PAR_MIN)
  for (gn_int k = 0; k < o * c; k++) {
    const gn_real *q = x + k / c * r * c + k % c;
    gn_real best = q[0];
    gn_int at = 0;
    for (gn_int i = 1; i < r && best == best; i++) {
      gn_real v = q[i * c];
      if (v != v || (least ? v < best : v > best)) {
        best = v;
        at = i;
      }
    }
    y[k] = (int32_t)at;
  }
}

/* Largest of r values at distance c. */
static gn_real largest(const gn_real *x, gn_int r, gn_int c) {
  gn_real t[8], m = x[0];
  gn_int i = 0;
  if (c == 1 && r >= 8) {
    for (int j = 0; j < 8; j++) t[j] = m;
    for (; i + 8 <= r; i += 8)
      for (int j = 0; j < 8; j++) t[j] = more(t[j], x[i + j]);
    for (int j = 0; j < 8; j++) m = more(m, t[j]);
  }
  for (; i < r; i++) m = more(m, x[i * c]);
  return m;
}

/* Returns the sum of e^(x - m) over r values at distance c; y, if not NULL, gets the terms. */
static double sum_exp(gn_real *y, const gn_real *x, gn_real m, gn_int r, gn_int c) {
  double t[8] = {0};
  gn_int i = 0;
  for (; c == 1 && i + 8 <= r; i += 8) {
    gn_real e[8];
    for (int j = 0; j < 8; j++) {
      e[j] = gn_exp(x[i + j] - m);
      t[j] += (double)e[j];
    }
    for (int j = 0; y && j < 8; j++) y[i + j] = e[j];
  }
  for (; i < r; i++) {
    gn_real e = gn_exp(x[i * c] - m);
    t[0] += (double)e;
    if (y) y[i * c] = e;
  }
  return add8(t);
}

double gn_log_sum_exp(const gn_real *x, gn_int r, gn_int c) {
  gn_real m = largest(x, r, c);
  return isfinite(m) ? (double)m + log(sum_exp(NULL, x, m, r, c)) : (double)m; /* all -inf, some inf, or NaN */
}

void gn_softmax(gn_real *y, const gn_real *x, gn_int o, gn_int r, gn_int c, gn_softmax_kind kind) {
  GN_PARALLEL_FOR_IF(o * r * c > GN_PAR_MIN / 4)
  for (gn_int k = 0; k < o * c; k++) {
    const gn_real *u = x + k / c * r * c + k % c;
    gn_real *v = y + (u - x), m = largest(u, r, c);
    double t = sum_exp(kind == GN_SOFTMAX ? v : NULL, u, m, r, c);
    if (kind == GN_SOFTMAX) {
      gn_real scale = (gn_real)(1 / t);
      for (gn_int i = 0; i < r; i++) v[i * c] *= scale;
    } else {
      gn_real z = (gn_real)log(t);
      for (gn_int i = 0; i < r; i++) v[i * c] = (u[i * c] - m) - z;
    }
  }
}

void gn_logsumexp(gn_real *y, const gn_real *x, gn_int o, gn_int r, gn_int c) {
  GN_PARALLEL_FOR_IF(o * r * c > GN_PAR_MIN / 4)
  for (gn_int k = 0; k < o * c; k++) y[k] = (gn_real)gn_log_sum_exp(x + k / c * r * c + k % c, r, c);
}
