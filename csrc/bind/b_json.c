/* b_json.c - the entries of large JSON files for Lua, one after the other, through yajl: a file's text is fed in
** pieces, and what is complete comes out. yajl takes its memory from an arena that bounds on depth and length of texts
** keep from running out: it does not look whether it got any. */
#include "../storage.h"
#include "bind.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <yajl/yajl_parse.h>

#define T_JSON GN_PREFIX "json"
#define PIECE ((size_t)1 << 16)  /* bytes of a call */
#define TEXT ((size_t)1 << 20)   /* of one text or number */
#define ARENA ((size_t)16 << 20) /* yajl's two buffers double up to 2 TEXT each, and are never given back */
#define DEEPEST 64               /* lists and objects in each other */
#define VALUES ((gn_int)1 << 22) /* of one entry */

typedef enum { NUL, FALSE_, TRUE_, INTEGER, NUMBER, STRING, KEY, MAP, LIST, END_MAP, END_LIST } kind;
typedef struct event {
  kind kind;
  size_t at, n; /* a text's place and length */
  size_t where; /* in the piece: its end */
  double number;
  lua_Integer integer;
} event;

/* What stands around the value to come: uservalue 1 has the tables being made. */
typedef struct level {
  int list;      /* 1: a list; 2: one of numbers alone, in `numbers` */
  lua_Integer n; /* elements so far */
} level;

typedef struct json {
  gn_guard guard;
  yajl_handle h;
  char *arena;
  size_t used;
  event *events; /* (PIECE + 1) of the piece being read */
  size_t nevents;
  char *texts;          /* (PIECE + TEXT) their texts */
  size_t ntexts, since; /* since: bytes fed since the last event */
  const char *wrong;    /* why a callback stopped */
  int depth;            /* as yajl sees it */
  /* as Lua has it */
  level levels[DEEPEST + 1];
  int nlevels;
  gn_int values;   /* of the entry */
  double *numbers; /* (room) of the list of numbers */
  size_t room, nnumbers;
  /* where the piece begins */
  gn_int line, column;
  int failed, finished;
} json;

/* ---- yajl's side: notes events, touches no Lua ---- */

typedef union block {
  size_t size;
  max_align_t align;
} block;

static void *take(void *ctx, size_t n) {
  json *j = ctx;
  const size_t whole = (sizeof(block) + n + sizeof(block) - 1) / sizeof(block) * sizeof(block);
  if (whole > ARENA - j->used) return NULL;
  block *b = (block *)(j->arena + j->used);
  j->used += whole;
  b->size = n;
  return b + 1;
}

static void *grow(void *ctx, void *p, size_t n) {
  void *q = take(ctx, n);
  if (p && q) memcpy(q, p, GN_MIN(n, ((block *)p - 1)->size));
  return q;
}

static void give(void *ctx, void *p) { (void)ctx, (void)p; }

static int stop(json *j, const char *why) {
  j->wrong = why;
  return 0;
}

static int note(json *j, event e) {
  if (j->nevents > PIECE) return stop(j, "too many values"); /* a byte makes one event at most */
  j->since = 0;
  e.where = yajl_get_bytes_consumed(j->h);
  j->events[j->nevents++] = e;
  return 1;
}

static int text_event(json *j, kind k, const unsigned char *s, size_t n) {
  if (n > PIECE + TEXT - j->ntexts) return stop(j, "a text of more than 1 MiB");
  memcpy(j->texts + j->ntexts, s, n);
  j->ntexts += n;
  return note(j, (event){.kind = k, .at = j->ntexts - n, .n = n});
}

static int on_null(void *ctx) { return note(ctx, (event){.kind = NUL}); }
static int on_boolean(void *ctx, int v) { return note(ctx, (event){.kind = v ? TRUE_ : FALSE_}); }
static int on_string(void *ctx, const unsigned char *s, size_t n) { return text_event(ctx, STRING, s, n); }
static int on_key(void *ctx, const unsigned char *s, size_t n) { return text_event(ctx, KEY, s, n); }

static int on_number(void *ctx, const char *s, size_t n) {
  char digits[400]; /* the longest double, written out */
  if (n >= sizeof digits) return stop(ctx, "a number of more than 400 digits");
  memcpy(digits, s, n);
  digits[n] = 0;
  event e = {.kind = NUMBER, .number = strtod(digits, NULL)};
  if (n < 19 && strcspn(digits, ".eE") == n) {
    e.kind = INTEGER;
    e.integer = (lua_Integer)strtoll(digits, NULL, 10);
  }
  return note(ctx, e);
}

