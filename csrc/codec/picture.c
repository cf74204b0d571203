/* picture.c - error text and limits of pictures (see picture.h). */
#include "picture.h"
#include <stdarg.h>
#include <stdio.h>

gn_codec_rc gn_picture_bad(gn_picture *pic, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(pic->err, sizeof pic->err, fmt, ap);
  va_end(ap);
  return GN_CODEC_BAD;
}

int gn_picture_size_ok(gn_picture *pic) {
  if (pic->h >= 1 && pic->w >= 1 && pic->h <= GN_PICTURE_SIDE && pic->w <= GN_PICTURE_SIDE &&
      pic->h * pic->w <= GN_PICTURE_PIXELS)
    return 1;
  gn_picture_bad(pic, "size of %lld x %lld pixels (expected 1 to %d a side, at most %ld in all)", (long long)pic->h,
                 (long long)pic->w, GN_PICTURE_SIDE, GN_PICTURE_PIXELS);
  return 0;
}
