/* kind.c - tells kinds of files by their first bytes (see kind.h). */
#include "kind.h"
#include <string.h>

typedef struct mark {
  const char *kind;
  size_t at, n;
  const char *bytes;
} mark;

static const mark marks[] = {
    {"JPEG", 0, 3, "\xff\xd8\xff"},
    {"PNG", 0, 8, "\x89PNG\r\n\x1a\n"},
    {"WebP", 8, 4, "WEBP"},
    {"GIF", 0, 6, "GIF87a"},
    {"GIF", 0, 6, "GIF89a"},
    {"TIFF", 0, 4, "II*\0"},
    {"TIFF", 0, 4, "MM\0*"},
    {"TIFF", 0, 4, "II+\0"},
    {"TIFF", 0, 4, "MM\0+"},
    {"AVIF", 4, 8, "ftypavif"},
    {"AVIF", 4, 8, "ftypavis"},
    {"HEIC", 4, 8, "ftypheic"},
    {"HEIC", 4, 8, "ftypheix"},
    {"HEIC", 4, 8, "ftyphevc"},
    {"HEIC", 4, 8, "ftypmif1"},
    {"HEIC", 4, 8, "ftypmsf1"},
    {"JPEG 2000", 0, 12, "\0\0\0\x0cjP  \r\n\x87\n"},
    {"JPEG 2000", 0, 4, "\xff\x4f\xff\x51"},
    {"JPEG XL", 0, 12, "\0\0\0\x0cJXL \r\n\x87\n"},
    {"JPEG XL", 0, 2, "\xff\x0a"},
    {"PDF", 0, 5, "%PDF-"},
    {"ICO", 0, 4, "\0\0\1\0"},
    {"PSD", 0, 4, "8BPS"},
    {"gzip", 0, 2, "\x1f\x8b"},
    {"zip", 0, 4, "PK\3\4"},
    {"zip", 0, 4, "PK\5\6"},
    {"HDF5", 0, 8, "\x89HDF\r\n\x1a\n"},
    {"NumPy array", 0, 6, "\x93NUMPY"},
    {"Parquet", 0, 4, "PAR1"},
    {"git-lfs pointer", 0, 35, "version https://git-lfs.github.com/"},
};

/* Words that a text begins with, in small letters. */
static const mark words[] = {
    {"HTML", 0, 14, "<!doctype html"},
    {"HTML", 0, 5, "<html"},
    {"HTML", 0, 5, "<head"},
    {"SVG", 0, 4, "<svg"},
    {"XML", 0, 5, "<?xml"},
};

static int lower(int c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; }

/* Does the word stand anywhere in the bytes, in small or capital letters? */
static int holds(const uint8_t *p, size_t n, const char *word) {
  for (size_t len = strlen(word), at = 0; at + len <= n; at++) {
    size_t k = 0;
    while (k < len && lower(p[at + k]) == word[k]) k++;
    if (k == len) return 1;
  }
  return 0;
}

/* Are the n bytes text in UTF-8? The last character may be cut off. */
static int is_text(const uint8_t *p, size_t n) {
  for (size_t i = 0, more = 0; i < n; i++) {
    if (more ? (p[i] & 0xc0) != 0x80 : (p[i] & 0xc0) == 0x80 || p[i] >= 0xf8) return 0;
    if (more) more--;
    else more = p[i] >= 0xf0 ? 3 : p[i] >= 0xe0 ? 2 : p[i] >= 0xc0 ? 1 : 0;
    if (p[i] == 0x7f || (p[i] < 32 && !(p[i] >= '\t' && p[i] <= '\r'))) return 0;
  }
  return 1;
}

static const char *text_kind(const uint8_t *p, size_t n) {
  n = n > 1024 ? 1024 : n;
  if (!is_text(p, n)) return NULL;
  size_t at = n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
  while (at < n && (p[at] == ' ' || (p[at] >= '\t' && p[at] <= '\r'))) at++;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    const mark *m = words + i;
    size_t k = 0;
    while (k < m->n && at + k < n && lower(p[at + k]) == m->bytes[k]) k++;
    if (k < m->n) continue;
    if (m->bytes[1] == '?') return holds(p, n, "<svg") ? "SVG" : holds(p, n, "<html") ? "HTML" : m->kind;
    return m->kind;
  }
  return "text";
}

static int space(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

const char *gn_picture_kind(const uint8_t *p, size_t n) {
  if (n == 0) return "empty";
  for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
    const mark *m = marks + i;
    if (n >= m->at + m->n && memcmp(p + m->at, m->bytes, m->n) == 0) return m->kind;
  }
  if (n >= 3 && p[0] == 'P' && p[1] >= '1' && p[1] <= '6' && (space(p[2]) || p[2] == '#')) return "PNM";
  /* "BM" may begin a text: the size of the header behind it is small */
  if (n >= 18 && p[0] == 'B' && p[1] == 'M' && p[14] >= 12 && p[14] <= 124 && p[15] == 0 && p[16] == 0 && p[17] == 0)
    return "BMP";
  if (n >= 2 && p[0] == 0x80 && p[1] >= 2 && p[1] <= 5) return "pickle";
  return text_kind(p, n);
}
