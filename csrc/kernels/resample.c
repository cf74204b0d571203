/* resample.c - pooling, resizing and padding of images, NHWC; the contracts are in resample.h.
** Adjoints: each row of dx looks for the output rows that read it, so rows are independent and need no atomics. */
#include "resample.h"
#include "../par.h"
#include "runs.h"
#include <math.h>

typedef struct span { /* lo .. hi-1; may be empty */
  gn_int lo, hi;
} span;

/* ---- pooling ---- */

/* Pixels of an axis of length n inside window o. */
static span window(gn_int o, gn_int s, gn_int p, gn_int k, gn_int n) {
  gn_int lo = o * s - p;
  return (span){GN_MAX(lo, 0), GN_MIN(lo + k, n)};
}

/* Windows 0 .. out-1 of an axis that hold pixel i. */
static span windows_of(gn_int i, gn_int s, gn_int p, gn_int k, gn_int out) {
  gn_int first = i + p - k + 1;
  return (span){first > 0 ? (first + s - 1) / s : 0, GN_MIN((i + p) / s + 1, out)};
}

static gn_real window_weight(const gn_pool *p, span a, span b) {
  gn_int count = p->count_pad ? p->kh * p->kw : (a.hi - a.lo) * (b.hi - b.lo);
  return (gn_real)(1.0 / (double)count);
}

void gn_avg_pool2d(gn_real *y, const gn_real *x, const gn_pool *p) {
  gn_int c = p->c;
  GN_PARALLEL_FOR_IF(p->n * p->h * p->w * c > GN_PAR_MIN)
  for (gn_int row = 0; row < p->n * p->ho; row++) {
    const gn_real *xn = x + row / p->ho * p->h * p->w * c;
    gn_real *yr = y + row * p->wo * p->ldy;
    span a = window(row % p->ho, p->sh, p->ph, p->kh, p->h);
    for (gn_int o = 0; o < p->wo; o++, yr += p->ldy) {
      span b = window(o, p->sw, p->pw, p->kw, p->w);
      gn_real weight = window_weight(p, a, b);
      gn_zero_run(yr, c);
      for (gn_int i = a.lo; i < a.hi; i++)
        for (gn_int j = b.lo; j < b.hi; j++) gn_add_run(yr, xn + (i * p->w + j) * c, c);
      for (gn_int k = 0; k < c; k++) yr[k] *= weight;
    }
  }
}

void gn_avg_pool2d_dx(gn_real *dx, const gn_real *dy, const gn_pool *p) {
  gn_int c = p->c;
  GN_PARALLEL_FOR_IF(p->n * p->h * p->w * c > GN_PAR_MIN)
  for (gn_int row = 0; row < p->n * p->h; row++) {
    const gn_real *dyn = dy + row / p->h * p->ho * p->wo * c;
    gn_real *dxr = dx + row * p->w * c;
    span rows = windows_of(row % p->h, p->sh, p->ph, p->kh, p->ho);
    gn_zero_run(dxr, p->w * c);
    for (gn_int i = rows.lo; i < rows.hi; i++) {
      span a = window(i, p->sh, p->ph, p->kh, p->h);
      for (gn_int j = 0; j < p->wo; j++) {
        span b = window(j, p->sw, p->pw, p->kw, p->w);
        gn_real weight = window_weight(p, a, b);
        for (gn_int k = b.lo; k < b.hi; k++) gn_add_scaled_run(dxr + k * c, dyn + (i * p->wo + j) * c, weight, c);
      }
    }
  }
}

