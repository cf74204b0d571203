/* boxes.h - cutting boxes out of images at a fixed number of bins. */
#ifndef GN_BOXES_H
#define GN_BOXES_H

#include "../gn.h"

typedef struct gn_roi {
  gn_int n, h, w, c; /* images */
  gn_int m, ph, pw;  /* boxes, bins of each */
  gn_int samples;    /* along each axis of a bin */
  double scale;      /* pixels of these images to one of those that boxes are given in */
} gn_roi;

/* y (M,Ph,Pw,C) out  <-  x (N,H,W,C), boxes (M,4), rows (M). A bin is the mean of samples x samples bilinear samples;
** sample j of bin i lies at x0 scale - 1/2 + (i + (j + 1/2) / samples) (x1 - x0) scale / Pw, where pixel j's centre is
** at j. A sample more than a pixel outside is 0, others see the border repeated. boxes are x0, y0, x1, y1; rows are in
** 0 .. N-1. Parallel over M. Cannot fail.
** Source: He et al. 2017, arXiv:1703.06870, sec. 3, with the half pixel of torchvision's aligned = True. */
void gn_roi_align(gn_real *y, const gn_real *x, const gn_real *boxes, const int32_t *rows, const gn_roi *r);

/* dx (N,H,W,C) out  <-  dy (M,Ph,Pw,C), boxes, rows: the adjoint. Parallel over N. Cannot fail. */
void gn_roi_align_dx(gn_real *dx, const gn_real *dy, const gn_real *boxes, const int32_t *rows, const gn_roi *r);

#endif
