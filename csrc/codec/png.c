/* png.c - reads PNG: every colour type, depth and interlace, transparency, strictly checked. Inflating is zlib's.
** Source: W3C PNG specification (2nd edition), sections 5, 7, 9, 11. */
#include "png.h"
#include "../storage.h"
#include <string.h>
#include <zlib.h>

enum { GREY = 0, RGB = 2, PALETTE = 3, GREY_ALPHA = 4, RGB_ALPHA = 6 }; /* colour types as in the file */

typedef struct png {
  const uint8_t *p; /* the file */
  size_t n;
  gn_int h, w;
  int depth, colour, interlaced;
  const uint8_t *plte; /* (npal,3) */
  int npal;
  const uint8_t *trns; /* palette: (ntrns) alphas; grey, RGB: one transparent colour, 2 bytes a sample */
  int ntrns;
  size_t idat; /* offset of the first IDAT chunk */
} png;

static uint32_t be32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static int is(const uint8_t *type, const char *name) { return memcmp(type, name, 4) == 0; }
static int stored_samples(const png *g) {
  return g->colour == RGB ? 3 : g->colour == GREY_ALPHA ? 2 : g->colour == RGB_ALPHA ? 4 : 1;
}
static int channels(const png *g) {
  int c = g->colour == GREY || g->colour == GREY_ALPHA ? 1 : 3;
  return c + (g->colour >= GREY_ALPHA || g->trns != NULL);
}

static gn_codec_rc read_header(gn_picture *pic, png *g, const uint8_t *d, uint32_t len) {
  if (len != 13) return gn_picture_bad(pic, "PNG header of %u bytes (expected 13)", len);
  pic->w = be32(d);
  pic->h = be32(d + 4);
  if (!gn_picture_size_ok(pic)) return GN_CODEC_BAD;
  g->w = pic->w;
  g->h = pic->h;
  g->depth = d[8];
  g->colour = d[9];
  int ok = 0; /* depths that go with each colour type */
  switch (g->colour) {
  case GREY: ok = g->depth == 1 || g->depth == 2 || g->depth == 4 || g->depth == 8 || g->depth == 16; break;
  case PALETTE: ok = g->depth == 1 || g->depth == 2 || g->depth == 4 || g->depth == 8; break;
  case RGB:
  case GREY_ALPHA:
  case RGB_ALPHA: ok = g->depth == 8 || g->depth == 16; break;
  default: break;
  }
  if (!ok) return gn_picture_bad(pic, "PNG of colour type %d with %d bits (no such kind)", g->colour, g->depth);
  if (d[10] != 0 || d[11] != 0 || d[12] > 1)
    return gn_picture_bad(pic, "PNG of unknown compression %d, filter %d or interlace %d", d[10], d[11], d[12]);
  g->interlaced = d[12];
  return GN_CODEC_OK;
}

static gn_codec_rc read_trns(gn_picture *pic, png *g, const uint8_t *d, uint32_t len) {
  uint32_t want = g->colour == GREY ? 2 : g->colour == RGB ? 6 : 0;
  if (g->colour == PALETTE) {
    if (!g->plte || len == 0 || len > (uint32_t)g->npal)
      return gn_picture_bad(pic, "PNG tRNS of %u entries for %d colours", len, g->npal);
  } else if (len != want || want == 0) {
    return gn_picture_bad(pic, "PNG tRNS of %u bytes in colour type %d (expected %u)", len, g->colour, want);
  }
  g->trns = d;
  g->ntrns = (int)len;
  return GN_CODEC_OK;
}

/* Walks all chunks to IEND: lengths, CRCs, order. Bytes after IEND are let be, as every reader does. */
static gn_codec_rc walk(gn_picture *pic, png *g, const uint8_t *p, size_t n) {
  memset(g, 0, sizeof *g);
  g->p = p;
  g->n = n;
  for (size_t at = 8;;) {
    if (n - at < 12) return gn_picture_bad(pic, "truncated PNG: ends at byte %zu without IEND", n);
    uint32_t len = be32(p + at);
    const uint8_t *type = p + at + 4, *d = p + at + 8;
    for (int i = 0; i < 4; i++)
      if (((type[i] | 32) < 'a') || ((type[i] | 32) > 'z'))
        return gn_picture_bad(pic, "corrupt PNG: no chunk name at byte %zu", at + 4);
    if (len > n - at - 12)
      return gn_picture_bad(pic, "truncated PNG: chunk %.4s at byte %zu has %u bytes, the file has %zu more",
                            (const char *)type, at, len, n - at - 12);
    uint32_t crc = be32(d + len), found = (uint32_t)crc32(crc32(0, NULL, 0), type, (uInt)len + 4);
    if (crc != found)
      return gn_picture_bad(pic, "corrupt PNG: chunk %.4s at byte %zu (CRC %08x expected, %08x found)",
                            (const char *)type, at, crc, found);
    gn_codec_rc rc = GN_CODEC_OK;
    if (at == 8) {
      if (!is(type, "IHDR"))
        return gn_picture_bad(pic, "corrupt PNG: first chunk is %.4s, not IHDR", (const char *)type);
      rc = read_header(pic, g, d, len);
    } else if (is(type, "PLTE")) {
      if (len == 0 || len % 3 != 0 || len > 768) return gn_picture_bad(pic, "PNG palette of %u bytes", len);
      g->plte = d;
      g->npal = (int)(len / 3);
    } else if (is(type, "tRNS")) {
      rc = read_trns(pic, g, d, len);
    } else if (is(type, "IDAT")) {
      if (!g->idat) g->idat = at;
    } else if (is(type, "IEND")) {
      break;
    } else if (!(type[0] & 32)) {
      return gn_picture_bad(pic, "PNG with unknown chunk %.4s that may not be left out", (const char *)type);
    }
    if (rc != GN_CODEC_OK) return rc;
    at += 12 + (size_t)len;
  }
  if (!g->idat) return gn_picture_bad(pic, "corrupt PNG: no image data (IDAT)");
  if (g->colour == PALETTE && !g->plte) return gn_picture_bad(pic, "corrupt PNG: no palette (PLTE)");
  pic->c = channels(g);
  return GN_CODEC_OK;
}

