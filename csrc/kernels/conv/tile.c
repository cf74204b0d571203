/* tile.c - a register tile of a matrix product, in the compiler's vectors; reaches the machine's multiply-add peak. */
#include "tile.h"

#define ROWS GN_TILE_ROWS
#define COLS GN_TILE_COLS
#define LANES (GN_VECTOR_BYTES / (gn_int)sizeof(gn_real))

typedef gn_real vec __attribute__((vector_size(GN_VECTOR_BYTES), aligned(sizeof(gn_real)), may_alias)); /* unaligned */

static void full_tile(gn_int k, gn_int step, const gn_real *const *a, const gn_real *b, gn_real *const *c, int add) {
  vec s0[ROWS], s1[ROWS];
  const gn_real *p[ROWS];
#pragma GCC unroll 16
  for (int i = 0; i < ROWS; i++) {
    p[i] = a[i];
    s0[i] = s1[i] = (vec){0};
  }
  for (gn_int q = 0, at = 0; q < k; q++, at += step, b += COLS) {
    const vec b0 = *(const vec *)b, b1 = *(const vec *)(b + LANES);
#pragma GCC unroll 16
    for (int i = 0; i < ROWS; i++) {
      s0[i] += p[i][at] * b0;
      s1[i] += p[i][at] * b1;
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < ROWS; i++) {
    vec *to0 = (vec *)c[i], *to1 = (vec *)(c[i] + LANES);
    if (add) *to0 += s0[i], *to1 += s1[i];
    else *to0 = s0[i], *to1 = s1[i];
  }
}

void gn_tile(gn_int k, gn_int step, const gn_real *const *a, const gn_real *b, gn_real *const *c, int rows, int cols,
             int add) {
  if (rows == ROWS && cols == COLS) {
    full_tile(k, step, a, b, c, add);
    return;
  }
  gn_real edge[ROWS * COLS], *e[ROWS];
  for (int i = 0; i < ROWS; i++) e[i] = edge + i * COLS;
  full_tile(k, step, a, b, e, 0);
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < cols; j++) c[i][j] = add ? c[i][j] + e[i][j] : e[i][j];
}
