/* storage.h - refcounted, 64-byte-aligned buffers from a caching allocator; the only malloc in the project.
**
** Freed buffers are kept and handed out again, whole or in parts, so that a training step touches no
** new page after the first ones. Not thread-safe but for gn_malloc and gn_free: called from the Lua thread only. */
#ifndef GN_STORAGE_H
#define GN_STORAGE_H

#include "gn.h"

typedef struct gn_storage {
  void *data;   /* 64-byte aligned, at least `bytes` long; contents undefined when new */
  size_t bytes; /* as asked */
  int refs;
  uint64_t version; /* in-place writes so far; autograd compares it (gn_touch in bind) */
  uint64_t id;      /* no other storage ever had it */
} gn_storage;

gn_storage *gn_storage_new(size_t bytes); /* refs = 1; NULL: out of memory or fault injected */
int gn_storage_grows(size_t bytes);       /* 1: a buffer of that size would have to touch new pages */
void gn_storage_retain(gn_storage *s);
void gn_storage_release(gn_storage *s); /* to the cache when the last reference goes; NULL is ignored */
void gn_storage_discard(gn_storage *s); /* release without waiting for the collector: not counted in `since` */
/* Asks the system for large pages where it gives them only on demand: touching a set's memory for the first time costs
** a tenth of reading small pictures into it otherwise. */
void gn_storage_large_pages(gn_storage *s);
void gn_storage_trim(void); /* gives the cache back to the system, and what gn_storage_on_trim registered first */

/* Registers a holder of buffers that can be made again: gn_storage_trim calls it, and it releases them. Holders live
** as long as the process; a second registration of one changes nothing. At most GN_HOLDERS. */
#define GN_HOLDERS 4
void gn_storage_on_trim(void (*give_up)(void));

typedef struct gn_memory {
  size_t live;    /* bytes in buffers that somebody holds (size classes included) */
  size_t cached;  /* bytes kept for later buffers */
  size_t peak;    /* largest live so far */
  size_t since;   /* bytes handed out since gn_memory_collected */
  uint64_t count; /* buffers handed out so far */
} gn_memory;

gn_memory gn_memory_stats(void);
void gn_memory_collected(void);     /* the collector ran: since = 0 */
void gn_memory_limit(size_t bytes); /* allocations that would take `live` beyond it fail; 0: no such limit */
/* tests: `times` allocations from the n-th from now on fail; n = 0: none */
void gn_memory_fail_after(int64_t n, int64_t times);
/* Plain objects (workers, tables of loaders, decoders' rows): no cache, may return NULL. Thread-safe. */
void *gn_malloc(size_t bytes);
void gn_free(void *p);

#endif