/* Interlacing: pass k holds the pixels (y0 + i*dy, x0 + j*dx). A plain image is one pass of everything. */
typedef struct pass {
  int y0, x0, dy, dx;
} pass;
static const pass ADAM7[7] = {{0, 0, 8, 8}, {0, 4, 8, 8}, {4, 0, 8, 4}, {0, 2, 4, 4},
                              {2, 0, 4, 2}, {0, 1, 2, 2}, {1, 0, 2, 1}};
static const pass WHOLE[1] = {{0, 0, 1, 1}};

static gn_int part(gn_int n, int from, int step) { return n > from ? (n - from + step - 1) / step : 0; }
static size_t row_bytes(const png *g, gn_int w) { return ((size_t)w * (size_t)(stored_samples(g) * g->depth) + 7) / 8; }

static size_t raw_bytes(const png *g) {
  size_t sum = 0;
  for (int k = 0; k < (g->interlaced ? 7 : 1); k++) {
    const pass *s = g->interlaced ? &ADAM7[k] : &WHOLE[k];
    gn_int ph = part(g->h, s->y0, s->dy), pw = part(g->w, s->x0, s->dx);
    if (pw > 0) sum += (size_t)ph * (1 + row_bytes(g, pw));
  }
  return sum;
}

static voidpf z_alloc(voidpf q, uInt items, uInt size) {
  (void)q;
  return gn_malloc((size_t)items * size);
}
static void z_free(voidpf q, voidpf p) {
  (void)q;
  gn_free(p);
}

/* raw (want) <- all IDAT chunks inflated. A stream that is longer by more than a filter row's slack is refused, so that
** a small file cannot make us inflate gigabytes. */
static gn_codec_rc inflate_all(gn_picture *pic, const png *g, uint8_t *raw, size_t want) {
  z_stream z = {.zalloc = z_alloc, .zfree = z_free};
  if (inflateInit(&z) != Z_OK) return GN_CODEC_MEMORY;
  uint8_t spill[4096];
  size_t extra = 0;
  int rc = Z_OK;
  z.next_out = raw;
  z.avail_out = (uInt)want; /* at most 2^26 * 8 + 2^14 */
  for (size_t at = g->idat; rc == Z_OK && !is(g->p + at + 4, "IEND"); at += 12 + (size_t)be32(g->p + at)) {
    if (!is(g->p + at + 4, "IDAT")) continue;
    z.next_in = (Bytef *)(uintptr_t)(g->p + at + 8); /* zlib's field lacks const */
    z.avail_in = be32(g->p + at);
    while (rc == Z_OK && z.avail_in > 0) {
      if (z.avail_out == 0) {
        if (extra > 65536) break;
        z.next_out = spill;
        z.avail_out = sizeof spill;
        extra += sizeof spill;
      }
      rc = inflate(&z, Z_NO_FLUSH);
    }
    if (extra > 65536) break;
  }
  size_t got = (size_t)z.total_out;
  const char *why = z.msg ? z.msg : "unknown reason"; /* a constant of zlib's */
  inflateEnd(&z);
  if (rc == Z_MEM_ERROR) return GN_CODEC_MEMORY;
  if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
    return gn_picture_bad(pic, "corrupt PNG image data (%s)", why);
  if (extra > 65536) return gn_picture_bad(pic, "corrupt PNG: more image data than the %zu bytes expected", want);
  if (rc != Z_STREAM_END || got < want)
    return gn_picture_bad(pic, "truncated PNG image data (expected %zu bytes, got %zu)", want, got);
  return GN_CODEC_OK;
}

