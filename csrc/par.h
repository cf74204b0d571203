/* par.h - threads in one place: the only OpenMP in the project, the only background threads, and what fork() needs.
**
** Determinism: work is cut into blocks fixed by the shape, never by the thread count, each block writes its own
** outputs, and partial sums are added in block order. Then 1 and 2 threads give the same bytes. Use:
**
**   GN_PARALLEL_FOR_IF(n * c > GN_PAR_MIN)
**   for (gn_int i = 0; i < nblocks; i++) ...          // the loop variable must be declared in the for
**
** No Lua call, no allocation and no gn_worker call inside a parallel region. */
#ifndef GN_PAR_H
#define GN_PAR_H

#include "gn.h"
#include <omp.h>

#define GN_PRAGMA(x) _Pragma(#x)
#define GN_PARALLEL_FOR GN_PRAGMA(omp parallel for schedule(dynamic) num_threads(gn_threads()))
#define GN_PARALLEL_FOR_IF(cond) GN_PRAGMA(omp parallel for schedule(static) num_threads(gn_threads()) if (cond))
#define GN_PARALLEL_TEAM(n) GN_PRAGMA(omp parallel num_threads(n)) /* for par.c */

#define GN_PAR_MIN 16384  /* elements of cheap work below which a second thread costs more than it gives */
#define GN_PAR_BLOCK 8192 /* elements in one block of a pointwise loop or of a two-level sum */
#define GN_MAX_THREADS 64

/* Threads that kernels called in this thread use, 1 .. GN_MAX_THREADS. Each thread has a number of its own, as it has
** a pool of OpenMP's of its own: sizes of workspace and the loops that use it must agree. At first it is
** OMP_NUM_THREADS, or gn_cores(). Fewer where the system does not give as many threads. */
int gn_threads(void);
void gn_set_threads(int n);            /* clamped to that range; for this thread */
int gn_cores(void);                    /* processors this process may use */
static inline int gn_thread_id(void) { /* 0 .. gn_threads()-1 inside a parallel loop: index of per-thread workspace */
  return omp_get_thread_num();
}

/* One background thread that runs one job at a time (batches made ahead of need, pictures being read). The job must not
** touch Lua, nor of the allocator more than gn_malloc and gn_free; it may start jobs of other workers, and has no
** parallel loop. A worker belongs to the thread or job that made it. Never fails visibly: where no thread can be had,
** as in the child of a fork(), the job runs in gn_worker_wait. */
typedef struct gn_worker gn_worker;
gn_worker *gn_worker_new(void);                                     /* NULL: out of memory */
void gn_worker_start(gn_worker *w, void (*job)(void *), void *arg); /* waits for the job before it first */
void gn_worker_wait(gn_worker *w);                                  /* until idle */
void gn_worker_free(gn_worker *w);                                  /* waits, joins; NULL is ignored */

/* Around every call of a library that takes locks of its own, and threads where OpenMP gives some (OpenBLAS). It gets
** one thread, so that results are the same bytes whatever thread calls. While fork() waits for the calls under way, no
** new one begins: in the child, a lock that another thread holds is never given back. end takes what begin returned. */
int gn_foreign_begin(void);
void gn_foreign_end(int before);

/* Registers with fork(), once for each process: it waits for jobs and foreign calls of other threads, then parent and
** child go on with all they had, but for the threads, which are had again when they are needed. */
void gn_par_init(void);

#endif
