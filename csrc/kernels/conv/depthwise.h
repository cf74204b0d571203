/* depthwise.h - convolutions of which every channel is a group of its own: w is (Kh,Kw,1,C). Passes as in conv.h; any
** kernel, stride, padding, dilation. */
#ifndef GN_DEPTHWISE_H
#define GN_DEPTHWISE_H

#include "shape.h"
#include "simd_names.h"

/* Returns 1 if the shape is depthwise. */
int gn_depthwise_fits(const gn_conv *d);
/* Returns the reals of workspace of pass DW; y and dx need none. */
gn_int gn_depthwise_work(const gn_conv *d);
void gn_depthwise_y(gn_real *y, const gn_real *x, const gn_real *w, const gn_conv *d);
void gn_depthwise_dx(gn_real *dx, const gn_real *dy, const gn_real *w, const gn_conv *d);
void gn_depthwise_dw(gn_real *dw, const gn_real *x, const gn_real *dy, const gn_conv *d, gn_real *work);

#endif
