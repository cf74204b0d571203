/* pointwise.c - expands pointwise.def into strided, broadcasting loops. See pointwise.h. */
#include "pointwise.h"
#include "../par.h"
#include "vecmath.h"

#define HALF GN_R(0.5)
#define INV_SQRT_2PI GN_R(0.39894228040143267794)
#define SELU_ALPHA GN_R(1.6732632423543772848170429916717) /* Klambauer et al. 2017, arXiv:1706.02515, eq. 14 */
#define SELU_SCALE GN_R(1.0507009873554804934193349852946)

/* From e^-|x|, which no rounding of 1 - sigmoid(x) spoils. */
static inline gn_real gn_sigmoid_slope(gn_real x) {
  gn_real e = gn_exp(x < 0 ? x : -x);
  return e / ((1 + e) * (1 + e));
}

static inline gn_real gn_swish_slope(gn_real x) {
  gn_real s = gn_sigmoid(x);
  return s + x * s * (1 - s);
}

/* The loops for unit strides and for a scalar operand are spelt out so that the compiler vectorises them. */
#define LOOP(decl, value)                                                                                              \
  for (gn_int i = 0; i < n; i++) {                                                                                     \
    decl y[i * sy] = (value);                                                                                          \
  }

#define UNARY(name, np, f)                                                                                             \
  static void row_##name(gn_int n, gn_real *const *v, const gn_int *s, const gn_real *param) {                         \
    gn_real *y = v[0];                                                                                                 \
    const gn_real *xs = v[1];                                                                                          \
    const gn_real p[2] = {param[0], param[1]}; /* a copy: y might alias param as far as the compiler knows */          \
    (void)p;                                                                                                           \
    if (s[0] == 1 && s[1] == 1) {                                                                                      \
      const gn_int sy = 1;                                                                                             \
      LOOP(gn_real x = xs[i];, f)                                                                                      \
    } else {                                                                                                           \
      const gn_int sy = s[0], sx = s[1];                                                                               \
      LOOP(gn_real x = xs[i * sx];, f)                                                                                 \
    }                                                                                                                  \
  }
#define BINARY(name, np, f)                                                                                            \
  static void row_##name(gn_int n, gn_real *const *v, const gn_int *s, const gn_real *param) {                         \
    gn_real *y = v[0];                                                                                                 \
    const gn_real *as = v[1], *bs = v[2];                                                                              \
    const gn_real p[2] = {param[0], param[1]}; /* a copy: y might alias param as far as the compiler knows */          \
    (void)p;                                                                                                           \
    if (s[0] == 1 && s[1] == 1 && s[2] == 1) {                                                                         \
      const gn_int sy = 1;                                                                                             \
      LOOP(gn_real a = as[i]; gn_real b = bs[i];, f)                                                                   \
    } else if (s[0] == 1 && s[1] == 1 && s[2] == 0) {                                                                  \
      const gn_int sy = 1;                                                                                             \
      const gn_real b = *bs;                                                                                           \
      LOOP(gn_real a = as[i];, f)                                                                                      \
    } else {                                                                                                           \
      const gn_int sy = s[0], sa = s[1], sb = s[2];                                                                    \
      LOOP(gn_real a = as[i * sa]; gn_real b = bs[i * sb];, f)                                                         \
    }                                                                                                                  \
  }
#define TERNARY(name, np, f)                                                                                           \
  static void row_##name(gn_int n, gn_real *const *v, const gn_int *s, const gn_real *param) {                         \
    gn_real *y = v[0];                                                                                                 \
    const gn_real *as = v[1], *bs = v[2], *cs = v[3];                                                                  \
    const gn_int sy = s[0], sa = s[1], sb = s[2], sc = s[3];                                                           \
    const gn_real p[2] = {param[0], param[1]}; /* a copy: y might alias param as far as the compiler knows */          \
    (void)p;                                                                                                           \
    LOOP(gn_real a = as[i * sa]; gn_real b = bs[i * sb]; gn_real c = cs[i * sc];, f)                                   \
  }
#include "pointwise.def"
#undef UNARY
#undef BINARY
#undef TERNARY

#define UNARY(name, np, f) {#name, 1, np, row_##name},
#define BINARY(name, np, f) {#name, 2, np, row_##name},
#define TERNARY(name, np, f) {#name, 3, np, row_##name},
const gn_pointwise gn_pointwise_table[] = {
#include "pointwise.def"
    {0}};

#define THIN 8 /* numbers of a row below which calls cost more than strides: colours, a mask for all of them */

/* Rows run along the last dimension; where that is thin, along the one before it, once for each of its entries. */
void gn_pointwise_run(const gn_pointwise *f, const gn_plan *plan, gn_real *const *x, const gn_real *p) {
  const int last = plan->nd - 1, narg = f->narg + 1;
  const int turned = last > 0 && plan->size[last] < THIN && plan->size[last - 1] > plan->size[last];
  const int in = last - turned;
  const gn_int n = plan->size[in], each = turned ? plan->size[last] : 1, rows = gn_numel(in, plan->size);
  if (n == 0 || rows == 0 || each == 0) return;
  gn_int s[GN_MAXARG];
  for (int a = 0; a < narg; a++) s[a] = plan->stride[a][in];
  /* a long row is cut into blocks; short rows are taken one by one */
  const gn_int block = GN_PAR_BLOCK / each, per = (n + block - 1) / block, blocks = rows * per;
  GN_PARALLEL_FOR_IF(blocks > 1 && rows * n * each > GN_PAR_MIN)
  for (gn_int k = 0; k < blocks; k++) {
    gn_int r = k / per, i0 = (k % per) * block, m = GN_MIN(n - i0, block);
    gn_real *v[GN_MAXARG];
    for (int a = 0; a < narg; a++) v[a] = x[a] + i0 * s[a];
    for (int d = in - 1; d >= 0; d--) {
      gn_int c = r % plan->size[d];
      r /= plan->size[d];
      for (int a = 0; a < narg; a++) v[a] += c * plan->stride[a][d];
    }
    for (gn_int c = 0; c < each; c++) {
      f->row(m, v, s, p);
      for (int a = 0; turned && a < narg; a++) v[a] += plan->stride[a][last];
    }
  }
}
