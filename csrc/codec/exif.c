/* exif.c - looks the orientation up in the first directory of EXIF data. Source: EXIF 2.32, sec. 4.6 (a TIFF file). */
#include "exif.h"
#include <string.h>

static uint32_t number(const uint8_t *p, int bytes, int big) {
  uint32_t v = 0;
  for (int i = 0; i < bytes; i++) v = v << 8 | p[big ? i : bytes - 1 - i];
  return v;
}

int gn_exif_orientation(const uint8_t *p, size_t n) {
  enum { ORIENTATION = 0x0112, SHORT = 3, LONG = 4, ENTRY = 12 };
  if (n >= 6 && memcmp(p, "Exif\0", 5) == 0) {
    p += 6;
    n -= 6;
  }
  if (n < 8 || (memcmp(p, "II*\0", 4) != 0 && memcmp(p, "MM\0*", 4) != 0)) return 1;
  const int big = p[0] == 'M';
  size_t at = number(p + 4, 4, big);
  if (at > n - 2) return 1;
  size_t entries = number(p + at, 2, big);
  for (at += 2; entries > 0 && at + ENTRY <= n; at += ENTRY, entries--) {
    if (number(p + at, 2, big) != ORIENTATION) continue;
    uint32_t type = number(p + at + 2, 2, big);
    uint32_t v = type == SHORT ? number(p + at + 8, 2, big) : type == LONG ? number(p + at + 8, 4, big) : 1;
    return v >= 1 && v <= 8 ? (int)v : 1;
  }
  return 1;
}
