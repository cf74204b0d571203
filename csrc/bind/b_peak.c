/* b_peak.c - core.fma_peak(seconds): the yardstick of experiments/bench. */
#define _POSIX_C_SOURCE 199309L /* clock_gettime under -std=c11 */
#include "../gn.h"
#include "../kernels/peak.h"
#include "../par.h"
#include "bind.h"
#include <time.h>

#define ROUNDS 200000 /* some milliseconds */

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* fma_peak([seconds = 0.2]) -> GFLOP/s of the best round of multiply-adds on all threads within that time (at most 10 s) */
static int l_fma_peak(lua_State *L) {
  const double seconds = (double)gn_opt_number(L, 1, "seconds", GN_R(0.2)), start = now();
  gn_real out[GN_MAX_THREADS];
  double best = 0, t = start;
  if (!(seconds >= 0 && seconds <= 10)) gn_expected(L, 1, "seconds", "a number in 0..10");
  do {
    const double flops = gn_fma_rounds(ROUNDS, out), end = now();
    best = GN_MAX(best, flops / GN_MAX(end - t, 1e-9) * 1e-9);
    t = end;
  } while (t - start < seconds);
  lua_pushnumber(L, best);
  return 1;
}

static const luaL_Reg funcs[] = {
    {"fma_peak", l_fma_peak},
    {NULL, NULL},
};

void gn_open_peak(lua_State *L) { gn_register(L, funcs); }
