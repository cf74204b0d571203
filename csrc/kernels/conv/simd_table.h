/* simd_table.h - what one instruction set offers to simd.c. */
#ifndef GN_SIMD_TABLE_H
#define GN_SIMD_TABLE_H

#include "shape.h"

typedef struct gn_simd_table {
  gn_int (*work)(const gn_conv *d, gn_conv_pass pass);
  gn_int (*kernel_size)(const gn_conv *d, gn_conv_pass pass);
  void (*kernel)(gn_real *u, const gn_real *w, const gn_conv *d, gn_conv_pass pass);
  int (*kernel_form)(const gn_conv *d, gn_conv_pass pass);
  void (*y)(gn_real *y, const gn_real *x, const gn_real *w, const gn_real *u, const gn_conv *d, gn_real *work);
  void (*relu)(gn_real *y, gn_int ldy, const gn_real *x, const gn_real *u, const gn_real *bias, const gn_conv *d,
               gn_real *work);
  void (*dx)(gn_real *dx, const gn_real *dy, const gn_real *w, const gn_real *u, const gn_conv *d, gn_real *work);
  void (*dw)(gn_real *dw, const gn_real *x, const gn_real *dy, const gn_conv *d, gn_real *work);
  gn_int (*product_work)(gn_int m, gn_int n, gn_int k);
  void (*product)(int ta, int tb, gn_int m, gn_int n, gn_int k, const gn_real *a, gn_int lda, const gn_real *b,
                  gn_int ldb, gn_real *c, gn_real *work);
  double (*fma_rounds)(gn_int rounds, gn_real *out);
} gn_simd_table;

#endif
