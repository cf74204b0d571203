/* pictures.h - many pictures that lie in files, and the threads that read, decode and fit them. */
#ifndef GN_PICTURES_H
#define GN_PICTURES_H

#include "../storage.h"
#include "picture.h"

/* How a picture lies in its file: alone; as a stretch of it, packed by deflate or not; as bare pixels (h,w,c) or planes
** (c,h,w). */
typedef enum { GN_WHOLE, GN_STORED, GN_DEFLATE, GN_RAW, GN_PLANAR } gn_how;

typedef struct gn_entry {
  const char *path, *name; /* which file; what messages call the picture. Equal texts one after the other are one */
  gn_int offset, bytes;    /* the stretch, but of GN_WHOLE; bytes: as they lie there */
  gn_int size;             /* of GN_DEFLATE: bytes inflated, or 0 where nobody knows */
  int32_t h, w, number;    /* h, w: upright, of bare pixels, and of others once they are read; c: of bare pixels.
                              number: in a run of several of one name, from 1; 0: alone */
  uint32_t crc;            /* of the inflated bytes, where checked */
  int8_t c, how, checked;
} gn_entry;

/* A list of pictures. Counted; all but the reading belongs to the Lua thread. */
typedef struct gn_pictures {
  int refs;
  gn_int n;
  gn_entry *entries; /* (n) */
  char *texts;       /* their paths and names */
  gn_load load;
  uint8_t seen[32]; /* of masks: bit v is set where one of them has the number v */
  gn_int h, w;      /* what they are fitted into */
  int c;            /* 1 or 3 */
  uint32_t *crc;    /* (n) CRC-32 of each picture as it was fitted first */
  int sealed;       /* 1: crc is known, a picture that comes out otherwise has changed */
  gn_storage *held; /* (nheld,h,w,c) the first of them, in memory, at held_at; or NULL */
  const uint8_t *held_at;
  gn_int nheld;
} gn_pictures;

gn_pictures *gn_pictures_new(gn_int n,
                             size_t text_bytes); /* refs = 1, entries and texts to be filled. NULL: no memory */
void gn_pictures_retain(gn_pictures *p);
void gn_pictures_release(gn_pictures *p); /* NULL is ignored */

/* One picture to be read, and what came of it. */
typedef struct gn_read {
  gn_int at;    /* which, 0 .. n-1 */
  uint8_t *out; /* (h,w,c), or NULL: only the header is looked at */
  gn_codec_rc rc;
  int error; /* of GN_CODEC_BAD: errno where the system refused; else 0, and the fault is in pic.err */
  gn_picture pic;
  uint32_t crc; /* of out */
} gn_read;

typedef struct gn_readers gn_readers;    /* threads with their buffers */
gn_readers *gn_readers_new(int threads); /* 1 .. GN_MAX_THREADS, the caller's among them. NULL: no memory */
void gn_readers_free(gn_readers *r);     /* NULL is ignored */

/* Does n jobs of pictures p, in any order, and returns when all are done. What they give does not depend on the number
** of threads. Touches neither Lua nor tensors: the loader's thread may call it. One call at a time for each r. */
void gn_pictures_read(gn_readers *r, const gn_pictures *p, gn_read *jobs, gn_int n);

#endif
