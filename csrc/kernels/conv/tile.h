/* tile.h - the inner loop of the convolutions: one register tile of a matrix product, on rows found anywhere in
** memory. */
#ifndef GN_TILE_H
#define GN_TILE_H

#include "../../gn.h"
#include "simd_names.h"

#if defined __AVX512F__
#define GN_VECTOR_BYTES 64
#define GN_TILE_ROWS 12
#elif defined __AVX__
#define GN_VECTOR_BYTES 32
#define GN_TILE_ROWS 6
#else
#define GN_VECTOR_BYTES 16
#define GN_TILE_ROWS 6
#endif
#define GN_TILE_COLS (2 * GN_VECTOR_BYTES / (gn_int)sizeof(gn_real)) /* tile and operands fill the registers */

/* c[i][j] <- (add ? c[i][j] : 0) + sum over q < k of a[i][q*step] * b[q*GN_TILE_COLS + j], for i < rows, j < cols.
** a: GN_TILE_ROWS pointers, all readable; c: rows pointers to cols reals. Cannot fail. */
void gn_tile(gn_int k, gn_int step, const gn_real *const *a, const gn_real *b, gn_real *const *c, int rows, int cols,
             int add);

static inline gn_int gn_panels(gn_int cols) { return (cols + GN_TILE_COLS - 1) / GN_TILE_COLS; }

#endif
