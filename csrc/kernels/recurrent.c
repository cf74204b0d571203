/* recurrent.c - one matrix product a step, and the gates row by row. See recurrent.h. */
#include "recurrent.h"
#include "../par.h"
#include "gemm.h"
#include "vecmath.h"

/* p (N,3H), or p's share of the state's gradient (N,H), and what the product takes. */
gn_int gn_gru_work(gn_gru_shape s) {
  return 3 * s.n * s.h + GN_MAX(gn_gemm_par_work(0, 0, s.n, 3 * s.h, s.h), gn_gemm_par_work(0, 1, s.n, s.h, 3 * s.h));
}

static int is_over(const int32_t *lengths, gn_int i, gn_int t) { return lengths && t >= lengths[i]; }

/* y (H), gates (5H) <- a (3H), p (3H) without c, c (3H), h (H) or NULL */
static void step(gn_real *restrict y, gn_real *restrict gates, const gn_real *restrict a, const gn_real *restrict p,
                 const gn_real *restrict c, const gn_real *restrict h, gn_int n) {
  gn_real *restrict r = gates, *restrict z = gates + n, *restrict g = gates + 2 * n, *restrict q = gates + 3 * n;
  gn_real *restrict before = gates + 4 * n;
  for (gn_int j = 0; j < n; j++) {
    before[j] = h ? h[j] : 0;
    r[j] = gn_sigmoid(a[j] + p[j] + c[j]);
    z[j] = gn_sigmoid(a[n + j] + p[n + j] + c[n + j]);
    q[j] = p[2 * n + j] + c[2 * n + j];
    g[j] = gn_tanh(a[2 * n + j] + r[j] * q[j]);
    y[j] = (1 - z[j]) * g[j] + z[j] * before[j];
  }
}

void gn_gru(gn_real *y, gn_real *gates, const gn_real *a, const gn_real *u, const gn_real *c, const gn_real *h0,
            const int32_t *lengths, gn_gru_shape s, gn_real *work) {
  gn_real *p = work, *rest = work + 3 * s.n * s.h;
  const gn_int row = s.l * s.h;
  for (gn_int t = 0; t < s.l; t++) {
    const gn_real *h = t ? y + (t - 1) * s.h : h0;
    const gn_int ld = t ? row : s.h;
    if (h) gn_gemm_par(0, 0, s.n, 3 * s.h, s.h, h, ld, u, 3 * s.h, p, rest);
    else memset(p, 0, sizeof *p * (size_t)(3 * s.n * s.h));
    GN_PARALLEL_FOR_IF(8 * s.n * s.h > GN_PAR_MIN)
    for (gn_int i = 0; i < s.n; i++) {
      const gn_real *before = h ? h + i * ld : NULL;
      gn_real *yi = y + i * row + t * s.h, *gi = gates + 5 * (i * row + t * s.h);
      if (is_over(lengths, i, t)) {
        for (gn_int j = 0; j < s.h; j++) yi[j] = before ? before[j] : 0;
        memset(gi, 0, sizeof *gi * (size_t)(5 * s.h));
      } else {
        step(yi, gi, a + 3 * (i * row + t * s.h), p + 3 * i * s.h, c, before, s.h);
      }
    }
  }
}

/* da (3H), dp (3H) out, carry (H) changed: from the gradient behind the step to its part that goes past the product <-
** dy (H), gates (5H) */
static void step_grad(gn_real *restrict da, gn_real *restrict dp, gn_real *restrict carry, const gn_real *restrict dy,
                      const gn_real *restrict gates, gn_int n) {
  const gn_real *restrict r = gates, *restrict z = gates + n, *restrict g = gates + 2 * n, *restrict q = gates + 3 * n;
  const gn_real *restrict h = gates + 4 * n;
  for (gn_int j = 0; j < n; j++) {
    const gn_real d = carry[j] + dy[j];
    const gn_real dz = d * (h[j] - g[j]), an = d * (1 - z[j]) * (1 - g[j] * g[j]);
    dp[j] = da[j] = an * q[j] * r[j] * (1 - r[j]);
    dp[n + j] = da[n + j] = dz * z[j] * (1 - z[j]);
    da[2 * n + j] = an;
    dp[2 * n + j] = an * r[j];
    carry[j] = d * z[j];
  }
}

void gn_gru_grad(gn_real *da, gn_real *dp, gn_real *dh0, const gn_real *dy, const gn_real *gates, const gn_real *u,
                 const int32_t *lengths, gn_gru_shape s, gn_real *work) {
  gn_real *through = work, *rest = work + 3 * s.n * s.h;
  const gn_int row = s.l * s.h;
  memset(dh0, 0, sizeof *dh0 * (size_t)(s.n * s.h));
  for (gn_int t = s.l - 1; t >= 0; t--) {
    GN_PARALLEL_FOR_IF(8 * s.n * s.h > GN_PAR_MIN)
    for (gn_int i = 0; i < s.n; i++) {
      const gn_int at = i * row + t * s.h;
      gn_real *carry = dh0 + i * s.h;
      if (is_over(lengths, i, t)) {
        for (gn_int j = 0; j < s.h; j++) carry[j] += dy[at + j];
        memset(da + 3 * at, 0, sizeof *da * (size_t)(3 * s.h));
        memset(dp + 3 * at, 0, sizeof *dp * (size_t)(3 * s.h));
      } else {
        step_grad(da + 3 * at, dp + 3 * at, carry, dy + at, gates + 5 * at, s.h);
      }
    }
    gn_gemm_par(0, 1, s.n, s.h, 3 * s.h, dp + 3 * t * s.h, 3 * row, u, 3 * s.h, through, rest);
    GN_PARALLEL_FOR_IF(s.n * s.h > GN_PAR_MIN)
    for (gn_int i = 0; i < s.n * s.h; i++) dh0[i] += through[i];
  }
}