static int deeper(json *j, kind k) {
  if (++j->depth > DEEPEST) return stop(j, "more than 64 lists and objects in each other");
  return note(j, (event){.kind = k});
}
static int on_map(void *ctx) { return deeper(ctx, MAP); }
static int on_list(void *ctx) { return deeper(ctx, LIST); }
static int on_end_map(void *ctx) {
  ((json *)ctx)->depth--;
  return note(ctx, (event){.kind = END_MAP});
}
static int on_end_list(void *ctx) {
  ((json *)ctx)->depth--;
  return note(ctx, (event){.kind = END_LIST});
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end_map,
    .yajl_start_array = on_list,
    .yajl_end_array = on_end_list,
};

/* ---- Lua's side ---- */

static void json_close(void *object) {
  json *j = object;
  if (j->h) yajl_free(j->h);
  gn_free(j->arena);
  gn_free(j->events);
  gn_free(j->texts);
  gn_free(j->numbers);
  j->h = NULL;
  j->arena = j->texts = NULL;
  j->events = NULL;
  j->numbers = NULL;
}

static json *check_json(lua_State *L) {
  json *j = luaL_checkudata(L, 1, T_JSON);
  if (!j->h) gn_error(L, "the reader of JSON is closed");
  return j;
}

/* core.json_reader() -> reader of one JSON object, fed in pieces: reader:feed, reader:finish. */
static int new_reader(lua_State *L) {
  json *j = lua_newuserdatauv(L, sizeof *j, 1);
  memset(j, 0, sizeof *j);
  luaL_setmetatable(L, T_JSON);
  lua_newtable(L);
  lua_setiuservalue(L, -2, 1);
  j->line = 1;
  j->column = 0;
  j->room = 1024;
  j->arena = gn_malloc(ARENA);
  j->events = gn_malloc(sizeof *j->events * (PIECE + 1));
  j->texts = gn_malloc(PIECE + TEXT);
  j->numbers = gn_malloc(sizeof *j->numbers * j->room);
  yajl_alloc_funcs memory = {take, grow, give, j};
  if (j->arena && j->events && j->texts && j->numbers) j->h = yajl_alloc(&callbacks, &memory, j);
  if (!j->h) return gn_error(L, "out of memory (a reader of JSON)");
  return 1;
}

static int fail_at(lua_State *L, json *j, const char *s, size_t at, const char *why) {
  gn_int line = j->line, column = j->column;
  for (size_t i = 0; i < at; i++) {
    column++;
    if (s[i] == '\n') {
      line++;
      column = 0;
    }
  }
  j->failed = 1;
  luaL_pushfail(L);
  lua_pushfstring(L, "line %I, column %I: %s", (lua_Integer)line, (lua_Integer)column, why);
  return 2;
}

/* What yajl says, in one line: "parse error: premature EOF" of "parse error: premature EOF\n". */
static const char *push_yajl(lua_State *L, json *j, const char *s, size_t n) {
  unsigned char *said = yajl_get_error(j->h, 0, (const unsigned char *)s, n);
  const char *text = said ? (const char *)said : "no JSON";
  lua_pushlstring(L, text, strcspn(text, "\n"));
  if (said) yajl_free_error(j->h, said);
  return lua_tostring(L, -1);
}

/* The stack of tables is the list at stack index 2: [2 d - 1] the table at depth d, [2 d] the key at work. The list of
** what is complete is at index 3. Puts the value on top of the stack where it belongs, and pops it. */
enum { STACK = 3, OUT = 4 };

static void put(lua_State *L, json *j) {
  level *at = j->levels + j->nlevels;
  const int d = j->nlevels;
  if (d == 1 || (d == 2 && at->list)) { /* an entry of the whole, or of one of its lists: done */
    const lua_Integer n = (lua_Integer)lua_rawlen(L, OUT);
    lua_rawgeti(L, STACK, 2); /* the name in the whole */
    lua_rawseti(L, OUT, n + 1);
    lua_rawseti(L, OUT, n + 2);
    j->values = 0;
    return;
  }
  lua_rawgeti(L, STACK, 2 * d - 1);
  if (at->list) {
    lua_insert(L, -2);
    lua_rawseti(L, -2, ++at->n);
  } else {
    lua_rawgeti(L, STACK, 2 * d);
    lua_rotate(L, -3, 2);
    lua_rawset(L, -3);
  }
  lua_pop(L, 1);
}

static const char *add_number(json *j, double v) {
  if (j->nnumbers == j->room) {
    double *more = gn_malloc(sizeof *more * 2 * j->room);
    if (!more) return "out of memory";
    memcpy(more, j->numbers, sizeof *more * j->room);
    gn_free(j->numbers);
    j->numbers = more;
    j->room *= 2;
  }
  j->numbers[j->nnumbers++] = v;
  return NULL;
}

