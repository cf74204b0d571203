/* mask.c - reads numbers out of decoded masks, and fits them by their nearest pixels. See mask.h. */
#include "mask.h"
#include "../storage.h"
#include <string.h>

gn_codec_rc gn_mask_number(uint8_t *pixels, gn_int n, int c, gn_picture *pic) {
  if (c != 1) return gn_picture_bad(pic, "a mask of 16-bit colours (expected grey or a palette)");
  uint8_t *number = gn_malloc((size_t)1 << 16); /* of each 16-bit value; 0: none yet */
  if (!number) return GN_CODEC_MEMORY;
  memset(number, 0, (size_t)1 << 16);
  int used = 0;
  for (gn_int i = 0; i < n && used <= 254; i++) {
    const int v = pixels[2 * i] << 8 | pixels[2 * i + 1];
    if (v > 0 && number[v] == 0) number[v] = (uint8_t)++used;
    pixels[i] = number[v];
  }
  gn_free(number);
  return used <= 254 ? GN_CODEC_OK : gn_picture_bad(pic, "a mask of more than 254 objects");
}

/* The colour's place in Pascal VOC's palette, which deals the bits of a number to red, green and blue in turn, highest
** first; 256 or more where it has none. */
static int voc_number(const uint8_t rgb[3]) {
  int number = 0;
  for (int j = 0; j < 8; j++)
    for (int k = 0; k < 3; k++) number |= (rgb[k] >> (7 - j) & 1) << (3 * j + k);
  return number;
}

/* pixels (n) <- pixels (n,c) in the same place. */
static gn_codec_rc to_numbers(uint8_t *pixels, gn_int n, int c, gn_picture *pic, const gn_load *o) {
  for (gn_int i = 0; i < n && c > 1; i++) {
    const uint8_t *p = pixels + i * c;
    const int v = c == 2 ? p[0] : voc_number(p);
    if (v > 255)
      return gn_picture_bad(pic, "a mask with the colour (%d,%d,%d), which is none of Pascal VOC's palette", p[0], p[1],
                            p[2]);
    pixels[i] = (uint8_t)v;
  }
  for (gn_int i = 0; i < n && o->binary; i++)
    if (pixels[i] == 255) pixels[i] = 1;
  for (gn_int i = 0; i < n; i++) pic->seen[pixels[i] >> 3] |= (uint8_t)(1 << (pixels[i] & 7));
  return GN_CODEC_OK;
}

gn_codec_rc gn_mask_into(uint8_t *out, gn_int ho, gn_int wo, gn_raster *pix, gn_picture *pic, const gn_load *o) {
  gn_codec_rc rc = to_numbers(pix->pixels, pix->h * pix->w, pix->c, pic, o);
  if (rc != GN_CODEC_OK) return rc;
  const uint8_t *from = pix->pixels;
  uint8_t *upright = NULL;
  if (pic->orientation > 1) {
    from = upright = gn_malloc((size_t)(pic->h * pic->w));
    if (!upright) return GN_CODEC_MEMORY;
    gn_turn(upright, pic->h, pic->w, 1, pix->pixels, pic->orientation);
  }
  gn_rect src, dst;
  gn_fit_plan(o->fit, pic->h, pic->w, ho, wo, &src, &dst);
  memset(out, 255, (size_t)(ho * wo));
  for (gn_int y = 0; y < dst.h; y++) {
    const uint8_t *row = from + (src.y + (2 * y + 1) * src.h / (2 * dst.h)) * pic->w + src.x;
    for (gn_int x = 0; x < dst.w; x++) out[(dst.y + y) * wo + dst.x + x] = row[(2 * x + 1) * src.w / (2 * dst.w)];
  }
  gn_free(upright);
  return GN_CODEC_OK;
}
