/* minibatch.c - all pairs of a batch, lane by lane over the B kernels. Each element sums over the others by itself:
** twice the work of using the symmetry, but no sums to be shared between threads. See minibatch.h. */
#include "minibatch.h"
#include "../par.h"
#include "vecmath.h"

#define LANES 64

/* Two arrays (N,C,B): m with its last axes exchanged, and the gradient. */
gn_int gn_minibatch_work(gn_int n, gn_int b, gn_int c) { return 2 * n * b * c; }

/* y (N,C,B) <- x (N,B,C) */
static void exchange(gn_real *restrict y, const gn_real *restrict x, gn_int n, gn_int b, gn_int c) {
  for (gn_int i = 0; i < n; i++)
    for (gn_int p = 0; p < c; p++)
      for (gn_int q = 0; q < b; q++) y[(i * c + p) * b + q] = x[(i * b + q) * c + p];
}

/* e (lanes) <- exp(-sum over c of |x - y|), x and y at distance b from one c to the next */
static void similarity(gn_real *restrict e, const gn_real *restrict x, const gn_real *restrict y, gn_int lanes,
                       gn_int b, gn_int c) {
  for (gn_int q = 0; q < lanes; q++) e[q] = 0;
  for (gn_int p = 0; p < c; p++)
    for (gn_int q = 0; q < lanes; q++) {
      const gn_real d = x[p * b + q] - y[p * b + q];
      e[q] -= d < 0 ? -d : d;
    }
  for (gn_int q = 0; q < lanes; q++) e[q] = gn_exp(e[q]);
}

void gn_minibatch(gn_real *o, const gn_real *m, gn_int n, gn_int b, gn_int c, gn_real *work) {
  exchange(work, m, n, b, c);
  GN_PARALLEL_FOR_IF(n * n * b * c > GN_PAR_MIN)
  for (gn_int i = 0; i < n; i++)
    for (gn_int b0 = 0; b0 < b; b0 += LANES) {
      const gn_int lanes = GN_MIN(LANES, b - b0);
      gn_real e[LANES], s[LANES] = {0};
      for (gn_int j = 0; j < n; j++) {
        if (j == i) continue;
        similarity(e, work + i * c * b + b0, work + j * c * b + b0, lanes, b, c);
        for (gn_int q = 0; q < lanes; q++) s[q] += e[q];
      }
      for (gn_int q = 0; q < lanes; q++) o[i * b + b0 + q] = s[q];
    }
}

/* A pair contributes exp(..) to both sums, hence g[i] + g[j]. */
void gn_minibatch_grad(gn_real *dm, const gn_real *g, const gn_real *m, gn_int n, gn_int b, gn_int c, gn_real *work) {
  gn_real *dt = work + n * b * c;
  exchange(work, m, n, b, c);
  GN_PARALLEL_FOR_IF(n * n * b * c > GN_PAR_MIN)
  for (gn_int i = 0; i < n; i++)
    for (gn_int b0 = 0; b0 < b; b0 += LANES) {
      const gn_int lanes = GN_MIN(LANES, b - b0);
      const gn_real *x = work + i * c * b + b0;
      gn_real e[LANES], *out = dt + i * c * b + b0;
      for (gn_int p = 0; p < c; p++)
        for (gn_int q = 0; q < lanes; q++) out[p * b + q] = 0;
      for (gn_int j = 0; j < n; j++) {
        const gn_real *y = work + j * c * b + b0;
        if (j == i) continue;
        similarity(e, x, y, lanes, b, c);
        for (gn_int q = 0; q < lanes; q++) e[q] *= g[i * b + b0 + q] + g[j * b + b0 + q];
        for (gn_int p = 0; p < c; p++)
          for (gn_int q = 0; q < lanes; q++) {
            const gn_real d = x[p * b + q] - y[p * b + q];
            out[p * b + q] -= d > 0 ? e[q] : d < 0 ? -e[q] : 0 * d; /* NaN stays NaN */
          }
      }
    }
  exchange(dm, dt, n, c, b);
}
