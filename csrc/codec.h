/* codec.h - pictures from bytes in memory, whichever format they have. One format each: png.h, stb.h. */
#ifndef GN_CODEC_H
#define GN_CODEC_H

#include "picture.h"

/* Both tell PNG or JPEG by content and fill h, w, c of pic, or err. The n bytes at p may be anything.
** info checks the structure (each PNG chunk's CRC up to IEND, each JPEG marker up to EOI) and the limits of picture.h.
** decode also makes *pixels (h,w,c) u8, 16-bit samples rounded; the caller gives them to gn_free. */
gn_codec_rc gn_picture_info(gn_picture *pic, const uint8_t *p, size_t n);
gn_codec_rc gn_picture_decode(gn_picture *pic, uint8_t **pixels, const uint8_t *p, size_t n);

#endif
