/* stb.c - reads JPEG and writes PNG through the stb headers; the only file that includes them. stb is lenient, so the
** structure of a JPEG is checked here first; PNG is compressed and checksummed by zlib, which does both better. */
#include "stb.h"
#include "../storage.h"
#include <limits.h>
#include <string.h>
#include <zlib.h>

static unsigned char *deflate_all(unsigned char *data, int n, int *size, int quality) {
  uLongf len = compressBound((uLong)n);
  unsigned char *out = gn_malloc(len);
  if (out && compress2(out, &len, data, (uLong)n, quality) != Z_OK) {
    gn_free(out);
    return NULL;
  }
  *size = (int)len;
  return out;
}

static unsigned crc_of(unsigned char *p, int n) { return (unsigned)crc32(crc32(0, NULL, 0), p, (uInt)n); }

/* Both headers allocate from us and never open a file; neither needs realloc for what is left in. Not our code: no
** warnings from it. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#define STB_IMAGE_IMPLEMENTATION
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#define STBI_MAX_DIMENSIONS GN_PICTURE_SIDE
#define STBI_ASSERT(x) ((void)0)
#define STBI_MALLOC(n) gn_malloc(n)
#define STBI_REALLOC(p, want) NULL
#define STBI_FREE(p) gn_free(p)
#include <stb_image.h>
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#define STBIW_ASSERT(x) ((void)0)
#define STBIW_MALLOC(n) gn_malloc(n)
#define STBIW_REALLOC(p, want) NULL
#define STBIW_FREE(p) gn_free(p)
#define STBIW_ZLIB_COMPRESS deflate_all
#define STBIW_CRC32 crc_of
#include <stb_image_write.h>
#pragma GCC diagnostic pop

enum { SOI = 0xd8, EOI = 0xd9, SOS = 0xda, DHT = 0xc4, JPG = 0xc8, DAC = 0xcc };

static gn_codec_rc read_frame(gn_picture *pic, int marker, const uint8_t *seg, size_t len) {
  if (marker > 0xc2) return gn_picture_bad(pic, "JPEG of kind SOF%d (expected baseline or progressive)", marker - 0xc0);
  if (len < 8) return gn_picture_bad(pic, "corrupt JPEG: frame header of %zu bytes", len);
  if (seg[2] != 8) return gn_picture_bad(pic, "JPEG of %d bits a sample (expected 8)", seg[2]);
  pic->h = seg[3] << 8 | seg[4];
  pic->w = seg[5] << 8 | seg[6];
  int nc = seg[7];
  if (nc != 1 && nc != 3 && nc != 4) return gn_picture_bad(pic, "JPEG of %d components (expected 1, 3 or 4)", nc);
  pic->c = nc == 1 ? 1 : 3;
  return gn_picture_size_ok(pic) ? GN_CODEC_OK : GN_CODEC_BAD;
}

/* Every Huffman table of the segment must fit 256 symbols and its code lengths, or stb would write past its tables. */
static gn_codec_rc check_huffman(gn_picture *pic, const uint8_t *seg, size_t len) {
  for (size_t at = 2; at < len;) {
    if (len - at < 17) return gn_picture_bad(pic, "corrupt JPEG: Huffman table cut off");
    int sum = 0, code = 0;
    for (int k = 1; k <= 16; k++) {
      sum += seg[at + (size_t)k];
      code = 2 * code + seg[at + (size_t)k];
      if (code > 1 << k) return gn_picture_bad(pic, "corrupt JPEG: Huffman table with too many codes of %d bits", k);
    }
    if (sum > 256 || (size_t)sum > len - at - 17)
      return gn_picture_bad(pic, "corrupt JPEG: Huffman table of %d symbols", sum);
    at += 17 + (size_t)sum;
  }
  return GN_CODEC_OK;
}

