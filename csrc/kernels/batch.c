/* batch.c - batches made ahead of need: see batch.h. */
#include "../gn.h"
#include "batch.h"
#include "../rng.h"

static void scale(gn_real *x, const uint8_t *v, gn_int n) { /* exact at 0 and 255 */
  for (gn_int i = 0; i < n; i++) x[i] = (gn_real)(2 * v[i] - 255) / 255;
}

static gn_int clamp(gn_int i, gn_int lo, gn_int hi) { return i < lo ? lo : i > hi ? hi : i; }

/* x (w,c) <- row v (w,c): pixel j is v's pixel j + dx, the edge ones repeated; mirrored if flip. lut (256): values of
** a byte. */
static void shifted_row(gn_real *x, const uint8_t *v, gn_int w, gn_int c, gn_int dx, int flip, const gn_real *lut) {
  if (flip) {
    for (gn_int j = 0; j < w; j++) {
      const uint8_t *p = v + clamp(w - 1 - j + dx, 0, w - 1) * c;
      for (gn_int k = 0; k < c; k++) *x++ = lut[p[k]];
    }
    return;
  }
  gn_int lo = clamp(-dx, 0, w), hi = clamp(w - dx, lo, w); /* these pixels have their source inside the row */
  for (gn_int j = 0; j < lo; j++)
    for (gn_int k = 0; k < c; k++) x[j * c + k] = lut[v[k]];
  scale(x + lo * c, v + (lo + dx) * c, (hi - lo) * c);
  for (gn_int j = hi; j < w; j++)
    for (gn_int k = 0; k < c; k++) x[j * c + k] = lut[v[(w - 1) * c + k]];
}

void gn_batch_draw(int32_t *geometry, const gn_batch *b) {
  const uint64_t span = 2 * (uint64_t)b->crop + 1;
  for (gn_int i = 0; i < b->n; i++, geometry += 3) {
    uint32_t r[4];
    gn_philox(b->key, b->epoch, b->first + (uint64_t)i, r);
    geometry[0] = b->mirror && r[0] >> 31;
    for (int k = 1; k <= 2; k++) geometry[k] = (int32_t)((gn_int)(r[k] * span >> 32) - b->crop);
  }
}

void gn_batch_make(gn_real *x, const uint8_t *const *images, const int32_t *geometry, const gn_batch *b) {
  const gn_int h = b->h, row = b->w * b->c, image = h * row;
  uint8_t byte[256];
  gn_real lut[256];
  for (int v = 0; v < 256; v++) byte[v] = (uint8_t)v;
  scale(lut, byte, 256);
  for (gn_int i = 0; i < b->n; i++, x += image, geometry += 3) {
    const int flip = geometry[0] != 0;
    const gn_int dy = geometry[1], dx = geometry[2];
    if (!flip && dy == 0 && dx == 0) scale(x, images[i], image);
    else
      for (gn_int j = 0; j < h; j++)
        shifted_row(x + j * row, images[i] + clamp(j + dy, 0, h - 1) * row, b->w, b->c, dx, flip, lut);
  }
}
