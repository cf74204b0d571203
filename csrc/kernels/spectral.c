/* spectral.c - power iteration, singular value and gradient of spectral normalisation; sums in blocks fixed by the
** shape. See spectral.h. */
#include "spectral.h"
#include "../par.h"
#include "runs.h"
#include <math.h>

#define LANES 16
#define BLOCK 32768 /* elements of w in one block of rows */
#define COLUMNS 256 /* columns of one piece where B > 1 */

/* Rows of A in one block where B = 1; at most 64 blocks bound the partial sums. */
static gn_int block_rows(const gn_spectral_dims *d) {
  return GN_MAX(GN_MAX(BLOCK / (d->r * d->b), 1), gn_ceil_div(d->a, 64));
}

gn_int gn_spectral_work(const gn_spectral_dims *d) {
  const gn_int blocks = gn_ceil_div(d->a, block_rows(d));
  return GN_MAX(blocks * d->r, blocks * (gn_int)(sizeof(double) / sizeof(gn_real)));
}

static double dot(const gn_real *restrict x, const gn_real *restrict y, gn_int n) {
  gn_real t[LANES] = {0};
  gn_int i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int j = 0; j < LANES; j++) t[j] += x[i + j] * y[i + j];
  double s = 0;
  for (; i < n; i++) s += (double)x[i] * (double)y[i];
  for (int j = 0; j < LANES; j++) s += (double)t[j];
  return s;
}

static double length(const gn_real *x, gn_int n) {
  double s = 0;
  for (gn_int i = 0; i < n; i++) s += (double)x[i] * (double)x[i];
  return sqrt(s);
}

static void scale(gn_real *x, double by, gn_int n) {
  for (gn_int i = 0; i < n; i++) x[i] = (gn_real)((double)x[i] * by);
}

/* v <- W'u0, u <- W v of W (R,A), w (A,R): each row is used twice while it is at hand. */
static void both(gn_real *u, gn_real *v, const gn_real *w, const gn_real *u0, const gn_spectral_dims *d,
                 gn_real *work) {
  const gn_int rows = block_rows(d), blocks = gn_ceil_div(d->a, rows), r = d->r;
  GN_PARALLEL_FOR_IF(d->a * r > GN_PAR_MIN)
  for (gn_int k = 0; k < blocks; k++) {
    gn_real *restrict part = work + k * r;
    for (gn_int i = 0; i < r; i++) part[i] = 0;
    for (gn_int a = k * rows; a < GN_MIN((k + 1) * rows, d->a); a++) {
      const gn_real *restrict x = w + a * r, t = (gn_real)dot(x, u0, r);
      v[a] = t;
      for (gn_int i = 0; i < r; i++) part[i] += t * x[i];
    }
  }
  for (gn_int i = 0; i < r; i++) {
    double s = 0;
    for (gn_int k = 0; k < blocks; k++) s += (double)work[k * r + i];
    u[i] = (gn_real)s;
  }
}

/* v (A,B) <- W'u0 */
static void transposed(gn_real *v, const gn_real *w, const gn_real *u0, const gn_spectral_dims *d) {
  const gn_int pieces = gn_ceil_div(d->b, COLUMNS);
  GN_PARALLEL_FOR_IF(d->a * d->r * d->b > GN_PAR_MIN)
  for (gn_int k = 0; k < d->a * pieces; k++) {
    const gn_int a = k / pieces, b0 = k % pieces * COLUMNS, n = GN_MIN(COLUMNS, d->b - b0);
    gn_real *restrict y = v + a * d->b + b0;
    for (gn_int j = 0; j < n; j++) y[j] = 0;
    for (gn_int r = 0; r < d->r; r++) {
      const gn_real *restrict x = w + (a * d->r + r) * d->b + b0;
      for (gn_int j = 0; j < n; j++) y[j] += u0[r] * x[j];
    }
  }
}

