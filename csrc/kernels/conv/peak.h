/* peak.h - the machine's multiply-add peak, the yardstick of the benchmarks. */
#ifndef GN_PEAK_H
#define GN_PEAK_H

#include "../../gn.h"
#include "simd_names.h"

/* Runs `rounds` rounds of independent multiply-adds in registers on every thread. Returns the floating-point
** operations done by all of them. out (gn_threads()): a value that depends on every operation. Cannot fail. */
double gn_fma_rounds(gn_int rounds, gn_real *out);

#endif
