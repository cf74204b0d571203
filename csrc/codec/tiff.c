/* tiff.c - reads TIFF through libtiff: 16-bit grey and colour sample by sample, all else as libtiff makes RGBA of it.
*/
#include "tiff.h"

#ifdef GN_HAS_TIFF
#include "../storage.h"
#include <string.h>

#include <tiffio.h>

typedef struct memory {
  const uint8_t *p;
  size_t n, at;
  gn_picture *pic;
  int reads;                /* calls of read_some */
  char why[GN_PICTURE_ERR]; /* the first error */
} memory;

static tmsize_t read_some(thandle_t t, void *to, tmsize_t n) {
  memory *m = t;
  if (++m->reads % 64 == 0 && gn_picture_late(m->pic)) return 0; /* as if it ended here */
  size_t left = m->at < m->n ? m->n - m->at : 0, take = GN_MIN((size_t)n, left);
  memcpy(to, m->p + (left ? m->at : 0), take);
  m->at += take;
  return (tmsize_t)take;
}
static tmsize_t write_none(thandle_t t, void *from, tmsize_t n) {
  (void)t, (void)from, (void)n;
  return 0;
}
static toff_t seek(thandle_t t, toff_t to, int whence) {
  memory *m = t;
  m->at = (size_t)(to + (whence == SEEK_CUR ? m->at : whence == SEEK_END ? m->n : 0));
  return m->at;
}
static toff_t size_of(thandle_t t) { return ((memory *)t)->n; }
static int leave(thandle_t t) {
  (void)t;
  return 0;
}

#if TIFFLIB_VERSION >= 20221213 /* 4.5: handlers of their own for each file */
static int keep_error(TIFF *tif, void *data, const char *module, const char *fmt, va_list ap) {
  memory *m = data;
  (void)tif, (void)module;
  if (!m->why[0]) vsnprintf(m->why, sizeof m->why, fmt, ap);
  return 1;
}
static int ignore(TIFF *tif, void *data, const char *module, const char *fmt, va_list ap) {
  (void)tif, (void)data, (void)module, (void)fmt, (void)ap;
  return 1;
}
static TIFF *open_memory(memory *m) {
  TIFFOpenOptions *o = TIFFOpenOptionsAlloc();
  if (!o) return NULL;
  TIFFOpenOptionsSetMaxSingleMemAlloc(o, (tmsize_t)GN_BUDGET_TIFF_UNPACKED);
  TIFFOpenOptionsSetErrorHandlerExtR(o, keep_error, m);
  TIFFOpenOptionsSetWarningHandlerExtR(o, ignore, NULL);
  TIFF *tif = TIFFClientOpenExt("picture", "rm", m, read_some, write_none, seek, leave, size_of, NULL, NULL, o);
  TIFFOpenOptionsFree(o);
  return tif;
}
#else
static TIFF *open_memory(memory *m) { /* the process's handlers print: they go, whoever calls first */
  TIFFSetErrorHandler(NULL);
  TIFFSetWarningHandler(NULL);
  return TIFFClientOpen("picture", "rm", m, read_some, write_none, seek, leave, size_of, NULL, NULL);
}
#endif

typedef struct layout {
  uint16_t bits, samples, photometric, planar, format, orientation, extras;
  uint16_t *extra;
} layout;

static gn_codec_rc read_header(gn_picture *pic, TIFF *tif, layout *f) {
  uint32_t h = 0, w = 0;
  (void)TIFFGetField(tif, TIFFTAG_IMAGELENGTH, &h);
  (void)TIFFGetField(tif, TIFFTAG_IMAGEWIDTH, &w);
  pic->h = h;
  pic->w = w;
  if (!gn_picture_size_ok(pic)) return GN_CODEC_BAD;
  f->photometric = PHOTOMETRIC_MINISBLACK;
  (void)TIFFGetFieldDefaulted(tif, TIFFTAG_BITSPERSAMPLE, &f->bits);
  (void)TIFFGetFieldDefaulted(tif, TIFFTAG_SAMPLESPERPIXEL, &f->samples);
  (void)TIFFGetFieldDefaulted(tif, TIFFTAG_PLANARCONFIG, &f->planar);
  (void)TIFFGetFieldDefaulted(tif, TIFFTAG_SAMPLEFORMAT, &f->format);
  (void)TIFFGetFieldDefaulted(tif, TIFFTAG_ORIENTATION, &f->orientation);
  (void)TIFFGetFieldDefaulted(tif, TIFFTAG_EXTRASAMPLES, &f->extras, &f->extra);
  (void)TIFFGetField(tif, TIFFTAG_PHOTOMETRIC, &f->photometric);
  if (f->format != SAMPLEFORMAT_UINT) return gn_picture_bad(pic, "TIFF whose samples are no unsigned integers");
  pic->bits = f->bits;
  pic->orientation = f->orientation >= 1 && f->orientation <= 8 ? f->orientation : 1;
  const int grey = f->photometric == PHOTOMETRIC_MINISBLACK || f->photometric == PHOTOMETRIC_MINISWHITE;
  const int alpha = f->extras > 0 && (f->extra[0] == EXTRASAMPLE_ASSOCALPHA || f->extra[0] == EXTRASAMPLE_UNASSALPHA);
  pic->c = (grey ? 1 : 3) + alpha;
  const uint64_t unpacked = TIFFIsTiled(tif) ? TIFFTileSize64(tif) * TIFFNumberOfTiles(tif)
                                             : TIFFScanlineSize64(tif) * h * (f->planar == 2 ? f->samples : 1);
  const uint64_t most = GN_BUDGET_TIFF_UNPACKED;
  if (unpacked > most || TIFFTileSize64(tif) > most || TIFFStripSize64(tif) > most)
    return gn_picture_bad(pic, "TIFF that unpacks to more than %d MiB", (int)(most >> 20));
  return GN_CODEC_OK;
}

