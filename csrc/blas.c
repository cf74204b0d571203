/* blas.c - the only user of cblas.h: row-major GEMM on the calling thread. */
#include "blas.h"
#include "par.h"
#include <cblas.h>

void gn_blas_init(void) {
  (void)gn_threads(); /* our own count is asked first: OpenBLAS' OpenMP build answers the next line with omp_set_num_threads(1) */
  openblas_set_num_threads(1);
}

#define CUT ((gn_int)1 << 30) /* BLAS counts in int: rows and depth are cut here; callers keep n and the row strides below INT32_MAX */

void gn_gemm(int ta, int tb, gn_int m, gn_int n, gn_int k, gn_real alpha, const gn_real *a, gn_int lda, const gn_real *b,
             gn_int ldb, gn_real beta, gn_real *c, gn_int ldc) {
  if (m <= 0 || n <= 0) return;
  if (k <= 0) { /* nothing to add: c <- beta * c, and 0 for beta = 0 even where c holds NaN */
    for (gn_int i = 0; i < m; i++)
      for (gn_int j = 0; j < n; j++) c[i * ldc + j] = beta == 0 ? 0 : beta * c[i * ldc + j];
    return;
  }
  const enum CBLAS_TRANSPOSE opa = ta ? CblasTrans : CblasNoTrans, opb = tb ? CblasTrans : CblasNoTrans;
  for (gn_int i = 0; i < m; i += CUT)
    for (gn_int p = 0; p < k; p += CUT) {
      const int rows = (int)GN_MIN(CUT, m - i), depth = (int)GN_MIN(CUT, k - p);
      const gn_real *ai = a + (ta ? p * lda + i : i * lda + p), *bp = b + (tb ? p : p * ldb), add = p > 0 ? 1 : beta;
#ifdef GN_DOUBLE
      cblas_dgemm(CblasRowMajor, opa, opb, rows, (int)n, depth, alpha, ai, (int)lda, bp, (int)ldb, add, c + i * ldc, (int)ldc);
#else
      cblas_sgemm(CblasRowMajor, opa, opb, rows, (int)n, depth, alpha, ai, (int)lda, bp, (int)ldb, add, c + i * ldc, (int)ldc);
#endif
    }
}
