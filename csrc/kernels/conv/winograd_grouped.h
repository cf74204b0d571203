/* winograd_grouped.h - 3x3 convolutions of stride 1 in groups of channels, by Winograd's minimal filtering. Passes as
** in conv.h; the filters as in winograd.h. */
#ifndef GN_WINOGRAD_GROUPED_H
#define GN_WINOGRAD_GROUPED_H

#include "shape.h"
#include "simd_names.h"

/* Returns what the engine with tiles of m costs, of what the plain convolution does (1: the same). This and all below:
** for shapes that gn_conv_winograd_fits, m = 2 or 4. */
double gn_winograd_grouped_share(const gn_conv *d, int m);

/* Returns the reals of workspace of a pass for this shape and the present number of threads. */
gn_int gn_winograd_grouped_work(const gn_conv *d, gn_conv_pass pass, int m);
void gn_winograd_grouped_y(gn_real *y, const gn_real *x, const gn_real *w, const gn_conv *d, int m, gn_real *work);
void gn_winograd_grouped_dx(gn_real *dx, const gn_real *dy, const gn_real *w, const gn_conv *d, int m, gn_real *work);
void gn_winograd_grouped_dw(gn_real *dw, const gn_real *x, const gn_real *dy, const gn_conv *d, int m, gn_real *work);

#endif
