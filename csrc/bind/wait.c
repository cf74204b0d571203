/* wait.c - gan.wait, a module of its own that comes before gan.core, and readies the process for the libraries that
** gan.core loads. What they ask for, they ask for when they are loaded: that is too late for gan.core.
**
** OpenMP's threads shall sleep while they wait for each other. By default they spin, which takes the time of the very
** threads they wait for as soon as anything else runs on the machine: measured, a step then takes ten times as long,
** and asleep it takes 3 to 8 % longer where nothing else runs. Whoever sets OMP_WAIT_POLICY himself is left alone.
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

__attribute__((visibility("default"))) int luaopen_gan_wait(lua_State *L);

int luaopen_gan_wait(lua_State *L) {
  struct rlimit space;
  setenv("OMP_WAIT_POLICY", "passive", 0);
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
