/* fit.h - a decoded picture goes upright into a given size: turned, its transparency laid over a colour, fitted. */
#ifndef GN_FIT_H
#define GN_FIT_H

#include "picture.h"

/* Where a picture (h,w) goes in an output (ho,wo), both upright: the window `src` of the picture is resampled to `dst`
** of the output. */
typedef struct gn_rect {
  gn_int y, x, h, w;
} gn_rect;
void gn_fit_plan(gn_fit fit, gn_int h, gn_int w, gn_int ho, gn_int wo, gn_rect *src, gn_rect *dst);

/* out (ho,wo,co) <- pix, turned by pic->orientation, fitted as o says; what is not covered is the background. pic->h,
** w: all of the picture, upright, of which pix may be a smaller version. co: 1 or 3, or pix->c, which leaves channels
** as they are. Sets pic->enlarged. Where co < pix->c the pixels are overwritten. */
gn_codec_rc gn_fit_into(uint8_t *out, gn_int ho, gn_int wo, int co, gn_raster *pix, gn_picture *pic, const gn_load *o);

/* out (h,w,c) <- pixels as stored, turned by an orientation 1..8. h, w: upright. */
void gn_turn(uint8_t *out, gn_int h, gn_int w, int c, const uint8_t *pixels, int orientation);

#endif
