/* conv.h - 2-D convolution as a closed triple: conv2d, and its adjoints in x and in w. NHWC; the derivatives of each of the three are
** the other two, and the transposed convolution is conv2d_dx. */
#ifndef GN_CONV_H
#define GN_CONV_H

#include "shape.h"
#include "simd_names.h"

/* Reals of workspace that a pass wants for this shape and the present number of threads: a few MB per thread, for dx also the
** size of w. */
gn_int gn_conv2d_work(const gn_conv *d, gn_conv_pass pass);

/* u out  <-  w: what pass Y, DX or RELU multiplies instead of w, gn_conv2d_kernel_size reals of it; 0: the engine takes w as it is. It may
** be kept while w and its form do not change: equal forms (of one pass, for kernels of one size) are the same numbers for any other sizes.
** Parallel. Cannot fail. */
gn_int gn_conv2d_kernel_size(const gn_conv *d, gn_conv_pass pass);
int gn_conv2d_kernel_form(const gn_conv *d, gn_conv_pass pass);
void gn_conv2d_kernel(gn_real *u, const gn_real *w, const gn_conv *d, gn_conv_pass pass);

/* y (N,Ho,Wo,Co) out  <-  x (N,H,W,Ci), w (Kh,Kw,Ci,Co), u of w for pass Y where it has a size
** y[n,i,j,o] = sum over a,b,c of x[n, i*sh - ph + a*dh, j*sw - pw + b*dw, c] * w[a,b,c,o]; x is 0 outside.
** Overwrites y. Parallel over blocks of pixels. Cannot fail. */
void gn_conv2d(gn_real *y, const gn_real *x, const gn_real *w, const gn_real *u, const gn_conv *d, gn_real *work);

/* y (N,Ho,Wo,Co) out, ldy reals from pixel to pixel  <-  x (N,H,W,Ci), u of w for pass RELU, bias (Co)
** max(0, conv2d + bias): y may be some channels of a larger tensor, so that results are joined where they are made. Writes only these.
** Parallel as conv2d. Cannot fail. */
void gn_conv2d_relu(gn_real *y, gn_int ldy, const gn_real *x, const gn_real *u, const gn_real *bias, const gn_conv *d, gn_real *work);

/* dx (N,H,W,Ci) out  <-  dy (N,Ho,Wo,Co), w (Kh,Kw,Ci,Co), u of w for pass DX where it has a size
** Adjoint of conv2d in x; the same kernel is the forward pass of conv_transpose2d.
** Overwrites dx. Parallel over blocks of pixels of dx, each of which is gathered: nothing is scattered. Cannot fail.
** Source: Dumoulin & Visin, arXiv:1603.07285, sec. 4. */
void gn_conv2d_dx(gn_real *dx, const gn_real *dy, const gn_real *w, const gn_real *u, const gn_conv *d, gn_real *work);

/* dw (Kh,Kw,Ci,Co) out  <-  x (N,H,W,Ci), dy (N,Ho,Wo,Co)
** Adjoint of conv2d in w. Overwrites dw. Parallel over blocks of rows of dw, and over fixed parts of the pixels where dw is small,
** whose sums are added in order. Cannot fail. */
void gn_conv2d_dw(gn_real *dw, const gn_real *x, const gn_real *dy, const gn_conv *d, gn_real *work);

#endif
