/* resample.h - pooling, resizing and padding of images (N,H,W,C): pure functions, outputs first, each linear map
** beside its adjoint. All overwrite their outputs, run in parallel over output rows, give the same bytes for
** any number of threads, and cannot fail. Sizes are at least 1 and at most INT32_MAX. */
#ifndef GN_RESAMPLE_H
#define GN_RESAMPLE_H

#include "../gn.h"

/* x is (n,h,w,c), y is (n,ho,wo,c), ho = (h + 2 ph - kh) / sh + 1. Windows kh x kw at steps sh, sw; ph < kh and pw <
** kw, so that every window holds at least one pixel. */
typedef struct gn_pool {
  gn_int n, h, w, c, ho, wo;
  gn_int kh, kw, sh, sw, ph, pw;
  int count_pad; /* mean over kh*kw, padding included; else over the pixels inside x */
  /* reals from pixel to pixel of y in the forward passes: c, or more where y is some channels of a larger tensor */
  gn_int ldy;
} gn_pool;

void gn_avg_pool2d(gn_real *y, const gn_real *x, const gn_pool *p);
void gn_avg_pool2d_dx(gn_real *dx, const gn_real *dy, const gn_pool *p); /* adjoint of avg_pool2d */

/* y and idx (n,ho,wo,c): the maximum of each window and its position h*W + w in the image; the first one of equals.
** Padding never wins; NaN always does. h*w must fit an int32; idx may be NULL. Its derivative is gn_take_along at idx
** (index.h). */
void gn_max_pool2d(gn_real *y, int32_t *idx, const gn_real *x, const gn_pool *p);

/* Where output coordinate i samples the input, in input pixels: HALF (i + 1/2) in/out - 1/2, pixel centres (PyTorch's
** default); CORNERS i (in-1)/(out-1), corner pixels coincide; LEGACY i in/out, as TensorFlow 1 did. */
typedef enum { GN_GRID_HALF, GN_GRID_CORNERS, GN_GRID_LEGACY } gn_grid;

typedef struct gn_resize {
  gn_int n, h, w, c, ho, wo;
  gn_grid grid; /* bilinear only */
} gn_resize;

void gn_resize_nearest(gn_real *y, const gn_real *x, const gn_resize *r); /* y[i] = x[floor(i in/out)] */
void gn_resize_nearest_dx(gn_real *dx, const gn_real *dy, const gn_resize *r);
void gn_resize_bilinear(gn_real *y, const gn_real *x, const gn_resize *r);
void gn_resize_bilinear_dx(gn_real *dx, const gn_real *dy, const gn_resize *r);

/* REFLECT does not repeat the edge pixel (pads < size), REPLICATE repeats it. CONSTANT allows h or w of 0. */
typedef enum { GN_PAD_CONSTANT, GN_PAD_REFLECT, GN_PAD_REPLICATE } gn_pad_mode;

typedef struct gn_pad {
  gn_int n, h, w, c; /* of x; y is (n, top+h+bottom, left+w+right, c) */
  gn_int top, bottom, left, right;
  gn_pad_mode mode;
} gn_pad;

void gn_pad2d(gn_real *y, const gn_real *x, const gn_pad *p, gn_real value); /* value: CONSTANT only */
void gn_pad2d_dx(gn_real *dx, const gn_real *dy, const gn_pad *p);           /* adjoint of pad2d with value 0 */

/* Upsampling, FIR filter, downsampling, in one: on each axis up-1 zeros are put behind each pixel, the padding around
** all (negative: cropped), then y is every down-th place of the convolution with f, times gain.
** x is (n,h,w,c), y is (n,ho,wo,c), ho = (h up + top + bottom - k) / down + 1, and wo in the same way, of the other
** entries of up and down. f: k taps for both axes, those of image i at f + i ldf. flip: a correlation.
** Its adjoint is itself: up and down exchanged, padding of k - 1 - top before, flipped. */
typedef struct gn_fir {
  gn_int n, h, w, c, ho, wo, k;
  gn_int up[2], down[2]; /* vertical, horizontal */
  gn_int top, left;      /* as many zeros before the first pixel; what comes after the last follows from ho, wo */
  gn_int ldf;            /* 0: one filter for all images */
  gn_real gain;
  int flip;
} gn_fir;

gn_int gn_upfirdn2d_work(const gn_fir *p); /* reals */
void gn_upfirdn2d(gn_real *y, const gn_real *x, const gn_real *f, const gn_fir *p, gn_real *work);

#endif
