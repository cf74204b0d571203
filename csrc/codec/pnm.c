/* pnm.c - reads PBM, PGM and PPM, as text and in bytes, with samples of up to 16 bits.
** Source: Netpbm, pbm(5), pgm(5), ppm(5). */
#include "pnm.h"
#include "../storage.h"

typedef struct pnm {
  const uint8_t *p;
  size_t n, at;
  int text, bitmap;
  gn_int max; /* the largest sample */
} pnm;

static int blank(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* Reads a number behind blanks and comments: 2^20 for all that are larger, -1: there is none. One digit of a bitmap of
** text is a number. */
static gn_int next_number(pnm *f, int digits) {
  while (f->at < f->n && (blank(f->p[f->at]) || f->p[f->at] == '#')) {
    if (f->p[f->at] == '#')
      while (f->at + 1 < f->n && f->p[f->at] != '\n' && f->p[f->at] != '\r') f->at++;
    f->at++;
  }
  gn_int v = -1;
  for (; digits > 0 && f->at < f->n && f->p[f->at] >= '0' && f->p[f->at] <= '9'; digits--, f->at++)
    v = GN_MIN(GN_MAX(v, 0) * 10 + (f->p[f->at] - '0'), 1 << 20);
  return v;
}

static gn_codec_rc read_header(gn_picture *pic, pnm *f) {
  const int kind = f->p[1] - '0';
  f->text = kind <= 3;
  f->bitmap = kind == 1 || kind == 4;
  f->at = 2;
  pic->w = next_number(f, 10);
  pic->h = next_number(f, 10);
  f->max = f->bitmap ? 1 : next_number(f, 10);
  pic->c = kind % 3 == 0 ? 3 : 1;
  pic->bits = f->bitmap ? 1 : f->max > 255 ? 16 : 8;
  if (pic->w < 0 || pic->h < 0 || f->max < 1 || f->max > 65535 || f->at >= f->n || !blank(f->p[f->at]))
    return gn_picture_bad(pic, "truncated or corrupt PNM: no size and largest sample");
  f->at++; /* the one blank before the samples */
  return gn_picture_size_ok(pic) ? GN_CODEC_OK : GN_CODEC_BAD;
}

static uint8_t to_byte(gn_picture *pic, const pnm *f, gn_int v, int top) {
  if (f->bitmap) return v ? 0 : 255;
  if (f->max <= 255) return gn_to_byte((int)v, (int)f->max);
  v = (v * 65535 + f->max / 2) / f->max;
  if (v > pic->top) pic->top = (int)v;
  return gn_to_byte((int)v, top);
}

static gn_codec_rc read_pixels(gn_picture *pic, pnm *f, uint8_t *pixels, int top) {
  const gn_int row = pic->w * pic->c;
  const int bytes = f->max > 255 ? 2 : 1;
  const size_t want = (size_t)(f->bitmap ? (row + 7) / 8 : row * bytes);
  if (!f->text && want * (size_t)pic->h > f->n - f->at)
    return gn_picture_bad(pic, "truncated PNM: ends at byte %zu", f->n);
  for (gn_int y = 0; y < pic->h; y++, f->at += f->text ? 0 : want)
    for (gn_int x = 0; x < row; x++) {
      const uint8_t *s = f->p + f->at + x * bytes;
      gn_int v = f->text      ? next_number(f, f->bitmap ? 1 : 10)
                 : f->bitmap  ? f->p[f->at + (size_t)x / 8] >> (7 - x % 8) & 1
                 : bytes == 2 ? s[0] << 8 | s[1]
                              : s[0];
      if (v < 0) return gn_picture_bad(pic, "truncated or corrupt PNM: no number at byte %zu", f->at);
      if (v > f->max) return gn_picture_bad(pic, "corrupt PNM: a sample larger than %d", (int)f->max);
      *pixels++ = to_byte(pic, f, v, top);
    }
  return GN_CODEC_OK;
}

GN_DECODER(gn_pnm) {
  (void)ho, (void)wo;
  pnm f = {.p = p, .n = n};
  gn_codec_rc rc = read_header(pic, &f);
  if (rc != GN_CODEC_OK || !out) return rc;
  uint8_t *pixels = gn_malloc((size_t)(pic->h * pic->w * pic->c));
  if (!pixels) return GN_CODEC_MEMORY;
  rc = read_pixels(pic, &f, pixels, o->top ? o->top : 65535);
  if (rc == GN_CODEC_OK) *out = (gn_raster){pixels, pic->h, pic->w, pic->c};
  else gn_free(pixels);
  return rc;
}
