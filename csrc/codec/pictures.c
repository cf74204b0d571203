/* pictures.c - reads, decodes and fits pictures in several threads (see pictures.h). */
#define _GNU_SOURCE /* O_CLOEXEC, pread under -std=c11 */
#include "pictures.h"
#include "../kernels/image.h"
#include "../par.h"
#include "codec.h"
#include "fit.h"
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define KEPT ((size_t)16 << 20) /* a larger buffer is not kept for the next picture */
#define FIRST_ROOM ((size_t)1 << 16)
#define LARGE ((gn_int)1 << 20) /* a larger file is asked what it is before it is read */
#define HEAD ((gn_int)4096)     /* bytes that tell */

gn_pictures *gn_pictures_new(gn_int n, size_t text_bytes) {
  gn_pictures *p = gn_malloc(sizeof *p);
  if (!p) return NULL;
  *p = (gn_pictures){.refs = 1, .n = n};
  p->entries = gn_malloc(sizeof *p->entries * (size_t)n + 1);
  p->crc = gn_malloc(sizeof *p->crc * (size_t)n + 1);
  p->texts = gn_malloc(text_bytes + 1);
  if (p->entries && p->crc && p->texts) return p;
  gn_pictures_release(p);
  return NULL;
}

void gn_pictures_retain(gn_pictures *p) { p->refs++; }

void gn_pictures_release(gn_pictures *p) {
  if (!p || --p->refs > 0) return;
  gn_storage_release(p->held);
  gn_free(p->entries);
  gn_free(p->crc);
  gn_free(p->texts);
  gn_free(p);
}

/* ---- one thread ---- */

typedef struct buffer {
  uint8_t *data;
  size_t room;
} buffer;

typedef struct reader {
  struct gn_readers *all;
  buffer file, unpacked;
  z_stream z;
  int inflates; /* 1: z is ready */
  int fd;       /* the archive that was read last; -1: none */
  const char *path;
} reader;

struct gn_readers {
  int n;
  reader *each;        /* (n); the first is the caller's */
  gn_worker **workers; /* (n - 1) */
  const gn_pictures *p;
  gn_read *jobs;
  gn_int count;
  _Atomic gn_int next; /* the job that nobody has taken yet */
};

static void empty(buffer *b) {
  gn_free(b->data);
  *b = (buffer){0};
}

/* 1: b has room for n bytes; the first `keep` of those in it stay. */
static int make_room(buffer *b, size_t n, size_t keep) {
  if (n <= b->room) return 1;
  const size_t room = GN_MAX(n, GN_MAX(FIRST_ROOM, GN_MIN(2 * b->room, KEPT)));
  uint8_t *data = gn_malloc(room);
  if (!data) return 0;
  if (keep > 0) memcpy(data, b->data, keep);
  empty(b);
  *b = (buffer){data, room};
  return 1;
}

static gn_codec_rc refused(gn_read *job, const char *doing, int error) {
  job->error = error;
  return gn_picture_bad(&job->pic, "cannot %s", doing);
}

static void close_archive(reader *r) {
  if (r->fd >= 0) close(r->fd);
  r->fd = -1;
  r->path = NULL;
}

static gn_codec_rc open_file(reader *r, gn_read *job, const char *path) {
  if (r->fd >= 0 && r->path == path) return GN_CODEC_OK;
  close_archive(r);
  do r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not make a thread wait */
  while (r->fd < 0 && errno == EINTR);
  if (r->fd < 0) return refused(job, "open", errno);
  r->path = path;
  return GN_CODEC_OK;
}

/* n bytes from `offset` of the open file, into r->file. */
static gn_codec_rc read_bytes(reader *r, gn_read *job, gn_int offset, gn_int n) {
  if (!make_room(&r->file, (size_t)n + 1, 0)) return GN_CODEC_MEMORY;
  gn_int done = 0;
  while (done < n) {
    const ssize_t k = pread(r->fd, r->file.data + done, (size_t)(n - done), (off_t)(offset + done));
    if (k < 0 && errno == EINTR) continue;
    if (k < 0) return refused(job, "read", errno);
    if (k == 0) return gn_picture_bad(&job->pic, "truncated: %lld of %lld bytes", (long long)done, (long long)n);
    done += k;
  }
  return GN_CODEC_OK;
}

