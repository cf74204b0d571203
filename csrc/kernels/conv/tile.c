/* tile.c - a register tile of a matrix product, in the compiler's vectors; reaches the machine's multiply-add peak. */
#include "tile.h"

#define ROWS GN_TILE_ROWS
#define COLS GN_TILE_COLS
#define LANES (GN_VECTOR_BYTES / (gn_int)sizeof(gn_real))

typedef gn_real vec __attribute__((vector_size(GN_VECTOR_BYTES), aligned(sizeof(gn_real)), may_alias)); /* unaligned */

/* A tile of R rows and V vectors. */
static inline __attribute__((always_inline)) void tile_of(int R, int V, gn_int k, gn_int step, const gn_real *const *a,
                                                          const gn_real *b, gn_real *const *c, int add) {
  vec s0[ROWS], s1[ROWS];
  const gn_real *p[ROWS];
#pragma GCC unroll 16
  for (int i = 0; i < R; i++) {
    p[i] = a[i];
    s0[i] = s1[i] = (vec){0};
  }
  for (gn_int q = 0, at = 0; q < k; q++, at += step, b += COLS) {
    const vec b0 = *(const vec *)b, b1 = V == 2 ? *(const vec *)(b + LANES) : b0;
#pragma GCC unroll 16
    for (int i = 0; i < R; i++) {
      s0[i] += p[i][at] * b0;
      if (V == 2) s1[i] += p[i][at] * b1;
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < R; i++) {
    vec *to0 = (vec *)c[i], *to1 = (vec *)(c[i] + LANES);
    if (add) *to0 += s0[i];
    else *to0 = s0[i];
    if (V == 2 && add) *to1 += s1[i];
    else if (V == 2) *to1 = s1[i];
  }
}

#define STEP (ROWS / 6)

/* The heights that there are, down to what the adders' latency hides: fewer rows take less time. */
static void tile(int rows, int cols, gn_int k, gn_int step, const gn_real *const *a, const gn_real *b,
                 gn_real *const *c, int add) {
  if (cols <= LANES) tile_of(6 * STEP, 1, k, step, a, b, c, add);
  else if (rows > 5 * STEP) tile_of(6 * STEP, 2, k, step, a, b, c, add);
  else if (rows > 4 * STEP) tile_of(5 * STEP, 2, k, step, a, b, c, add);
  else if (rows > 3 * STEP) tile_of(4 * STEP, 2, k, step, a, b, c, add);
  else tile_of(3 * STEP, 2, k, step, a, b, c, add);
}

void gn_tile(gn_int k, gn_int step, const gn_real *const *a, const gn_real *b, gn_real *const *c, int rows, int cols,
             int add) {
  gn_real edge[ROWS * COLS], *to[ROWS];
  if (cols == COLS && rows >= 3 * STEP && rows % STEP == 0) tile(rows, cols, k, step, a, b, c, add);
  else if (cols == COLS) { /* rows that nobody wants go to one place */
    for (int i = 0; i < ROWS; i++) to[i] = i < rows ? c[i] : edge;
    for (int j = 0; j < COLS; j++) edge[j] = 0;
    tile(rows, cols, k, step, a, b, to, add);
  } else {
    for (int i = 0; i < ROWS; i++) to[i] = edge + i * COLS;
    tile(rows, cols, k, step, a, b, to, 0);
    for (int i = 0; i < rows; i++)
      for (int j = 0; j < cols; j++) c[i][j] = add ? c[i][j] + edge[i * COLS + j] : edge[i * COLS + j];
  }
}
