/* storage.c - refcounted buffers with a size-class cache. See storage.h. */
#include "storage.h"
#include <stdlib.h>
#include <unistd.h>

/* Classes: eight steps per power of two above 64 bytes, so that at most 12.5 % of a buffer is slack. */
#define STEPS 8
#define MIN_SHIFT 6
#define NCLASS ((48 - MIN_SHIFT) * STEPS)
#define CACHE_MAX ((size_t)256 << 20) /* larger buffers (whole data sets) go back to the system at once */

typedef struct block {
  gn_storage s; /* first: a gn_storage* is a block* */
  size_t cap;
  int cls;
  struct block *next;
} block;

#define HEADER 64
_Static_assert(sizeof(block) <= HEADER, "the block header must fit before the data");

static block *cache[NCLASS];
static gn_memory mem;
static size_t limit = SIZE_MAX;
static int64_t fail_in, fail_times; /* fault injection: allocations until the first that fails (0: off), how many do */

static int inject_failure(void) {
  if (fail_in == 0 || --fail_in > 0) return 0;
  fail_in = --fail_times > 0 ? 1 : 0;
  return 1;
}

/* What the machine has: more would be promised by an overcommitting system, and the process killed when it is used. */
static size_t machine_bytes(void) {
  static size_t bytes;
  if (!bytes) {
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    bytes = pages > 0 && size > 0 ? (size_t)pages * (size_t)size : SIZE_MAX;
  }
  return bytes;
}

static int size_class(size_t bytes, size_t *cap) {
  size_t units = (bytes + ((size_t)1 << MIN_SHIFT) - 1) >> MIN_SHIFT;
  if (units <= STEPS) {
    if (units == 0) units = 1;
    *cap = units << MIN_SHIFT;
    return (int)units - 1;
  }
  int shift = 63 - __builtin_clzll((unsigned long long)(units - 1)) - 3; /* so that units-1 >> shift is in 8..15 */
  size_t top = ((units - 1) >> shift) + 1;
  *cap = (top << shift) << MIN_SHIFT;
  return (shift + 1) * STEPS + (int)top - STEPS - 1;
}

gn_storage *gn_storage_new(size_t bytes) {
  size_t cap;
  if (bytes > ((size_t)1 << 46) || bytes > machine_bytes() || inject_failure()) return NULL;
  int cls = size_class(bytes, &cap);
  if (cap > limit || mem.live > limit - cap) return NULL;
  block *b = cache[cls];
  if (b) {
    cache[cls] = b->next;
    mem.cached -= cap;
  } else {
    b = aligned_alloc(64, HEADER + cap);
    if (!b) return NULL;
    b->cap = cap;
    b->cls = cls;
    b->s.data = (char *)b + HEADER;
  }
  b->s.bytes = bytes;
  b->s.refs = 1;
  b->s.version = 0;
  mem.live += cap;
  mem.since += cap;
  mem.count++;
  if (mem.live > mem.peak) mem.peak = mem.live;
  return &b->s;
}

void gn_storage_retain(gn_storage *s) { s->refs++; }

void gn_storage_release(gn_storage *s) {
  if (!s || --s->refs > 0) return;
  block *b = (block *)(void *)s;
  mem.live -= b->cap;
  if (b->cap > CACHE_MAX) {
    free(b);
    return;
  }
  b->next = cache[b->cls];
  cache[b->cls] = b;
  mem.cached += b->cap;
}

void gn_storage_discard(gn_storage *s) {
  if (s->refs == 1) mem.since -= GN_MIN(mem.since, ((block *)(void *)s)->cap);
  gn_storage_release(s);
}

/* Large workspaces come and go with every call and differ in size: in the size classes each would keep memory of its own. */
#define SPARE_MIN ((size_t)1 << 20)
static block *spare;

gn_storage *gn_storage_scratch(size_t bytes) {
  if (bytes < SPARE_MIN) return gn_storage_new(bytes);
  if (spare && bytes <= spare->cap && spare->cap <= limit && mem.live <= limit - spare->cap && !inject_failure()) {
    block *b = spare;
    spare = NULL;
    mem.cached -= b->cap;
    mem.live += b->cap;
    if (mem.live > mem.peak) mem.peak = mem.live;
    b->s.bytes = bytes;
    b->s.refs = 1;
    return &b->s;
  }
  if (spare && bytes > spare->cap) { /* the larger one takes its place */
    mem.cached -= spare->cap;
    free(spare);
    spare = NULL;
  }
  gn_storage *s = gn_storage_new(bytes);
  if (s) mem.since -= ((block *)(void *)s)->cap; /* never the collector's business */
  return s;
}

void gn_storage_scratch_done(gn_storage *s) {
  block *b = (block *)(void *)s, *old = spare;
  if (!b) return;
  if (s->bytes < SPARE_MIN) {
    gn_storage_discard(s);
    return;
  }
  mem.live -= b->cap;
  if (old && old->cap >= b->cap) {
    free(b);
    return;
  }
  if (old) {
    mem.cached -= old->cap;
    free(old);
  }
  mem.cached += b->cap;
  spare = b;
}

void gn_storage_trim(void) {
  if (spare) free(spare);
  spare = NULL;
  for (int i = 0; i < NCLASS; i++)
    while (cache[i]) {
      block *b = cache[i];
      cache[i] = b->next;
      free(b);
    }
  mem.cached = 0;
}

gn_memory gn_memory_stats(void) { return mem; }
void gn_memory_collected(void) { mem.since = 0; }
void gn_memory_limit(size_t bytes) { limit = bytes ? bytes : SIZE_MAX; }
void gn_memory_fail_after(int64_t n, int64_t times) {
  fail_in = n;
  fail_times = times;
}

void *gn_malloc(size_t bytes) { return inject_failure() ? NULL : malloc(bytes); }
void gn_free(void *p) { free(p); }
