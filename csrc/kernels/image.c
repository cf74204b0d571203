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

/* The source pixels that output pixel i of an axis reads, with integer weights whose sum is always `total`: shrinking,
** the overlap of [i*in, (i+1)*in) with [j*out, (j+1)*out), of total in; growing, two pixels around (i+0.5)*in/out -
** 0.5, of total 2*out. */
typedef struct cover {
  gn_int first, count, total;
} cover;

static cover cover_at(gn_int i, gn_int in, gn_int out) {
  if (in >= out) {
    gn_int lo = i * in / out, hi = ((i + 1) * in + out - 1) / out;
    return (cover){lo, hi - lo, in};
  }
  gn_int pos = (2 * i + 1) * in - out; /* in units of 1/(2*out) */
  gn_int lo = pos < 0 ? 0 : pos / (2 * out);
  return (cover){lo, pos <= 0 || lo + 1 >= in ? 1 : 2, 2 * out};
}

static gn_int cover_weight(gn_int i, gn_int j, gn_int in, gn_int out, const cover *t) {
  if (in >= out) return GN_MIN((i + 1) * in, (j + 1) * out) - GN_MAX(i * in, j * out);
  if (t->count == 1) return t->total;
  gn_int frac = (2 * i + 1) * in - out - t->first * 2 * out;
  return j == t->first ? t->total - frac : frac;
}

void gn_image_resize(uint8_t *out, gn_int ostride, gn_int ho, gn_int wo, const uint8_t *in, gn_int stride, gn_int h,
                     gn_int w, int c, uint32_t *work) {
  gn_int row = w * c;
  if (h == ho && w == wo) {
    for (gn_int y = 0; y < h; y++) memcpy(out + y * ostride, in + y * stride, (size_t)row);
    return;
  }
  for (gn_int y = 0; y < ho; y++) {
    cover ty = cover_at(y, h, ho);
    memset(work, 0, sizeof *work * (size_t)row);
    for (gn_int j = ty.first; j < ty.first + ty.count; j++) { /* sums below 255 * 2^16: 32 bits hold them */
      uint32_t wy = (uint32_t)cover_weight(y, j, h, ho, &ty);
      const uint8_t *src = in + j * stride;
      for (gn_int k = 0; k < row; k++) work[k] += wy * src[k];
    }
    uint8_t *to = out + y * ostride;
    for (gn_int x = 0; x < wo; x++) {
      cover tx = cover_at(x, w, wo);
      uint64_t total = (uint64_t)ty.total * (uint64_t)tx.total, sum[4] = {total / 2, total / 2, total / 2, total / 2};
      for (gn_int j = tx.first; j < tx.first + tx.count; j++) {
        uint64_t wx = (uint64_t)cover_weight(x, j, w, wo, &tx);
        for (int k = 0; k < c; k++) sum[k] += wx * work[j * c + k];
      }
      for (int k = 0; k < c; k++) *to++ = (uint8_t)(sum[k] / total);
    }
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
