/* conv_direct.h - the engines that convolve by the definition: gather and columns. Passes as in conv.h. */
#ifndef GN_CONV_DIRECT_H
#define GN_CONV_DIRECT_H

#include "shape.h"
#include "simd_names.h"

/* gather: any kernel, stride, padding, dilation. kernel makes the panels that packed multiplies: (panels of Co,
** Kh*Kw*Ci, columns); work returns reals of workspace for the present number of threads. Contracts of conv.h
** otherwise. */
gn_int gn_gather_work(const gn_conv *d, gn_conv_pass pass);
void gn_gather_y(gn_real *y, const gn_real *x, const gn_real *w, const gn_conv *d, gn_real *work);
gn_int gn_gather_kernel_size(const gn_conv *d);
void gn_gather_kernel(gn_real *packed, const gn_real *w, const gn_conv *d);
void gn_gather_packed(gn_real *y, gn_int ldy, const gn_real *x, const gn_real *packed, const gn_real *bias,
                      const gn_conv *d, gn_real *work);
void gn_gather_dx(gn_real *dx, const gn_real *dy, const gn_real *w, const gn_conv *d, gn_real *work);
void gn_gather_dw(gn_real *dw, const gn_real *x, const gn_real *dy, const gn_conv *d, gn_real *work);

#define GN_THIN 8 /* channels that are few */

/* columns: dx of few channels (pictures). fit returns 1 for the shapes that it takes. */
int gn_columns_fit(const gn_conv *d);
gn_int gn_columns_work(const gn_conv *d);
void gn_columns_dx(gn_real *dx, const gn_real *dy, const gn_real *w, const gn_conv *d, gn_real *work);

#endif
