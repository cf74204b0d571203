/* winograd_line.h - a vector of channels, and the small transforms of Winograd's engines along one axis of it. */
#ifndef GN_WINOGRAD_LINE_H
#define GN_WINOGRAD_LINE_H

#include "tile.h"

typedef gn_real vec __attribute__((vector_size(GN_VECTOR_BYTES), aligned(sizeof(gn_real)), may_alias)); /* unaligned */

/* out[i*os] = sum over k of L[i,k] in[k*is]; L (b,a) is X, or X (a,b) transposed. Unrolled: zeros and ones cost
** nothing. */
static inline __attribute__((always_inline)) void gn_line(int b, int a, const gn_real *X, int transposed, const vec *in,
                                                          int is, vec *out, int os) {
#pragma GCC unroll 10
  for (int i = 0; i < b; i++) {
    vec s = {0};
    int begun = 0;
#pragma GCC unroll 10
    for (int k = 0; k < a; k++) {
      const gn_real f = transposed ? X[k * b + i] : X[i * a + k];
      if (f == 0) continue;
      vec v = in[k * is];
      if (f == -1) v = -v;
      else if (f != 1) v *= f;
      if (begun) s += v;
      else s = v;
      begun = 1;
    }
    out[i * os] = s;
  }
}

/* y (b,b) <- L x Lt, x (a,a). */
static inline __attribute__((always_inline)) void gn_sandwich(int b, int a, const gn_real *X, int transposed,
                                                              const vec *x, vec *y) {
  vec half[36];
#pragma GCC unroll 6
  for (int j = 0; j < a; j++) gn_line(b, a, X, transposed, x + j, a, half + j, a);
#pragma GCC unroll 6
  for (int i = 0; i < b; i++) gn_line(b, a, X, transposed, half + i * a, 1, y + i * b, 1);
}

#endif
