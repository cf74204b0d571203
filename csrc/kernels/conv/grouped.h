/* grouped.h - convolutions whose channels fall into groups: every group is a convolution of its own. Passes as in
** conv.h; any kernel, stride, padding, dilation. */
#ifndef GN_GROUPED_H
#define GN_GROUPED_H

#include "shape.h"
#include "simd_names.h"

/* Returns the reals of workspace of a pass for this shape and the present number of threads. */
gn_int gn_grouped_work(const gn_conv *d, gn_conv_pass pass);
void gn_grouped_y(gn_real *y, const gn_real *x, const gn_real *w, const gn_conv *d, gn_real *work);
void gn_grouped_dx(gn_real *dx, const gn_real *dy, const gn_real *w, const gn_conv *d, gn_real *work);
void gn_grouped_dw(gn_real *dw, const gn_real *x, const gn_real *dy, const gn_conv *d, gn_real *work);

#endif
