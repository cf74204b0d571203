/* png_plain.c - all of a picture is inflated at once, by libdeflate: twice to three times as fast as libpng, which asks
** zlib for row after row. Filters are inlined for each size of a pixel.
** Source: W3C PNG specification (3rd edition), sections 9, 11. */
#include "png_plain.h"
#include "../storage.h"
#include <libdeflate.h>
#include <string.h>

static uint32_t be32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static int is(const uint8_t *chunk, const char *name) { return memcmp(chunk + 4, name, 4) == 0; }

static int sound(const uint8_t *chunk, size_t len) {
  return be32(chunk + 8 + len) == libdeflate_crc32(0, chunk + 4, len + 4);
}

/* The first IDAT of a file of nothing but IHDR, IDATs one after the other, chunks that may be passed over, and IEND,
** all with their checksums; or NULL. */
static const uint8_t *find_data(const uint8_t *p, size_t n) {
  const uint8_t *first = NULL;
  int behind = 0;
  for (size_t at = 8;;) {
    const size_t len = n - at < 12 ? n : be32(p + at);
    const uint8_t *chunk = p + at;
    if (n - at < 12 || len > n - at - 12 || len > INT32_MAX || !sound(chunk, len)) return NULL;
    if (is(chunk, "IEND")) return len == 0 ? first : NULL;
    if (is(chunk, "IDAT")) {
      if (behind) return NULL;
      if (!first) first = chunk;
    } else {
      behind = first != NULL;
      if (is(chunk, "tRNS") || (!(chunk[4] & 32) && at != 8)) return NULL;
    }
    at += 12 + len;
  }
}

/* The bytes of all IDATs from the one at idat on, *n of them: where they lie if there is one, else in *copy, which the
** caller frees. NULL: out of memory. */
static const uint8_t *join(const uint8_t *idat, uint8_t **copy, size_t *n) {
  *n = be32(idat);
  if (!is(idat + 12 + *n, "IDAT")) return idat + 8;
  const uint8_t *const first = idat;
  for (idat += 12 + *n; is(idat, "IDAT"); idat += 12 + be32(idat)) *n += be32(idat);
  uint8_t *at = *copy = gn_malloc(*n + 1);
  if (!at) return NULL;
  for (idat = first; is(idat, "IDAT"); idat += 12 + be32(idat)) {
    memcpy(at, idat + 8, be32(idat));
    at += be32(idat);
  }
  return *copy;
}

/* raw (size) <- the IDATs inflated, no byte more or less. */
static gn_codec_rc inflate_all(uint8_t *raw, size_t size, const uint8_t *idat) {
  uint8_t *copy = NULL;
  size_t n;
  const uint8_t *data = join(idat, &copy, &n);
  struct libdeflate_decompressor *d = data ? libdeflate_alloc_decompressor() : NULL;
  gn_codec_rc rc = GN_CODEC_MEMORY;
  if (d)
    rc = libdeflate_zlib_decompress(d, data, n, raw, size, NULL) == LIBDEFLATE_SUCCESS ? GN_CODEC_OK : GN_CODEC_BAD;
  libdeflate_free_decompressor(d);
  gn_free(copy);
  return rc;
}

static inline int paeth(int a, int b, int c) {
  const int pa = b > c ? b - c : c - b, pb = a > c ? a - c : c - a, d = a + b - 2 * c, pc = d < 0 ? -d : d;
  const int bc = pb <= pc ? b : c;
  return pa <= pb && pa <= pc ? a : bc;
}

/* Of eight lanes only the first c count; with fewer, compilers make bytes of them one by one. */
#define LANES 8
typedef int16_t lanes __attribute__((vector_size(2 * LANES)));
typedef uint8_t bytes __attribute__((vector_size(LANES)));

static inline lanes load(const uint8_t *p) {
  bytes v;
  memcpy(&v, p, LANES);
  return __builtin_convertvector(v, lanes);
}

static inline lanes choose(lanes which, lanes a, lanes b) { return (a & which) | (b & ~which); }

static inline lanes distance(lanes a, lanes b) {
  const lanes d = a - b;
  return choose(d < 0, -d, d);
}

