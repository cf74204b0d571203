/* storage.c - refcounted buffers with a cache. See storage.h. */
#define _GNU_SOURCE /* MAP_ANONYMOUS, MAP_NORESERVE, madvise under -std=c11 */
#include "storage.h"
#include "lock.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* Small buffers stay in size-class lists. Classes: eight steps per power of two above 64 bytes, so that at most 12.5
** % is slack. Larger ones are cut from regions, lowest address first, and melt together again when they are freed:
** the workspaces and activations of a step, which come in every size, then share the same pages. A region is address
** space as large as the machine's memory, where that is not limited; the system gives it pages when they are first
** written. */
#define STEPS 8
#define MIN_SHIFT 6
#define NCLASS (11 * STEPS)
#define SMALL ((size_t)1 << 16)
#ifdef __SANITIZE_ADDRESS__
#define CACHE_MAX SMALL /* large buffers are malloc's, so that the sanitizer sees where they end */
#else
/* larger buffers (whole data sets) are malloc's and go back to the system at once */
#define CACHE_MAX ((size_t)256 << 20)
#endif
#define REGIONS 64
#define FIRST_REGION ((size_t)1 << 24) /* where address space is limited */

typedef struct block {
  gn_storage s; /* first: a gn_storage* is a block* */
  uint32_t cap; /* in units of 64 bytes, without the header */
  int16_t cls;  /* size class; LARGE: in a region */
  int16_t free;
  struct block *next; /* small: in the list of its class; large: the block behind it in the region */
  struct block *prev; /* large: the block before it */
} block;

/* While a large block is free, the links of the list of free blocks stand in its data. */
typedef struct links {
  block *next, *prev;
} links;

#define LARGE (-1)
#define HEADER 64
_Static_assert(sizeof(block) <= HEADER, "the block header must fit before the data");

static gn_lock heap = GN_LOCK_INIT; /* of all that follows, but for what is atomic */
static block *cache[NCLASS];        /* small */
static block *unused;               /* large, in any order */
static gn_memory mem;
static uint64_t last_id;
static size_t limit = SIZE_MAX;
/* fault injection: allocations until the first that fails (0: off), and how many do; atomic, as gn_malloc asks, too */
static _Atomic int64_t fail_in, fail_times;

static int inject_failure(void) {
  int64_t n = atomic_load_explicit(&fail_in, memory_order_relaxed);
  while (n > 1)
    if (atomic_compare_exchange_weak(&fail_in, &n, n - 1)) return 0;
  if (n == 0) return 0;
  if (--fail_times <= 0) fail_in = 0;
  return 1;
}

