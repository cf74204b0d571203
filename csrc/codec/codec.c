/* codec.c - finds the decoder of a picture, and turns what it gives (see codec.h). */
#include "codec.h"
#include "../storage.h"
#include "bmp.h"
#include "fit.h"
#include "gif.h"
#include "jpeg.h"
#include "mask.h"
#include "png.h"
#include "pnm.h"
#include "tiff.h"
#include "webp.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

typedef GN_DECODER(decoder);

#ifdef GN_HAS_GIF
#define GIF 1
#else
#define GIF 0
#endif
#ifdef GN_HAS_TIFF
#define TIFF 1
#else
#define TIFF 0
#endif
static const struct format {
  const char *kind;
  decoder *decode;
  int built; /* 0: the decoder only says why there is none */
} formats[] = {{"JPEG", gn_jpeg, 1},    {"PNG", gn_png, 1}, {"WebP", gn_webp, 1}, {"GIF", gn_gif, GIF},
               {"TIFF", gn_tiff, TIFF}, {"BMP", gn_bmp, 1}, {"PNM", gn_pnm, 1}};
enum { FORMATS = sizeof formats / sizeof *formats };

const char *gn_picture_reads(int i) {
  for (int k = 0; k < FORMATS; k++)
    if (formats[k].built && i-- == 0) return formats[k].kind;
  return NULL;
}

/* What to say of bytes that no decoder takes. */
static gn_codec_rc refuse(gn_picture *pic, const uint8_t *p, size_t n) {
  static const char *const pictures[] = {"HEIC", "AVIF", "JPEG 2000", "JPEG XL", "PDF", "SVG", "ICO", "PSD"};
  if (n == 0) return gn_picture_bad(pic, "empty file");
  if (!pic->kind) return gn_picture_bad(pic, "no kind of picture that is known (%zu bytes, first 0x%02x)", n, p[0]);
  if (strcmp(pic->kind, "git-lfs pointer") == 0)
    return gn_picture_bad(pic, "git-lfs pointer, no picture (git lfs pull fetches it)");
  for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++) {
    if (strcmp(pictures[i], pic->kind) != 0) continue;
    char list[100] = "";
    for (int k = 0; gn_picture_reads(k); k++)
      snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", k ? ", " : "", gn_picture_reads(k));
    return gn_picture_bad(pic, "%s, which is not read (expected one of %s)", pic->kind, list);
  }
  return gn_picture_bad(pic, "%s, no picture", pic->kind);
}

/* The format of a kind; or NULL. */
static const struct format *format_of(const char *kind) {
  for (const struct format *f = formats; kind && f < formats + FORMATS; f++)
    if (strcmp(f->kind, kind) == 0) return f;
  return NULL;
}

gn_codec_rc gn_picture_check_kind(gn_picture *pic, const uint8_t *p, size_t n, size_t all) {
  pic->kind = gn_picture_kind(p, n);
  return format_of(pic->kind) ? GN_CODEC_OK : refuse(pic, p, all);
}

static gn_codec_rc decode(gn_picture *pic, gn_raster *out, const uint8_t *p, size_t n, const gn_load *o, gn_int ho,
                          gn_int wo) {
  memset(pic, 0, sizeof *pic);
  pic->kind = gn_picture_kind(p, n);
  pic->orientation = 1;
  pic->bits = 8;
  if (out) out->pixels = NULL;
  const struct format *f = format_of(pic->kind);
  if (!f) return refuse(pic, p, n);
  if (o->mask && f->decode != gn_png)
    return gn_picture_bad(pic, "%s, no mask (PNG keeps numbers as they are)", pic->kind);
  errno = 0;
  gn_codec_rc rc = f->decode(pic, out, p, n, o, ho, wo);
  /* libraries call many things damage: what malloc refused them is none */
  if (rc == GN_CODEC_BAD && errno == ENOMEM) rc = GN_CODEC_MEMORY;
  if (!o->exif) pic->orientation = 1;
  pic->turned = pic->orientation > 1;
  if (pic->orientation > 4) {
    gn_int h = pic->h;
    pic->h = pic->w;
    pic->w = h;
  }
  return rc;
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
  rc = o->mask ? gn_mask_into(out, h, w, &r, pic, o) : gn_fit_into(out, h, w, c, &r, pic, o);
  gn_free(r.pixels);
  return rc;
}
