/* loss.c - binary cross entropy on logits, softmax cross entropy, L1, L2. See loss.h. */
#include "loss.h"
#include "../par.h"
#include "reduce.h"
#include <math.h>

#define BLOCK GN_PAR_BLOCK
#define ROWS 64 /* rows of cross entropy in one block */
#define LANES 8

gn_int gn_loss_work(gn_int n) { return (n / ROWS + 1) * (gn_int)(sizeof(double) / sizeof(gn_real)); }

static inline double bce(double x, double t) { return fmax(x, 0) - x * t + log1p(exp(-fabs(x))); }
static inline double l1(double x, double t) { return fabs(x - t); }
static inline double l2(double x, double t) { return (x - t) * (x - t); }
/* their derivatives in x; that in t is -x for bce, the opposite for the others */
static inline double bce_slope(double x, double t) {
  double e = exp(-fabs(x));
  return (x >= 0 ? 1 : e) / (1 + e) - t;
}
static inline double l1_slope(double x, double t) { return x > t ? 1 : x < t ? -1 : x - t; } /* 0, or NaN */
static inline double l2_slope(double x, double t) { return 2 * (x - t); }

/* Sum and scaled slopes of one block: in independent lanes, and apart for t and value, so that they vectorise. */
#define DEFINE_BLOCK(f)                                                                                                \
  static double block_##f(const gn_real *x, const gn_real *t, double value, gn_int n) {                                \
    double s[LANES] = {0};                                                                                             \
    gn_int i = 0;                                                                                                      \
    if (t)                                                                                                             \
      for (; i + LANES <= n; i += LANES)                                                                               \
        for (int j = 0; j < LANES; j++) s[j] += f((double)x[i + j], (double)t[i + j]);                                 \
    else                                                                                                               \
      for (; i + LANES <= n; i += LANES)                                                                               \
        for (int j = 0; j < LANES; j++) s[j] += f((double)x[i + j], value);                                            \
    for (; i < n; i++) s[0] += f((double)x[i], t ? (double)t[i] : value);                                              \
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));                                          \
  }                                                                                                                    \
  static void slope_##f(gn_real *restrict d, const gn_real *x, const gn_real *t, double value, double scale,           \
                        gn_int n) {                                                                                    \
    if (t)                                                                                                             \
      for (gn_int i = 0; i < n; i++) d[i] = (gn_real)(scale * f##_slope((double)x[i], (double)t[i]));                  \
    else                                                                                                               \
      for (gn_int i = 0; i < n; i++) d[i] = (gn_real)(scale * f##_slope((double)x[i], value));                         \
  }
DEFINE_BLOCK(bce)
DEFINE_BLOCK(l1)
DEFINE_BLOCK(l2)

double gn_loss(gn_loss_kind kind, const gn_real *x, const gn_real *t, double value, gn_int n, gn_real *work) {
  double (*const block)(const gn_real *, const gn_real *, double, gn_int) = kind == GN_BCE  ? block_bce
                                                                            : kind == GN_L1 ? block_l1
                                                                                            : block_l2;
  double *part = (double *)(void *)work, sum = 0;
  gn_int nb = (n + BLOCK - 1) / BLOCK;
  GN_PARALLEL_FOR_IF(n > GN_PAR_MIN)
  for (gn_int b = 0; b < nb; b++)
    part[b] = block(x + b * BLOCK, t ? t + b * BLOCK : NULL, value, GN_MIN(n - b * BLOCK, BLOCK));
  for (gn_int b = 0; b < nb; b++) sum += part[b];
  return sum / (double)n;
}

void gn_loss_grad(gn_loss_kind kind, gn_real *dx, gn_real *dt, double g, const gn_real *x, const gn_real *t,
                  double value, gn_int n) {
  void (*const slope)(gn_real *restrict, const gn_real *, const gn_real *, double, double, gn_int) =
      kind == GN_BCE  ? slope_bce
      : kind == GN_L1 ? slope_l1
                      : slope_l2;
  double scale = g / (double)n;
  gn_int nb = (n + BLOCK - 1) / BLOCK;
  GN_PARALLEL_FOR_IF(n > GN_PAR_MIN)
  for (gn_int b = 0; b < nb; b++) {
    gn_int at = b * BLOCK, m = GN_MIN(n - at, BLOCK);
    const gn_real *tb = t ? t + at : NULL;
    if (dx) slope(dx + at, x + at, tb, value, scale, m);
    if (dt && kind != GN_BCE) slope(dt + at, x + at, tb, value, -scale, m);
    if (dt && kind == GN_BCE)
      for (gn_int i = at; i < at + m; i++) dt[i] = (gn_real)(-scale * (double)x[i]);
  }
}

double gn_cross_entropy(const gn_real *x, const int32_t *label, gn_int n, gn_int y, gn_real *work) {
  double *part = (double *)(void *)work, sum = 0;
  gn_int nb = (n + ROWS - 1) / ROWS;
  GN_PARALLEL_FOR_IF(n * y > GN_PAR_MIN / 8)
  for (gn_int b = 0; b < nb; b++) {
    part[b] = 0;
    for (gn_int i = b * ROWS; i < GN_MIN(n, (b + 1) * ROWS); i++)
      part[b] += gn_log_sum_exp(x + i * y, y, 1) - (double)x[i * y + label[i]];
  }
  for (gn_int b = 0; b < nb; b++) sum += part[b];
  return sum / (double)n;
}

void gn_cross_entropy_grad(gn_real *dx, double g, const gn_real *x, const int32_t *label, gn_int n, gn_int y) {
  double scale = g / (double)n;
  gn_softmax(dx, x, n, y, 1, GN_SOFTMAX);
  GN_PARALLEL_FOR_IF(n * y > GN_PAR_MIN)
  for (gn_int i = 0; i < n; i++)
    for (gn_int j = 0; j < y; j++) dx[i * y + j] = (gn_real)(scale * ((double)dx[i * y + j] - (j == label[i])));
}
