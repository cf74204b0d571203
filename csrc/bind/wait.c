/* wait.c - gan.wait, a module of its own that comes before gan.core, and readies the process for the libraries that
** gan.core loads. What they ask for, they ask for when they are loaded: that is too late for gan.core.
**
** OpenMP's threads shall sleep while they wait for each other. By default they spin, which takes the time of the very
** threads they wait for as soon as anything else runs on the machine: measured, a step then takes ten times as long,
** and asleep it takes 3 to 8 % longer where nothing else runs. Whoever sets OMP_WAIT_POLICY himself is left alone.
**
** OpenBLAS takes a processor that is newer than itself for one of 2004: measured, a product then takes four times as
** long, on a Xeon of 2023 with Debian 12. So it is told by what the processor can do, which is what it asks itself of
** those that it knows. Whoever sets OPENBLAS_CORETYPE himself is left alone.
**
** OpenBLAS maps a buffer for each thread that OpenMP has when it is loaded, one more for a call, and tries for ever
** where it gets none. So where address space is limited (ulimit -v), it is looked for before. */
#define _GNU_SOURCE /* setenv, MAP_ANONYMOUS, sched_getaffinity under -std=c11 */
#include <lauxlib.h>
#include <lua.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define MIB ((size_t)1 << 20)
#define BUFFER (128 * MIB)   /* of OpenBLAS */
#define LIBRARIES (96 * MIB) /* all that gan.core loads, and Lua until it runs */

static long threads(void) {
  cpu_set_t cores;
  const char *set = getenv("OMP_NUM_THREADS");
  const long wanted = set ? strtol(set, NULL, 10) : 0,
             n = sched_getaffinity(0, sizeof cores, &cores) == 0 ? CPU_COUNT(&cores) : 1;
  return wanted > 0 && wanted < n ? wanted : n;
}

/* The newest of OpenBLAS's kernels that run here, by their name; NULL: it shall choose. */
static const char *core_type(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd"))
    return __builtin_cpu_supports("avx512bf16") ? "Cooperlake" : "SkylakeX";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return __builtin_cpu_is("amd") ? "Zen" : "Haswell";
#endif
  return NULL;
}

__attribute__((visibility("default"))) int luaopen_gan_wait(lua_State *L);

int luaopen_gan_wait(lua_State *L) {
  struct rlimit space;
  const char *core = core_type();
  setenv("OMP_WAIT_POLICY", "passive", 0);
  if (core) setenv("OPENBLAS_CORETYPE", core, 0);
  if (getrlimit(RLIMIT_AS, &space) != 0 || space.rlim_cur == RLIM_INFINITY) return 0;
  const long n = threads();
  const size_t need = (size_t)(n > 2 ? n : 2) * BUFFER + LIBRARIES;
  void *at = mmap(NULL, need, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED)
    return luaL_error(L,
                      "not enough address space for OpenBLAS's buffers (ulimit -v %I): needs %I MiB more than there "
                      "is in use%s",
                      (lua_Integer)(space.rlim_cur >> 10), (lua_Integer)(need / MIB),
                      n > 2 ? ", less with OMP_NUM_THREADS=2" : "");
  munmap(at, need);
  return 0;
}
