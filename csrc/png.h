/* png.h - reads PNG files in memory; the only user of zlib's inflate among the codecs. */
#ifndef GN_PNG_H
#define GN_PNG_H

#include "picture.h"

/* Contracts of gn_picture_info and gn_picture_decode (codec.h), for bytes that begin with a PNG signature. */
gn_codec_rc gn_png_info(gn_picture *pic, const uint8_t *p, size_t n);
gn_codec_rc gn_png_decode(gn_picture *pic, uint8_t **pixels, const uint8_t *p, size_t n);

#endif
