/* picture.h - what is asked of a picture in foreign bytes, and what is known of it: its size, or what is wrong with
** it. Files are the outside world: a fault is one line in `err`, and nothing is trusted that was not checked. */
#ifndef GN_PICTURE_H
#define GN_PICTURE_H

#include "../gn.h"
#include "budget.h"

#define GN_PICTURE_ERR 200 /* bytes of an error text */

typedef enum { GN_CODEC_OK = 0, GN_CODEC_BAD = 1, GN_CODEC_MEMORY = 2 } gn_codec_rc;

/* How a picture goes into another size: CROP takes the centred window of its aspect, PAD all of the picture with the
** background around it (never enlarged), STRETCH all of the picture, whatever becomes of its aspect. */
typedef enum { GN_FIT_CROP, GN_FIT_PAD, GN_FIT_STRETCH } gn_fit;

typedef struct gn_load {
  gn_fit fit;
  int exif;              /* 1: turned upright as EXIF says; 0: as stored */
  uint8_t background[3]; /* RGB: under transparent parts, and around a padded picture */
  int top;               /* the 16-bit sample that becomes 255; 0: 65535 */
  int mask;              /* 1: its pixels are numbers of classes or objects, not colours (mask.h) */
  int binary;            /* 1: of a mask 255 is no void, but the number 1 */
} gn_load;

typedef struct gn_picture {
  gn_int h, w;      /* as it is loaded: upright, before fitting */
  int c;            /* as stored: 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA; CMYK counts as RGB, and so do palettes, but for
                       one of greys in BMP, which has no other grey */
  int orientation;  /* as EXIF has it, 1 (upright) to 8; 1 where it says nothing, or was not asked */
  int turned;       /* 1: it was turned or mirrored as EXIF says */
  int enlarged;     /* 1: fitting it interpolated up */
  int bits;         /* of a sample, as stored */
  int top;          /* the largest sample where bits > 8, on a scale of 0..65535; else 0 */
  uint8_t seen[32]; /* of a mask: bit v of these is set where it has the number v */
  double late;      /* the time of this thread when it is too late, or 0: nobody has asked yet */
  const char *kind; /* "JPEG", "PNG", ... */
  char err[GN_PICTURE_ERR];
} gn_picture;

/* A decoded picture, as stored: not yet turned. The pixels (h,w,c) u8 are the caller's to give to gn_free. h, w are
** less than the picture's where the decoder made it smaller at once. */
typedef struct gn_raster {
  uint8_t *pixels;
  gn_int h, w;
  int c;
} gn_raster;

/* The contract of a decoder, GN_DECODER(gn_png): fills h, w (as stored), c, orientation, bits, top of pic. Without
** `out` it reads the header only. Else it also makes *out, of 16-bit samples v the rounded v * 255 / o->top. ho, wo:
** the size that the picture will be fitted into upright, or 0 for all of it. Checks the budget before it allocates.
** What finds no memory returns GN_CODEC_MEMORY, or leaves ENOMEM in errno, as malloc does. Thread-safe; p[0..n) may be
** anything. */
#define GN_DECODER(name)                                                                                               \
  gn_codec_rc name(gn_picture *pic, gn_raster *out, const uint8_t *p, size_t n, const gn_load *o, gn_int ho, gn_int wo)

/* Returns the rounded v * 255 / top, at most 255. v >= 0, 1 <= top < 2^16. */
static inline uint8_t gn_to_byte(int v, int top) { return (uint8_t)(v >= top ? 255 : (v * 510 + top) / (2 * top)); }

/* Fills pic->err, printf style; returns GN_CODEC_BAD so that a check is one line. */
gn_codec_rc gn_picture_bad(gn_picture *pic, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Returns 1, or 0 with an error text where h, w exceed the budget. */
int gn_picture_size_ok(gn_picture *pic);

/* Returns 1 with an error text where the first call for this picture was more than GN_BUDGET_SECONDS ago, in the
** thread's own time; else 0. Costs a system call: to be asked once in a while. */
int gn_picture_late(gn_picture *pic);

/* Sets the seconds that a picture may take, in all threads, instead of GN_BUDGET_SECONDS: for tests. */
void gn_picture_seconds(int seconds);

#endif
