/* blas.c - the only user of cblas.h: row-major GEMM on the calling thread. */
#include "blas.h"
#include <cblas.h>

void gn_blas_init(void) { openblas_set_num_threads(1); }

/* BLAS counts in int. The row count is cut here; the binding keeps n, k and the row strides below INT32_MAX. */
#define GN_GEMM_ROWS ((gn_int)1 << 30)

void gn_gemm(int ta, int tb, gn_int m, gn_int n, gn_int k, gn_real alpha, const gn_real *a, gn_int lda, const gn_real *b,
             gn_int ldb, gn_real beta, gn_real *c, gn_int ldc) {
  if (m <= 0 || n <= 0) return;
  if (k <= 0) { /* nothing to add: c <- beta * c, and 0 for beta = 0 even where c holds NaN */
    for (gn_int i = 0; i < m; i++)
      for (gn_int j = 0; j < n; j++) c[i * ldc + j] = beta == 0 ? 0 : beta * c[i * ldc + j];
    return;
  }
  for (gn_int i = 0; i < m; i += GN_GEMM_ROWS) {
    const int rows = (int)GN_MIN(GN_GEMM_ROWS, m - i);
    const gn_real *ai = a + (ta ? i : i * lda);
    const enum CBLAS_TRANSPOSE opa = ta ? CblasTrans : CblasNoTrans, opb = tb ? CblasTrans : CblasNoTrans;
#ifdef GN_DOUBLE
    cblas_dgemm(CblasRowMajor, opa, opb, rows, (int)n, (int)k, alpha, ai, (int)lda, b, (int)ldb, beta, c + i * ldc, (int)ldc);
#else
    cblas_sgemm(CblasRowMajor, opa, opb, rows, (int)n, (int)k, alpha, ai, (int)lda, b, (int)ldb, beta, c + i * ldc, (int)ldc);
#endif
  }
}
