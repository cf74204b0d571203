/* codec.c - finds the decoder of a picture, and turns what it gives (see codec.h). */
#include "codec.h"
#include "../storage.h"
#include "fit.h"
#include "png.h"
#include "stb.h"
#include <string.h>

typedef GN_DECODER(decoder);

static const struct {
  const char *kind;
  decoder *decode;
} formats[] = {{"JPEG", gn_jpeg}, {"PNG", gn_png}};

static gn_codec_rc decode(gn_picture *pic, gn_raster *out, const uint8_t *p, size_t n, const gn_load *o, gn_int ho,
                          gn_int wo) {
  memset(pic, 0, sizeof *pic);
  pic->kind = gn_picture_kind(p, n);
  pic->orientation = 1;
  pic->bits = 8;
  if (out) out->pixels = NULL;
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    if (!pic->kind || strcmp(formats[i].kind, pic->kind) != 0) continue;
    gn_codec_rc rc = formats[i].decode(pic, out, p, n, o, ho, wo);
    if (!o->exif) pic->orientation = 1;
    pic->turned = pic->orientation > 1;
    if (pic->orientation > 4) {
      gn_int h = pic->h;
      pic->h = pic->w;
      pic->w = h;
    }
    return rc;
  }
  if (n == 0) return gn_picture_bad(pic, "empty file");
  if (pic->kind) return gn_picture_bad(pic, "neither PNG nor JPEG (%s)", pic->kind);
  return gn_picture_bad(pic, "neither PNG nor JPEG (%zu bytes, first 0x%02x)", n, p[0]);
}

gn_codec_rc gn_picture_info(gn_picture *pic, const uint8_t *p, size_t n, const gn_load *o) {
  return decode(pic, NULL, p, n, o, 0, 0);
}

gn_codec_rc gn_picture_decode(gn_picture *pic, uint8_t **pixels, const uint8_t *p, size_t n, const gn_load *o) {
  gn_raster r;
  gn_codec_rc rc = decode(pic, &r, p, n, o, 0, 0);
  if (rc != GN_CODEC_OK) return rc;
  if (pic->turned) {
    uint8_t *upright = gn_malloc((size_t)(r.h * r.w * r.c));
    if (upright) gn_turn(upright, pic->h, pic->w, r.c, r.pixels, pic->orientation);
    gn_free(r.pixels);
    r.pixels = upright;
  }
  *pixels = r.pixels;
  return r.pixels ? GN_CODEC_OK : GN_CODEC_MEMORY;
}

gn_codec_rc gn_picture_load(gn_picture *pic, uint8_t *out, gn_int h, gn_int w, int c, const uint8_t *p, size_t n,
                            const gn_load *o) {
  gn_raster r;
  gn_codec_rc rc = decode(pic, &r, p, n, o, h, w);
  if (rc != GN_CODEC_OK) return rc;
  rc = gn_fit_into(out, h, w, c, &r, pic->orientation, o->fit, o->background, &pic->enlarged);
  gn_free(r.pixels);
  return rc;
}