/* What the machine has: more would be promised by an overcommitting system, and the process killed when it is used. */
static size_t machine_bytes(void) {
  static _Atomic size_t asked;
  size_t bytes = asked;
  if (!bytes) {
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    asked = bytes = pages > 0 && size > 0 ? (size_t)pages * (size_t)size : SIZE_MAX;
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

static size_t cap_of(const block *b) { return (size_t)b->cap << MIN_SHIFT; }
static links *links_of(block *b) { return (links *)b->s.data; }

static void unlink_free(block *b) {
  links *l = links_of(b);
  if (l->prev) links_of(l->prev)->next = l->next;
  else unused = l->next;
  if (l->next) links_of(l->next)->prev = l->prev;
  b->free = 0;
}

static void link_free(block *b) {
  *links_of(b) = (links){unused, NULL};
  if (unused) links_of(unused)->prev = b;
  unused = b;
  b->free = 1;
}

static block *init_block(void *at, size_t cap, int cls) {
  block *b = at;
  b->s.data = (char *)at + HEADER;
  b->cap = (uint32_t)(cap >> MIN_SHIFT);
  b->cls = (int16_t)cls;
  b->free = 0;
  b->next = b->prev = NULL;
  return b;
}

/* What is left of b behind its first `cap` bytes becomes a free block, where that is worth one. */
static void split(block *b, size_t cap) {
  if (cap_of(b) < cap + HEADER + SMALL) return;
  block *rest = init_block((char *)b->s.data + cap, cap_of(b) - cap - HEADER, LARGE);
  rest->prev = b;
  rest->next = b->next;
  if (b->next) b->next->prev = rest;
  b->next = rest;
  b->cap = (uint32_t)(cap >> MIN_SHIFT);
  link_free(rest);
}

typedef struct region {
  char *at, *end;
  char *high; /* nothing beyond was written so far */
} region;

static region regions[REGIONS];
static int nregions;

static region *region_of(const void *p) {
  for (int i = 0; i < nregions; i++)
    if ((const char *)p >= regions[i].at && (const char *)p < regions[i].end) return regions + i;
  return NULL;
}

int gn_space_is_limited(void) {
  struct rlimit space;
  return getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY;
}

int gn_space_holds(size_t bytes) {
  void *at = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at != MAP_FAILED) munmap(at, bytes);
  return at != MAP_FAILED;
}

/* As much as a new region may take: all that the machine has, so that there is no second one; where address space is
** limited (ulimit -v), as much as there is in regions so far, for others live there, too. */
static size_t region_bytes(void) {
  if (!gn_space_is_limited()) return GN_MIN(machine_bytes(), (size_t)1 << 37);
  size_t sum = 0;
  for (int i = 0; i < nregions; i++) sum += (size_t)(regions[i].end - regions[i].at);
  return GN_MAX(sum, FIRST_REGION);
}

/* A new region of at least cap bytes, free as a whole; 0: the system refuses. */
static int new_region(size_t cap) {
  if (nregions == REGIONS) return 0;
  const size_t least = (HEADER + cap + SMALL + 0xffff) & ~(size_t)0xffff;
  for (size_t size = GN_MAX(region_bytes() & ~(size_t)0xffff, least);;
       size = GN_MAX(size / 2 & ~(size_t)0xffff, least)) {
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at != MAP_FAILED) {
      block *b = init_block(at, size - HEADER, LARGE);
      regions[nregions++] = (region){at, (char *)at + size, b->s.data};
      link_free(b);
      return 1;
    }
    if (size == least) return 0;
  }
}

static block *lowest_fit(size_t cap) {
  block *lowest = NULL;
  for (block *b = unused; b; b = links_of(b)->next)
    if (cap_of(b) >= cap && (!lowest || b < lowest)) lowest = b;
  return lowest;
}

int gn_storage_grows(size_t bytes) {
  const size_t cap = (bytes + 63) / 64 * 64;
  if (cap <= SMALL || cap > CACHE_MAX) return 0;
  gn_lock_take(&heap);
  const block *b = lowest_fit(cap);
  const int grows = !b || (const char *)b->s.data + cap > region_of(b)->high;
  gn_lock_give(&heap);
  return grows;
}

static block *new_large(size_t cap) {
  block *b = lowest_fit(cap);
  if (!b && new_region(cap)) b = lowest_fit(cap);
  if (!b) return NULL;
  unlink_free(b);
  split(b, cap);
  region *r = region_of(b);
  char *end = (char *)b->s.data + cap_of(b);
  if (end > r->high) {
    mem.cached += (size_t)(end - r->high);
    r->high = end;
  }
  mem.cached -= cap_of(b);
  return b;
}

/* b takes in the block behind it. */
static void melt(block *b) {
  block *n = b->next;
  b->cap += n->cap + (HEADER >> MIN_SHIFT);
  b->next = n->next;
  if (n->next) n->next->prev = b;
}

static void free_large(block *b) {
  mem.cached += cap_of(b);
  if (b->next && b->next->free) {
    unlink_free(b->next);
    melt(b);
  }
  if (b->prev && b->prev->free) {
    b = b->prev;
    unlink_free(b);
    melt(b);
  }
  link_free(b);
}

