/* codec.c - tells picture formats apart by their first bytes (see codec.h). */
#include "codec.h"
#include "png.h"
#include "stb.h"
#include <string.h>

typedef enum { OTHER, PNG, JPEG } format;

static format format_of(gn_picture *pic, const uint8_t *p, size_t n) {
  static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  static const uint8_t jpeg[3] = {0xff, 0xd8, 0xff};
  if (n >= sizeof png && memcmp(p, png, sizeof png) == 0) return PNG;
  if (n >= sizeof jpeg && memcmp(p, jpeg, sizeof jpeg) == 0) return JPEG;
  if (n == 0) gn_picture_bad(pic, "empty file");
  else gn_picture_bad(pic, "neither PNG nor JPEG (%zu bytes, first 0x%02x)", n, p[0]);
  return OTHER;
}

gn_codec_rc gn_picture_info(gn_picture *pic, const uint8_t *p, size_t n) {
  switch (format_of(pic, p, n)) {
  case PNG: return gn_png_info(pic, p, n);
  case JPEG: return gn_jpeg_info(pic, p, n);
  default: return GN_CODEC_BAD;
  }
}

gn_codec_rc gn_picture_decode(gn_picture *pic, uint8_t **pixels, const uint8_t *p, size_t n) {
  switch (format_of(pic, p, n)) {
  case PNG: return gn_png_decode(pic, pixels, p, n);
  case JPEG: return gn_jpeg_decode(pic, pixels, p, n);
  default: return GN_CODEC_BAD;
  }
}
