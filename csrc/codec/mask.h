/* mask.h - pictures whose pixels are numbers of classes or objects: 0 .. 254, and 255, void. */
#ifndef GN_MASK_H
#define GN_MASK_H

#include "fit.h"

/* out (ho,wo) <- the mask pix, placed as gn_fit_into places pictures, but that each pixel is the source's at its
** centre, floor((i + 1/2) * in / out); what is not covered is void. A number is a grey, or the number in a palette;
** alpha is passed over; colours must be those of Pascal VOC's palette. Fills pic->seen. The pixels are overwritten. */
gn_codec_rc gn_mask_into(uint8_t *out, gn_int ho, gn_int wo, gn_raster *pix, gn_picture *pic, const gn_load *o);

/* pixels (n) u8 <- 16-bit numbers, high byte first, in the same place: 1, 2, ... in the order in which they come; 0
** stays. More than 254 of them, or c other than 1, are an error. */
gn_codec_rc gn_mask_number(uint8_t *pixels, gn_int n, int c, gn_picture *pic);

#endif
