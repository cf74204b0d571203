/* reduce.c - blocked, deterministic reductions over the middle of (O,R,C); softmax. See reduce.h. */
#include "reduce.h"
#include "../par.h"
#include "split.h"
#include <math.h>

#define LANES GN_SPLIT_LANES

/* acc[j] <- STEP over the rows of a piece. Four rows at a time: the accumulators are loaded and stored once for them. */
#define DEFINE_PIECE(name, acc_t, INIT, STEP4, STEP1)                                                                  \
  static void name(acc_t *restrict acc, const gn_real *x, const gn_piece *p) {                                         \
    gn_int r = 0, n = p->lanes, ld = p->ld;                                                                            \
    for (gn_int j = 0; j < n; j++) acc[j] = INIT;                                                                      \
    for (; r + 4 <= p->full; r += 4) {                                                                                 \
      const gn_real *a = x + r * ld, *b = a + ld, *c = b + ld, *d = c + ld;                                            \
      for (gn_int j = 0; j < n; j++) STEP4;                                                                            \
    }                                                                                                                  \
    for (; r <= p->full; r++) {                                                                                        \
      const gn_real *a = x + r * ld;                                                                                   \
      gn_int m = r < p->full ? n : p->rest;                                                                            \
      for (gn_int j = 0; j < m; j++) STEP1;                                                                            \
    }                                                                                                                  \
  }

#define MORE(m, v) ((v) > (m) || (v) != (v) ? (v) : (m)) /* a NaN wins and stays */
#define LESS(m, v) ((v) < (m) || (v) != (v) ? (v) : (m))
#define SQ(v) ((double)(v) * (double)(v))

DEFINE_PIECE(piece_sum, double, 0, acc[j] += ((double)a[j] + (double)b[j]) + ((double)c[j] + (double)d[j]), acc[j] += (double)a[j])
DEFINE_PIECE(piece_squares, double, 0, acc[j] += (SQ(a[j]) + SQ(b[j])) + (SQ(c[j]) + SQ(d[j])), acc[j] += SQ(a[j]))

static inline gn_real more(gn_real m, gn_real v) { return MORE(m, v); }
static inline gn_real less(gn_real m, gn_real v) { return LESS(m, v); }
DEFINE_PIECE(piece_max, gn_real, -(gn_real)INFINITY, acc[j] = more(more(acc[j], more(a[j], b[j])), more(c[j], d[j])), acc[j] = more(acc[j], a[j]))
DEFINE_PIECE(piece_min, gn_real, (gn_real)INFINITY, acc[j] = less(less(acc[j], less(a[j], b[j])), less(c[j], d[j])), acc[j] = less(acc[j], a[j]))

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

/* Short rows (softmax, norms of few channels): one plain sum each. */
static double short_sum(const gn_real *x, gn_int n, int squares) {
  double t = 0;
  if (squares)
    for (gn_int i = 0; i < n; i++) t += SQ(x[i]);
  else
    for (gn_int i = 0; i < n; i++) t += (double)x[i];
  return t;
}

static gn_real finish(double t, gn_reduction kind, double scale) { return (gn_real)((kind == GN_SUM ? t : sqrt(t)) * scale); }

static void reduce_sum(gn_real *y, const gn_real *x, const gn_split *s, gn_reduction kind, double scale, gn_real *work) {
  double *part = (double *)(void *)work; /* (O,nblock,C) */
  gn_int n = gn_split_count(s);
  GN_PARALLEL_FOR_IF(s->o * s->r * s->c > GN_PAR_MIN)
  for (gn_int k = 0; k < n; k++) {
    gn_piece p = gn_split_piece(s, k);
    double acc[LANES], *out = s->nblock > 1 ? part + (p.o * s->nblock + p.b) * s->c + p.c0 : acc;
    if (kind == GN_SUM)
      run_sum(out, x + p.at, &p);
    else
      run_squares(out, x + p.at, &p);
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
    if (least)
      run_min(out, x + p.at, &p);
    else
      run_max(out, x + p.at, &p);
  }
  if (s->nblock == 1) return;
  for (gn_int k = 0; k < s->o * s->c; k++) {
    const gn_real *q = part + k / s->c * s->nblock * s->c + k % s->c;
    gn_real t = q[0];
    for (gn_int b = 1; b < s->nblock; b++) t = least ? less(t, q[b * s->c]) : more(t, q[b * s->c]);
    y[k] = t;
  }
}

void gn_reduce(gn_real *y, const gn_real *x, gn_int o, gn_int r, gn_int c, gn_reduction kind, double scale, gn_real *work) {
  gn_split s = gn_split_make(o, r, c);
  if (o == 0 || c == 0) return;
  if (c == 1 && r < 128 && kind <= GN_SUM_SQUARES) {
    GN_PARALLEL_FOR_IF(o * r > GN_PAR_MIN)
    for (gn_int k = 0; k < o; k++) y[k] = finish(short_sum(x + k * r, r, kind == GN_SUM_SQUARES), kind, scale);
  } else if (kind <= GN_SUM_SQUARES)
    reduce_sum(y, x, &s, kind, scale, work);
  else
    reduce_extreme(y, x, &s, kind == GN_MINIMUM, work);
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

double gn_log_sum_exp(const gn_real *x, gn_int r, gn_int c) {
  double m = -INFINITY, t = 0;
  for (gn_int i = 0; i < r; i++) m = MORE(m, (double)x[i * c]);
  if (!isfinite(m)) return m; /* all -inf, some inf, or NaN */
  for (gn_int i = 0; i < r; i++) t += exp((double)x[i * c] - m);
  return m + log(t);
}

void gn_softmax(gn_real *y, gn_real *lse, const gn_real *x, gn_int o, gn_int r, gn_int c, gn_softmax_kind kind) {
  GN_PARALLEL_FOR_IF(o * r * c > GN_PAR_MIN / 8)
  for (gn_int k = 0; k < o * c; k++) {
    gn_int at = k / c * r * c + k % c;
    double z = gn_log_sum_exp(x + at, r, c);
    if (lse) lse[k] = (gn_real)z;
    if (!y) continue;
    for (gn_int i = 0; i < r; i++) {
      double v = (double)x[at + i * c] - z;
      y[at + i * c] = (gn_real)(kind == GN_SOFTMAX ? exp(v) : v);
    }
  }
}
