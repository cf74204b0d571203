/* sums.h - what the engines of a convolution do to their results: partial sums added up, bias and rectifier. */
#ifndef GN_CONV_SUMS_H
#define GN_CONV_SUMS_H

#include "../../gn.h"
#include "simd_names.h"

/* to (size) out  <-  sums (parts,size), added in the order of the parts. Parallel over `size`. Cannot fail. */
void gn_sum_parts(gn_real *to, const gn_real *sums, gn_int size, gn_int parts);

/* y (n) <- max(0, y + bias (n)); NaN stays. */
static inline void gn_bias_relu_run(gn_real *restrict y, const gn_real *restrict bias, gn_int n) {
  for (gn_int i = 0; i < n; i++) {
    const gn_real v = y[i] + bias[i];
    y[i] = v < 0 ? 0 : v;
  }
}

#endif
