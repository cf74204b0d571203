/* b_peak.c - core.fma_peak(): the yardstick of experiments/bench. */
#define _POSIX_C_SOURCE 199309L /* clock_gettime under -std=c11 */
#include "../gn.h"
#include "../kernels/conv/peak.h"
#include "../par.h"
#include "bind.h"
#include <time.h>

#define ROUNDS 200000 /* half a millisecond */

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* fma_peak() -> GFLOP/s of multiply-adds on all threads, the best of some short bursts (about 10 ms) */
static int fma_peak(lua_State *L) {
  gn_real out[GN_MAX_THREADS];
  double best = 0, t = now();
  for (int i = 0; i < 20; i++) {
    const double flops = gn_fma_rounds(ROUNDS, out), end = now();
    best = GN_MAX(best, flops / GN_MAX(end - t, 1e-9) * 1e-9);
    t = end;
  }
  lua_pushnumber(L, best);
  return 1;
}

static const luaL_Reg funcs[] = {
    {"fma_peak", fma_peak},
    {NULL, NULL},
};

void gn_open_peak(lua_State *L) { gn_register(L, funcs); }
