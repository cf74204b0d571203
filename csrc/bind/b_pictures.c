/* b_pictures.c - pictures in files for Lua (core.pictures), pictures of a set by number, and their checksums. */
#include "b_pictures.h"
#include "../kernels/index.h"
#include "../par.h"
#include "bind.h"
#include "options.h"
#include <libdeflate.h>
#include <limits.h>
#include <string.h>

#define T_PICTURES GN_PREFIX "pictures"
#define AT_ONCE 1024 /* jobs of one call, at most */

gn_disk *gn_test_pictures(lua_State *L, int arg) { return luaL_testudata(L, arg, T_PICTURES); }

static gn_disk *check_pictures(lua_State *L) {
  gn_disk *d = luaL_checkudata(L, 1, T_PICTURES);
  if (!d->p) gn_error(L, "the pictures are closed");
  return d;
}

static int32_t entry_of(const gn_disk *d, gn_int row) {
  return d->map ? ((const int32_t *)d->map->data)[row] : (int32_t)row;
}

/* What tells one picture of a run from the others, behind its name. */
static void push_number(lua_State *L, const gn_entry *e) {
  if (e->number > 0) lua_pushfstring(L, ", picture %d", (int)e->number);
  else lua_pushliteral(L, "");
}

const char *gn_push_problem(lua_State *L, const gn_pictures *p, const gn_read *job, int later) {
  const gn_entry *e = p->entries + job->at;
  const int top = lua_gettop(L);
  const int member = e->how != GN_WHOLE && strcmp(e->path, e->name) != 0;
  if (later) lua_pushfstring(L, member ? "%s: %s" : "%s", e->path, e->name);
  else lua_pushstring(L, e->name);
  push_number(L, e);
  lua_pushstring(L, later ? " has changed since the data were opened: " : ": ");
  lua_pushstring(L, job->pic.err);
  if (job->error) lua_pushfstring(L, " (%s)", strerror(job->error));
  lua_concat(L, lua_gettop(L) - top);
  return lua_tostring(L, -1);
}

int gn_picture_memory(lua_State *L, const char *name, const gn_picture *pic) {
  const gn_memory m = gn_memory_stats();
  const char *prefix = name ? lua_pushfstring(L, "%s: ", name) : "";
  if (pic->h > 0 && pic->h <= GN_BUDGET_SIDE && pic->w > 0 && pic->w <= GN_BUDGET_SIDE)
    return gn_error(L, "out of memory (%sa picture of %I x %I pixels takes up to %I bytes; %I live, %I cached)", prefix,
                    (lua_Integer)pic->h, (lua_Integer)pic->w, (lua_Integer)(pic->h * pic->w * GN_BUDGET_PIXEL),
                    (lua_Integer)m.live, (lua_Integer)m.cached);
  return gn_error(L, "out of memory (%sa picture; %I live, %I cached)", prefix, (lua_Integer)m.live,
                  (lua_Integer)m.cached);
}

/* ---- entries ---- */

typedef struct fields {
  const char *path, *name;
  size_t path_bytes, name_bytes;
  gn_int offset, bytes, size, count, stride, crc, shape[3];
  int how;
} fields;

/* The value at stack index v, of a field of entry i, is not what is expected. */
static int entry_error(lua_State *L, lua_Integer i, const char *field, int v, const char *expected) {
  return gn_argerror(L, 1, "entries", "entry %I, field '%s': expected %s, got %s", i, field, expected, gn_found(L, v));
}

static void raw_field(lua_State *L, const char *field) { /* no metamethod may run between the two passes */
  lua_pushstring(L, field);
  lua_rawget(L, -2);
}

/* slot: a stack index that keeps the text alive until the next entry: a finalizer may write into this one. */
static const char *text_field(lua_State *L, lua_Integer i, const char *field, const char *otherwise, size_t *n,
                              int slot) {
  raw_field(L, field);
  if (lua_isnil(L, -1) && otherwise) {
    lua_pop(L, 1);
    return otherwise;
  }
  const char *s = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, n) : NULL;
  if (!s || *n == 0 || strlen(s) != *n) entry_error(L, i, field, lua_gettop(L), "a text without zero bytes");
  lua_replace(L, slot);
  return s;
}

