/* picture.h - what is known of a picture in foreign bytes: its size, or what is wrong with it. Files are the outside
** world: a fault is one line in `err`, and nothing is trusted that was not checked. */
#ifndef GN_PICTURE_H
#define GN_PICTURE_H

#include "gn.h"

#define GN_PICTURE_SIDE 16384        /* most rows or columns */
#define GN_PICTURE_PIXELS (1L << 26) /* most pixels: 256 MiB as RGBA */
#define GN_PICTURE_ERR 200           /* bytes of an error text */

typedef enum { GN_CODEC_OK = 0, GN_CODEC_BAD = 1, GN_CODEC_MEMORY = 2 } gn_codec_rc;

typedef struct gn_picture {
  gn_int h, w;
  int c; /* as stored: 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA; a palette counts as RGB(A), CMYK as RGB */
  char err[GN_PICTURE_ERR];
} gn_picture;

/* Fills pic->err, printf style; returns GN_CODEC_BAD so that a check is one line. */
gn_codec_rc gn_picture_bad(gn_picture *pic, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Returns 1, or 0 with an error text where h, w exceed the limits above. */
int gn_picture_size_ok(gn_picture *pic);

#endif
