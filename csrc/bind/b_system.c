/* b_system.c - what a training program asks of the machine: threads, clock, memory, terminal, Ctrl-C. */
#define _GNU_SOURCE /* gethostname, sigaction under -std=c11 */
#include "../par.h"
#include "../codec/picture.h"
#include "bind.h"
#include "options.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/* core.threads([n]) -> threads used by kernels; sets them first if n is given. */
static int threads(lua_State *L) {
  if (!lua_isnoneornil(L, 1)) {
    const int n = (int)gn_check_int(L, 1, "n", 1, GN_MAX_THREADS);
    gn_not_in_finalizer(L); /* workspaces are made for so many threads */
    gn_set_threads(n);
  }
  lua_pushinteger(L, gn_threads());
  return 1;
}

static int cores(lua_State *L) {
  lua_pushinteger(L, gn_cores());
  return 1;
}

/* core.clock() -> seconds of a clock that never goes back. */
static int clock_(lua_State *L) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  lua_pushnumber(L, (lua_Number)t.tv_sec + (lua_Number)t.tv_nsec * 1e-9);
  return 1;
}

/* core.rss() -> bytes resident now, most bytes resident so far (the first is 0 where /proc is missing). */
static int rss(lua_State *L) {
  long pages = 0, total = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  if (f) {
    if (fscanf(f, "%ld %ld", &total, &pages) != 2) pages = 0;
    fclose(f);
  }
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  lua_pushinteger(L, (lua_Integer)pages * sysconf(_SC_PAGESIZE));
  lua_pushinteger(L, (lua_Integer)u.ru_maxrss * 1024);
  return 2;
}

/* core.faults() -> minor page faults so far. */
static int faults(lua_State *L) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  lua_pushinteger(L, u.ru_minflt);
  return 1;
}

/* core.isatty(fd) -> whether descriptor fd is a terminal. */
static int isatty_(lua_State *L) {
  lua_pushboolean(L, isatty((int)gn_check_int(L, 1, "fd", 0, 1 << 20)) == 1);
  return 1;
}

/* core.columns(fd) -> characters in a row of the terminal fd, or what the environment's COLUMNS says where that is less
** or fd is none; 0 where neither is known. */
static int columns(lua_State *L) {
  struct winsize w = {0};
  const char *set = getenv("COLUMNS");
  const long wanted = set ? strtol(set, NULL, 10) : 0;
  if (ioctl((int)gn_check_int(L, 1, "fd", 0, 1 << 20), TIOCGWINSZ, &w) != 0) w.ws_col = 0;
  const int counts = wanted > 0 && wanted < 10000 && (w.ws_col == 0 || wanted < w.ws_col);
  lua_pushinteger(L, counts ? wanted : w.ws_col);
  return 1;
}

/* core.memory() -> {live=, cached=, peak=, since=, count=} of the process's tensor memory, in bytes (count: buffers
** handed out; since: to this state). */
static int memory(lua_State *L) {
  gn_memory m = gn_memory_stats();
  lua_createtable(L, 0, 5);
  const struct {
    const char *name;
    uint64_t value;
  } f[] = {
      {"live", m.live}, {"cached", m.cached}, {"peak", m.peak}, {"since", gn_state_of(L)->since}, {"count", m.count}};
  for (size_t i = 0; i < sizeof f / sizeof *f; i++) {
    lua_pushinteger(L, (lua_Integer)f[i].value);
    lua_setfield(L, -2, f[i].name);
  }
  return 1;
}

/* core.collect(): a full collection. */
static int collect(lua_State *L) {
  gn_collect(L);
  return 0;
}

/* core.collect_step(): a full collection if there may be much garbage. Optimisers call it when a step is done, so that
** every step finds the same memory free as the one before and touches no new page; the steps of small nets, which a
** collection would cost a fifth of their time, share one. */
static int collect_step(lua_State *L) {
  if (gn_state_of(L)->since > GN_GARBAGE) gn_collect(L);
  return 0;
}

/* core.memory_trim(): gives cached buffers back to the system. */
static int memory_trim(lua_State *L) {
  gn_trim(L);
  return 0;
}