/* A block of cap bytes or more, counted: cached, cut from a region, or the system's. NULL: there is none, or the limit
** does not allow it. */
static block *take(size_t cap, int cls) {
  if (cap > limit || mem.live > limit - cap) return NULL;
  block *b;
  if (cls == LARGE && cap <= CACHE_MAX) {
    b = new_large(cap);
    if (!b) return NULL;
  } else if (cls != LARGE && cache[cls]) {
    b = cache[cls];
    cache[cls] = b->next;
    mem.cached -= cap;
  } else {
    void *at = aligned_alloc(64, HEADER + cap);
    if (!at) return NULL;
    b = init_block(at, cap, cls);
  }
  b->s.id = ++last_id;
  mem.live += cap_of(b);
  mem.count++;
  if (mem.live > mem.peak) mem.peak = mem.live;
  return b;
}

gn_storage *gn_storage_new(size_t bytes) {
  size_t cap = (bytes + 63) / 64 * 64;
  int cls = LARGE;
  if (bytes > (size_t)1 << 37 || bytes > machine_bytes() || inject_failure()) return NULL;
  if (bytes <= SMALL) cls = size_class(bytes, &cap);
  gn_lock_take(&heap);
  block *b = take(cap, cls);
  gn_lock_give(&heap);
  if (!b) return NULL;
  b->s.bytes = bytes;
  b->s.refs = 1;
  b->s.version = 0;
  return &b->s;
}

size_t gn_storage_size(const gn_storage *s) { return cap_of((const block *)(const void *)s); }

void gn_storage_retain(gn_storage *s) { s->refs++; }

void gn_storage_release(gn_storage *s) {
  if (!s || --s->refs > 0) return;
  block *b = (block *)(void *)s;
  gn_lock_take(&heap);
  mem.live -= cap_of(b);
  if (b->cls != LARGE) {
    b->next = cache[b->cls];
    cache[b->cls] = b;
    mem.cached += cap_of(b);
  } else if (cap_of(b) > CACHE_MAX) free(b);
  else free_large(b);
  gn_lock_give(&heap);
}

void gn_storage_large_pages(gn_storage *s) {
#ifdef MADV_HUGEPAGE
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)s->data;
  const uintptr_t from = (at + page - 1) / page * page, to = (at + s->bytes) / page * page;
  if (from < to) madvise((void *)from, to - from, MADV_HUGEPAGE); /* a hint: where it is refused, nothing changes */
#else
  (void)s;
#endif
}

void gn_storage_trim(void) {
  gn_lock_take(&heap);
  for (int i = 0; i < NCLASS; i++)
    while (cache[i]) {
      block *b = cache[i];
      cache[i] = b->next;
      mem.cached -= cap_of(b);
      free(b);
    }
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  for (block *b = unused; b; b = links_of(b)->next) { /* the pages between the links and the next block's header */
    region *r = region_of(b);
    char *end = (char *)b->s.data + cap_of(b);
    if (end > r->high) end = r->high;
    char *from = (char *)(((uintptr_t)b->s.data + sizeof(links) + page - 1) / page * page),
         *to = (char *)((uintptr_t)end / page * page);
    if (from < to) madvise(from, (size_t)(to - from), MADV_DONTNEED);
  }
  gn_lock_give(&heap);
}

gn_memory gn_memory_stats(void) {
  gn_lock_take(&heap);
  const gn_memory now = mem;
  gn_lock_give(&heap);
  return now;
}

void gn_memory_limit(size_t bytes) {
  gn_lock_take(&heap);
  limit = bytes ? bytes : SIZE_MAX;
  gn_lock_give(&heap);
}

void gn_storage_hold(void) { gn_lock_take(&heap); }
void gn_storage_let_go(void) { gn_lock_give(&heap); }

void gn_memory_fail_after(int64_t n, int64_t times) {
  fail_in = n;
  fail_times = times;
}

void *gn_malloc(size_t bytes) { return inject_failure() ? NULL : malloc(bytes); }
void gn_free(void *p) { free(p); }
