/* par.h - threads in one place: the only OpenMP in the project, and the only background threads.
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

#define GN_PAR_MIN 16384  /* elements of cheap work below which a second thread costs more than it gives */
#define GN_PAR_BLOCK 8192 /* elements in one block of a pointwise loop or of a two-level sum */
#define GN_MAX_THREADS 64

int gn_threads(void);                  /* threads used by kernels, 1 .. GN_MAX_THREADS */
void gn_set_threads(int n);            /* clamped to that range */
int gn_cores(void);                    /* processors this process may use */
static inline int gn_thread_id(void) { /* 0 .. gn_threads()-1 inside a parallel loop: index of per-thread workspace */
  return omp_get_thread_num();
}

/* One background thread that runs one job at a time (batches made ahead of need, pictures being read). The job must not
** touch Lua, nor of the allocator more than gn_malloc and gn_free; it may start jobs of other workers. Never fails
** visibly: where no thread can be had, the job runs in gn_worker_wait. */
typedef struct gn_worker gn_worker;
gn_worker *gn_worker_new(void);                                     /* NULL: out of memory */
void gn_worker_start(gn_worker *w, void (*job)(void *), void *arg); /* waits for the job before it first */
void gn_worker_wait(gn_worker *w);                                  /* until idle */
void gn_worker_free(gn_worker *w);                                  /* waits, joins; NULL is ignored */

#endif
