/* blas.c - the only user of cblas.h and LAPACK: products, eigenvalues and singular values on the calling thread. */
#include "blas.h"
#include "par.h"
#include <cblas.h>

void gn_blas_init(void) {
  /* our own count is asked first: OpenBLAS' OpenMP build answers the next line with omp_set_num_threads(1) */
  (void)gn_threads();
  openblas_set_num_threads(1);
}

/* BLAS counts in int: rows and depth are cut here; callers keep n and the row strides below INT32_MAX */
#define CUT ((gn_int)1 << 30)

#define GEMM(NAME, T, CALL)                                                                                            \
  void NAME(int ta, int tb, gn_int m, gn_int n, gn_int k, T alpha, const T *a, gn_int lda, const T *b, gn_int ldb,     \
            T beta, T *c, gn_int ldc) {                                                                                \
    if (m <= 0 || n <= 0) return;                                                                                      \
    if (k <= 0) { /* nothing to add: c <- beta * c, and 0 for beta = 0 even where c holds NaN */                       \
      for (gn_int i = 0; i < m; i++)                                                                                   \
        for (gn_int j = 0; j < n; j++) c[i * ldc + j] = beta == 0 ? 0 : beta * c[i * ldc + j];                         \
      return;                                                                                                          \
    }                                                                                                                  \
    const enum CBLAS_TRANSPOSE opa = ta ? CblasTrans : CblasNoTrans, opb = tb ? CblasTrans : CblasNoTrans;             \
    for (gn_int i = 0; i < m; i += CUT)                                                                                \
      for (gn_int p = 0; p < k; p += CUT) {                                                                            \
        const int rows = (int)GN_MIN(CUT, m - i), depth = (int)GN_MIN(CUT, k - p);                                     \
        const T *ai = a + (ta ? p * lda + i : i * lda + p), *bp = b + (tb ? p : p * ldb), add = p > 0 ? 1 : beta;      \
        CALL(CblasRowMajor, opa, opb, rows, (int)n, depth, alpha, ai, (int)lda, bp, (int)ldb, add, c + i * ldc,        \
             (int)ldc);                                                                                                \
      }                                                                                                                \
  }

#ifdef GN_DOUBLE
GEMM(gn_gemm, gn_real, cblas_dgemm)
#else
GEMM(gn_gemm, gn_real, cblas_sgemm)
#endif
GEMM(gn_dgemm, double, cblas_dgemm)

/* LAPACK as OpenBLAS exports it: Fortran's names, column-major, lengths of strings at the end. lapacke.h is often
** not installed. */
void dsyevd_(const char *job, const char *part, const blasint *n, double *a, const blasint *lda, double *w,
             double *work, const blasint *lwork, blasint *iwork, const blasint *liwork, blasint *info, size_t, size_t);
void dgesdd_(const char *job, const blasint *m, const blasint *n, double *a, const blasint *lda, double *s, double *u,
             const blasint *ldu, double *vt, const blasint *ldvt, double *work, const blasint *lwork, blasint *iwork,
             blasint *info, size_t);

/* Integers take the end of the workspace. */
static gn_int ints(gn_int n) { return (n * (gn_int)sizeof(blasint) + 7) / 8; }
static gn_int syev_ints(gn_int n, int vectors) { return ints(vectors ? 3 + 5 * n : 1); }

gn_int gn_syev_work(gn_int n, int vectors) {
  const blasint bn = (blasint)n, lda = (blasint)GN_MAX(n, 1), ask = -1;
  blasint liwork, info;
  double lwork = 0, unused = 0;
  dsyevd_(vectors ? "V" : "N", "U", &bn, &unused, &lda, &unused, &lwork, &ask, &liwork, &ask, &info, 1, 1);
  return GN_MAX((gn_int)lwork, 2 * n + 1) + syev_ints(n, vectors);
}

int gn_syev(gn_int n, double *a, double *w, int vectors, double *work) {
  if (n <= 0) return 0;
  const gn_int all = gn_syev_work(n, vectors), tail = syev_ints(n, vectors);
  const blasint bn = (blasint)n, lwork = (blasint)(all - tail), liwork = vectors ? 3 + 5 * bn : 1;
  blasint info;
  dsyevd_(vectors ? "V" : "N", "U", &bn, a, &bn, w, work, &lwork, (blasint *)(work + lwork), &liwork, &info, 1, 1);
  return (int)info;
}

gn_int gn_svd_work(gn_int m, gn_int n) {
  /* a as Fortran sees it: transposed */
  const blasint rows = (blasint)n, cols = (blasint)m, ld = (blasint)GN_MAX(n, 1), one = 1, ask = -1;
  blasint unused_int, info;
  double lwork = 0, unused = 0;
  dgesdd_("N", &rows, &cols, &unused, &ld, &unused, &unused, &one, &unused, &one, &lwork, &ask, &unused_int, &info, 1);
  const gn_int less = GN_MIN(m, n), more = GN_MAX(m, n);
  return GN_MAX((gn_int)lwork, 3 * less + GN_MAX(more, 7 * less) + 1) + ints(8 * less);
}

int gn_svd(gn_int m, gn_int n, double *a, double *s, double *work) {
  if (m <= 0 || n <= 0) return 0;
  const blasint rows = (blasint)n, cols = (blasint)m, one = 1,
                lwork = (blasint)(gn_svd_work(m, n) - ints(8 * GN_MIN(m, n)));
  blasint info;
  double unused = 0;
  dgesdd_("N", &rows, &cols, a, &rows, s, &unused, &one, &unused, &one, work, &lwork, (blasint *)(work + lwork), &info,
          1);
  return (int)info;
}
