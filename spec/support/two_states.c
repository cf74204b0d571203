/* two_states.c - a program that embeds Lua: trains in several states, each in a thread of its own, and compares what
** came out with the same alone.
**
**   two_states CHUNK STEPS THREADS [KERNEL_THREADS [fork]]
**
** CHUNK is a Lua file that is called with KERNEL_THREADS (1), and returns a function: train(n) trains n steps more, and
** returns what it came to as a string. Says in one line whether all strings are the same; the exit code is 0 if they
** are. With `fork`, each thread forks in the middle, while the others work: child and parent go on. */
#define _GNU_SOURCE
#include <lauxlib.h>
#include <lualib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 16
#define SECONDS 60 /* a child that takes longer hangs */

static const char *chunk;
static int steps, kernel_threads, forks;

typedef struct outcome {
  char *bytes;
  size_t n;
  int child; /* its exit code, 0 if there was none; 1: other bytes, 2: an error, above: the signal that ended it */
  char error[2000];
} outcome;

static outcome alone;

/* Trains n steps: 1, and the string is on the stack; or 0, and o->error tells. */
static int train(lua_State *L, int n, outcome *o) {
  lua_pushvalue(L, 1);
  lua_pushinteger(L, n);
  if (lua_pcall(L, 1, 1, 0) == LUA_OK) return 1;
  snprintf(o->error, sizeof o->error, "%s", luaL_tolstring(L, -1, NULL));
  return 0;
}

static int same(lua_State *L, const outcome *as) {
  size_t n;
  const char *bytes = lua_tolstring(L, -1, &n);
  return bytes && n == as->n && memcmp(bytes, as->bytes, n) == 0;
}

static void go_on_in_child(lua_State *L, int n, outcome *o) {
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(SECONDS);
    const int ok = train(L, n, o);
    if (!ok) fprintf(stderr, "child: %s\n", o->error);
    _exit(!ok ? 2 : same(L, &alone) ? 0 : 1);
  }
  int status;
  waitpid(pid, &status, 0);
  o->child = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void run(outcome *o, int with_fork) {
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  lua_pushinteger(L, kernel_threads);
  if (luaL_loadfile(L, chunk) != LUA_OK || (lua_insert(L, 1), lua_pcall(L, 1, 1, 0)) != LUA_OK)
    snprintf(o->error, sizeof o->error, "%s", luaL_tolstring(L, -1, NULL));
  else if (train(L, steps / 2, o)) {
    lua_settop(L, 1);
    if (with_fork) go_on_in_child(L, steps - steps / 2, o);
    if (train(L, steps - steps / 2, o)) {
      const char *bytes = lua_tolstring(L, -1, &o->n);
      o->bytes = malloc(o->n + 1);
      memcpy(o->bytes, bytes, o->n);
    }
  }
  lua_close(L);
}

static void *run_in_thread(void *o) {
  run(o, forks);
  return NULL;
}

int main(int argc, char **argv) {
  if (argc < 4) return fprintf(stderr, "usage: two_states CHUNK STEPS THREADS [KERNEL_THREADS [fork]]\n"), 2;
  chunk = argv[1];
  steps = atoi(argv[2]);
  const int n = atoi(argv[3]);
  kernel_threads = argc > 4 ? atoi(argv[4]) : 1;
  forks = argc > 5 && strcmp(argv[5], "fork") == 0;
  if (n < 1 || n > MOST) return fprintf(stderr, "two_states: 1 to %d threads\n", MOST), 2;
  run(&alone, 0);
  if (!alone.bytes) return fprintf(stderr, "two_states: alone: %s\n", alone.error), 2;
  static outcome each[MOST];
  pthread_t threads[MOST];
  for (int i = 0; i < n; i++) pthread_create(&threads[i], NULL, run_in_thread, &each[i]);
  for (int i = 0; i < n; i++) pthread_join(threads[i], NULL);
  int bad = 0;
  for (int i = 0; i < n; i++) {
    const outcome *o = &each[i];
    if (!o->bytes) printf("thread %d: %s\n", i + 1, o->error);
    else if (o->n != alone.n || memcmp(o->bytes, alone.bytes, o->n) != 0) printf("thread %d: other bytes\n", i + 1);
    else if (o->child) printf("thread %d: its child ended with %d\n", i + 1, o->child);
    else continue;
    bad++;
  }
  if (bad == 0) printf("the same %zu bytes in %d threads\n", alone.n, n);
  return bad > 0;
}
