/* codec.h - pictures from and to bytes in memory: the only users of zlib's inflate (png.c) and of stb (stb.c). Files are the
** outside world: what is wrong with the bytes is said in `err`, one line, and nothing is trusted that was not checked. */
#ifndef GN_CODEC_H
#define GN_CODEC_H

#include "gn.h"

#define GN_PICTURE_SIDE 16384        /* most rows or columns */
#define GN_PICTURE_PIXELS (1L << 26) /* most pixels: 256 MiB as RGBA */
#define GN_CODEC_ERR 200             /* bytes of an error text */

typedef enum { GN_CODEC_OK = 0, GN_CODEC_BAD = 1, GN_CODEC_MEMORY = 2 } gn_codec_rc;

typedef struct gn_picture {
  gn_int h, w;
  int c; /* as stored: 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA; a palette counts as RGB(A), CMYK as RGB */
  char err[GN_CODEC_ERR];
} gn_picture;

/* Both find out PNG or JPEG by content and fill h, w, c, or err. The bytes may be anything.
** info checks the structure (every PNG chunk's CRC up to IEND, every JPEG marker up to EOI) and the limits above.
** decode also makes *pixels (h,w,c) u8, 16-bit samples rounded; the caller gives them to gn_free. */
gn_codec_rc gn_picture_info(gn_picture *pic, const uint8_t *p, size_t n);
gn_codec_rc gn_picture_decode(gn_picture *pic, uint8_t **pixels, const uint8_t *p, size_t n);

/* One format each; called by the two above. */
gn_codec_rc gn_png_info(gn_picture *pic, const uint8_t *p, size_t n);
gn_codec_rc gn_png_decode(gn_picture *pic, uint8_t **pixels, const uint8_t *p, size_t n);
gn_codec_rc gn_jpeg_info(gn_picture *pic, const uint8_t *p, size_t n);
gn_codec_rc gn_jpeg_decode(gn_picture *pic, uint8_t **pixels, const uint8_t *p, size_t n);

/* PNG file of pixels (h,w,c), c = 1..4, h and w within the limits above; *size bytes, NULL: out of memory. gn_free. */
uint8_t *gn_png_encode(const uint8_t *pixels, gn_int h, gn_int w, int c, size_t *size);

/* Fills pic->err, printf style; returns GN_CODEC_BAD so that a check is one line. */
gn_codec_rc gn_codec_bad(gn_picture *pic, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int gn_picture_size_ok(gn_picture *pic); /* 1, or 0 and err, where h, w pass the limits */

#endif
