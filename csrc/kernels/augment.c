/* augment.c - affine maps of colours, separable filters; the contracts are in augment.h. */
#include "augment.h"
#include "../par.h"
#include "runs.h"

/* ---- colours ---- */

/* y <- x, pixel by pixel, by a map of (c,c+1) */
static inline __attribute__((always_inline)) void recolour(gn_real *restrict y, const gn_real *restrict x,
                                                           const double *m, gn_int pixels, gn_int c) {
  for (gn_int i = 0; i < pixels; i++, y += c, x += c)
    for (gn_int q = 0; q < c; q++) {
      const double *row = m + q * (c + 1);
      gn_real sum = (gn_real)row[c];
      for (gn_int k = 0; k < c; k++) sum += (gn_real)row[k] * x[k];
      y[q] = sum;
    }
}

void gn_recolour(gn_real *y, const gn_real *x, const double *m, const gn_pictures *p) {
  const gn_int c = p->c, pixels = p->h * p->w;
  GN_PARALLEL_FOR_IF(p->n * pixels * c > GN_PAR_MIN)
  for (gn_int n = 0; n < p->n; n++) {
    const double *mn = m + n * c * (c + 1);
    gn_real *yn = y + n * pixels * c;
    const gn_real *xn = x + n * pixels * c;
    if (c == 3) recolour(yn, xn, mn, pixels, 3);
    else if (c == 1) recolour(yn, xn, mn, pixels, 1);
    else recolour(yn, xn, mn, pixels, c);
  }
}

/* ---- filters ---- */

/* The pixel of an axis of n that shows at place i, at most n - 1 beyond the border. */
static inline gn_int mirrored(gn_int i, gn_int n) { return i < 0 ? -i : i < n ? i : 2 * (n - 1) - i; }

/* A thread's: a row with its borders, and a picture. */
static gn_int share_of(const gn_pictures *p, gn_int k) { return (p->w + 2 * (k - 1)) * p->c + p->h * p->w * p->c; }

gn_int gn_filter_work(const gn_pictures *p, gn_int k) { return gn_threads() * share_of(p, k); }

/* y (w,c) <- the taps' runs of a row that begins k / 2 pixels before the first */
static void across(gn_real *y, const gn_real *row, const double *taps, gn_int k, const gn_pictures *p) {
  gn_zero_run(y, p->w * p->c);
  for (gn_int t = 0; t < k; t++)
    if (taps[t] != 0) gn_add_scaled_run(y, row + t * p->c, (gn_real)taps[t], p->w * p->c);
}

static void filter(gn_real *y, const gn_real *x, const double *taps, gn_int k, const gn_pictures *p, gn_real *work) {
  const gn_int ld = p->w * p->c, c = p->c, half = k / 2;
  gn_real *row = work, *middle = work + (p->w + 2 * (k - 1)) * c;
  for (gn_int i = 0; i < p->h; i++) {
    for (gn_int j = 0; j < p->w + k - 1; j++) gn_copy_run(row + j * c, x + i * ld + mirrored(j - half, p->w) * c, c);
    across(middle + i * ld, row, taps, k, p);
  }
  for (gn_int i = 0; i < p->h; i++) {
    gn_zero_run(y + i * ld, ld);
    for (gn_int t = 0; t < k; t++)
      if (taps[t] != 0) gn_add_scaled_run(y + i * ld, middle + mirrored(i + t - half, p->h) * ld, (gn_real)taps[t], ld);
  }
}

static void filter_dx(gn_real *dx, const gn_real *dy, const double *taps, gn_int k, const gn_pictures *p,
                      gn_real *work) {
  const gn_int ld = p->w * p->c, c = p->c, half = k / 2;
  gn_real *row = work, *middle = work + (p->w + 2 * (k - 1)) * c;
  gn_zero_run(middle, p->h * ld);
  for (gn_int i = 0; i < p->h; i++)
    for (gn_int t = 0; t < k; t++)
      if (taps[t] != 0)
        gn_add_scaled_run(middle + mirrored(i + t - half, p->h) * ld, dy + i * ld, (gn_real)taps[t], ld);
  gn_zero_run(dx, p->h * ld);
  for (gn_int i = 0; i < p->h; i++) {
    gn_zero_run(row, (p->w + k - 1) * c);
    for (gn_int t = 0; t < k; t++)
      if (taps[t] != 0) gn_add_scaled_run(row + t * c, middle + i * ld, (gn_real)taps[t], ld);
    for (gn_int j = 0; j < p->w + k - 1; j++) gn_add_run(dx + i * ld + mirrored(j - half, p->w) * c, row + j * c, c);
  }
}

void gn_filter(gn_real *y, const gn_real *x, const double *taps, gn_int k, const gn_pictures *p, gn_real *work) {
  const gn_int share = share_of(p, k), size = p->h * p->w * p->c;
  GN_PARALLEL_FOR
  for (gn_int n = 0; n < p->n; n++)
    filter(y + n * size, x + n * size, taps + n * k, k, p, work + gn_thread_id() * share);
}

void gn_filter_dx(gn_real *dx, const gn_real *dy, const double *taps, gn_int k, const gn_pictures *p, gn_real *work) {
  const gn_int share = share_of(p, k), size = p->h * p->w * p->c;
  GN_PARALLEL_FOR
  for (gn_int n = 0; n < p->n; n++)
    filter_dx(dx + n * size, dy + n * size, taps + n * k, k, p, work + gn_thread_id() * share);
}