/* Walks the markers from SOI to EOI, over the entropy-coded scans. Source: ITU T.81, annex B. */
static gn_codec_rc walk(gn_picture *pic, const uint8_t *p, size_t n) {
  int frame = 0, scan = 0;
  for (size_t at = 2;;) {
    while (at + 1 < n && p[at] == 0xff && p[at + 1] == 0xff) at++; /* fill bytes */
    if (n - at < 2) return gn_picture_bad(pic, "truncated JPEG: ends at byte %zu without EOI", n);
    if (p[at] != 0xff) return gn_picture_bad(pic, "corrupt JPEG: no marker at byte %zu", at);
    int marker = p[at + 1];
    if (marker == EOI) break;
    if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd7)) { /* these stand alone */
      at += 2;
      continue;
    }
    if (marker < 0xc0 || marker == SOI)
      return gn_picture_bad(pic, "corrupt JPEG: marker ff%02x at byte %zu", marker, at);
    size_t len = n - at < 4 ? 0 : (size_t)(p[at + 2] << 8 | p[at + 3]);
    if (len > n - at - 2 || n - at < 4)
      return gn_picture_bad(pic, "truncated JPEG: segment ff%02x at byte %zu runs past the end (%zu bytes)", marker, at,
                            n);
    if (len < 2) return gn_picture_bad(pic, "corrupt JPEG: segment ff%02x at byte %zu of length %zu", marker, at, len);
    const uint8_t *seg = p + at + 2;
    at += 2 + len;
    if (marker >= 0xc0 && marker <= 0xcf && marker != DHT && marker != JPG && marker != DAC) {
      if (frame++) return gn_picture_bad(pic, "corrupt JPEG: two frame headers");
      gn_codec_rc rc = read_frame(pic, marker, seg, len);
      if (rc != GN_CODEC_OK) return rc;
    } else if (marker == DHT) {
      gn_codec_rc rc = check_huffman(pic, seg, len);
      if (rc != GN_CODEC_OK) return rc;
    } else if (marker == SOS) {
      if (!frame) return gn_picture_bad(pic, "corrupt JPEG: a scan before the frame header");
      scan = 1;
      while (at + 1 < n &&
             !(p[at] == 0xff && p[at + 1] != 0 && p[at + 1] != 0xff && (p[at + 1] < 0xd0 || p[at + 1] > 0xd7)))
        at++;
      if (at + 1 >= n) return gn_picture_bad(pic, "truncated JPEG: image data ends at byte %zu without EOI", n);
    }
  }
  if (!scan) return gn_picture_bad(pic, "corrupt JPEG: no image data");
  return GN_CODEC_OK;
}

GN_DECODER(gn_jpeg) {
  gn_codec_rc rc = walk(pic, p, n);
  (void)o, (void)ho, (void)wo;
  if (rc != GN_CODEC_OK || !out) return rc;
  if (n > INT_MAX) return gn_picture_bad(pic, "JPEG of %zu bytes (at most %d)", n, INT_MAX);
  int h = 0, w = 0, c = 0;
  uint8_t *pixels = stbi_load_from_memory(p, (int)n, &w, &h, &c, pic->c);
  if (!pixels) {
    const char *why = stbi_failure_reason();
    if (why && strcmp(why, "outofmem") == 0) return GN_CODEC_MEMORY;
    return gn_picture_bad(pic, "corrupt JPEG (%s)", why ? why : "unknown reason");
  }
  if (h != pic->h || w != pic->w) {
    gn_free(pixels);
    return gn_picture_bad(pic, "corrupt JPEG: size changes inside the file");
  }
  *out = (gn_raster){pixels, h, w, pic->c};
  return GN_CODEC_OK;
}

uint8_t *gn_png_encode(const uint8_t *pixels, gn_int h, gn_int w, int c, size_t *size) {
  int n = 0;
  uint8_t *out = stbi_write_png_to_mem(pixels, (int)(w * c), (int)w, (int)h, c, &n);
  *size = (size_t)n;
  return out;
}
