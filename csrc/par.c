/* par.c - thread counts, background threads and fork() (see par.h). */
#define _GNU_SOURCE /* sigset_t and pthread_sigmask under -std=c11 */
#include "par.h"
#include "gn.h"
#include "lock.h"
#include "storage.h"
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

static int clamp_threads(int n) { return n < 1 ? 1 : n > GN_MAX_THREADS ? GN_MAX_THREADS : n; }

/* The affinity mask counts, not the machine: in a container of two cores this is 2. */
int gn_cores(void) { return clamp_threads(omp_get_num_procs()); }

/* ---- threads of kernels ---- */

static _Thread_local int wanted; /* by this thread; 0: not asked yet */
static _Thread_local int had;    /* as many the runtime has given it; 0: none so far */

/* Starts a thread with all signals blocked: Ctrl-C must reach Lua's handler, not a thread in the middle of a batch. */
static int start_thread(pthread_t *t, void *(*f)(void *), void *arg) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  const int ok = pthread_create(t, NULL, f, arg) == 0;
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  return ok;
}

static void *wait_for_gate(void *gate) {
  gn_lock_take(gate);
  gn_lock_give(gate);
  return NULL;
}

/* Finds how many of n threads the system gives, and lets the runtime take them: it ends the process where it cannot
** have one that it was told to have. */
static int find_threads(int n) {
  pthread_t t[GN_MAX_THREADS];
  gn_lock gate = GN_LOCK_INIT;
  int got = 1;
  gn_lock_take(&gate);
  while (got < n && start_thread(&t[got], wait_for_gate, &gate)) got++;
  gn_lock_give(&gate);
  for (int i = 1; i < got; i++) pthread_join(t[i], NULL);
  GN_PARALLEL_TEAM(got) {}
  return got;
}

int gn_threads(void) {
  if (wanted == 0) wanted = clamp_threads(omp_get_max_threads());
  if (wanted > had) had = wanted = wanted == 1 ? 1 : find_threads(wanted);
  return wanted;
}

void gn_set_threads(int n) {
  wanted = clamp_threads(n);
  had = GN_MIN(had, wanted); /* the runtime lets go of those that a loop does not use */
}

/* ---- workers ---- */

struct gn_worker {
  pthread_t thread;
  pthread_cond_t wake; /* to the worker: a job, or quit */
  pthread_cond_t idle; /* to the owner: the job is done */
  void (*job)(void *); /* NULL: idle */
  void *arg;
  int threaded; /* 0: no thread could be had, jobs run in gn_worker_wait */
  int quit;
  gn_worker *next, *prev; /* in the list of all */
};

/* One lock for all workers: a job is a batch of pictures, so that nobody waits for it. */
static gn_lock crowd = GN_LOCK_INIT;
static gn_worker *workers;                                /* all of the process */
static int busy;                                          /* jobs that threads have */
static int forking;                                       /* 1: only jobs may start jobs */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER; /* one of the two */
static _Thread_local int in_job;                          /* 1: this thread is a worker */

static void *worker_main(void *p) {
  gn_worker *w = p;
  in_job = 1;
  gn_lock_take(&crowd);
  for (;;) {
    while (!w->job && !w->quit) pthread_cond_wait(&w->wake, &crowd);
    if (!w->job) break; /* a job handed over before quit is still done */
    void (*job)(void *) = w->job;
    void *arg = w->arg;
    gn_lock_give(&crowd);
    job(arg);
    gn_lock_take(&crowd);
    w->job = NULL;
    pthread_cond_signal(&w->idle);
    if (--busy == 0) pthread_cond_broadcast(&changed);
  }
  gn_lock_give(&crowd);
  return NULL;
}

gn_worker *gn_worker_new(void) {
  gn_worker *w = gn_malloc(sizeof *w);
  if (!w) return NULL;
  *w = (gn_worker){.wake = PTHREAD_COND_INITIALIZER, .idle = PTHREAD_COND_INITIALIZER};
  gn_lock_take(&crowd);
  w->threaded = start_thread(&w->thread, worker_main, w);
  w->next = workers;
  if (workers) workers->prev = w;
  workers = w;
  gn_lock_give(&crowd);
  return w;
}

