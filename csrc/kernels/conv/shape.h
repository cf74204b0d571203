/* shape.h - the sizes of one 2-D convolution, its passes and engines: what every file of conv/ speaks of. */
#ifndef GN_CONV_SHAPE_H
#define GN_CONV_SHAPE_H

#include "../../gn.h"

/* AUTO: the fastest for the shape. The others are for tests and benchmarks; callers that name a Winograd engine must
** check gn_conv_winograd_fits (choice.h) first. Shapes that are one matrix product, or empty, ignore the engine. */
typedef enum { GN_CONV_AUTO, GN_CONV_DIRECT, GN_CONV_WINOGRAD2, GN_CONV_WINOGRAD4 } gn_conv_engine;

/* Sizes of x (N,H,W,Ci), w (Kh,Kw,Ci/groups,Co), y (N,Ho,Wo,Co); strides sh, sw; symmetric paddings ph, pw; dilations
** dh, dw. Channel o of y belongs to group o / (Co/groups), and sees that group's Ci/groups channels of x alone.
** The caller guarantees Ho <= (H + 2*ph - dh*(Kh-1) - 1) / sh + 1, the same for Wo, kernel, stride, dilation >= 1, and
** that groups >= 1 divides Ci and Co. */
typedef struct gn_conv {
  gn_int N, H, W, Ci, Ho, Wo, Co;
  gn_int Kh, Kw, sh, sw, ph, pw, dh, dw, groups;
  gn_conv_engine engine;
  int largest_tile; /* of Winograd's engines that AUTO may choose: 0 (none), 2 or 4 */
} gn_conv;

/* RELU is y for inference: gn_conv2d_relu. */
typedef enum { GN_CONV_Y, GN_CONV_DX, GN_CONV_DW, GN_CONV_RELU } gn_conv_pass;

#endif
