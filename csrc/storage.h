/* storage.h - refcounted, 64-byte-aligned buffers from a caching allocator; the only malloc in the project.
**
** Freed buffers are kept and handed out again, whole or in parts, so that a training step touches no
** new page after the first ones. Thread-safe: all Lua states of a process share one cache, one limit and one count of
** failures to inject, behind one lock. A storage itself belongs to the state that made it: its counts are changed in
** that state's thread only. */
#ifndef GN_STORAGE_H
#define GN_STORAGE_H

#include "gn.h"

typedef struct gn_storage {
  void *data;   /* 64-byte aligned, at least `bytes` long; contents undefined when new */
  size_t bytes; /* as asked */
  int refs;
  uint64_t version; /* in-place writes so far; autograd compares it (gn_touch in bind) */
  uint64_t id;      /* no other storage of the process ever had it */
} gn_storage;

gn_storage *gn_storage_new(size_t bytes);    /* refs = 1; NULL: out of memory or fault injected */
int gn_storage_grows(size_t bytes);          /* 1: a buffer of that size would have to touch new pages */
size_t gn_storage_size(const gn_storage *s); /* bytes it takes of the machine's, its size class included */
void gn_storage_retain(gn_storage *s);
void gn_storage_release(gn_storage *s); /* to the cache when the last reference goes; NULL is ignored */
/* Asks the system for large pages where it gives them only on demand: touching a set's memory for the first time costs
** a tenth of reading small pictures into it otherwise. */
void gn_storage_large_pages(gn_storage *s);
void gn_storage_trim(void); /* gives the cache back to the system */

typedef struct gn_memory { /* of the process */
  size_t live;             /* bytes in buffers that somebody holds (size classes included) */
  size_t cached;           /* bytes kept for later buffers */
  size_t peak;             /* largest live so far */
  uint64_t count;          /* buffers handed out so far */
} gn_memory;

gn_memory gn_memory_stats(void);
void gn_memory_limit(size_t bytes); /* allocations that would take `live` beyond it fail; 0: no such limit */
/* tests: `times` allocations from the n-th from now on fail; n = 0: none */
void gn_memory_fail_after(int64_t n, int64_t times);
/* Around fork(), which must not cut an allocation of another thread short (par.c). */
void gn_storage_hold(void);
void gn_storage_let_go(void);
int gn_space_is_limited(void);    /* 1: address space is (ulimit -v) */
int gn_space_holds(size_t bytes); /* 1: as much of it is to be had now, in one piece */
/* Plain objects (workers, tables of loaders, decoders' rows): no cache, may return NULL. */
void *gn_malloc(size_t bytes);
void gn_free(void *p);

#endif