#define NEEDED INT64_MIN

static gn_int integer_field(lua_State *L, lua_Integer i, const char *field, gn_int lo, gn_int hi, gn_int otherwise) {
  raw_field(L, field);
  const int v = lua_gettop(L), absent = lua_isnil(L, v) && otherwise != NEEDED;
  int ok = absent;
  const gn_int n = absent ? otherwise : lua_type(L, v) == LUA_TNUMBER ? lua_tointegerx(L, v, &ok) : 0;
  if (!ok || (!absent && (n < lo || n > hi)))
    entry_error(L, i, field, v, lua_pushfstring(L, "an integer in %I..%I", (lua_Integer)lo, (lua_Integer)hi));
  lua_pop(L, 1);
  return n;
}

/* Stack indices of an entry's texts, in core.pictures. */
enum { PATH = 3, NAME };

/* Fills f from the entry on top of the stack, number i of the list, and pops it. */
static void read_fields(lua_State *L, lua_Integer i, fields *f) {
  static const char *const hows[] = {"whole", "stored", "deflate", "raw", "planar"}; /* in the order of gn_how */
  *f = (fields){.count = 1, .crc = -1};
  if (lua_type(L, -1) != LUA_TTABLE) entry_error(L, i, "path", lua_gettop(L), "a table with it");
  f->path = text_field(L, i, "path", NULL, &f->path_bytes, PATH);
  f->name_bytes = f->path_bytes;
  f->name = text_field(L, i, "name", f->path, &f->name_bytes, NAME);
  raw_field(L, "how");
  const char *how = lua_isnil(L, -1) ? hows[GN_WHOLE] : lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
  while (f->how <= GN_PLANAR && strcmp(how, hows[f->how]) != 0) f->how++;
  if (f->how > GN_PLANAR) entry_error(L, i, "how", lua_gettop(L), "'stored', 'deflate', 'raw' or 'planar'");
  lua_pop(L, 1);
  if (f->how != GN_WHOLE) {
    f->offset = integer_field(L, i, "offset", 0, INT64_MAX / 4, NEEDED);
    if (f->how == GN_RAW || f->how == GN_PLANAR) {
      raw_field(L, "shape");
      if (lua_type(L, -1) != LUA_TTABLE || lua_rawlen(L, -1) != 3)
        entry_error(L, i, "shape", lua_gettop(L), "{h, w, c}");
      static const gn_int most[3] = {GN_BUDGET_SIDE, GN_BUDGET_SIDE, 4};
      for (int k = 0; k < 3; k++) {
        int ok;
        lua_rawgeti(L, -1, k + 1);
        f->shape[k] = lua_tointegerx(L, -1, &ok);
        if (!ok || f->shape[k] < 1 || f->shape[k] > most[k])
          entry_error(L, i, "shape", lua_gettop(L), "{h, w, c} of sizes from 1 on");
        lua_pop(L, 1);
      }
      lua_pop(L, 1);
      f->bytes = f->shape[0] * f->shape[1] * f->shape[2];
      f->count = integer_field(L, i, "count", 1, INT32_MAX, 1);
      f->stride = integer_field(L, i, "stride", 0, INT32_MAX, f->bytes);
    } else {
      f->bytes = integer_field(L, i, "bytes", 0, INT64_MAX / 4, NEEDED);
      if (f->how == GN_DEFLATE) f->size = integer_field(L, i, "size", 0, INT64_MAX / 4, 0);
      f->crc = integer_field(L, i, "crc", 0, UINT32_MAX, -1);
    }
  }
  lua_pop(L, 1);
}

/* The text at the end of p->texts, or the one before it where it is the same. */
static const char *add_text(gn_pictures *p, size_t *used, const char *last, const char *s, size_t n) {
  if (last && strcmp(last, s) == 0) return last;
  char *at = p->texts + *used;
  memcpy(at, s, n + 1);
  *used += n + 1;
  return at;
}

