/* state.c - what the core keeps for each Lua state. See state.h. */
#include "state.h"

static const char STATE_KEY = 0; /* its address: registry[&STATE_KEY] = the gn_state */

void gn_open_state(lua_State *L) {
  gn_state *st = lua_newuserdatauv(L, sizeof *st, 0);
  *st = (gn_state){.largest_tile = 4};
  lua_rawsetp(L, LUA_REGISTRYINDEX, &STATE_KEY);
}

gn_state *gn_state_of(lua_State *L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &STATE_KEY);
  gn_state *st = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return st;
}

void gn_collect(lua_State *L) {
  lua_gc(L, LUA_GCCOLLECT);
  gn_state_of(L)->since = 0;
}

void gn_trim(lua_State *L) {
  const gn_state *st = gn_state_of(L);
  if (st->give_up) st->give_up(L);
  gn_storage_trim();
}

static gn_storage *try_storage(gn_state *st, size_t bytes) {
  gn_storage *s = gn_storage_new(bytes);
  if (s) st->since += gn_storage_size(s);
  return s;
}

gn_storage *gn_try_storage(lua_State *L, size_t bytes) { return try_storage(gn_state_of(L), bytes); }

/* Lua sees only the small userdata, so the collector must be told by us: full collections, because a generational
** collector's steps do not bound tensor memory. */
gn_storage *gn_new_storage(lua_State *L, size_t bytes) {
  gn_state *st = gn_state_of(L);
  const size_t limit = GN_MAX(GN_GARBAGE, st->live_after / 8);
  /* what is garbage serves first */
  if ((st->since + bytes > limit && st->since > 0) || (st->since > GN_GARBAGE / 4 && gn_storage_grows(bytes))) {
    gn_collect(L);
    st->live_after = gn_memory_stats().live;
  }
  gn_storage *s = try_storage(st, bytes);
  if (!s) {
    gn_collect(L);
    gn_trim(L);
    s = try_storage(st, bytes);
  }
  return s;
}

void gn_discard(lua_State *L, gn_storage *s) {
  gn_state *st = gn_state_of(L);
  if (s->refs == 1) st->since -= GN_MIN(st->since, gn_storage_size(s));
  gn_storage_release(s);
}
