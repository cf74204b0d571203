/* stb.h - writes PNG files in memory. */
#ifndef GN_STB_H
#define GN_STB_H

#include "picture.h"

/* Returns the PNG file of pixels (h,w,c), c = 1..4, h and w within the limits of picture.h, and its *size in bytes;
** NULL where memory is short. The caller gives it to gn_free. */
uint8_t *gn_png_encode(const uint8_t *pixels, gn_int h, gn_int w, int c, size_t *size);

#endif