void gn_max_pool2d(gn_real *y, int32_t *idx, const gn_real *x, const gn_pool *p) {
  gn_int c = p->c;
  GN_PARALLEL_FOR_IF(p->n * p->h * p->w * c > GN_PAR_MIN)
  for (gn_int row = 0; row < p->n * p->ho; row++) {
    const gn_real *xn = x + row / p->ho * p->h * p->w * c;
    span a = window(row % p->ho, p->sh, p->ph, p->kh, p->h);
    for (gn_int o = 0; o < p->wo; o++) {
      gn_real *restrict most = y + (row * p->wo + o) * p->ldy;
      int32_t *restrict at = idx ? idx + (row * p->wo + o) * c : NULL;
      span b = window(o, p->sw, p->pw, p->kw, p->w);
      int32_t first = (int32_t)(a.lo * p->w + b.lo);
      gn_copy_run(most, xn + first * c, c);
      for (gn_int k = 0; at && k < c; k++) at[k] = first;
      for (gn_int i = a.lo; i < a.hi; i++)
        for (gn_int j = b.lo; j < b.hi; j++) {
          const gn_real *restrict xp = xn + (i * p->w + j) * c;
          int32_t here = (int32_t)(i * p->w + j);
          if (!at) {
            for (gn_int k = 0; k < c; k++) most[k] = xp[k] > most[k] || isnan(xp[k]) ? xp[k] : most[k];
            continue;
          }
          for (gn_int k = 0; k < c; k++) {
            int better = xp[k] > most[k] || (isnan(xp[k]) && !isnan(most[k]));
            most[k] = better ? xp[k] : most[k];
            at[k] = better ? here : at[k];
          }
        }
    }
  }
}

/* ---- resizing ---- */

/* Output coordinates whose nearest input is i: floor(o in/out) = i. */
static span nearest_of(gn_int i, gn_int in, gn_int out) {
  return (span){(i * out + in - 1) / in, ((i + 1) * out + in - 1) / in};
}

void gn_resize_nearest(gn_real *y, const gn_real *x, const gn_resize *r) {
  gn_int c = r->c;
  GN_PARALLEL_FOR_IF(r->n * r->ho * r->wo * c > GN_PAR_MIN)
  for (gn_int row = 0; row < r->n * r->ho; row++) {
    const gn_real *xr = x + (row / r->ho * r->h + row % r->ho * r->h / r->ho) * r->w * c;
    gn_real *yr = y + row * r->wo * c;
    gn_int whole = r->w / r->wo, part = r->w % r->wo, rest = 0; /* rest = o*w mod wo: saves a division per pixel */
    for (gn_int o = 0; o < r->wo; o++, yr += c) {
      gn_copy_run(yr, xr, c);
      xr += whole * c;
      rest += part;
      if (rest >= r->wo) rest -= r->wo, xr += c;
    }
  }
}

void gn_resize_nearest_dx(gn_real *dx, const gn_real *dy, const gn_resize *r) {
  gn_int c = r->c;
  GN_PARALLEL_FOR_IF(r->n * GN_MAX(r->ho * r->wo, r->h * r->w) * c > GN_PAR_MIN)
  for (gn_int row = 0; row < r->n * r->h; row++) {
    const gn_real *dyn = dy + row / r->h * r->ho * r->wo * c;
    gn_real *dxr = dx + row * r->w * c;
    span rows = nearest_of(row % r->h, r->h, r->ho);
    gn_zero_run(dxr, r->w * c);
    for (gn_int w = 0; w < r->w; w++, dxr += c) {
      span cols = nearest_of(w, r->w, r->wo);
      for (gn_int i = rows.lo; i < rows.hi; i++)
        for (gn_int j = cols.lo; j < cols.hi; j++) gn_add_run(dxr, dyn + (i * r->wo + j) * c, c);
    }
  }
}

/* One axis of a bilinear map: output o reads (1-f) x[i0] + f x[i1]. */
typedef struct blend_axis {
  gn_int in, out;
  double step, shift;
} blend_axis;

typedef struct blend {
  gn_int i0, i1;
  gn_real f;
} blend;

static blend_axis blend_axis_of(gn_grid grid, gn_int in, gn_int out) {
  double ratio = (double)in / (double)out;
  switch (grid) {
  case GN_GRID_CORNERS: return (blend_axis){in, out, out > 1 ? (double)(in - 1) / (double)(out - 1) : 0, 0};
  case GN_GRID_LEGACY: return (blend_axis){in, out, ratio, 0};
  default: return (blend_axis){in, out, ratio, 0.5 * ratio - 0.5};
  }
}