static void fill(gn_pictures *p, gn_int first, const fields *f, const char *path, const char *name) {
  for (gn_int k = 0; k < f->count; k++)
    p->entries[first + k] = (gn_entry){.path = path,
                                       .name = name,
                                       .offset = f->offset + k * f->stride,
                                       .bytes = f->bytes,
                                       .size = f->size,
                                       .h = (int32_t)f->shape[0],
                                       .w = (int32_t)f->shape[1],
                                       .c = (int8_t)f->shape[2],
                                       .number = f->count > 1 ? (int32_t)(k + 1) : 0,
                                       .how = (int8_t)f->how,
                                       .checked = f->crc >= 0,
                                       .crc = (uint32_t)GN_MAX(f->crc, 0)};
}

typedef struct options {
  gn_int red, green, blue;
  int fit, exif, mask, binary;
} options;

static const char *const fits[] = {"crop", "pad", "stretch", NULL}; /* in the order of gn_fit */
static const gn_option known[] = {
    GN_OPT_INTEGER(options, red, 0, 255),
    GN_OPT_INTEGER(options, green, 0, 255),
    GN_OPT_INTEGER(options, blue, 0, 255),
    GN_OPT_WORD(options, fit, fits),
    GN_OPT_FLAG(options, exif),
    GN_OPT_FLAG(options, mask),
    GN_OPT_FLAG(options, binary),
    GN_OPT_END,
};

static gn_disk *new_disk(lua_State *L) {
  gn_disk *d = lua_newuserdatauv(L, sizeof *d, 0);
  *d = (gn_disk){0};
  luaL_setmetatable(L, T_PICTURES);
  return d;
}

/* core.pictures(entries [, options]) -> pictures. An entry is {path =, name = path (for messages), how = "whole"}, or
** lies in a file: {how = "stored" or "deflate", offset =, bytes =, size = (inflated; may be unknown), crc = (or nil)};
** {how = "raw" or "planar", offset =, shape = {h,w,c}, count = 1, stride = h*w*c}: so many pictures, bytes apart. */
static int pictures_new(lua_State *L) {
  lua_settop(L, NAME);
  if (lua_type(L, 1) != LUA_TTABLE) gn_expected(L, 1, "entries", "a list of entries");
  options o = {.red = 255, .green = 255, .blue = 255, .exif = 1};
  gn_read_options(L, 2, known, &o);
  const lua_Integer count = (lua_Integer)lua_rawlen(L, 1);
  size_t texts = 0;
  gn_int n = 0;
  fields f;
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, 1, i);
    read_fields(L, i, &f);
    texts += f.path_bytes + 1 + f.name_bytes + 1;
    n += f.count;
  }
  if (n > INT32_MAX) gn_argerror(L, 1, "entries", "expected at most 2^31-1 pictures, got %I", (lua_Integer)n);
  gn_disk *d = new_disk(L);
  d->p = gn_pictures_new(n, texts);
  if (!d->p) return gn_error(L, "out of memory (a list of %I pictures)", (lua_Integer)n);
  d->n = n;
  d->p->load = (gn_load){.fit = (gn_fit)o.fit,
                         .exif = o.exif,
                         .mask = o.mask,
                         .binary = o.binary,
                         .background = {(uint8_t)o.red, (uint8_t)o.green, (uint8_t)o.blue}};
  size_t used = 0;
  const char *path = NULL, *name = NULL;
  gn_int at = 0;
  for (lua_Integer i = 1; i <= count; i++) {
    lua_rawgeti(L, 1, i);
    read_fields(L, i, &f);
    if (used + f.path_bytes + f.name_bytes + 2 > texts || at + f.count > n) /* a finalizer has written into it */
      return gn_error(L, "the entries change while they are read");
    path = add_text(d->p, &used, path, f.path, f.path_bytes);
    name = f.name == f.path ? path : add_text(d->p, &used, name, f.name, f.name_bytes);
    fill(d->p, at, &f, path, name);
    at += f.count;
  }
  return 1;
}

/* ---- reading ---- */

static gn_readers *readers_of(lua_State *L, gn_disk *d) {
  if (!d->readers) d->readers = gn_readers_new(gn_threads());
  if (!d->readers) gn_error(L, "out of memory");
  return d->readers;
}

