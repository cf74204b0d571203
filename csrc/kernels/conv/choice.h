/* choice.h - which convolutions Winograd's engines may take: one answer for all instruction sets. */
#ifndef GN_CONV_CHOICE_H
#define GN_CONV_CHOICE_H

#include "shape.h"

/* Returns 1 if Winograd's engines can do all passes of the shape: 3x3 of stride 1 or 4x4 of stride 2, without
** dilation; in groups of channels 3x3 of stride 1. */
int gn_conv_winograd_fits(const gn_conv *d);

#endif
