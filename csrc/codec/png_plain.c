/* png_plain.c - all of a picture is inflated at once: libpng asks zlib for row after row, and rows of a small picture
** are too short for zlib's fast loop. Filters are inlined for each size of a pixel.
** Source: W3C PNG specification (3rd edition), sections 9, 11. */
#include "png_plain.h"
#include "../storage.h"
#include <string.h>
#include <zlib.h>

static uint32_t be32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static int is(const uint8_t *chunk, const char *name) { return memcmp(chunk + 4, name, 4) == 0; }

static int sound(const uint8_t *chunk, size_t len) {
  return be32(chunk + 8 + len) == (uint32_t)crc32(0, chunk + 4, (uInt)len + 4);
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

static voidpf take(voidpf q, uInt items, uInt size) {
  (void)q;
  return gn_malloc((size_t)items * size);
}
static void give(voidpf q, voidpf p) {
  (void)q;
  gn_free(p);
}

/* raw (size) <- the IDATs inflated, no byte more or less. */
static gn_codec_rc inflate_all(uint8_t *raw, size_t size, const uint8_t *idat) {
  z_stream z = {.zalloc = take, .zfree = give};
  if (inflateInit(&z) != Z_OK) return GN_CODEC_MEMORY;
  uint8_t beyond;
  int rc = Z_OK;
  z.next_out = raw;
  z.avail_out = (uInt)size; /* at most 2^28 + 2^14 */
  for (; rc == Z_OK && is(idat, "IDAT"); idat += 12 + be32(idat)) {
    z.next_in = (Bytef *)(uintptr_t)(idat + 8); /* zlib's field lacks const */
    z.avail_in = be32(idat);
    if (z.avail_in > 0) rc = inflate(&z, Z_NO_FLUSH);
    if (rc == Z_OK && z.avail_out == 0 && z.avail_in > 0) { /* the checksum is still to be read */
      z.next_out = &beyond;
      z.avail_out = 1;
      rc = inflate(&z, Z_NO_FLUSH);
    }
  }
  const int whole = rc == Z_STREAM_END && z.total_out == size;
  inflateEnd(&z);
  return whole ? GN_CODEC_OK : rc == Z_MEM_ERROR ? GN_CODEC_MEMORY : GN_CODEC_BAD;
}

static inline int paeth(int a, int b, int c) {
  const int pa = b > c ? b - c : c - b, pb = a > c ? a - c : c - a, d = a + b - 2 * c, pc = d < 0 ? -d : d;
  const int bc = pb <= pc ? b : c;
  return pa <= pb && pa <= pc ? a : bc;
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
  case 4: {
    int left[4], corner[4];
    for (size_t k = 0; k < c; k++) {
      left[k] = out[k];
      corner[k] = up[k];
    }
    for (size_t i = c; i < n; i += c)
      for (size_t k = 0; k < c; k++) {
        const int above = up[i + k];
        left[k] = (uint8_t)(in[i + k] + paeth(left[k], above, corner[k]));
        corner[k] = above;
        out[i + k] = (uint8_t)left[k];
      }
    return 1;
  }
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
  uint8_t *raw = gn_malloc(size + row), *out = gn_malloc((size_t)pic->h * row);
  gn_codec_rc rc = raw && out ? inflate_all(raw, size, idat) : GN_CODEC_MEMORY;
  if (rc == GN_CODEC_OK) {
    memset(raw + size, 0, row); /* the row above the first */
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
