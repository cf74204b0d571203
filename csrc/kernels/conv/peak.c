/* peak.c - a loop of nothing but multiply-adds. */
#include "peak.h"
#include "../../par.h"
#include "tile.h"

#define CHAINS 12 /* latency times throughput of a multiply-add, with some to spare */
#define LANES (GN_VECTOR_BYTES / (gn_int)sizeof(gn_real))

typedef gn_real vec __attribute__((vector_size(GN_VECTOR_BYTES)));

double gn_fma_rounds(gn_int rounds, gn_real *out) {
  const int threads = gn_threads();
  GN_PARALLEL_FOR_IF(threads > 1)
  for (int t = 0; t < threads; t++) {
    vec a[CHAINS], x = (vec){0} + GN_R(0.999), y = (vec){0} + GN_R(0.001);
#pragma GCC unroll 16
    for (int i = 0; i < CHAINS; i++) a[i] = y * (gn_real)(i + t + 1); /* different, or the compiler keeps one chain */
    for (gn_int r = 0; r < rounds; r++) {
#pragma GCC unroll 16
      for (int i = 0; i < CHAINS; i++) a[i] = a[i] * x + y;
    }
    gn_real sum = 0;
    for (int i = 0; i < CHAINS; i++)
      for (int j = 0; j < LANES; j++) sum += a[i][j];
    out[t] = sum;
  }
  return 2.0 * CHAINS * (double)LANES * (double)rounds * threads;
}