/* Does the jobs; what found no memory is tried again, alone, after a full collection and with an emptied cache. */
static void do_jobs(lua_State *L, gn_disk *d, gn_read *jobs, gn_int n) {
  gn_readers *r = readers_of(L, d);
  gn_pictures_read(r, d->p, jobs, n);
  int tried = 0;
  for (gn_int i = 0; i < n; i++) {
    if (jobs[i].rc != GN_CODEC_MEMORY) continue;
    if (!tried++) {
      gn_collect(L);
      gn_trim(L);
    }
    gn_pictures_read(r, d->p, jobs + i, 1);
    if (jobs[i].rc == GN_CODEC_MEMORY) gn_picture_memory(L, d->p->entries[jobs[i].at].name, &jobs[i].pic);
  }
}

/* A userdata on the stack that holds n jobs. */
static gn_read *new_jobs(lua_State *L, gn_int n) { return lua_newuserdatauv(L, sizeof(gn_read) * (size_t)n + 1, 0); }

/* Raises unless all pictures are there, and still being opened; fitted: it is known what size they get. */
static void check_opening(lua_State *L, const gn_disk *d, int fitted) {
  if (d->map || d->p->sealed || (fitted && d->p->h == 0)) gn_error(L, "expected pictures that are being opened");
}

/* pictures:info(i) -> h, w (upright), c as stored, of picture i (from 1); or nil, message. */
static int pictures_info(lua_State *L) {
  gn_disk *d = check_pictures(L);
  gn_read job = {.at = entry_of(d, gn_check_int(L, 2, "i", 1, d->n) - 1)};
  do_jobs(L, d, &job, 1);
  if (job.rc != GN_CODEC_OK) {
    luaL_pushfail(L);
    gn_push_problem(L, d->p, &job, 0);
    return 2;
  }
  lua_pushinteger(L, job.pic.h);
  lua_pushinteger(L, job.pic.w);
  lua_pushinteger(L, job.pic.c);
  return 3;
}

/* pictures:name(i) -> what messages call picture i (from 1). */
static int pictures_name(lua_State *L) {
  const gn_disk *d = check_pictures(L);
  const gn_entry *e = d->p->entries + entry_of(d, gn_check_int(L, 2, "i", 1, d->n) - 1);
  lua_pushstring(L, e->name);
  push_number(L, e);
  lua_concat(L, 2);
  return 1;
}

/* pictures:fit(h, w, c [, top]): what they are fitted into; top: the 16-bit sample that becomes 255. */
static int pictures_fit(lua_State *L) {
  gn_disk *d = check_pictures(L);
  check_opening(L, d, 0);
  const gn_int h = gn_check_int(L, 2, "h", 1, GN_BUDGET_SIDE), w = gn_check_int(L, 3, "w", 1, GN_BUDGET_SIDE);
  const int c = (int)gn_check_int(L, 4, "c", 1, 3);
  if (c == 2) gn_expected(L, 4, "c", "1 or 3");
  d->p->load.top = (int)gn_opt_int(L, 5, "top", 0, 65535, 0);
  d->p->h = h;
  d->p->w = w;
  d->p->c = c;
  return 0;
}

/* pictures:room(n) -> u8 (n,h,w,c), its contents undefined: threads that fill it touch its pages first. */
static int pictures_room(lua_State *L) {
  const gn_disk *d = check_pictures(L);
  check_opening(L, d, 1);
  const gn_int size[4] = {gn_check_int(L, 2, "n", 0, INT32_MAX), d->p->h, d->p->w, d->p->c};
  gn_storage_large_pages(gn_new_tensor(L, GN_U8, 4, size)->storage);
  return 1;
}

static void set_integer(lua_State *L, const char *field, gn_int v) {
  lua_pushinteger(L, (lua_Integer)v);
  lua_setfield(L, -2, field);
}