static int paeth(int a, int b, int c) {
  int p = a + b - c, pa = p > a ? p - a : a - p, pb = p > b ? p - b : b - p, pc = p > c ? p - c : c - p;
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

/* row (n) <- unfiltered in place; up (n) is the row above, or NULL. bpp: bytes to the pixel on the left.
** Returns 0 where there is no such filter. */
static int unfilter(int filter, uint8_t *row, const uint8_t *up, size_t n, size_t bpp) {
  switch (filter) {
  case 0: break;
  case 1:
    for (size_t i = bpp; i < n; i++) row[i] = (uint8_t)(row[i] + row[i - bpp]);
    break;
  case 2:
    for (size_t i = 0; up && i < n; i++) row[i] = (uint8_t)(row[i] + up[i]);
    break;
  case 3:
    for (size_t i = 0; i < n; i++) row[i] = (uint8_t)(row[i] + ((i >= bpp ? row[i - bpp] : 0) + (up ? up[i] : 0)) / 2);
    break;
  case 4:
    for (size_t i = 0; i < n; i++)
      row[i] = (uint8_t)(row[i] + paeth(i >= bpp ? row[i - bpp] : 0, up ? up[i] : 0, i >= bpp && up ? up[i - bpp] : 0));
    break;
  default: return 0;
  }
  return 1;
}

static int sample(const uint8_t *row, int depth, size_t i) { /* the i-th sample of a row, unscaled */
  if (depth == 8) return row[i];
  if (depth == 16) return row[2 * i] << 8 | row[2 * i + 1];
  size_t bit = i * (size_t)depth;
  return row[bit / 8] >> (8 - depth - (int)(bit % 8)) & ((1 << depth) - 1);
}
static uint8_t to8(int v, int depth) { return (uint8_t)(depth == 16 ? (v + 128) / 257 : v * 255 / ((1 << depth) - 1)); }

/* One pixel of an unfiltered row to c bytes; 0: a palette index that is not there. */
static int put_pixel(const png *g, uint8_t *out, int c, const uint8_t *row, gn_int x) {
  int s = stored_samples(g);
  if (g->colour == PALETTE) {
    int i = sample(row, g->depth, (size_t)x);
    if (i >= g->npal) return 0;
    memcpy(out, g->plte + 3 * i, 3);
    if (c == 4) out[3] = i < g->ntrns ? g->trns[i] : 255;
    return 1;
  }
  int clear = g->trns != NULL; /* does every sample equal the transparent colour? */
  for (int k = 0; k < s; k++) {
    int v = sample(row, g->depth, (size_t)(x * s + k));
    out[k] = to8(v, g->depth);
    clear = clear && v == (g->trns[2 * k] << 8 | g->trns[2 * k + 1]);
  }
  if (g->trns) out[s] = clear ? 0 : 255;
  return 1;
}

static gn_codec_rc expand(gn_picture *pic, const png *g, uint8_t *out, uint8_t *raw) {
  size_t bpp = (size_t)GN_MAX(1, stored_samples(g) * g->depth / 8);
  int c = pic->c;
  for (int k = 0; k < (g->interlaced ? 7 : 1); k++) {
    const pass *s = g->interlaced ? &ADAM7[k] : &WHOLE[k];
    gn_int ph = part(g->h, s->y0, s->dy), pw = part(g->w, s->x0, s->dx);
    size_t nb = row_bytes(g, pw);
    const uint8_t *up = NULL;
    for (gn_int i = 0; i < ph && pw > 0; i++) {
      uint8_t *row = raw + 1;
      if (!unfilter(raw[0], row, up, nb, bpp)) return gn_picture_bad(pic, "corrupt PNG: row filter %d", raw[0]);
      uint8_t *line = out + (size_t)(s->y0 + i * s->dy) * (size_t)(g->w * c);
      for (gn_int j = 0; j < pw; j++)
        if (!put_pixel(g, line + (s->x0 + j * s->dx) * c, c, row, j))
          return gn_picture_bad(pic, "corrupt PNG: palette index beyond its %d colours", g->npal);
      up = row;
      raw += 1 + nb;
    }
  }
  return GN_CODEC_OK;
}

GN_DECODER(gn_png) {
  png g;
  gn_codec_rc rc = walk(pic, &g, p, n);
  (void)o, (void)ho, (void)wo;
  pic->bits = g.depth;
  if (rc != GN_CODEC_OK || !out) return rc;
  size_t want = raw_bytes(&g);
  uint8_t *raw = gn_malloc(want), *pixels = gn_malloc((size_t)(g.h * g.w * pic->c));
  if (!raw || !pixels) rc = GN_CODEC_MEMORY;
  else if ((rc = inflate_all(pic, &g, raw, want)) == GN_CODEC_OK) rc = expand(pic, &g, pixels, raw);
  gn_free(raw);
  if (rc == GN_CODEC_OK) *out = (gn_raster){pixels, g.h, g.w, pic->c};
  else gn_free(pixels);
  return rc;
}