/* Does what an event says. Returns NULL, or why it cannot. */
static const char *take_event(lua_State *L, json *j, const event *e) {
  level *at = j->levels + j->nlevels;
  if (j->nlevels == 0 && (e->kind != MAP || j->finished)) return "expected an object";
  if (++j->values > VALUES) return "an entry of more than 4194304 values";
  const int number = e->kind == NUMBER || e->kind == INTEGER;
  /* Of the whole's own lists each element is an entry; further in, one that begins with a number is numbers alone. */
  if (j->nlevels > 2 && at->list == 1 && at->n == 0 && number) {
    at->list = 2;
    j->nnumbers = 0;
  }
  if (at->list == 2 && e->kind != END_LIST)
    return number ? add_number(j, e->kind == INTEGER ? (double)e->integer : e->number)
                  : "a list of numbers with something else in it";
  switch (e->kind) {
  case NUL: /* as if it were not there */ return NULL;
  case FALSE_:
  case TRUE_: lua_pushboolean(L, e->kind == TRUE_); break;
  case INTEGER: lua_pushinteger(L, e->integer); break;
  case NUMBER: lua_pushnumber(L, e->number); break;
  case STRING: lua_pushlstring(L, j->texts + e->at, e->n); break;
  case KEY:
    lua_pushlstring(L, j->texts + e->at, e->n);
    lua_rawseti(L, STACK, 2 * j->nlevels);
    return NULL;
  case MAP:
  case LIST:
    j->levels[++j->nlevels] = (level){.list = e->kind == LIST};
    if (j->nlevels == 1) return NULL;
    lua_newtable(L);
    lua_rawseti(L, STACK, 2 * j->nlevels - 1);
    return NULL;
  case END_MAP:
  case END_LIST:
    if (j->nlevels == 1) {
      j->nlevels = 0;
      j->finished = 1;
      return NULL;
    }
    if (j->nlevels == 2 && at->list) { /* its elements are out already */
      j->nlevels--;
      return NULL;
    }
    if (at->list == 2) lua_pushlstring(L, (const char *)j->numbers, sizeof *j->numbers * j->nnumbers);
    else lua_rawgeti(L, STACK, 2 * j->nlevels - 1);
    j->nlevels--;
    break;
  }
  put(L, j);
  return NULL;
}

/* reader:feed(text) -> list name, value, name, value, ... of what is complete with this piece of at most 65536 bytes;
** or nil, message with line and column. Of the whole object, each element of a list, and each other value, comes with
** the name that the list or value has. Lists of numbers inside of these are texts of doubles; null is nothing. */
static int feed(lua_State *L) {
  json *j = check_json(L);
  size_t n = 0;
  const char *s = lua_type(L, 2) == LUA_TSTRING ? lua_tolstring(L, 2, &n) : NULL;
  if (!s || n > PIECE) gn_expected(L, 2, "text", "a string of at most 65536 bytes");
  if (j->failed) gn_error(L, "the reader of JSON has failed");
  lua_settop(L, 2);
  lua_getiuservalue(L, 1, 1);
  lua_newtable(L);
  j->nevents = j->ntexts = 0;
  j->since += n;
  if (j->since > TEXT) return fail_at(L, j, s, 0, "a text of more than 1 MiB");
  const yajl_status status = yajl_parse(j->h, (const unsigned char *)s, n);
  const size_t at = yajl_get_bytes_consumed(j->h);
  if (status == yajl_status_client_canceled) return fail_at(L, j, s, GN_MIN(at, n), j->wrong);
  if (status == yajl_status_error) return fail_at(L, j, s, GN_MIN(at, n), push_yajl(L, j, s, n));
  for (size_t i = 0; i < j->nevents; i++) {
    const char *why = take_event(L, j, j->events + i);
    if (why) return fail_at(L, j, s, GN_MIN(j->events[i].where, n), why);
  }
  for (size_t i = 0; i < n; i++) {
    j->column++;
    if (s[i] == '\n') {
      j->line++;
      j->column = 0;
    }
  }
  lua_settop(L, OUT);
  return 1;
}

/* reader:finish() -> true at the end of a whole object; or nil, message. */
static int finish(lua_State *L) {
  json *j = check_json(L);
  if (j->failed) gn_error(L, "the reader of JSON has failed");
  j->nevents = j->ntexts = 0;
  if (yajl_complete_parse(j->h) != yajl_status_ok) return fail_at(L, j, "", 0, push_yajl(L, j, "", 0));
  if (!j->finished) return fail_at(L, j, "", 0, "expected an object");
  lua_pushboolean(L, 1);
  return 1;
}

static const luaL_Reg methods[] = {{"feed", feed}, {"finish", finish}, {NULL, NULL}};
static const gn_class class = {T_JSON, "json_reader", "a reader of JSON (core.json_reader)", methods, json_close};
static const luaL_Reg funcs[] = {{"json_reader", new_reader}, {NULL, NULL}};

void gn_open_json(lua_State *L) {
  gn_register_class(L, &class);
  gn_register(L, funcs);
}
