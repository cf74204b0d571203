/* simd_table.c - the functions of one instruction set, for simd.c. Compiled once for each. */
#include "simd_table.h"
#include "conv.h"
#include "peak.h"
#include "product.h"

extern const gn_simd_table GN_SIMD_OWN(gn_simd);
const gn_simd_table GN_SIMD_OWN(gn_simd) = {
    gn_conv2d_work, gn_conv2d_kernel_size, gn_conv2d_kernel, gn_conv2d_kernel_form, gn_conv2d,
    gn_conv2d_relu, gn_conv2d_dx,          gn_conv2d_dw,     gn_product_work,       gn_product,
    gn_fma_rounds,
};
