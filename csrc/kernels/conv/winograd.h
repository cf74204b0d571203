/* winograd.h - convolutions with fewer multiplications: Winograd's minimal filtering for 3x3 kernels of stride 1, and
** for 4x4 kernels of stride 2, each of which is the sum of four 2x2 convolutions of stride 1 on the parity phases of
** its input.
**
** F(m,r): tiles of m x m outputs from patches of n x n inputs, n = m + r - 1, by n*n products in place of m*m*r*r.
** With the matrices A, B, G of F(m,r), for every tile and pair of channels:  y = At ((G w Gt) o (Bt x B)) A.
** dx and dw are the exact adjoints of that:
**   dx = B ((G w Gt) o (A dy At)) Bt, overlapping patches added
**   dw = Gt ((Bt x B) o (A dy At)) G
** Source: Lavin & Gray, arXiv:1509.09308; Winograd, Arithmetic Complexity of Computations (1980), ch. 4. */
#ifndef GN_WINOGRAD_H
#define GN_WINOGRAD_H

#include "shape.h"
#include "simd_names.h"

/* Returns 1 if pass RELU can be done with tiles of m: shapes of gn_conv_winograd_fits, and those of stride 1 without
** dilation with kernels 5x5 (m = 2), 1x3, 3x1, 1x7, 7x1 (m = 4; along one axis y = At ((G w) o (Bt x))). */
int gn_winograd_relu_fits(const gn_conv *d, int m);

/* Returns the engine's products for each product of the plain convolution, tiles that hang over the border included.
** This and all below: for shapes that fit, m = 2 or 4. */
double gn_winograd_share(const gn_conv *d, int m);

/* u out  <-  w (Kh,Kw,Ci,Co): the transformed kernel, in the order in which pass Y or DX multiplies it;
** gn_winograd_kernel_size reals. It depends on kernel, channels, m and pass alone. Parallel. Cannot fail. */
void gn_winograd_kernel(gn_real *u, const gn_real *w, const gn_conv *d, gn_conv_pass pass, int m);
gn_int gn_winograd_kernel_size(const gn_conv *d, gn_conv_pass pass, int m);

/* Returns the reals of workspace of a pass for this shape and the present number of threads. */
gn_int gn_winograd_work(const gn_conv *d, gn_conv_pass pass, int m);

/* y (N,Ho,Wo,Co) out, ldy reals from pixel to pixel  <-  x (N,H,W,Ci), u of pass Y or RELU (they are the same), bias
** (Co) or NULL With a bias, y is rectified after it was added. Parallel over blocks of tiles. Cannot fail. */
void gn_winograd_y(gn_real *y, gn_int ldy, const gn_real *x, const gn_real *u, const gn_real *bias, const gn_conv *d,
                   int m, gn_real *work);

/* dx (N,H,W,Ci) out  <-  dy (N,Ho,Wo,Co), u of pass DX. Parallel over images and blocks of channels; the tiles of an
** image are added in order. Cannot fail. */
void gn_winograd_dx(gn_real *dx, const gn_real *dy, const gn_real *u, const gn_conv *d, int m, gn_real *work);

/* dw (Kh,Kw,Ci,Co) out  <-  x (N,H,W,Ci), dy (N,Ho,Wo,Co). Parallel over blocks of dw and over fixed parts of the
** tiles, whose sums are added in order. Cannot fail. */
void gn_winograd_dw(gn_real *dw, const gn_real *x, const gn_real *dy, const gn_conv *d, int m, gn_real *work);

#endif