/* What the jobs found, in their order, into the table on top of the stack; bad ones stand at stack index `bad`. Good
** pictures move up over the bad ones before them. Returns how many are good. */
static gn_int take_in(lua_State *L, gn_disk *d, const gn_read *jobs, gn_int n, gn_int h, gn_int w, int bad) {
  gn_pictures *p = d->p;
  gn_int good = 0, turned = 0, enlarged = 0, top = 0, colour = 0, odd = -1, odds = 0;
  const gn_int bytes = p->h * p->w * p->c;
  for (gn_int i = 0; i < n; i++) {
    const gn_read *job = jobs + i;
    if (job->rc != GN_CODEC_OK) {
      lua_createtable(L, 2, 0);
      lua_pushinteger(L, (lua_Integer)job->at + 1);
      lua_rawseti(L, -2, 1);
      gn_push_problem(L, p, job, 0);
      lua_rawseti(L, -2, 2);
      lua_rawseti(L, bad, (lua_Integer)lua_rawlen(L, bad) + 1);
      continue;
    }
    turned += job->pic.turned;
    enlarged += job->pic.enlarged;
    if (job->pic.bits > 8) top = GN_MAX(top, job->pic.top);
    colour += job->pic.c >= 3;
    if (job->pic.h != h || job->pic.w != w) {
      if (odd < 0) odd = i;
      odds++;
    }
    p->crc[job->at] = job->crc;
    p->entries[job->at].h = (int32_t)job->pic.h;
    p->entries[job->at].w = (int32_t)job->pic.w;
    for (int k = 0; k < 32; k++) p->seen[k] |= job->pic.seen[k];
    if (good < i) memcpy(jobs[good].out, job->out, (size_t)bytes);
    good++;
  }
  set_integer(L, "good", good);
  set_integer(L, "turned", turned);
  set_integer(L, "enlarged", enlarged);
  set_integer(L, "top", top);
  set_integer(L, "colour", colour);
  set_integer(L, "odds", odds);
  if (odd >= 0) {
    set_integer(L, "odd", jobs[odd].at + 1);
    set_integer(L, "h", jobs[odd].pic.h);
    set_integer(L, "w", jobs[odd].pic.w);
  }
  return good;
}

/* pictures:read(images u8 (N,h,w,c), at, first, n, h, w, bad) -> table. Reads pictures first .. first+n-1 (from 1) into
** images at, at + 1, ...; unreadable ones are left out, and {number, message} is added to the list `bad`. The table:
** good, turned, enlarged, colour, odds (how many; odds: that are not of h x w), top (the largest 16-bit sample, 0: all
** have 8 bits), and of the first of the odds its number odd, and its h and w. */
static int pictures_read(lua_State *L) {
  gn_disk *d = check_pictures(L);
  check_opening(L, d, 1);
  lua_settop(L, 8);
  gn_tensor *t = gn_check_tensor(L, 2, "images");
  const gn_pictures *p = d->p;
  if (t->dtype != GN_U8 || t->nd != 4 || t->size[1] != p->h || t->size[2] != p->w || t->size[3] != p->c ||
      !gn_is_contiguous(t))
    gn_shape_error(L, 2, "images", "a contiguous u8 tensor of the size that the pictures fit", NULL);
  const gn_int first = gn_check_int(L, 4, "first", 1, d->n), n = gn_check_int(L, 5, "n", 1, d->n - first + 1);
  const gn_int at = gn_check_int(L, 3, "at", 1, t->size[0] - n + 1);
  const gn_int h = gn_check_int(L, 6, "h", 0, INT32_MAX), w = gn_check_int(L, 7, "w", 0, INT32_MAX);
  if (lua_type(L, 8) != LUA_TTABLE) gn_expected(L, 8, "bad", "a list");
  gn_read *jobs = new_jobs(L, n);
  for (gn_int i = 0; i < n; i++)
    jobs[i] = (gn_read){.at = first - 1 + i, .out = gn_u8_ptr(t) + (at - 1 + i) * p->h * p->w * p->c};
  do_jobs(L, d, jobs, n);
  gn_touch(t);
  lua_createtable(L, 0, 8);
  take_in(L, d, jobs, n, h, w, 8);
  return 1;
}

/* pictures:sizes() -> i32 (n,2), h and w of each picture that was read, upright, before it was fitted. */
static int pictures_sizes(lua_State *L) {
  const gn_disk *d = check_pictures(L);
  const gn_int size[2] = {d->n, 2};
  int32_t *out = gn_i32_ptr(gn_new_tensor(L, GN_I32, 2, size));
  for (gn_int i = 0; i < d->n; i++) {
    const gn_entry *e = d->p->entries + entry_of(d, i);
    out[2 * i] = e->h;
    out[2 * i + 1] = e->w;
  }
  return 1;
}

