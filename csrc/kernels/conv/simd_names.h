/* simd_names.h - names of the functions that are compiled once for each instruction set. Their files see GN_SIMD
** (base, v3, v4) and define gn_x as gn_x_base, gn_x_v3, ...; simd.c offers gn_x to everybody else. A function that is
** forgotten here is a link error. */
#ifndef GN_SIMD_NAMES_H
#define GN_SIMD_NAMES_H

#ifdef GN_SIMD
#define GN_SIMD_JOIN(name, set) name##_##set
#define GN_SIMD_NAME(name, set) GN_SIMD_JOIN(name, set)
#define GN_SIMD_OWN(name) GN_SIMD_NAME(name, GN_SIMD)
#define gn_conv2d_work GN_SIMD_OWN(gn_conv2d_work)
#define gn_conv2d_kernel_size GN_SIMD_OWN(gn_conv2d_kernel_size)
#define gn_conv2d_kernel GN_SIMD_OWN(gn_conv2d_kernel)
#define gn_conv2d GN_SIMD_OWN(gn_conv2d)
#define gn_conv2d_relu GN_SIMD_OWN(gn_conv2d_relu)
#define gn_conv2d_kernel_form GN_SIMD_OWN(gn_conv2d_kernel_form)
#define gn_conv2d_dx GN_SIMD_OWN(gn_conv2d_dx)
#define gn_conv2d_dw GN_SIMD_OWN(gn_conv2d_dw)
#define gn_fma_rounds GN_SIMD_OWN(gn_fma_rounds)
#define gn_product GN_SIMD_OWN(gn_product)
#define gn_product_work GN_SIMD_OWN(gn_product_work)
#define gn_tile GN_SIMD_OWN(gn_tile)
#define gn_gather_work GN_SIMD_OWN(gn_gather_work)
#define gn_gather_y GN_SIMD_OWN(gn_gather_y)
#define gn_gather_kernel_size GN_SIMD_OWN(gn_gather_kernel_size)
#define gn_gather_kernel GN_SIMD_OWN(gn_gather_kernel)
#define gn_gather_packed GN_SIMD_OWN(gn_gather_packed)
#define gn_gather_dx GN_SIMD_OWN(gn_gather_dx)
#define gn_gather_dw GN_SIMD_OWN(gn_gather_dw)
#define gn_columns_fit GN_SIMD_OWN(gn_columns_fit)
#define gn_columns_work GN_SIMD_OWN(gn_columns_work)
#define gn_columns_dx GN_SIMD_OWN(gn_columns_dx)
#define gn_grouped_work GN_SIMD_OWN(gn_grouped_work)
#define gn_grouped_y GN_SIMD_OWN(gn_grouped_y)
#define gn_grouped_dx GN_SIMD_OWN(gn_grouped_dx)
#define gn_grouped_dw GN_SIMD_OWN(gn_grouped_dw)
#define gn_depthwise_fits GN_SIMD_OWN(gn_depthwise_fits)
#define gn_depthwise_work GN_SIMD_OWN(gn_depthwise_work)
#define gn_depthwise_y GN_SIMD_OWN(gn_depthwise_y)
#define gn_depthwise_dx GN_SIMD_OWN(gn_depthwise_dx)
#define gn_depthwise_dw GN_SIMD_OWN(gn_depthwise_dw)
#define gn_sum_parts GN_SIMD_OWN(gn_sum_parts)
#define gn_winograd_relu_fits GN_SIMD_OWN(gn_winograd_relu_fits)
#define gn_winograd_share GN_SIMD_OWN(gn_winograd_share)
#define gn_winograd_kernel GN_SIMD_OWN(gn_winograd_kernel)
#define gn_winograd_kernel_size GN_SIMD_OWN(gn_winograd_kernel_size)
#define gn_winograd_work GN_SIMD_OWN(gn_winograd_work)
#define gn_winograd_y GN_SIMD_OWN(gn_winograd_y)
#define gn_winograd_dx GN_SIMD_OWN(gn_winograd_dx)
#define gn_winograd_dw GN_SIMD_OWN(gn_winograd_dw)
#define gn_winograd_grouped_share GN_SIMD_OWN(gn_winograd_grouped_share)
#define gn_winograd_grouped_work GN_SIMD_OWN(gn_winograd_grouped_work)
#define gn_winograd_grouped_y GN_SIMD_OWN(gn_winograd_grouped_y)
#define gn_winograd_grouped_dx GN_SIMD_OWN(gn_winograd_grouped_dx)
#define gn_winograd_grouped_dw GN_SIMD_OWN(gn_winograd_grouped_dw)
#endif

#endif