/* Colour that was multiplied by its alpha <- divided by it again. */
static uint8_t part(unsigned v, unsigned a) { return a == 0 ? 0 : v >= a ? 255 : (uint8_t)((v * 255 + a / 2) / a); }

static gn_codec_rc read_bytes(gn_picture *pic, uint8_t *pixels, TIFF *tif) {
  const gn_int n = pic->h * pic->w;
  uint32_t *rgba = gn_malloc((size_t)n * sizeof *rgba);
  if (!rgba) return GN_CODEC_MEMORY;
  int ok = TIFFReadRGBAImageOriented(tif, (uint32_t)pic->w, (uint32_t)pic->h, rgba, pic->orientation, 1);
  const int c = pic->c, alpha = c == 2 || c == 4;
  for (gn_int i = 0; ok && i < n; i++, pixels += c) {
    const uint32_t v = rgba[i], a = alpha ? TIFFGetA(v) : 255;
    const uint8_t rgb[3] = {part(TIFFGetR(v), a), part(TIFFGetG(v), a), part(TIFFGetB(v), a)};
    memcpy(pixels, rgb, c >= 3 ? 3 : 1);
    if (alpha) pixels[c - 1] = (uint8_t)a;
  }
  gn_free(rgba);
  return ok ? GN_CODEC_OK : GN_CODEC_BAD;
}

/* 16 bits, row by row: libtiff's own way to RGBA drops the low byte of grey. */
static gn_codec_rc read_words(gn_picture *pic, uint8_t *pixels, TIFF *tif, const layout *f, int top) {
  const int c = pic->c, colours = c - (c == 2 || c == 4), associated = c != colours && f->extra[0] == 1;
  const size_t row = (size_t)TIFFScanlineSize64(tif);
  if (row < (size_t)(pic->w * f->samples) * 2) return gn_picture_bad(pic, "corrupt TIFF: rows too short");
  uint16_t *line = gn_malloc(row);
  if (!line) return GN_CODEC_MEMORY;
  gn_codec_rc rc = GN_CODEC_OK;
  for (gn_int y = 0; y < pic->h && rc == GN_CODEC_OK; y++) {
    if (TIFFReadScanline(tif, line, (uint32_t)y, 0) < 0) rc = GN_CODEC_BAD;
    for (gn_int x = 0; x < pic->w && rc == GN_CODEC_OK; x++)
      for (int k = 0; k < c; k++) {
        const uint16_t *s = line + x * f->samples;
        int64_t v = s[k], full = k < colours ? top : 65535;
        if (k < colours && f->photometric == PHOTOMETRIC_MINISWHITE) v = 65535 - v;
        if (k < colours && v > pic->top) pic->top = (int)v;
        if (k < colours && associated) v = s[colours] == 0 ? 0 : GN_MIN(65535, v * 65535 / s[colours]);
        *pixels++ = gn_to_byte((int)v, (int)full);
      }
  }
  gn_free(line);
  return rc;
}

static uint64_t number(const uint8_t *p, int bytes, int big) {
  uint64_t v = 0;
  for (int i = 0; i < bytes; i++) v = v << 8 | p[big ? i : bytes - 1 - i];
  return v;
}

