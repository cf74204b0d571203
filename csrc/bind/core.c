/* core.c - luaopen: makes the module table and lets each family register its functions. */
#include "../blas.h"
#include "bind.h"

static void (*const families[])(lua_State *) = {
#define FAMILY(f) gn_open_##f,
#include "families.def"
#undef FAMILY
};

__attribute__((visibility("default"))) int GN_LUAOPEN(lua_State *L);

int GN_LUAOPEN(lua_State *L) {
  gn_blas_init();
  gn_open_state(L);
  lua_newtable(L);
  for (size_t i = 0; i < sizeof families / sizeof *families; i++) families[i](L);
  lua_pushstring(L, GN_REAL_NAME);
  lua_setfield(L, -2, "real");
  lua_pushstring(L, GN_VERSION);
  lua_setfield(L, -2, "version_string");
  return 1;
}