static gn_codec_rc within_budget(gn_read *job, gn_int n) {
  if (n <= GN_BUDGET_FILE) return GN_CODEC_OK;
  return gn_picture_bad(&job->pic, "%lld bytes are too many for a picture (at most %lld are read)", (long long)n,
                        (long long)GN_BUDGET_FILE);
}

/* A file that is a picture, into r->file; *n: its bytes. */
static gn_codec_rc read_whole(reader *r, gn_read *job, const char *path, gn_int *n) {
  gn_codec_rc rc = open_file(r, job, path);
  struct stat st;
  if (rc == GN_CODEC_OK && fstat(r->fd, &st) != 0) rc = refused(job, "read", errno);
  if (rc == GN_CODEC_OK && !S_ISREG(st.st_mode)) rc = gn_picture_bad(&job->pic, "not a file");
  if (rc == GN_CODEC_OK) {
    *n = (gn_int)st.st_size;
    rc = within_budget(job, *n);
  }
  if (rc == GN_CODEC_OK && *n > LARGE) {
    rc = read_bytes(r, job, 0, HEAD);
    if (rc == GN_CODEC_OK) rc = gn_picture_check_kind(&job->pic, r->file.data, HEAD, (size_t)*n);
  }
  if (rc == GN_CODEC_OK) rc = read_bytes(r, job, 0, *n);
  close_archive(r);
  return rc;
}

/* r->unpacked <- the n bytes of r->file inflated; *n: how many they are. */
static gn_codec_rc inflate_file(reader *r, gn_read *job, const gn_entry *e, gn_int *n) {
  if (!r->inflates) {
    memset(&r->z, 0, sizeof r->z);
    if (inflateInit2(&r->z, -15) != Z_OK) return GN_CODEC_MEMORY;
    r->inflates = 1;
  } else {
    inflateReset(&r->z);
  }
  gn_codec_rc rc = within_budget(job, e->size);
  if (rc == GN_CODEC_OK && e->size / GN_BUDGET_DEFLATE > *n)
    rc = gn_picture_bad(&job->pic, "%lld bytes cannot come from %lld", (long long)e->size, (long long)*n);
  if (rc != GN_CODEC_OK) return rc;
  r->z.next_in = r->file.data;
  r->z.avail_in = (uInt)*n;
  gn_int done = 0;
  for (;;) {
    const size_t want = e->size > 0 ? (size_t)e->size + 1 : GN_MAX(4 * (size_t)*n, 2 * (size_t)done);
    if ((gn_int)r->unpacked.room <= done && !make_room(&r->unpacked, want, (size_t)done)) return GN_CODEC_MEMORY;
    const uInt room = (uInt)GN_MIN((gn_int)r->unpacked.room, GN_BUDGET_FILE + 1) - (uInt)done;
    r->z.next_out = r->unpacked.data + done;
    r->z.avail_out = room;
    const int state = inflate(&r->z, Z_NO_FLUSH);
    done += room - r->z.avail_out;
    if (state == Z_MEM_ERROR) return GN_CODEC_MEMORY;
    if (state == Z_STREAM_END) break;
    if (state != Z_OK || (r->z.avail_in == 0 && r->z.avail_out > 0))
      return gn_picture_bad(&job->pic,
                            state == Z_OK || state == Z_BUF_ERROR ? "truncated deflate data" : "corrupt deflate data");
    rc = within_budget(job, done);
    if (rc != GN_CODEC_OK) return rc;
  }
  if (r->z.avail_in > 0) return gn_picture_bad(&job->pic, "more data than the deflate stream has");
  if (e->size > 0 && done != e->size)
    return gn_picture_bad(&job->pic, "inflates to %lld bytes (expected %lld)", (long long)done, (long long)e->size);
  *n = done;
  return GN_CODEC_OK;
}

/* The bare pixels in r->file. */
static gn_codec_rc fit_pixels(reader *r, gn_read *job, const gn_pictures *p, const gn_entry *e) {
  job->pic.h = e->h;
  job->pic.w = e->w;
  job->pic.c = e->c;
  job->pic.bits = 8;
  job->pic.orientation = 1;
  if (!gn_picture_size_ok(&job->pic)) return GN_CODEC_BAD;
  if (!job->out) return GN_CODEC_OK;
  gn_raster raster = {r->file.data, e->h, e->w, e->c};
  if (e->how == GN_PLANAR && e->c > 1) {
    if (!make_room(&r->unpacked, (size_t)e->bytes, 0)) return GN_CODEC_MEMORY;
    gn_image_interleave(r->unpacked.data, r->file.data, e->h, e->w, e->c);
    raster.pixels = r->unpacked.data;
  }
  return gn_fit_into(job->out, p->h, p->w, p->c, &raster, &job->pic, &p->load);
}