/* pictures:numbers() -> i32 (n): the numbers that the masks have which were read, ascending. */
static int pictures_numbers(lua_State *L) {
  const gn_disk *d = check_pictures(L);
  gn_int n = 0;
  for (int v = 0; v < 256; v++) n += d->p->seen[v >> 3] >> (v & 7) & 1;
  int32_t *out = gn_i32_ptr(gn_new_tensor(L, GN_I32, 1, &n));
  for (int v = 0; v < 256; v++)
    if (d->p->seen[v >> 3] >> (v & 7) & 1) *out++ = v;
  return 1;
}

/* pictures:seal(list i32 (n), held u8 (k,h,w,c)): the pictures are these, in this order (from 1), read and found good;
** the first k of them stay in memory. From now on a picture that comes out otherwise than at first is an error. */
static int pictures_seal(lua_State *L) {
  gn_disk *d = check_pictures(L);
  check_opening(L, d, 1);
  gn_pictures *p = d->p;
  const gn_tensor *list = gn_check_dense_i32(L, 2, "list"), *held = gn_check_dense_u8(L, 3, "held");
  if (list->nd != 1) gn_shape_error(L, 2, "list", "(n)", NULL);
  if (held->nd != 4 || held->size[0] > list->size[0] || held->size[1] != p->h || held->size[2] != p->w ||
      held->size[3] != p->c)
    gn_shape_error(L, 3, "held", "pictures of the list's beginning", NULL);
  const int32_t *keep = gn_i32_ptr(list);
  for (gn_int i = 0; i < list->size[0]; i++)
    if (keep[i] <= (i ? keep[i - 1] : 0) || keep[i] > p->n) gn_expected(L, 2, "list", "rising numbers of pictures");
  for (gn_int i = 0; i < list->size[0]; i++) {
    p->entries[i] = p->entries[keep[i] - 1];
    p->crc[i] = p->crc[keep[i] - 1];
  }
  p->n = d->n = list->size[0];
  p->nheld = held->size[0];
  p->held = held->storage;
  p->held_at = gn_u8_ptr(held);
  gn_storage_retain(p->held);
  p->sealed = 1;
  return 0;
}

/* pictures:rest(): gives threads and buffers back until pictures are read again. */
static int pictures_rest(lua_State *L) {
  gn_disk *d = check_pictures(L);
  gn_readers_free(d->readers);
  d->readers = NULL;
  return 0;
}

/* pictures:crcs() -> i32 (n): the CRC-32 of each picture's bytes as fitted, its 32 bits as they are. */
static int pictures_crcs(lua_State *L) {
  const gn_disk *d = check_pictures(L);
  gn_tensor *y = gn_new_tensor(L, GN_I32, 1, &d->n);
  for (gn_int i = 0; i < d->n; i++) gn_i32_ptr(y)[i] = (int32_t)d->p->crc[entry_of(d, i)];
  return 1;
}

/* pictures:shape() -> {n, h, w, c}. */
static int pictures_shape(lua_State *L) {
  const gn_disk *d = check_pictures(L);
  const gn_int size[4] = {d->n, d->p->h, d->p->w, d->p->c};
  lua_createtable(L, 4, 0);
  for (int k = 0; k < 4; k++) {
    lua_pushinteger(L, (lua_Integer)size[k]);
    lua_rawseti(L, -2, k + 1);
  }
  return 1;
}

static void pictures_close(void *object) {
  gn_disk *d = object;
  gn_readers_free(d->readers);
  gn_pictures_release(d->p);
  gn_storage_release(d->map);
  *d = (gn_disk){.guard = d->guard};
}

/* ---- sets: in memory or in files ---- */

/* The u8 tensor (N,...) at arg: a set's pictures. */
static gn_tensor *check_set(lua_State *L, int arg) {
  gn_tensor *t = gn_check_dense_u8(L, arg, "images");
  if (t->nd < 1) gn_shape_error(L, arg, "images", "(N,...)", NULL);
  return t;
}