/* core.memory_limit([bytes]): tensors that would take more than that together are refused (out of memory); nil or 0:
** no limit. For all states of the process. */
static int memory_limit(lua_State *L) {
  gn_memory_limit((size_t)gn_opt_int(L, 1, "bytes", 0, INT64_MAX, 0));
  return 0;
}

/* core.picture_seconds([n = 30]): a picture may take n seconds to decode, in the whole process. For tests. */
static int picture_seconds(lua_State *L) {
  gn_picture_seconds((int)gn_opt_int(L, 1, "n", 0, GN_BUDGET_SECONDS, GN_BUDGET_SECONDS));
  return 0;
}

/* core.memory_fail_after(n [, times = 1]): the n-th allocation from now and the ones after it, `times` in all, fail;
** 0 switches off. An op tries a failed allocation once more after a collection, so that 2 make it raise. For tests. */
static int memory_fail_after(lua_State *L) {
  gn_int n = gn_check_int(L, 1, "n", 0, INT64_MAX), times = gn_opt_int(L, 2, "times", 1, INT64_MAX, 1);
  gn_memory_fail_after(n, times);
  return 0;
}

/* core.process() -> the number of this process, the name of the machine. */
static int process(lua_State *L) {
  char host[256] = "";
  if (gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  lua_pushinteger(L, (lua_Integer)getpid());
  lua_pushstring(L, host);
  return 2;
}

/* core.process_runs(pid) -> whether there is a process of this number on the machine. */
static int process_runs(lua_State *L) {
  const pid_t pid = (pid_t)gn_check_int(L, 1, "pid", 1, INT32_MAX);
  lua_pushboolean(L, kill(pid, 0) == 0 || errno == EPERM);
  return 1;
}

/* One record for the process, whose signals they are. Handlers run in any thread. */
static atomic_int noted;       /* 1: a signal came */
static atomic_llong first_end; /* the first SIGINT or SIGTERM: when, with its number in the last 6 bits; 0: none */
static const int caught[] = {SIGINT, SIGTERM, SIGHUP};
#define NCAUGHT (int)(sizeof caught / sizeof *caught)

#define ECHO_NS 100000000 /* within which a signal that comes again is the same one */

/* The first one is noted. A second SIGINT or SIGTERM ends the process as if it had never been caught, for the step may
** be one that never ends. A terminal that closes may send several SIGHUP: they end nothing. And timeout(1) sends each
** signal to the process and to its group: an echo, no second one. Calls only what POSIX allows in handlers. */
static void on_signal(int sig) {
  const int saved = errno;
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  const long long now = ((long long)t.tv_sec * 1000000000 + t.tv_nsec) / 64 * 64 + sig;
  long long first = 0;
  noted = 1;
  if (sig != SIGHUP && !atomic_compare_exchange_strong(&first_end, &first, now) &&
      (first % 64 != sig || now - first > ECHO_NS)) {
    const struct sigaction end = {.sa_handler = SIG_DFL};
    sigaction(sig, &end, NULL);
    raise(sig); /* delivered when this handler returns */
  }
  errno = saved;
}

/* core.catch_interrupt(on): from now on Ctrl-C (and SIGTERM, and SIGHUP of a terminal that closes) is only noted, so
** that a step is finished before it is obeyed; a second Ctrl-C or SIGTERM ends the process at once. Where SIGHUP is
** ignored (nohup), it stays so. */
static int catch_interrupt(lua_State *L) {
  struct sigaction a = {.sa_handler = lua_toboolean(L, 1) ? on_signal : SIG_DFL, .sa_flags = SA_RESTART}, old;
  sigemptyset(&a.sa_mask);
  for (int i = 0; i < NCAUGHT; i++) sigaddset(&a.sa_mask, caught[i]); /* one after the other */
  noted = 0;
  first_end = 0;
  for (int i = 0; i < NCAUGHT; i++) {
    const int asked = sigaction(caught[i], NULL, &old);
    if (caught[i] == SIGHUP && asked == 0 && old.sa_handler == SIG_IGN) continue;
    sigaction(caught[i], &a, NULL);
  }
  return 0;
}

/* core.interrupted() -> whether Ctrl-C came since catch_interrupt. */
static int interrupted(lua_State *L) {
  lua_pushboolean(L, noted);
  return 1;
}

/* core.ignore_pipes(): a program that outlives its console. From now on a pipe that nobody reads fails the write
** (EPIPE) instead of ending the program, and so does the process's limit on the size of files (EFBIG). Standard
** descriptors that are closed are opened on /dev/null: else the next file would get the number, and what is printed. */
static int ignore_pipes(lua_State *L) {
  (void)L;
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  for (int fd = 0; fd <= 2; fd++) {
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) < 0) break;
  }
  return 0;
}