static blend blend_at(const blend_axis *a, gn_int o) {
  double s = (double)o * a->step + a->shift;
  if (s < 0) s = 0; /* half-pixel centres start outside the image */
  gn_int i0 = GN_MIN((gn_int)s, a->in - 1);
  return (blend){i0, GN_MIN(i0 + 1, a->in - 1), (gn_real)(s - (double)i0)};
}

/* A range of outputs that holds all that may read input i (for i = 0, those clamped to it too: shift > -1); blend_at
** then tells which do. */
static span outputs_near(const blend_axis *a, gn_int i) {
  if (a->step == 0) return (span){0, a->out};
  double lo = ((double)i - 1 - a->shift) / a->step - 1, hi = ((double)i + 1 - a->shift) / a->step + 2;
  return (span){lo < 0 ? 0 : (gn_int)lo, hi < (double)a->out ? (gn_int)hi : a->out};
}

void gn_resize_bilinear(gn_real *y, const gn_real *x, const gn_resize *r) {
  gn_int c = r->c;
  blend_axis vertical = blend_axis_of(r->grid, r->h, r->ho), horizontal = blend_axis_of(r->grid, r->w, r->wo);
  GN_PARALLEL_FOR_IF(r->n * r->ho * r->wo * c > GN_PAR_MIN)
  for (gn_int row = 0; row < r->n * r->ho; row++) {
    const gn_real *xn = x + row / r->ho * r->h * r->w * c;
    blend v = blend_at(&vertical, row % r->ho);
    const gn_real *top = xn + v.i0 * r->w * c, *bottom = xn + v.i1 * r->w * c;
    for (gn_int o = 0; o < r->wo; o++) {
      blend h = blend_at(&horizontal, o);
      gn_real *restrict yo = y + (row * r->wo + o) * c;
      const gn_real *tl = top + h.i0 * c, *tr = top + h.i1 * c, *bl = bottom + h.i0 * c, *br = bottom + h.i1 * c;
      for (gn_int k = 0; k < c; k++) {
        gn_real t = tl[k] + h.f * (tr[k] - tl[k]), b = bl[k] + h.f * (br[k] - bl[k]);
        yo[k] = t + v.f * (b - t);
      }
    }
  }
}

void gn_resize_bilinear_dx(gn_real *dx, const gn_real *dy, const gn_resize *r) {
  gn_int c = r->c;
  blend_axis vertical = blend_axis_of(r->grid, r->h, r->ho), horizontal = blend_axis_of(r->grid, r->w, r->wo);
  GN_PARALLEL_FOR_IF(r->n * GN_MAX(r->ho * r->wo, r->h * r->w) * c > GN_PAR_MIN)
  for (gn_int row = 0; row < r->n * r->h; row++) {
    const gn_real *dyn = dy + row / r->h * r->ho * r->wo * c;
    gn_real *dxr = dx + row * r->w * c;
    gn_int i = row % r->h;
    span rows = outputs_near(&vertical, i);
    gn_zero_run(dxr, r->w * c);
    for (gn_int o = rows.lo; o < rows.hi; o++) {
      blend v = blend_at(&vertical, o);
      if (v.i0 != i && v.i1 != i) continue;
      gn_real weight = (v.i0 == i ? 1 - v.f : 0) + (v.i1 == i ? v.f : 0);
      for (gn_int j = 0; j < r->wo; j++) {
        blend h = blend_at(&horizontal, j);
        const gn_real *g = dyn + (o * r->wo + j) * c;
        gn_add_scaled_run(dxr + h.i0 * c, g, weight * (1 - h.f), c);
        gn_add_scaled_run(dxr + h.i1 * c, g, weight * h.f, c);
      }
    }
  }
}

/* ---- padding ---- */

/* The pixel of an axis of length n that padded position o shows, or -1. */
static gn_int pad_source(gn_int o, gn_int before, gn_int n, gn_pad_mode mode) {
  gn_int i = o - before;
  if (i >= 0 && i < n) return i;
  switch (mode) {
  case GN_PAD_REFLECT: return i < 0 ? -i : 2 * (n - 1) - i;
  case GN_PAD_REPLICATE: return i < 0 ? 0 : n - 1;
  default: return -1;
  }
}