/* u (R) <- W v */
static void product(gn_real *u, const gn_real *w, const gn_real *v, const gn_spectral_dims *d) {
  GN_PARALLEL_FOR_IF(d->a * d->r * d->b > GN_PAR_MIN)
  for (gn_int r = 0; r < d->r; r++) {
    double s = 0;
    for (gn_int a = 0; a < d->a; a++) s += dot(w + (a * d->r + r) * d->b, v + a * d->b, d->b);
    u[r] = (gn_real)s;
  }
}

double gn_power_iteration(gn_real *u, gn_real *v, const gn_real *w, const gn_real *u0, const gn_spectral_dims *d,
                          gn_real *work) {
  const gn_int n = d->a * d->b;
  if (d->b == 1) both(u, v, w, u0, d, work);
  else {
    transposed(v, w, u0, d);
    product(u, w, v, d);
  }
  const double lv = length(v, n), lu = length(u, d->r);
  if (lv > 0) scale(v, 1 / lv, n);
  if (lu > 0) scale(u, 1 / lu, d->r);
  else
    for (gn_int i = 0; i < d->r; i++) u[i] = u0[i];
  return lv > 0 ? lu / lv : 0;
}

/* sum of x (A,R,B) times what row(a, r) of it is multiplied with; y: another (A,R,B), or NULL: u v' */
static double inner(const gn_real *x, const gn_real *y, const gn_real *u, const gn_real *v, const gn_spectral_dims *d,
                    gn_real *work) {
  const gn_int rows = block_rows(d), blocks = gn_ceil_div(d->a, rows), n = d->r * d->b;
  double *part = (double *)(void *)work, s = 0;
  GN_PARALLEL_FOR_IF(d->a * n > GN_PAR_MIN)
  for (gn_int k = 0; k < blocks; k++) {
    part[k] = 0;
    for (gn_int a = k * rows; a < GN_MIN((k + 1) * rows, d->a); a++) {
      if (y) part[k] += dot(x + a * n, y + a * n, n);
      else if (d->b == 1) part[k] += (double)v[a] * dot(x + a * n, u, n);
      else
        for (gn_int r = 0; r < d->r; r++) part[k] += (double)u[r] * dot(x + (a * d->r + r) * d->b, v + a * d->b, d->b);
    }
  }
  for (gn_int k = 0; k < blocks; k++) s += part[k];
  return s;
}

double gn_spectral_sigma(const gn_real *w, const gn_real *u, const gn_real *v, const gn_spectral_dims *d,
                         gn_real *work) {
  return inner(w, NULL, u, v, d, work);
}

void gn_spectral_divide(gn_real *restrict y, const gn_real *restrict w, double sigma, gn_int n) {
  const gn_real by = (gn_real)(1 / sigma);
  GN_PARALLEL_FOR_IF(n > GN_PAR_MIN)
  for (gn_int i = 0; i < n; i++) y[i] = w[i] * by;
}

void gn_spectral_grad(gn_real *dw, const gn_real *dy, const gn_real *w, const gn_real *u, const gn_real *v,
                      double sigma, const gn_spectral_dims *d, gn_real *work) {
  const double s = inner(dy, w, NULL, NULL, d, work) / sigma;
  const gn_real by = (gn_real)(1 / sigma), c = (gn_real)(s / sigma);
  GN_PARALLEL_FOR_IF(d->a * d->r * d->b > GN_PAR_MIN)
  for (gn_int k = 0; k < d->a * (d->b == 1 ? 1 : d->r); k++) {
    const gn_int n = d->b == 1 ? d->r : d->b;
    const gn_real t = c * (d->b == 1 ? v[k] : u[k % d->r]);
    const gn_real *restrict g = dy + k * n, *restrict x = d->b == 1 ? u : v + k / d->r * d->b;
    gn_real *restrict out = dw + k * n;
    for (gn_int j = 0; j < n; j++) out[j] = by * g[j] - t * x[j];
  }
}
