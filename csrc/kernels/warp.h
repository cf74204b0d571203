/* warp.h - affine maps of pictures (N,H,W,C), each by a map of its own: pure functions, outputs first. They overwrite
** their outputs, run in parallel over pictures, give the same bytes for any number of threads, and cannot fail. */
#ifndef GN_WARP_H
#define GN_WARP_H

#include "../gn.h"

typedef enum { GN_BEYOND_REFLECT, GN_BEYOND_ZERO } gn_beyond; /* what lies beyond the border: mirrored pixels, or 0 */

typedef struct gn_warping {
  gn_int n, h, w, c;  /* all at least 1; gn_warp_fits */
  const double *maps; /* (n,2,3), finite: where an output pixel looks; x to the right, y down, from the centre */
  gn_beyond beyond;
} gn_warping;

int gn_warp_fits(gn_int h, gn_int w, gn_int c); /* 1: places within a picture's workspace fit 32 bits */
gn_int gn_warp_work(const gn_warping *p);       /* doubles of workspace, for both */

/* y (n,h,w,c) out  <-  x (n,h,w,c).
** A map that takes pixels to pixels (entries 0 and +-1, a whole shift) moves them, bit for bit. Of any other, x is
** padded as far as the map looks, at most by its size less 1 (beyond that are zeros); made twice as large by the low
** pass of Daubechies' sym6; sampled bilinearly at twice the output's size; and halved by the same filter, reversed.
** Source: Karras et al. 2020, arXiv:2006.06676, app. B.  Differs: each picture has a padding of its own. */
void gn_warp(gn_real *y, const gn_real *x, const gn_warping *p, double *work);
void gn_warp_dx(gn_real *dx, const gn_real *dy, const gn_warping *p, double *work); /* adjoint of gn_warp in x */

#endif