void gn_pad2d(gn_real *y, const gn_real *x, const gn_pad *p, gn_real value) {
  gn_int c = p->c, ho = p->top + p->h + p->bottom, wo = p->left + p->w + p->right;
  GN_PARALLEL_FOR_IF(p->n * ho * wo * c > GN_PAR_MIN)
  for (gn_int row = 0; row < p->n * ho; row++) {
    gn_int n = row / ho, i = pad_source(row % ho, p->top, p->h, p->mode);
    gn_real *yr = y + row * wo * c;
    for (gn_int o = 0; o < wo; o++, yr += c) {
      gn_int j = pad_source(o, p->left, p->w, p->mode);
      if (i >= 0 && j >= 0) gn_copy_run(yr, x + ((n * p->h + i) * p->w + j) * c, c);
      else
        for (gn_int k = 0; k < c; k++) yr[k] = value;
    }
  }
}

/* dx (w,c) += dy (left+w+right,c), each column onto the pixel that it shows */
static void fold_row(gn_real *dx, const gn_real *dy, const gn_pad *p) {
  for (gn_int j = 0; j < p->left + p->w + p->right; j++) {
    gn_int w = pad_source(j, p->left, p->w, p->mode);
    if (w >= 0) gn_add_run(dx + w * p->c, dy + j * p->c, p->c);
  }
}

void gn_pad2d_dx(gn_real *dx, const gn_real *dy, const gn_pad *p) {
  gn_int c = p->c, ho = p->top + p->h + p->bottom, wo = p->left + p->w + p->right;
  GN_PARALLEL_FOR_IF(p->n * ho * wo * c > GN_PAR_MIN)
  for (gn_int row = 0; row < p->n * p->h; row++) {
    const gn_real *dyn = dy + row / p->h * ho * wo * c;
    gn_real *dxr = dx + row * p->w * c;
    gn_int h = row % p->h;
    gn_zero_run(dxr, p->w * c);
    fold_row(dxr, dyn + (p->top + h) * wo * c, p);
    if (p->mode == GN_PAD_CONSTANT) continue;
    for (gn_int i = 0; i < p->top; i++)
      if (pad_source(i, p->top, p->h, p->mode) == h) fold_row(dxr, dyn + i * wo * c, p);
    for (gn_int i = p->top + p->h; i < ho; i++)
      if (pad_source(i, p->top, p->h, p->mode) == h) fold_row(dxr, dyn + i * wo * c, p);
  }
}

/* ---- upsampling, filter, downsampling ---- */

/* One axis: place o of the output reads z[o down - before + j] times r[j], z being the n pixels of x with up-1 zeros
** behind each, r the filter of k taps as correlations read it. */
typedef struct fir_axis {
  gn_int n, up, down, before;
  gn_int most, rest; /* a place reads most + 1 pixels where its first tap is at most rest, else one less */
} fir_axis;

static fir_axis fir_axis_of(const gn_fir *p, int i) {
  return (fir_axis){i ? p->w : p->h,      p->up[i], p->down[i], i ? p->left : p->top, (p->k - 1) / p->up[i],
                    (p->k - 1) % p->up[i]};
}

typedef struct place { /* of the output: its first tap that meets a pixel, and which */
  gn_int tap, pixel;
} place;

static place place_at(const fir_axis *a, gn_int o) {
  const gn_int start = o * a->down - a->before, tap = ((-start) % a->up + a->up) % a->up;
  return (place){tap, (start + tap) / a->up};
}

typedef struct taps { /* x[first], x[first+1], ... times f[0], f[step], ... */
  gn_int first, count, step;
  const gn_real *f;
} taps;

