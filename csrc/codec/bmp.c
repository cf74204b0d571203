/* bmp.c - reads BMP: 1 to 32 bits a pixel, palettes, bit masks, run lengths; headers of OS/2 and Windows 3 to 5. No
** package reads them all: TurboJPEG refuses the headers that GIMP and newer Windows write.
** Source: Microsoft, "Bitmap Storage" (BITMAPFILEHEADER, BITMAPINFOHEADER, BITMAPV5HEADER, "Bitmap Compression"). */
#include "bmp.h"
#include "../storage.h"
#include <string.h>

enum { RGB = 0, RLE8 = 1, RLE4 = 2, MASKS = 3, ALPHA_MASKS = 6 }; /* how the pixels are packed, as in the file */

typedef struct bmp {
  const uint8_t *p;
  size_t n, data; /* data: where the pixels begin */
  gn_int h, w;
  int bits, packing, top_down;
  uint8_t palette[256][3];
  uint32_t colours, mask[4]; /* masks of red, green, blue, alpha */
} bmp;

static uint32_t le(const uint8_t *p, int bytes) {
  uint32_t v = 0;
  while (bytes-- > 0) v = v << 8 | p[bytes];
  return v;
}

static gn_codec_rc read_masks(gn_picture *pic, bmp *b, uint32_t header) {
  static const uint32_t five[4] = {0x7c00, 0x3e0, 0x1f, 0}, eight[4] = {0xff0000, 0xff00, 0xff, 0};
  memcpy(b->mask, b->bits == 16 ? five : eight, sizeof b->mask);
  if (b->packing == RGB) return GN_CODEC_OK;
  const int count = header >= 56 || b->packing == ALPHA_MASKS ? 4 : 3;
  if (b->n < 54 + 4 * (size_t)count) return gn_picture_bad(pic, "truncated BMP: ends at byte %zu", b->n);
  uint32_t seen = 0;
  for (int k = 0; k < count; k++) {
    uint32_t m = b->mask[k] = le(b->p + 54 + 4 * k, 4), low = m & (~m + 1);
    if ((m + low) & m || m & seen || (m == 0 && k < 3)) return gn_picture_bad(pic, "corrupt BMP: mask %08x", m);
    seen |= m;
  }
  return GN_CODEC_OK;
}

static gn_codec_rc read_palette(gn_picture *pic, bmp *b, uint32_t header) {
  const size_t entry = header == 12 ? 3 : 4, at = 14 + header;
  if (b->colours == 0 || b->colours > 1u << b->bits) b->colours = 1u << b->bits;
  if (b->n < at) return gn_picture_bad(pic, "truncated BMP: ends at byte %zu", b->n);
  b->colours = (uint32_t)GN_MIN(b->colours, (GN_MAX(b->data, at) - at) / entry); /* a shorter one happens */
  if (b->n < at + b->colours * entry) return gn_picture_bad(pic, "truncated BMP: ends at byte %zu", b->n);
  int grey = b->colours > 0;
  for (uint32_t i = 0; i < b->colours; i++) {
    const uint8_t *bgr = b->p + at + i * entry;
    for (int k = 0; k < 3; k++) b->palette[i][k] = bgr[2 - k];
    grey = grey && bgr[0] == bgr[1] && bgr[1] == bgr[2];
  }
  pic->c = grey ? 1 : 3;
  return GN_CODEC_OK;
}

static gn_codec_rc read_header(gn_picture *pic, bmp *b) {
  const uint32_t header = le(b->p + 14, 4);
  if (b->n < (header == 12 ? 26 : 54)) return gn_picture_bad(pic, "truncated BMP: ends at byte %zu", b->n);
  if (header != 12 && header < 40) return gn_picture_bad(pic, "BMP with an unknown header of %u bytes", header);
  b->data = le(b->p + 10, 4);
  if (header == 12) {
    b->w = le(b->p + 18, 2);
    b->h = le(b->p + 20, 2);
    b->bits = (int)le(b->p + 24, 2);
  } else {
    b->w = (int32_t)le(b->p + 18, 4);
    b->h = (int32_t)le(b->p + 22, 4);
    b->bits = (int)le(b->p + 28, 2);
    b->packing = (int)GN_MIN(le(b->p + 30, 4), 255);
    b->colours = le(b->p + 46, 4);
    b->top_down = b->h < 0;
    if (b->h < 0) b->h = -b->h;
  }
  pic->h = b->h;
  pic->w = b->w;
  pic->c = 3;
  if (!gn_picture_size_ok(pic)) return GN_CODEC_BAD;
  const int bits = b->bits, wide = bits == 16 || bits == 32;
  const int ok = b->packing == RGB    ? bits == 1 || bits == 4 || bits == 8 || bits == 24 || wide
                 : b->packing == RLE8 ? bits == 8 && !b->top_down
                 : b->packing == RLE4 ? bits == 4 && !b->top_down
                                      : (b->packing == MASKS || b->packing == ALPHA_MASKS) && wide;
  if (!ok) return gn_picture_bad(pic, "BMP of %d bits packed in way %d (no such kind)", bits, b->packing);
  if (wide) {
    gn_codec_rc rc = read_masks(pic, b, header);
    if (b->mask[3]) pic->c = 4;
    return rc;
  }
  return bits <= 8 ? read_palette(pic, b, header) : GN_CODEC_OK;
}

