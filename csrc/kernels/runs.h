/* runs.h - loops over short runs of reals that several families share, and division rounded up. */
#ifndef GN_RUNS_H
#define GN_RUNS_H

#include "../gn.h"
#include <string.h>

static inline gn_int gn_ceil_div(gn_int a, gn_int b) { return (a + b - 1) / b; } /* a >= 0, b > 0 */

static inline void gn_zero_run(gn_real *restrict to, gn_int n) {
  for (gn_int i = 0; i < n; i++) to[i] = 0;
}

static inline void gn_copy_run(gn_real *restrict to, const gn_real *restrict from, gn_int n) {
  if (n >= 64) memcpy(to, from, (size_t)n * sizeof *to);
  else
    for (gn_int i = 0; i < n; i++) to[i] = from[i];
}

static inline void gn_add_run(gn_real *restrict to, const gn_real *restrict from, gn_int n) {
  for (gn_int i = 0; i < n; i++) to[i] += from[i];
}

static inline void gn_add_scaled_run(gn_real *restrict to, const gn_real *restrict from, gn_real a, gn_int n) {
  for (gn_int i = 0; i < n; i++) to[i] += a * from[i];
}

#endif
