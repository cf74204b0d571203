/* conv.h - 2-D convolution as a closed triple: conv2d, and its adjoints in x and in w. NHWC. The derivatives of each
** of the three are the other two, and the transposed convolution is conv2d_dx. */
#ifndef GN_CONV_H
#define GN_CONV_H

#include "shape.h"
#include "simd_names.h"

/* Returns the reals of workspace of a pass for this shape and the present number of threads: a few MB per thread, for
** dx also the size of w. */
gn_int gn_conv2d_work(const gn_conv *d, gn_conv_pass pass);

/* Some engines multiply a transformed kernel u in place of w.
** kernel_size returns its reals for pass Y, DX or RELU; 0: the engine takes w as it is.
** kernel_form returns a number for its form. Equal forms of one pass, for kernels of one size, hold the same numbers
** whatever the sizes of x and y, so u may be kept while w and the form do not change.
** kernel: u out  <-  w. Parallel. Cannot fail. */
gn_int gn_conv2d_kernel_size(const gn_conv *d, gn_conv_pass pass);
int gn_conv2d_kernel_form(const gn_conv *d, gn_conv_pass pass);
void gn_conv2d_kernel(gn_real *u, const gn_real *w, const gn_conv *d, gn_conv_pass pass);

/* y (N,Ho,Wo,Co) out  <-  x (N,H,W,Ci), w (Kh,Kw,Ci/groups,Co), u: w transformed for pass Y (not read if kernel_size
** is 0)
** y[n,i,j,o] = sum over a,b,c of x[n, i*sh - ph + a*dh, j*sw - pw + b*dw, c] * w[a,b,c,o]; x is 0 outside.
** Overwrites y. Parallel over blocks of pixels. Cannot fail. */
void gn_conv2d(gn_real *y, const gn_real *x, const gn_real *w, const gn_real *u, const gn_conv *d, gn_real *work);

/* y (N,Ho,Wo,Co) out, ldy reals from pixel to pixel  <-  x (N,H,W,Ci), u: w transformed for pass RELU, bias (Co)
** y = max(0, conv2d + bias), of one group. y may be some channels of a larger tensor, so that results are joined where
** they are made; the other channels are not written. Parallel over blocks of pixels. Cannot fail. */
void gn_conv2d_relu(gn_real *y, gn_int ldy, const gn_real *x, const gn_real *u, const gn_real *bias, const gn_conv *d,
                    gn_real *work);

/* dx (N,H,W,Ci) out  <-  dy (N,Ho,Wo,Co), w (Kh,Kw,Ci/groups,Co), u: w transformed for pass DX (not read if
** kernel_size is 0)
** Adjoint of conv2d in x; the same kernel is the forward pass of conv_transpose2d.
** Overwrites dx. Parallel over blocks of pixels of dx, each of which is gathered: nothing is scattered. Cannot fail.
** Source: Dumoulin & Visin, arXiv:1603.07285, sec. 4. */
void gn_conv2d_dx(gn_real *dx, const gn_real *dy, const gn_real *w, const gn_real *u, const gn_conv *d, gn_real *work);

/* dw (Kh,Kw,Ci/groups,Co) out  <-  x (N,H,W,Ci), dy (N,Ho,Wo,Co)
** Adjoint of conv2d in w. Overwrites dw. Parallel over blocks of rows of dw and, where dw is small, over fixed parts
** of the pixels, whose sums are added in order. Cannot fail. */
void gn_conv2d_dw(gn_real *dw, const gn_real *x, const gn_real *dy, const gn_conv *d, gn_real *work);

#endif
