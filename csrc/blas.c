/* blas.c - the only user of cblas.h and LAPACK: products, eigenvalues and singular values on the calling thread. */
#include "blas.h"
#include "lock.h"
#include "par.h"
#include "storage.h"
#include <cblas.h>

/* OpenBLAS maps a buffer for each call that runs at a time, keeps it for the calls to come, and tries for ever where it
** gets none. So where address space is limited, all the buffers are had at first (gan.wait has looked for the first
** one), and no more calls run at a time. Its allocator is in no header, but in all its libraries. */
void *blas_memory_alloc(int) __attribute__((weak));
void blas_memory_free(void *) __attribute__((weak));

#define BUFFER ((size_t)128 << 20) /* of most processors, and more than that of the others */
#define SHARE 4                    /* of the space that is left, buffers take no more than one part in so many */

static int limited;    /* 1: calls wait for one of the places */
static int places = 1; /* free ones */
static gn_lock queue = GN_LOCK_INIT;
static pthread_cond_t freed = PTHREAD_COND_INITIALIZER;

static int begin(void) {
  const int before = gn_foreign_begin();
  if (limited) {
    gn_lock_take(&queue);
    while (places == 0) pthread_cond_wait(&freed, &queue);
    places--;
    gn_lock_give(&queue);
  }
  return before;
}

static void end(int before) {
  if (limited) {
    gn_lock_take(&queue);
    places++;
    pthread_cond_signal(&freed);
    gn_lock_give(&queue);
  }
  gn_foreign_end(before);
}

static void init(void) {
  const int before = gn_foreign_begin(); /* OpenBLAS' OpenMP build sets the caller's number of threads, too */
  void *had[GN_MAX_THREADS];
  int n = 0;
  if (openblas_get_num_threads() != 1) openblas_set_num_threads(1);
  limited = gn_space_is_limited();
  if (limited && blas_memory_alloc && blas_memory_free) {
    for (; n < gn_cores() && (n == 0 || gn_space_holds(SHARE * BUFFER)); n++) had[n] = blas_memory_alloc(0);
    places = GN_MAX(n, 1);
    for (int i = 0; i < n; i++) blas_memory_free(had[i]);
  }
  gn_foreign_end(before);
}

void gn_blas_init(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  gn_par_init();
  pthread_once(&once, init);
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
    const int before = begin();                                                                                        \
    for (gn_int i = 0; i < m; i += CUT)                                                                                \
      for (gn_int p = 0; p < k; p += CUT) {                                                                            \
        const int rows = (int)GN_MIN(CUT, m - i), depth = (int)GN_MIN(CUT, k - p);                                     \
        const T *ai = a + (ta ? p * lda + i : i * lda + p), *bp = b + (tb ? p : p * ldb), add = p > 0 ? 1 : beta;      \
        CALL(CblasRowMajor, opa, opb, rows, (int)n, depth, alpha, ai, (int)lda, bp, (int)ldb, add, c + i * ldc,        \
             (int)ldc);                                                                                                \
      }                                                                                                                \
    end(before);                                                                                                       \
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
  const int before = begin();
  dsyevd_(vectors ? "V" : "N", "U", &bn, a, &bn, w, work, &lwork, (blasint *)(work + lwork), &liwork, &info, 1, 1);
  end(before);
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
  const int before = begin();
  dgesdd_("N", &rows, &cols, a, &rows, s, &unused, &one, &unused, &one, work, &lwork, (blasint *)(work + lwork), &info,
          1);
  end(before);
  return (int)info;
}