static gn_codec_rc read_picture(reader *r, gn_read *job, const gn_pictures *p) {
  const gn_entry *e = p->entries + job->at;
  gn_int n = e->bytes;
  gn_codec_rc rc;
  if (e->how == GN_WHOLE) {
    rc = read_whole(r, job, e->path, &n);
  } else {
    rc = within_budget(job, n);
    if (rc == GN_CODEC_OK) rc = open_file(r, job, e->path);
    if (rc == GN_CODEC_OK) rc = read_bytes(r, job, e->offset, n);
  }
  if (rc != GN_CODEC_OK) return rc;
  if (e->how == GN_RAW || e->how == GN_PLANAR) return fit_pixels(r, job, p, e);
  const uint8_t *bytes = r->file.data;
  if (e->how == GN_DEFLATE) {
    rc = inflate_file(r, job, e, &n);
    if (rc != GN_CODEC_OK) return rc;
    bytes = r->unpacked.data;
  }
  if (e->checked && libdeflate_crc32(0, bytes, (size_t)n) != e->crc)
    return gn_picture_bad(&job->pic, "its checksum differs");
  if (!job->out) return gn_picture_info(&job->pic, bytes, (size_t)n, &p->load);
  return gn_picture_load(&job->pic, job->out, p->h, p->w, p->c, bytes, (size_t)n, &p->load);
}

static void work(void *arg) { /* in each thread */
  reader *r = arg;
  struct gn_readers *all = r->all;
  const gn_pictures *p = all->p;
  for (gn_int i; (i = atomic_fetch_add(&all->next, 1)) < all->count;) {
    gn_read *job = all->jobs + i;
    memset(&job->pic, 0, sizeof job->pic);
    job->error = 0;
    job->rc = read_picture(r, job, p);
    if (job->rc == GN_CODEC_OK && job->out) {
      job->crc = libdeflate_crc32(0, job->out, (size_t)(p->h * p->w * p->c));
      if (p->sealed && job->crc != p->crc[job->at]) job->rc = gn_picture_bad(&job->pic, "shows another picture");
    }
    if (r->file.room > KEPT) empty(&r->file);
    if (r->unpacked.room > KEPT) empty(&r->unpacked);
  }
  close_archive(r);
}

/* ---- all of them ---- */

gn_readers *gn_readers_new(int threads) {
  gn_readers *r = gn_malloc(sizeof *r);
  if (!r) return NULL;
  memset(r, 0, sizeof *r);
  r->each = gn_malloc(sizeof *r->each * (size_t)threads);
  r->workers = gn_malloc(sizeof *r->workers * (size_t)threads);
  if (!r->each || !r->workers) {
    gn_readers_free(r);
    return NULL;
  }
  for (; r->n < threads; r->n++) {
    r->each[r->n] = (reader){.all = r, .fd = -1};
    if (r->n == 0) continue;
    r->workers[r->n - 1] = gn_worker_new();
    if (!r->workers[r->n - 1]) break; /* then with fewer */
  }
  return r;
}

void gn_readers_free(gn_readers *r) {
  if (!r) return;
  for (int i = 0; i < r->n; i++) {
    if (i > 0) gn_worker_free(r->workers[i - 1]);
    empty(&r->each[i].file);
    empty(&r->each[i].unpacked);
    if (r->each[i].inflates) inflateEnd(&r->each[i].z);
  }
  gn_free(r->each);
  gn_free(r->workers);
  gn_free(r);
}

void gn_pictures_read(gn_readers *r, const gn_pictures *p, gn_read *jobs, gn_int n) {
  r->p = p;
  r->jobs = jobs;
  r->count = n;
  atomic_store(&r->next, 0);
  const int threads = (int)GN_MIN((gn_int)r->n, n);
  for (int i = 1; i < threads; i++) gn_worker_start(r->workers[i - 1], work, r->each + i);
  work(r->each);
  for (int i = 1; i < threads; i++) gn_worker_wait(r->workers[i - 1]);
}
