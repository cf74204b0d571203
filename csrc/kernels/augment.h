/* augment.h - affine maps of colours, and separable filters of pictures (N,H,W,C), each picture by one of its own: pure
** functions, outputs first, each linear map beside its adjoint. All overwrite their outputs, run in parallel over
** pictures, give the same bytes for any number of threads, and cannot fail. */
#ifndef GN_AUGMENT_H
#define GN_AUGMENT_H

#include "../gn.h"

typedef struct gn_pictures {
  gn_int n, h, w, c; /* all at least 1 */
} gn_pictures;

/* y out  <-  x, m (n,c,c+1): of each pixel, the first c columns times it, and the last. Its adjoint is itself: the
** first c columns transposed, the last one 0. */
void gn_recolour(gn_real *y, const gn_real *x, const double *m, const gn_pictures *p);

/* y out  <-  x, taps (n,k), k odd: the correlation with them, centred, along W and then along H; what lies beyond the
** border is mirrored, the edge not repeated: h and w are greater than k / 2. */
gn_int gn_filter_work(const gn_pictures *p, gn_int k); /* reals, for both */
void gn_filter(gn_real *y, const gn_real *x, const double *taps, gn_int k, const gn_pictures *p, gn_real *work);
void gn_filter_dx(gn_real *dx, const gn_real *dy, const double *taps, gn_int k, const gn_pictures *p, gn_real *work);

#endif