/* Filter 4 from the second pixel on, the channels of a pixel side by side: each pixel waits for the one before it, and
** the wait is what costs. Reads LANES bytes of each pixel and writes 4: the next pixel or row overwrites what is not
** its own. */
static inline void paeth_row(uint8_t *out, const uint8_t *in, const uint8_t *up, size_t n, const size_t c) {
  lanes left = load(out), corner = load(up);
  for (size_t i = c; i < n; i += c) {
    const lanes above = load(up + i);
    const lanes pa = distance(above, corner), pb = distance(left, corner), pc = distance(left + above, corner + corner);
    const lanes best = choose((pa <= pb) & (pa <= pc), left, choose(pb <= pc, above, corner));
    left = (load(in + i) + best) & 255;
    corner = above;
    const bytes v = __builtin_convertvector(left, bytes);
    memcpy(out + i, &v, 4);
  }
}

/* out (n) <- the bytes of a row behind its filter; up (n): the row above, or zeros; c bytes a pixel. */
static inline int unfilter(uint8_t *out, const uint8_t *in, const uint8_t *up, size_t n, const size_t c) {
  const int filter = *in++;
  for (size_t k = 0; k < c; k++) /* nothing is on the left */
    out[k] = (uint8_t)(in[k] + (filter == 2 || filter == 4 ? up[k] : filter == 3 ? up[k] / 2 : 0));
  switch (filter) {
  case 0: memcpy(out, in, n); return 1;
  case 1:
    for (size_t i = c; i < n; i++) out[i] = (uint8_t)(in[i] + out[i - c]);
    return 1;
  case 2:
    for (size_t i = c; i < n; i++) out[i] = (uint8_t)(in[i] + up[i]);
    return 1;
  case 3:
    for (size_t i = c; i < n; i++) out[i] = (uint8_t)(in[i] + (out[i - c] + up[i]) / 2);
    return 1;
  case 4:
    if (c >= 3) {
      paeth_row(out, in, up, n, c);
      return 1;
    }
    for (size_t i = c; i < n; i++) out[i] = (uint8_t)(in[i] + paeth(out[i - c], up[i], up[i - c]));
    return 1;
  default: return 0;
  }
}

static int unfilter_all(uint8_t *pixels, const uint8_t *raw, const uint8_t *zeros, gn_int h, size_t row, int c) {
  int ok = 1;
  for (gn_int y = 0; y < h && ok; y++, raw += row + 1, pixels += row) {
    const uint8_t *up = y == 0 ? zeros : pixels - row;
    ok = c == 3   ? unfilter(pixels, raw, up, row, 3)
         : c == 4 ? unfilter(pixels, raw, up, row, 4)
         : c == 1 ? unfilter(pixels, raw, up, row, 1)
                  : unfilter(pixels, raw, up, row, 2);
  }
  return ok;
}

gn_codec_rc gn_png_plain(gn_picture *pic, uint8_t **pixels, const uint8_t *p, size_t n) {
  static const int channels[7] = {1, 0, 3, 0, 2, 0, 4}; /* by colour type */
  const uint8_t *head = p + 16;                         /* width, height, depth, colour type, three ways */
  if (n < 33 || head[8] != 8 || head[9] > 6 || channels[head[9]] == 0 || head[10] || head[11] || head[12])
    return GN_CODEC_BAD;
  const uint8_t *idat = find_data(p, n);
  if (!idat) return GN_CODEC_BAD;
  const int c = channels[head[9]];
  const size_t row = (size_t)pic->w * (size_t)c, size = (size_t)pic->h * (row + 1);
  uint8_t *raw = gn_malloc(size + row + LANES), *out = gn_malloc((size_t)pic->h * row + LANES);
  gn_codec_rc rc = raw && out ? inflate_all(raw, size, idat) : GN_CODEC_MEMORY;
  if (rc == GN_CODEC_OK) {
    memset(raw + size, 0, row + LANES); /* the row above the first */
    if (!unfilter_all(out, raw, raw + size, pic->h, row, c)) rc = GN_CODEC_BAD;
  }
  gn_free(raw);
  if (rc != GN_CODEC_OK) {
    gn_free(out);
    return rc;
  }
  pic->c = c;
  *pixels = out;
  return GN_CODEC_OK;
}
