/* image.h - u8 pictures: transparency over a colour, grey and colour, crop and resize. Exact in integers. */
#ifndef GN_IMAGE_H
#define GN_IMAGE_H

#include "../gn.h"

/* out (n,co) <- pix (n,c) over background bg (RGB). c: 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA; co: 1 or 3. Alpha blends
** with rounding; grey of a colour is Rec. 601 luma. out may be pix where co <= c. */
void gn_image_flatten(uint8_t *out, int co, const uint8_t *pix, int c, gn_int n, const uint8_t bg[3]);

/* Returns how many pixels of an axis one pixel of it reads at most, resized from in to out. */
static inline gn_int gn_image_taps(gn_int in, gn_int out) {
  gn_int taps = in < out ? 2 : in % out == 0 ? in / out : in / out + 2;
  return GN_MIN(taps, in);
}

/* Returns the words that gn_image_resize works with. */
static inline size_t gn_image_work(gn_int w, gn_int wo, int c) {
  return (size_t)(w * c + wo * (gn_image_taps(w, wo) + 1));
}

/* out (ho,wo,c), its rows `ostride` bytes apart, <- the window (h,w) of a picture whose rows are `stride` bytes apart,
** resampled. Each axis by itself: mean over the covered area where it shrinks, linear interpolation between pixel
** centres where it grows, so a copy where equal. Rounds to nearest, half up, once at the end. work: gn_image_work
** words. h, w, ho, wo in 1 .. 2^15. */
void gn_image_resize(uint8_t *out, gn_int ostride, gn_int ho, gn_int wo, const uint8_t *in, gn_int stride, gn_int h,
                     gn_int w, int c, uint32_t *work);

typedef struct gn_window {
  gn_int y, x, h, w;
} gn_window;

/* Returns the largest centred window of (h,w) with the aspect of (ho,wo). */
gn_window gn_image_window(gn_int h, gn_int w, gn_int ho, gn_int wo);

/* out (h,w,c) <- planes (c,h,w). */
void gn_image_interleave(uint8_t *out, const uint8_t *planes, gn_int h, gn_int w, int c);

/* out (N,H,W,C) u8 <- x in [-1,1]: round((x+1)*127.5), saturated; NaN becomes 0. n elements. Parallel. */
void gn_image_quantise(uint8_t *out, const gn_real *x, gn_int n);

/* sheet (SH,SW,C) <- n images (h,w,C) in rows of `columns`, each pixel scale x scale, `pad` pixels of value `fill`
** around and between: SH = rows*(h*scale+pad)+pad, SW alike. */
void gn_image_sheet(uint8_t *sheet, const uint8_t *images, gn_int n, gn_int h, gn_int w, int c, gn_int columns,
                    gn_int pad, gn_int scale, uint8_t fill);

#endif
