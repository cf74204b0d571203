/* picture.c - error text and budget of pictures (see picture.h). */
#define _POSIX_C_SOURCE 200809L /* clock_gettime under -std=c11 */
#include "picture.h"
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

gn_codec_rc gn_picture_bad(gn_picture *pic, const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(pic->err, sizeof pic->err, fmt, ap);
  va_end(ap);
  return GN_CODEC_BAD;
}

int gn_picture_size_ok(gn_picture *pic) {
  if (pic->h >= 1 && pic->w >= 1 && pic->h <= GN_BUDGET_SIDE && pic->w <= GN_BUDGET_SIDE &&
      pic->h * pic->w <= GN_BUDGET_PIXELS)
    return 1;
  gn_picture_bad(pic, "size of %lld x %lld pixels (expected 1 to %d a side, at most %ld in all)", (long long)pic->h,
                 (long long)pic->w, GN_BUDGET_SIDE, GN_BUDGET_PIXELS);
  return 0;
}

static _Atomic int most_seconds = GN_BUDGET_SECONDS;

void gn_picture_seconds(int seconds) { most_seconds = seconds; }

int gn_picture_late(gn_picture *pic) {
  struct timespec t;
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) != 0) return 0;
  const double now = (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
  if (pic->late == 0) pic->late = now + most_seconds;
  if (now <= pic->late) return 0;
  gn_picture_bad(pic, "%s that takes more than %d seconds to decode", pic->kind, most_seconds);
  return 1;
}
