/* par.c - thread count and background threads (see par.h). */
#define _GNU_SOURCE /* sigset_t and pthread_sigmask under -std=c11 */
#include "gn.h"
#include "par.h"
#include "storage.h"
#include <pthread.h>
#include <signal.h>

static int nthreads; /* 0: not asked yet */

static int clamp_threads(int n) { return n < 1 ? 1 : n > GN_MAX_THREADS ? GN_MAX_THREADS : n; }

/* The affinity mask counts, not the machine: in a container of two cores this is 2. */
int gn_cores(void) { return clamp_threads(omp_get_num_procs()); }

/* Starts as OMP_NUM_THREADS where that is set, else as the cores this process may use. */
int gn_threads(void) {
  if (nthreads == 0) nthreads = clamp_threads(omp_get_max_threads());
  return nthreads;
}

void gn_set_threads(int n) { nthreads = clamp_threads(n); }

struct gn_worker {
  pthread_t thread;
  pthread_mutex_t lock;
  pthread_cond_t wake; /* to the worker: a job, or quit */
  pthread_cond_t idle; /* to the owner: the job is done */
  void (*job)(void *); /* NULL: idle */
  void *arg;
  int threaded; /* 0: no thread could be had, jobs run in gn_worker_wait */
  int quit;
};

static void *worker_main(void *p) {
  gn_worker *w = p;
  pthread_mutex_lock(&w->lock);
  for (;;) {
    while (!w->job && !w->quit) pthread_cond_wait(&w->wake, &w->lock);
    if (!w->job) break; /* a job handed over before quit is still done */
    void (*job)(void *) = w->job;
    void *arg = w->arg;
    pthread_mutex_unlock(&w->lock);
    job(arg);
    pthread_mutex_lock(&w->lock);
    w->job = NULL;
    pthread_cond_signal(&w->idle);
  }
  pthread_mutex_unlock(&w->lock);
  return NULL;
}

gn_worker *gn_worker_new(void) {
  gn_worker *w = gn_malloc(sizeof *w);
  if (!w) return NULL;
  w->job = NULL;
  w->arg = NULL;
  w->quit = 0;
  pthread_mutex_init(&w->lock, NULL);
  pthread_cond_init(&w->wake, NULL);
  pthread_cond_init(&w->idle, NULL);
  /* Signals stay with the main thread: Ctrl-C must reach Lua's handler, not a thread in the middle of a batch. */
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  w->threaded = pthread_create(&w->thread, NULL, worker_main, w) == 0;
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  return w;
}

void gn_worker_start(gn_worker *w, void (*job)(void *), void *arg) {
  gn_worker_wait(w);
  pthread_mutex_lock(&w->lock);
  w->job = job;
  w->arg = arg;
  pthread_cond_signal(&w->wake);
  pthread_mutex_unlock(&w->lock);
}

void gn_worker_wait(gn_worker *w) {
  if (!w->threaded) {
    if (w->job) w->job(w->arg);
    w->job = NULL;
    return;
  }
  pthread_mutex_lock(&w->lock);
  while (w->job) pthread_cond_wait(&w->idle, &w->lock);
  pthread_mutex_unlock(&w->lock);
}

void gn_worker_free(gn_worker *w) {
  if (!w) return;
  gn_worker_wait(w);
  if (w->threaded) {
    pthread_mutex_lock(&w->lock);
    w->quit = 1;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
  }
  pthread_cond_destroy(&w->wake);
  pthread_cond_destroy(&w->idle);
  pthread_mutex_destroy(&w->lock);
  gn_free(w);
}
