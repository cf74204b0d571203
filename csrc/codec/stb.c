/* stb.c - writes PNG through stb_image_write; compressed and checksummed by zlib, which does both better. */
#include "stb.h"
#include "../storage.h"
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

/* It allocates from us, never opens a file, and needs no realloc for what is left in. Not our code: no warnings from
** it. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
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

uint8_t *gn_png_encode(const uint8_t *pixels, gn_int h, gn_int w, int c, size_t *size) {
  int n = 0;
  uint8_t *out = stbi_write_png_to_mem(pixels, (int)(w * c), (int)w, (int)h, c, &n);
  *size = (size_t)n;
  return out;
}