/* 0, with an error text, where the first directory has more tags than there are, or these have more bytes than the
** file: libtiff would make a copy of each, though all lie in one place. What is cut off is libtiff's to judge. */
static int few_tags(gn_picture *pic, const uint8_t *p, size_t n) {
  static const uint8_t sizes[19] = {1, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 1, 1, 8, 8, 8}; /* by type */
  const int big = p[0] == 'M', wide = number(p + 2, 2, big) == 43, entry = wide ? 20 : 12, word = wide ? 8 : 2;
  if (n < 16) return 1;
  uint64_t at = wide ? number(p + 8, 8, big) : number(p + 4, 4, big), bytes = 0;
  if (at > n - (size_t)word) return 1;
  uint64_t tags = number(p + at, word, big);
  if (tags > GN_BUDGET_TIFF_TAGS) {
    gn_picture_bad(pic, "TIFF of %llu tags (at most %d are read)", (unsigned long long)tags, GN_BUDGET_TIFF_TAGS);
    return 0;
  }
  for (at += (uint64_t)word; tags > 0 && at + (uint64_t)entry <= n; at += (uint64_t)entry, tags--) {
    const uint64_t type = number(p + at + 2, 2, big), count = number(p + at + 4, wide ? 8 : 4, big);
    bytes += GN_MIN(count, n + 1) * (type < sizeof sizes ? sizes[type] : 1);
  }
  if (bytes <= n) return 1;
  gn_picture_bad(pic, "TIFF whose tags have more bytes than the file (%zu)", n);
  return 0;
}

/* 0, with an error text, where strips or tiles are JPEGs of more scans than they need: each scan may go over all
** pixels, and libtiff cannot be stopped. In coded data no byte 0xff has 0xda behind it. */
static int few_scans(gn_picture *pic, TIFF *tif, const uint8_t *p, size_t n) {
  uint16_t packing = COMPRESSION_NONE;
  (void)TIFFGetFieldDefaulted(tif, TIFFTAG_COMPRESSION, &packing);
  if (packing != COMPRESSION_JPEG && packing != COMPRESSION_OJPEG) return 1;
  const uint32_t parts = TIFFIsTiled(tif) ? TIFFNumberOfTiles(tif) : TIFFNumberOfStrips(tif);
  uint64_t scans = 0, bytes = 0;
  for (uint32_t i = 0; i < parts && bytes <= n; i++) {
    const uint64_t at = GN_MIN(TIFFGetStrileOffset(tif, i), n), len = GN_MIN(TIFFGetStrileByteCount(tif, i), n - at);
    const uint8_t *q = p + at, *const end = q + len;
    while (q < end && (q = memchr(q, 0xff, (size_t)(end - q))) && ++q < end) scans += *q == 0xda;
    bytes += len;
  }
  if (bytes > n) gn_picture_bad(pic, "TIFF whose strips have more bytes than the file (%zu)", n);
  else if (scans / 16 > parts) gn_picture_bad(pic, "TIFF of %llu JPEG scans (too many)", (unsigned long long)scans);
  else return 1;
  return 0;
}

GN_DECODER(gn_tiff) {
  (void)ho, (void)wo;
  if (!few_tags(pic, p, n)) return GN_CODEC_BAD;
  memory m = {.p = p, .n = n, .pic = pic};
  layout f = {0};
  TIFF *tif = open_memory(&m);
  gn_codec_rc rc = tif ? read_header(pic, tif, &f) : GN_CODEC_BAD;
  if (rc == GN_CODEC_OK && out && !few_scans(pic, tif, p, n)) rc = GN_CODEC_BAD;
  if (rc == GN_CODEC_OK && out) {
    uint8_t *pixels = gn_malloc((size_t)(pic->h * pic->w * pic->c));
    const int words = f.bits == 16 && f.planar == PLANARCONFIG_CONTIG && !TIFFIsTiled(tif) && f.samples >= pic->c &&
                      f.photometric <= PHOTOMETRIC_RGB;
    rc = !pixels ? GN_CODEC_MEMORY
         : words ? read_words(pic, pixels, tif, &f, o->top ? o->top : 65535)
                 : read_bytes(pic, pixels, tif);
    if (rc == GN_CODEC_OK) *out = (gn_raster){pixels, pic->h, pic->w, pic->c};
    else gn_free(pixels);
  }
  if (rc == GN_CODEC_BAD && !pic->err[0])
    gn_picture_bad(pic, "damaged or unknown TIFF (%s)", m.why[0] ? m.why : "libtiff cannot read it");
  if (tif) TIFFClose(tif);
  return rc;
}

#else

GN_DECODER(gn_tiff) {
  (void)out, (void)p, (void)n, (void)o, (void)ho, (void)wo;
  return gn_picture_bad(pic, "this build reads no TIFF (libtiff was not there when it was built)");
}

#endif