/* What the table or tensor at arg lists: numbers of pictures, those in a table in 0 .. n-1. Puts i32 (how many) in its
** place. */
static gn_tensor *check_list(lua_State *L, int arg, const char *name, gn_int n) {
  gn_tensor *t;
  if (lua_type(L, arg) == LUA_TTABLE) {
    const gn_int count = (gn_int)lua_rawlen(L, arg);
    t = gn_new_tensor(L, GN_I32, 1, &count);
    for (gn_int i = 0; i < count; i++) {
      int ok = 0;
      lua_rawgeti(L, arg, (lua_Integer)i + 1);
      const lua_Integer v = lua_type(L, -1) == LUA_TNUMBER ? lua_tointegerx(L, -1, &ok) : 0;
      if (!ok || v < 0 || v >= n)
        gn_argerror(L, arg, name, "expected integers in 0..%I, got %s at entry %I", (lua_Integer)(n - 1),
                    gn_found(L, lua_gettop(L)), (lua_Integer)(i + 1));
      gn_i32_ptr(t)[i] = (int32_t)v;
      lua_pop(L, 1);
    }
    lua_replace(L, arg);
    return t;
  }
  t = gn_test_tensor(L, arg);
  if (!t || t->dtype != GN_I32 || t->nd != 1) gn_expected(L, arg, name, "a list of integers or an i32 tensor (n)");
  return gn_check_dense_i32(L, arg, name);
}

/* The numbers that check_list has left at arg, each in 0 .. n-1. To be called when nothing is allocated any more: a
** finalizer may write into the tensor. */
static const int32_t *check_range(lua_State *L, int arg, const char *name, gn_int n) {
  const gn_tensor *t = gn_test_tensor(L, arg);
  const int32_t *list = gn_i32_ptr(t);
  for (gn_int i = 0; i < t->size[0]; i++)
    if (list[i] < 0 || list[i] >= n)
      gn_argerror(L, arg, name, "expected integers in 0..%I, got %d at entry %I", (lua_Integer)(n - 1), (int)list[i],
                  (lua_Integer)(i + 1));
  return list;
}

/* out (n,h,w,c) <- pictures `list` of d. jobs: room for AT_ONCE of them. Raises where a file has changed. */
static void rows_of_files(lua_State *L, gn_disk *d, uint8_t *out, const int32_t *list, gn_int n, gn_read *jobs) {
  const gn_pictures *p = d->p;
  const gn_int bytes = p->h * p->w * p->c;
  for (gn_int i = 0, count = 0; i < n; i++) {
    const int32_t at = entry_of(d, list[i]);
    if (at < p->nheld) memcpy(out + i * bytes, p->held_at + at * bytes, (size_t)bytes);
    else jobs[count++] = (gn_read){.at = at, .out = out + i * bytes};
    if (count < AT_ONCE && i + 1 < n) continue;
    if (count > 0) do_jobs(L, d, jobs, count);
    for (gn_int k = 0; k < count; k++)
      if (jobs[k].rc != GN_CODEC_OK) gn_error(L, "%s", gn_push_problem(L, p, jobs + k, 1));
    count = 0;
  }
}

/* The pictures at argument 1, sealed, and a list, which change places: errors count as core.rows(list, pictures). */
static gn_disk *check_sealed(lua_State *L) {
  gn_disk *d = check_pictures(L);
  if (!d->p->sealed) gn_error(L, "the pictures are not opened yet");
  lua_settop(L, 2);
  lua_insert(L, 1);
  return d;
}

/* pictures:rows(list) -> u8 (n,h,w,c), as core.rows has it. */
static int pictures_rows(lua_State *L) {
  gn_disk *d = check_sealed(L);
  const gn_int n = check_list(L, 1, "list", d->n)->size[0], size[4] = {n, d->p->h, d->p->w, d->p->c};
  gn_tensor *y = gn_new_tensor(L, GN_U8, 4, size);
  gn_read *jobs = new_jobs(L, GN_MIN(n, AT_ONCE));
  int32_t *own = lua_newuserdatauv(L, sizeof *own * (size_t)n + 1, 0);
  memcpy(own, check_range(L, 1, "list", d->n), sizeof *own * (size_t)n);
  rows_of_files(L, d, gn_u8_ptr(y), own, n, jobs);
  lua_settop(L, 3);
  return 1;
}

