/* image.c - u8 pictures: see image.h. */
#include "../gn.h"
#include "image.h"
#include "../par.h"
#include <math.h>
#include <string.h>

static uint8_t luma(const uint8_t *p) { return (uint8_t)((299 * p[0] + 587 * p[1] + 114 * p[2] + 500) / 1000); }
static uint8_t blend(int v, int bg, int a) { return (uint8_t)((v * a + bg * (255 - a) + 127) / 255); }

void gn_image_flatten(uint8_t *out, int co, const uint8_t *pix, int c, gn_int n, const uint8_t bg[3]) {
  if (co == c) {
    memmove(out, pix, (size_t)(n * c));
    return;
  }
  for (gn_int i = 0; i < n; i++, pix += c, out += co) {
    uint8_t rgb[3];
    int a = c == 2 ? pix[1] : c == 4 ? pix[3] : 255;
    for (int k = 0; k < 3; k++) rgb[k] = blend(pix[c >= 3 ? k : 0], bg[k], a);
    if (co == 3) memcpy(out, rgb, 3);
    else out[0] = luma(rgb);
  }
}

/* The source pixels that output pixel i of an axis reads, with integer weights whose sum is always the axis' total:
** shrinking, the overlap of [i*in, (i+1)*in) with [j*out, (j+1)*out), of total in; growing, two pixels around
** (i+0.5)*in/out - 0.5, of total 2*out. */
typedef struct cover {
  gn_int first, count;
} cover;

static gn_int cover_total(gn_int in, gn_int out) { return in >= out ? in : 2 * out; }

static cover cover_at(gn_int i, gn_int in, gn_int out) {
  if (in >= out) {
    gn_int lo = i * in / out, hi = ((i + 1) * in + out - 1) / out;
    return (cover){lo, hi - lo};
  }
  gn_int pos = (2 * i + 1) * in - out; /* in units of 1/(2*out) */
  gn_int lo = pos < 0 ? 0 : pos / (2 * out);
  return (cover){lo, pos <= 0 || lo + 1 >= in ? 1 : 2};
}

static uint32_t cover_weight(gn_int i, gn_int j, gn_int in, gn_int out, const cover *t) {
  if (in >= out) return (uint32_t)(GN_MIN((i + 1) * in, (j + 1) * out) - GN_MAX(i * in, j * out));
  if (t->count == 1) return (uint32_t)(2 * out);
  uint32_t frac = (uint32_t)((2 * i + 1) * in - out - t->first * 2 * out);
  return j == t->first ? (uint32_t)(2 * out) - frac : frac;
}

/* Makes all covers of an axis as many pixels wide, `taps` of them, the rest of weight 0: first (out), weights
** (out,taps). */
static void fill_covers(int32_t *first, uint32_t *weights, gn_int taps, gn_int in, gn_int out) {
  for (gn_int i = 0; i < out; i++, weights += taps) {
    const cover t = cover_at(i, in, out);
    const gn_int from = GN_MIN(t.first, in - taps);
    first[i] = (int32_t)from;
    for (gn_int j = from; j < from + taps; j++)
      weights[j - from] = j >= t.first && j < t.first + t.count ? cover_weight(i, j, in, out, &t) : 0;
  }
}

/* One row: out (wo,c) <- sums (w,c), each pixel the weighted sum of its cover, divided by total, half up. */
static inline void resize_row(uint8_t *out, const uint32_t *sums, const int32_t *first, const uint32_t *weights,
                              const gn_int taps, gn_int wo, const int c, uint64_t total) {
  const double one = 1.0 / (double)total;
  for (gn_int x = 0; x < wo; x++, weights += taps) {
    const uint32_t *from = sums + first[x] * c;
    for (int k = 0; k < c; k++) {
      uint64_t sum = total / 2;
      for (gn_int j = 0; j < taps; j++) sum += (uint64_t)weights[j] * from[j * c + k];
      int64_t q = (int64_t)((double)(int64_t)sum * one), rest = (int64_t)(sum - (uint64_t)q * total);
      *out++ = (uint8_t)(q - (rest < 0) + (rest >= (int64_t)total)); /* sum < 2^53: q was off by one at most */
    }
  }
}