/* The sample that a mask picks, scaled to 8 bits. */
static uint8_t pick(uint32_t v, uint32_t mask) {
  const int shift = __builtin_ctz(mask);
  const uint64_t top = mask >> shift;
  return (uint8_t)((((v & mask) >> shift) * (uint64_t)510 + top) / (2 * top));
}

static void put_index(const bmp *b, uint8_t *to, int c, uint32_t i) {
  static const uint8_t black[3] = {0, 0, 0};
  memcpy(to, i < b->colours ? b->palette[i] : black, (size_t)c);
}

static void put_row(const bmp *b, uint8_t *to, int c, const uint8_t *row) {
  for (gn_int x = 0; x < b->w; x++, to += c) {
    if (b->bits <= 8) {
      const gn_int bit = x * b->bits;
      put_index(b, to, c, row[bit / 8] >> (8 - b->bits - (int)(bit % 8)) & ((1 << b->bits) - 1));
    } else if (b->bits == 24) {
      for (int k = 0; k < 3; k++) to[k] = row[3 * x + 2 - k];
    } else {
      const uint32_t v = le(row + x * (b->bits / 8), b->bits / 8);
      for (int k = 0; k < c; k++) to[k] = pick(v, b->mask[k]);
    }
  }
}

/* Pixels that the runs leave out keep colour 0. */
static gn_codec_rc put_runs(gn_picture *pic, const bmp *b, uint8_t *pixels) {
  enum { LINE = 0, END = 1, MOVE = 2 };
  const int c = pic->c, nibble = b->packing == RLE4;
  for (gn_int i = 0; i < b->h * b->w; i++) put_index(b, pixels + i * c, c, 0);
  gn_int x = 0, y = 0;
  for (size_t at = b->data; at + 2 <= b->n;) {
    const int count = b->p[at], what = b->p[at + 1];
    const uint8_t *from = b->p + at + 1; /* a run: one byte, over and over */
    gn_int pixels_here = count;
    at += 2;
    if (count == 0 && what == END) return GN_CODEC_OK;
    if (count == 0 && what <= MOVE) {
      if (what == MOVE && at + 2 > b->n) break;
      x = what == LINE ? 0 : x + b->p[at];
      y += what == LINE ? 1 : b->p[at + 1];
      at += what == MOVE ? 2 : 0;
      continue;
    }
    if (count == 0) { /* pixels one by one, filled up to an even number of bytes */
      const size_t bytes = (size_t)(nibble ? (what + 1) / 2 : what);
      if (bytes > b->n - at) break;
      from = b->p + at;
      pixels_here = what;
      at += bytes + (bytes & 1);
    }
    if (y >= b->h || x + pixels_here > b->w) return gn_picture_bad(pic, "corrupt BMP: a run beyond the picture");
    for (gn_int i = 0; i < pixels_here; i++, x++) {
      const uint8_t v = from[count ? 0 : nibble ? i / 2 : i];
      put_index(b, pixels + ((b->h - 1 - y) * b->w + x) * c, c, !nibble ? v : i % 2 ? v & 15u : (uint32_t)v >> 4);
    }
  }
  return gn_picture_bad(pic, "truncated BMP: ends at byte %zu", b->n);
}

GN_DECODER(gn_bmp) {
  (void)o, (void)ho, (void)wo;
  bmp b = {.p = p, .n = n};
  gn_codec_rc rc = read_header(pic, &b);
  if (rc != GN_CODEC_OK || !out) return rc;
  const size_t row = ((size_t)b.w * (size_t)b.bits + 31) / 32 * 4;
  const int runs = b.packing == RLE8 || b.packing == RLE4;
  if (b.data > n || (!runs && (size_t)b.h * row > n - b.data))
    return gn_picture_bad(pic, "truncated BMP: ends at byte %zu", n);
  uint8_t *pixels = gn_malloc((size_t)(b.h * b.w * pic->c));
  if (!pixels) return GN_CODEC_MEMORY;
  if (runs) rc = put_runs(pic, &b, pixels);
  for (gn_int y = 0; y < b.h && !runs; y++)
    put_row(&b, pixels + (b.top_down ? y : b.h - 1 - y) * b.w * pic->c, pic->c, p + b.data + (size_t)y * row);
  if (rc == GN_CODEC_OK) *out = (gn_raster){pixels, b.h, b.w, pic->c};
  else gn_free(pixels);
  return rc;
}
