/* batch.c - batches made ahead of need: see batch.h. */
#include "../gn.h"
#include "batch.h"
#include "../rng.h"

static void scale(gn_real *x, const uint8_t *v, gn_int n) { /* exact at 0 and 255 */
  for (gn_int i = 0; i < n; i++) x[i] = (gn_real)(2 * v[i] - 255) / 255;
}

static gn_int clamp(gn_int i, gn_int n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

static void shifted_row(gn_real *x, const uint8_t *v, gn_int w, gn_int c, gn_int dx, int flip) {
  for (gn_int j = 0; j < w; j++) {
    const uint8_t *p = v + clamp((flip ? w - 1 - j : j) + dx, w) * c;
    for (gn_int k = 0; k < c; k++) *x++ = (gn_real)(2 * p[k] - 255) / 255;
  }
}

void gn_batch_make(gn_real *x, int32_t *y, const gn_batch *b) {
  gn_int row = b->w * b->c, image = b->h * row;
  for (gn_int i = 0; i < b->n; i++, x += image) {
    const uint8_t *src = b->images + b->rows[i] * image;
    uint32_t r[4];
    gn_philox(b->key, b->epoch, b->first + (uint64_t)i, r);
    int flip = b->mirror && r[0] >> 31;
    uint64_t span = 2 * (uint64_t)b->crop + 1;
    gn_int dy = (gn_int)(r[1] * span >> 32) - b->crop, dx = (gn_int)(r[2] * span >> 32) - b->crop;
    if (!flip && dy == 0 && dx == 0)
      scale(x, src, image);
    else
      for (gn_int j = 0; j < b->h; j++) shifted_row(x + j * row, src + clamp(j + dy, b->h) * row, b->w, b->c, dx, flip);
    if (b->labels) y[i] = b->labels[b->rows[i]];
  }
}
