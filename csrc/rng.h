/* rng.h - Philox4x32-10 counter-based random numbers. The i-th number of a stream is a pure function of (key, i), so
** results depend neither on the thread count nor on who asked before.
** Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3". */
#ifndef GN_RNG_H
#define GN_RNG_H

#include "gn.h"

typedef struct gn_rng {
  uint64_t key;     /* from the seed and the stream's name */
  uint64_t counter; /* blocks of four 32-bit words used so far */
} gn_rng;

/* out (4) <- block `counter` of stream `key`; `sub` selects one of 2^64 independent sequences inside it. */
void gn_philox(uint64_t key, uint64_t sub, uint64_t counter, uint32_t out[4]);

uint64_t gn_rng_key(uint64_t seed, const char *name, size_t len); /* splitmix of the seed and FNV-1a of the name */

/* Each fills x (n) and advances r by ceil(n/4) blocks. Parallel; the same bytes for any thread count. Cannot fail. */
void gn_rng_uniform(gn_rng *r, gn_real *x, gn_int n, gn_real lo, gn_real hi);   /* [lo,hi) */
void gn_rng_normal(gn_rng *r, gn_real *x, gn_int n, gn_real mean, gn_real std); /* Box-Muller */
void gn_rng_integer(gn_rng *r, int32_t *x, gn_int n, int32_t lo, int32_t hi);   /* lo..hi inclusive */

void gn_rng_permutation(gn_rng *r, int32_t *p, gn_int n); /* Fisher-Yates of 0..n-1; advances by n - 1 blocks */

static inline double gn_u01(uint32_t w) { return ((double)w + 0.5) * (1.0 / 4294967296.0); } /* (0,1) */

#endif
