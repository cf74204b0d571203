/* png_plain.h - reads the plain kind of PNG, which most pictures are, faster than libpng does. */
#ifndef GN_PNG_PLAIN_H
#define GN_PNG_PLAIN_H

#include "picture.h"

/* pixels (h,w,c) <- a PNG without a fault, of 8 bits a sample, neither interlaced nor with a palette or tRNS. Returns
** GN_CODEC_BAD, without a message, for all others, which are libpng's to judge. pic->h, pic->w are set, from IHDR; c is
** set here. *pixels is the caller's. */
gn_codec_rc gn_png_plain(gn_picture *pic, uint8_t **pixels, const uint8_t *p, size_t n);

#endif