/* pictures:subset(list) -> pictures, as core.subset has it. */
static int pictures_subset(lua_State *L) {
  const gn_disk *of = check_sealed(L);
  gn_tensor *map = gn_new_tensor(L, GN_I32, 1, check_list(L, 1, "list", of->n)->size);
  gn_disk *d = new_disk(L);
  const int32_t *list = check_range(L, 1, "list", of->n);
  for (gn_int i = 0; i < map->size[0]; i++) gn_i32_ptr(map)[i] = entry_of(of, list[i]);
  d->p = of->p;
  gn_pictures_retain(d->p);
  d->map = map->storage;
  gn_storage_retain(d->map);
  d->n = map->size[0];
  return 1;
}

/* Calls a method of the pictures at argument 2 with argument 1. */
static int call_pictures(lua_State *L, const char *method) {
  luaL_getmetafield(L, 2, "__index");
  lua_getfield(L, -1, method);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, 1);
  lua_call(L, 2, 1);
  return 1;
}

/* core.rows(list, images u8 (N,...) | pictures) -> u8 (n,...): those that a table of integers or i32 (n) lists, from
** 0. core.rows(list, N) -> i32 (n): the list itself, checked. */
static int rows(lua_State *L) {
  lua_settop(L, 2);
  if (gn_test_pictures(L, 2)) return call_pictures(L, "rows");
  if (lua_isinteger(L, 2)) {
    const gn_int n = gn_check_int(L, 2, "n", 0, INT32_MAX);
    check_list(L, 1, "list", n);
    check_range(L, 1, "list", n);
    lua_settop(L, 1);
    return 1;
  }
  const gn_tensor *t = check_set(L, 2);
  gn_int size[GN_MAXD] = {check_list(L, 1, "list", t->size[0])->size[0]};
  for (int k = 1; k < t->nd; k++) size[k] = t->size[k];
  gn_tensor *y = gn_new_tensor(L, GN_U8, t->nd, size);
  const int32_t *list = check_range(L, 1, "list", t->size[0]);
  if (gn_numel(t->nd, size) > 0)
    gn_gather_rows(gn_u8_ptr(y), gn_u8_ptr(t), list, size[0], gn_numel(t->nd - 1, size + 1));
  return 1;
}

/* core.subset(list, pictures) -> pictures: those of them that the list counts, as core.rows takes it. */
static int subset(lua_State *L) {
  lua_settop(L, 2);
  if (!gn_test_pictures(L, 2)) gn_expected(L, 2, "pictures", "pictures in files (core.pictures)");
  return call_pictures(L, "subset");
}

/* core.row_crcs(images u8 (N,...)) -> i32 (N): the CRC-32 of each picture's bytes, its 32 bits as they are. */
static int row_crcs(lua_State *L) {
  const gn_tensor *t = check_set(L, 1);
  const gn_int n = t->size[0], row = gn_numel(t->nd - 1, t->size + 1);
  gn_tensor *y = gn_new_tensor(L, GN_I32, 1, &n);
  const uint8_t *p = gn_u8_ptr(t);
  int32_t *out = gn_i32_ptr(y);
  GN_PARALLEL_FOR_IF(n * row > GN_PAR_MIN)
  for (gn_int i = 0; i < n; i++) out[i] = (int32_t)(row > 0 ? libdeflate_crc32(0, p + i * row, (size_t)row) : 0);
  return 1;
}

static const luaL_Reg methods[] = {
    {"info", pictures_info},     {"name", pictures_name},
    {"room", pictures_room},     {"fit", pictures_fit},
    {"sizes", pictures_sizes},   {"numbers", pictures_numbers},
    {"read", pictures_read},     {"seal", pictures_seal},
    {"rest", pictures_rest},     {"crcs", pictures_crcs},
    {"shape", pictures_shape},   {"rows", pictures_rows},
    {"subset", pictures_subset}, {NULL, NULL},
};
static const gn_class class = {T_PICTURES, "pictures", "pictures in files (core.pictures)", methods, pictures_close};
static const luaL_Reg funcs[] = {
    {"pictures", pictures_new}, {"rows", rows}, {"subset", subset}, {"row_crcs", row_crcs}, {NULL, NULL},
};

void gn_open_pictures(lua_State *L) {
  gn_register_class(L, &class);
  gn_register(L, funcs);
}