static void wait_idle(gn_worker *w) {
  while (w->job) pthread_cond_wait(&w->idle, &crowd);
}

void gn_worker_start(gn_worker *w, void (*job)(void *), void *arg) {
  gn_worker_wait(w);
  gn_lock_take(&crowd);
  while (forking && !in_job) pthread_cond_wait(&changed, &crowd);
  w->job = job;
  w->arg = arg;
  if (w->threaded) {
    busy++;
    pthread_cond_signal(&w->wake);
  }
  gn_lock_give(&crowd);
}

void gn_worker_wait(gn_worker *w) {
  if (!w->threaded) {
    if (w->job) w->job(w->arg);
    w->job = NULL;
    return;
  }
  gn_lock_take(&crowd);
  wait_idle(w);
  gn_lock_give(&crowd);
}

void gn_worker_free(gn_worker *w) {
  if (!w) return;
  gn_worker_wait(w);
  gn_lock_take(&crowd);
  w->quit = 1;
  pthread_cond_signal(&w->wake);
  if (w->next) w->next->prev = w->prev;
  if (w->prev) w->prev->next = w->next;
  else workers = w->next;
  gn_lock_give(&crowd);
  if (w->threaded) pthread_join(w->thread, NULL);
  pthread_cond_destroy(&w->wake);
  pthread_cond_destroy(&w->idle);
  gn_free(w);
}

/* ---- foreign calls ---- */

/* Each thread counts its calls in a line of the cache that it shares with few others. */
#define LINES 64
static struct { _Alignas(64) atomic_int calls; } lines[LINES];
static atomic_int threads_seen;
static _Thread_local int line;      /* from 1 on; 0: none yet */
static atomic_int shut;             /* 1: no new calls */
static gn_lock door = GN_LOCK_INIT; /* whoever shut it has it */

static atomic_int *calls_here(void) {
  if (!line) line = 1 + atomic_fetch_add(&threads_seen, 1) % LINES;
  return &lines[line - 1].calls;
}

int gn_foreign_begin(void) {
  atomic_int *calls = calls_here();
  while (atomic_fetch_add(calls, 1), atomic_load(&shut)) {
    atomic_fetch_sub(calls, 1);
    gn_lock_take(&door);
    gn_lock_give(&door);
  }
  const int before = omp_get_max_threads();
  if (before != 1) omp_set_num_threads(1);
  return before;
}

void gn_foreign_end(int before) {
  if (before != 1) omp_set_num_threads(before);
  atomic_fetch_sub(calls_here(), 1);
}

/* ---- fork ---- */

/* OpenMP's runtime does not know of fork: a child that meets a pool whose threads are gone waits for them for ever. So
** the pool of the thread that forks ends before. */
static void before_fork(void) {
  omp_pause_resource_all(omp_pause_soft);
  had = 0;
  gn_lock_take(&crowd);
  while (forking) pthread_cond_wait(&changed, &crowd); /* another thread forks, too */
  forking = 1;
  while (busy) pthread_cond_wait(&changed, &crowd);
  gn_lock_take(&door);
  atomic_store(&shut, 1);
  for (int i = 0; i < LINES; i++)
    while (atomic_load(&lines[i].calls)) sched_yield();
  gn_storage_hold();
}

static void after_fork(void) {
  gn_storage_let_go();
  atomic_store(&shut, 0);
  gn_lock_give(&door);
  forking = 0;
  pthread_cond_broadcast(&changed);
  gn_lock_give(&crowd);
}

/* Of the threads only the one that forked is here. Conditions may remember others that waited. */
static void in_child(void) {
  changed = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
  for (gn_worker *w = workers; w; w = w->next) {
    w->threaded = 0;
    w->wake = w->idle = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
  }
  after_fork();
}

static void init(void) { pthread_atfork(before_fork, after_fork, in_child); }

void gn_par_init(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, init);
}
