/* sums.c - partial sums added up (see sums.h). */
#include "sums.h"
#include "../../par.h"
#include <string.h>

void gn_sum_parts(gn_real *to, const gn_real *sums, gn_int size, gn_int parts) {
  GN_PARALLEL_FOR_IF(size * parts > GN_PAR_MIN)
  for (gn_int i = 0; i < size; i += GN_PAR_BLOCK) {
    const gn_int n = GN_MIN(GN_PAR_BLOCK, size - i);
    memcpy(to + i, sums + i, (size_t)n * sizeof *to);
    for (gn_int p = 1; p < parts; p++)
      for (gn_int j = i; j < i + n; j++) to[j] += sums[p * size + j];
  }
}
