/* rng.c - Philox4x32-10. See rng.h. */
#include "rng.h"
#include "par.h"
#include <math.h>

void gn_philox(uint64_t key, uint64_t sub, uint64_t counter, uint32_t out[4]) {
  uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
  uint32_t c0 = (uint32_t)counter, c1 = (uint32_t)(counter >> 32), c2 = (uint32_t)sub, c3 = (uint32_t)(sub >> 32);
  for (int i = 0; i < 10; i++) {
    uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
    uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c1 = (uint32_t)p1;
    c3 = (uint32_t)p0;
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

uint64_t gn_rng_key(uint64_t seed, const char *name, size_t len) {
  uint64_t h = 0xcbf29ce484222325u;
  for (size_t i = 0; i < len; i++) h = (h ^ (unsigned char)name[i]) * 0x100000001b3u;
  uint64_t z = seed + 0x9E3779B97F4A7C15u + h;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

/* One block of four: fills x[4b .. min(4b+4,n)) from block r->counter + b. */
#define FOR_BLOCKS(...)                                                                                                \
  do {                                                                                                                 \
    gn_int nb = (n + 3) / 4;                                                                                           \
    uint64_t key = r->key, c0 = r->counter;                                                                            \
    GN_PARALLEL_FOR_IF(n > GN_PAR_MIN)                                                                                 \
    for (gn_int b = 0; b < nb; b++) {                                                                                  \
      uint32_t w[4];                                                                                                   \
      gn_philox(key, 0, c0 + (uint64_t)b, w);                                                                          \
      gn_int m = GN_MIN(4, n - 4 * b);                                                                                 \
      __VA_ARGS__                                                                                                      \
    }                                                                                                                  \
    r->counter += (uint64_t)nb;                                                                                        \
  } while (0)

void gn_rng_uniform(gn_rng *r, gn_real *x, gn_int n, gn_real lo, gn_real hi) {
  /* 24 bits are exact in float, so the result stays below hi as long as lo + (hi-lo)*u does */
  FOR_BLOCKS(for (gn_int j = 0; j < m; j++) {
    gn_real v = lo + (hi - lo) * ((gn_real)(w[j] >> 8) * (gn_real)(1.0 / 16777216.0));
    x[4 * b + j] = v < hi || hi <= lo ? v : lo;
  });
}

void gn_rng_normal(gn_rng *r, gn_real *x, gn_int n, gn_real mean, gn_real std) {
  FOR_BLOCKS(for (int h = 0; 2 * h < m; h++) {
    double u = gn_u01(w[2 * h]), a = 6.283185307179586 * gn_u01(w[2 * h + 1]), rad = sqrt(-2 * log(u));
    x[4 * b + 2 * h] = mean + std * (gn_real)(rad * cos(a));
    if (2 * h + 1 < m) x[4 * b + 2 * h + 1] = mean + std * (gn_real)(rad * sin(a));
  });
}

void gn_rng_integer(gn_rng *r, int32_t *x, gn_int n, int32_t lo, int32_t hi) {
  uint64_t span = (uint64_t)((int64_t)hi - lo) + 1;
  FOR_BLOCKS(for (gn_int j = 0; j < m; j++) x[4 * b + j] = (int32_t)(lo + (int64_t)(((uint64_t)w[j] * span) >> 32)););
}

static uint64_t next_u64(gn_rng *r) { /* one 64-bit word; advances by one block */
  uint32_t w[4];
  gn_philox(r->key, 0, r->counter++, w);
  return (uint64_t)w[0] << 32 | w[1];
}

void gn_rng_permutation(gn_rng *r, int32_t *p, gn_int n) {
  for (gn_int i = 0; i < n; i++) p[i] = (int32_t)i;
  for (gn_int i = n - 1; i > 0; i--) {
    gn_int j = (gn_int)(next_u64(r) % (uint64_t)(i + 1)); /* bias below 2^-32 */
    int32_t t = p[i];
    p[i] = p[j];
    p[j] = t;
  }
}