/* core.flush_output() -> true; or nil, message, and whether that is because nobody reads, where anything that was
** written on the standard output so far did not arrive (print does not say so, and forgets it). */
static int flush_output(lua_State *L) {
  errno = 0;
  const int now = fflush(stdout) != 0, err = errno;
  if (!now && !ferror(stdout)) {
    lua_pushboolean(L, 1);
    return 1;
  }
  struct pollfd p = {.fd = fileno(stdout), .events = POLLOUT};
  const int unread = err == EPIPE || (poll(&p, 1, 0) == 1 && (p.revents & POLLERR));
  luaL_pushfail(L);
  lua_pushfstring(L, "standard output: %s", unread ? strerror(EPIPE) : now ? strerror(err) : "cannot be written");
  lua_pushboolean(L, unread);
  return 3;
}

/* core.raise(op, message): an error in the library's one form, blaming the innermost line outside the library. */
static int raise_(lua_State *L) {
  const char *op = luaL_tolstring(L, 1, NULL), *msg = luaL_tolstring(L, 2, NULL);
  return gn_raise(L, op, msg);
}

/* core.on_exhausted(f): from now on f(message) is called before an error says that memory ran out, and the error raised
** when f returns; nil: no longer. core.exhausted(message) calls it, where such an error is raised anew. */
static int on_exhausted(lua_State *L) {
  if (!lua_isnoneornil(L, 1)) luaL_checktype(L, 1, LUA_TFUNCTION);
  gn_set_exhausted(L);
  return 0;
}

static int exhausted(lua_State *L) {
  gn_exhausted(L, "", luaL_checkstring(L, 1));
  return 0;
}

/* core.near_name(word, names) -> the name in the list that is nearest to a misspelt word, nil if none is near
** (options.h). */
static int near_name(lua_State *L) {
  if (lua_type(L, 1) != LUA_TSTRING) gn_expected(L, 1, "word", "a string");
  if (lua_type(L, 2) != LUA_TTABLE) gn_expected(L, 2, "names", "a list of strings");
  const size_t count = lua_rawlen(L, 2);
  const char **names = lua_newuserdatauv(L, GN_MAX(count, 1) * sizeof *names, 0);
  for (size_t i = 0; i < count; i++) {
    if (lua_rawgeti(L, 2, (lua_Integer)i + 1) != LUA_TSTRING) gn_expected(L, 2, "names", "a list of strings");
    names[i] = lua_tostring(L, -1); /* the list keeps it */
    lua_pop(L, 1);
  }
  lua_pushstring(L, gn_near_name(lua_tostring(L, 1), names, count)); /* NULL: nil */
  return 1;
}

/* core.library(prefix): chunks whose source starts with prefix ("@dir/") are the library's own. */
static int library(lua_State *L) {
  gn_set_library(L, luaL_checkstring(L, 1));
  return 0;
}

static const luaL_Reg funcs[] = {
    {"threads", threads},
    {"cores", cores},
    {"clock", clock_},
    {"rss", rss},
    {"faults", faults},
    {"isatty", isatty_},
    {"columns", columns},
    {"memory", memory},
    {"memory_trim", memory_trim},
    {"collect", collect},
    {"collect_step", collect_step},
    {"memory_limit", memory_limit},
    {"memory_fail_after", memory_fail_after},
    {"picture_seconds", picture_seconds},
    {"catch_interrupt", catch_interrupt},
    {"process", process},
    {"process_runs", process_runs},
    {"interrupted", interrupted},
    {"flush_output", flush_output},
    {"ignore_pipes", ignore_pipes},
    {"on_exhausted", on_exhausted},
    {"exhausted", exhausted},
    {"raise", raise_},
    {"near_name", near_name},
    {"library", library},
    {NULL, NULL},
};

void gn_open_system(lua_State *L) { gn_register(L, funcs); }
