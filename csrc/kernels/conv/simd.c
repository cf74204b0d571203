/* simd.c - the choice of an instruction set at run time (see simd.h). */
#include "simd.h"
#include "conv.h"
#include "peak.h"
#include "product.h"
#include "simd_table.h"
#include <string.h>

extern const gn_simd_table gn_simd_base;
#ifdef GN_HAS_V3
extern const gn_simd_table gn_simd_v3;
#endif
#ifdef GN_HAS_V4
extern const gn_simd_table gn_simd_v4;
#endif

static const struct set {
  const char *name;
  const gn_simd_table *table;
} sets[] = {
    {"base", &gn_simd_base}, /* what ARCH says */
#ifdef GN_HAS_V3
    {"v3", &gn_simd_v3}, /* x86-64-v3: AVX2, FMA */
#endif
#ifdef GN_HAS_V4
    {"v4", &gn_simd_v4}, /* x86-64-v4: AVX-512 */
#endif
};

static int can_run(const char *name) {
#if defined GN_HAS_V3 || defined GN_HAS_V4
  __builtin_cpu_init();
  if (strcmp(name, "v3") == 0)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  if (strcmp(name, "v4") == 0)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
#endif
  return strcmp(name, "base") == 0;
}

const char *gn_simd_name(int i) {
  for (size_t k = 0; k < sizeof sets / sizeof *sets; k++)
    if (can_run(sets[k].name) && i-- == 0) return sets[k].name;
  return NULL;
}

static _Thread_local const struct set *in_use; /* another thread's choice must not fall between two of our calls */

static const struct set *choose(const char *name) {
  const struct set *found = NULL;
  for (size_t k = 0; k < sizeof sets / sizeof *sets; k++)
    if (can_run(sets[k].name) && (!name || strcmp(name, sets[k].name) == 0)) found = sets + k;
  return found;
}

static const gn_simd_table *table(void) {
  if (!in_use) in_use = choose(NULL);
  return in_use->table;
}

const char *gn_simd_choose(const char *name) {
  (void)table();
  const struct set *s = name ? choose(name) : in_use;
  if (s) in_use = s;
  return s ? s->name : NULL;
}

gn_int gn_conv2d_work(const gn_conv *d, gn_conv_pass pass) { return table()->work(d, pass); }
gn_int gn_conv2d_kernel_size(const gn_conv *d, gn_conv_pass pass) { return table()->kernel_size(d, pass); }
void gn_conv2d_kernel(gn_real *u, const gn_real *w, const gn_conv *d, gn_conv_pass pass) {
  table()->kernel(u, w, d, pass);
}
int gn_conv2d_kernel_form(const gn_conv *d, gn_conv_pass pass) { return table()->kernel_form(d, pass); }
void gn_conv2d(gn_real *y, const gn_real *x, const gn_real *w, const gn_real *u, const gn_conv *d, gn_real *work) {
  table()->y(y, x, w, u, d, work);
}
void gn_conv2d_relu(gn_real *y, gn_int ldy, const gn_real *x, const gn_real *u, const gn_real *bias, const gn_conv *d,
                    gn_real *work) {
  table()->relu(y, ldy, x, u, bias, d, work);
}
void gn_conv2d_dx(gn_real *dx, const gn_real *dy, const gn_real *w, const gn_real *u, const gn_conv *d, gn_real *work) {
  table()->dx(dx, dy, w, u, d, work);
}
void gn_conv2d_dw(gn_real *dw, const gn_real *x, const gn_real *dy, const gn_conv *d, gn_real *work) {
  table()->dw(dw, x, dy, d, work);
}
gn_int gn_product_work(gn_int m, gn_int n, gn_int k) { return table()->product_work(m, n, k); }
void gn_product(int ta, int tb, gn_int m, gn_int n, gn_int k, const gn_real *a, gn_int lda, const gn_real *b,
                gn_int ldb, gn_real *c, gn_real *work) {
  table()->product(ta, tb, m, n, k, a, lda, b, ldb, c, work);
}
double gn_fma_rounds(gn_int rounds, gn_real *out) { return table()->fma_rounds(rounds, out); }