static inline taps taps_of(place at, const fir_axis *a, const gn_real *f, const gn_fir *p) {
  const gn_int all = at.tap <= a->rest ? a->most + 1 : a->most;
  const gn_int skip = at.pixel < 0 ? GN_MIN(-at.pixel, all) : 0; /* those on zeros before the image */
  const gn_int first = at.pixel + skip, count = GN_MAX(GN_MIN(all - skip, a->n - first), 0);
  const gn_int tap = at.tap + skip * a->up;
  if (count == 0) return (taps){0, 0, 0, f};
  return p->flip ? (taps){first, count, a->up, f + tap} : (taps){first, count, -a->up, f + p->k - 1 - tap};
}

/* y (n) <- or += the sum of up to four runs of x, ldx apart */
static inline void weigh(gn_real *restrict y, const gn_real *restrict x, gn_int ldx, const gn_real *a, gn_int step,
                         gn_int count, gn_real gain, gn_int n, int add) {
  const gn_real a0 = gain * a[0], a1 = count > 1 ? gain * a[step] : 0, a2 = count > 2 ? gain * a[2 * step] : 0,
                a3 = count > 3 ? gain * a[3 * step] : 0;
  const gn_real *x1 = x + ldx, *x2 = x1 + ldx, *x3 = x2 + ldx;
#define WEIGH(sum)                                                                                                     \
  if (add)                                                                                                             \
    for (gn_int i = 0; i < n; i++) y[i] += sum;                                                                        \
  else                                                                                                                 \
    for (gn_int i = 0; i < n; i++) y[i] = sum
  switch (count) {
  case 1: WEIGH(a0 * x[i]); break;
  case 2: WEIGH(a0 * x[i] + a1 * x1[i]); break;
  case 3: WEIGH(a0 * x[i] + a1 * x1[i] + a2 * x2[i]); break;
  default: WEIGH(a0 * x[i] + a1 * x1[i] + (a2 * x2[i] + a3 * x3[i]));
  }
#undef WEIGH
}

/* y (n) <- the sum of t's taps times runs of x that lie ldx apart */
static inline void weigh_all(gn_real *y, const gn_real *x, gn_int ldx, taps t, gn_real gain, gn_int n) {
  if (t.count == 0) gn_zero_run(y, n);
  for (gn_int i = 0; i < t.count; i += 4)
    weigh(y, x + (t.first + i) * ldx, ldx, t.f + i * t.step, t.step, GN_MIN(t.count - i, 4), gain, n, i > 0);
}

gn_int gn_upfirdn2d_work(const gn_fir *p) { return gn_threads() * p->w * p->c; }

/* Each row of y: the vertical filter over whole rows of x into a row of work, then the horizontal one. */
void gn_upfirdn2d(gn_real *y, const gn_real *x, const gn_real *f, const gn_fir *p, gn_real *work) {
  const gn_int c = p->c, ldx = p->w * c;
  const fir_axis vertical = fir_axis_of(p, 0), horizontal = fir_axis_of(p, 1);
  const place left = place_at(&horizontal, 0);
  const gn_int whole = p->down[1] / p->up[1], part = p->down[1] % p->up[1]; /* saves divisions per pixel */
  GN_PARALLEL_FOR_IF(p->n * GN_MAX(p->ho * p->wo, p->h * p->w) * c > GN_PAR_MIN)
  for (gn_int row = 0; row < p->n * p->ho; row++) {
    const gn_int n = row / p->ho;
    const gn_real *fn = f + n * p->ldf;
    gn_real *yr = y + row * p->wo * c, *middle = work + gn_thread_id() * ldx;
    const taps v = taps_of(place_at(&vertical, row % p->ho), &vertical, fn, p);
    if (v.count == 0) {
      gn_zero_run(yr, p->wo * c);
      continue;
    }
    weigh_all(middle, x + n * p->h * ldx, ldx, v, p->gain, ldx);
    place at = left;
    for (gn_int o = 0; o < p->wo; o++, yr += c) {
      weigh_all(yr, middle, c, taps_of(at, &horizontal, fn, p), 1, c);
      at.pixel += whole;
      at.tap -= part;
      if (at.tap < 0) at.tap += p->up[1], at.pixel++;
    }
  }
}
