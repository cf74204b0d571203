/* stb.h - reads JPEG and writes PNG in memory, through the stb headers. */
#ifndef GN_STB_H
#define GN_STB_H

#include "picture.h"

/* Contracts of gn_picture_info and gn_picture_decode (codec.h), for bytes that begin with a JPEG marker. */
gn_codec_rc gn_jpeg_info(gn_picture *pic, const uint8_t *p, size_t n);
gn_codec_rc gn_jpeg_decode(gn_picture *pic, uint8_t **pixels, const uint8_t *p, size_t n);

/* Returns the PNG file of pixels (h,w,c), c = 1..4, h and w within the limits of picture.h, and its *size in bytes;
** NULL where memory is short. The caller gives it to gn_free. */
uint8_t *gn_png_encode(const uint8_t *pixels, gn_int h, gn_int w, int c, size_t *size);

#endif