void gn_image_resize(uint8_t *out, gn_int ostride, gn_int ho, gn_int wo, const uint8_t *in, gn_int stride, gn_int h,
                     gn_int w, int c, uint32_t *work) {
  gn_int row = w * c;
  if (h == ho && w == wo) {
    for (gn_int y = 0; y < h; y++) memcpy(out + y * ostride, in + y * stride, (size_t)row);
    return;
  }
  const gn_int taps = gn_image_taps(w, wo);
  uint32_t *weights = work + row;
  int32_t *first = (int32_t *)(weights + wo * taps);
  fill_covers(first, weights, taps, w, wo);
  const uint64_t total = (uint64_t)cover_total(h, ho) * (uint64_t)cover_total(w, wo);
  for (gn_int y = 0; y < ho; y++, out += ostride) {
    const cover t = cover_at(y, h, ho);
    for (gn_int j = t.first; j < t.first + t.count; j++) { /* sums below 255 * 2^16: 32 bits hold them */
      const uint32_t wy = cover_weight(y, j, h, ho, &t);
      const uint8_t *src = in + j * stride;
      if (j == t.first)
        for (gn_int k = 0; k < row; k++) work[k] = wy * src[k];
      else
        for (gn_int k = 0; k < row; k++) work[k] += wy * src[k];
    }
    if (c == 3 && taps == 2) resize_row(out, work, first, weights, 2, wo, 3, total);
    else if (c == 3 && taps == 3) resize_row(out, work, first, weights, 3, wo, 3, total);
    else if (c == 3) resize_row(out, work, first, weights, taps, wo, 3, total);
    else resize_row(out, work, first, weights, taps, wo, c, total);
  }
}

gn_window gn_image_window(gn_int h, gn_int w, gn_int ho, gn_int wo) {
  gn_window r = {0, 0, h, w};
  if (h * wo > w * ho) r.h = GN_MAX(1, (w * ho + wo / 2) / wo);
  else r.w = GN_MAX(1, (h * wo + ho / 2) / ho);
  r.h = GN_MIN(r.h, h);
  r.w = GN_MIN(r.w, w);
  r.y = (h - r.h) / 2;
  r.x = (w - r.w) / 2;
  return r;
}

void gn_image_interleave(uint8_t *out, const uint8_t *planes, gn_int h, gn_int w, int c) {
  gn_int n = h * w;
  for (gn_int i = 0; i < n; i++)
    for (int k = 0; k < c; k++) *out++ = planes[k * n + i];
}

void gn_image_quantise(uint8_t *out, const gn_real *x, gn_int n) {
  GN_PARALLEL_FOR_IF(n > GN_PAR_MIN)
  for (gn_int i = 0; i < n; i++) {
    gn_real v = (x[i] + 1) * GN_R(127.5) + GN_R(0.5);
    out[i] = v >= 255 ? 255 : v >= 1 ? (uint8_t)v : 0; /* NaN fails both tests */
  }
}

void gn_image_sheet(uint8_t *sheet, const uint8_t *images, gn_int n, gn_int h, gn_int w, int c, gn_int columns,
                    gn_int pad, gn_int scale, uint8_t fill) {
  gn_int rows = (n + columns - 1) / columns, sw = columns * (w * scale + pad) + pad,
         sh = rows * (h * scale + pad) + pad;
  memset(sheet, fill, (size_t)(sh * sw * c));
  for (gn_int i = 0; i < n; i++) {
    gn_int y0 = i / columns * (h * scale + pad) + pad, x0 = i % columns * (w * scale + pad) + pad;
    for (gn_int y = 0; y < h * scale; y++)
      for (gn_int x = 0; x < w * scale; x++)
        memcpy(sheet + ((y0 + y) * sw + x0 + x) * c, images + ((i * h + y / scale) * w + x / scale) * c, (size_t)c);
  }
}
