/* conv_engines.h - what conv.c chooses from: the direct engines, and what all engines share. Passes as in conv.h. */
#ifndef GN_CONV_ENGINES_H
#define GN_CONV_ENGINES_H

#include "conv.h"

/* Any kernel, stride, padding, dilation. */
gn_int gn_gather_work(const gn_conv *d, gn_conv_pass pass);
void gn_gather_y(gn_real *y, const gn_real *x, const gn_real *w, const gn_conv *d, gn_real *work);
gn_int gn_gather_kernel_size(const gn_conv *d);
void gn_gather_kernel(gn_real *packed, const gn_real *w, const gn_conv *d); /* w in panels: (panels of Co, Kh*Kw*Ci, columns). Parallel. */
void gn_gather_packed(gn_real *y, gn_int ldy, const gn_real *x, const gn_real *packed, const gn_real *bias, const gn_conv *d, gn_real *work);
void gn_gather_dx(gn_real *dx, const gn_real *dy, const gn_real *w, const gn_conv *d, gn_real *work);
void gn_gather_dw(gn_real *dw, const gn_real *x, const gn_real *dy, const gn_conv *d, gn_real *work);

#define GN_THIN 8 /* channels that are few */

/* dx of few channels (pictures). */
int gn_columns_fit(const gn_conv *d);
gn_int gn_columns_work(const gn_conv *d);
void gn_columns_dx(gn_real *dx, const gn_real *dy, const gn_real *w, const gn_conv *d, gn_real *work);

/* to (size)  <-  sums (parts,size), added in order. Parallel. */
void gn_sum_parts(gn_real *to, const gn_real *sums, gn_int size, gn_int parts);

static inline gn_int gn_ceil_div(gn_int a, gn_int b) { return (a + b - 1) / b; } /* a >= 0 */

static inline void gn_zero_run(gn_real *to, gn_int n) {
  for (gn_int i = 0; i < n; i++) to[i] = 0;
}

static inline void gn_bias_relu_run(gn_real *restrict y, const gn_real *restrict bias, gn_int n) { /* NaN stays */
  for (gn_int i = 0; i < n; i++) {
    const gn_real v = y[i] + bias[i];
    y[i] = v < 0 ? 0 : v;
  }
}

#endif
