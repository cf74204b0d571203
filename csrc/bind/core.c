/* core.c - luaopen: makes the module table and lets each family register its functions. */
#include "../blas.h"
#include "bind.h"

static void (*const families[])(lua_State *) = {
    gn_open_tensor, gn_open_pointwise, gn_open_rng, gn_open_system, gn_open_resample, gn_open_index, gn_open_file,
    gn_open_gemm, gn_open_linalg, gn_open_conv, gn_open_peak,
    gn_open_reduce, gn_open_norm, gn_open_loss, gn_open_optim,
    gn_open_image, gn_open_data,
    gn_open_unpack, gn_open_zip,
};

__attribute__((visibility("default"))) int GN_LUAOPEN(lua_State *L);

int GN_LUAOPEN(lua_State *L) {
  gn_blas_init();
  lua_newtable(L);
  for (size_t i = 0; i < sizeof families / sizeof *families; i++) families[i](L);
  lua_pushstring(L, GN_REAL_NAME);
  lua_setfield(L, -2, "real");
  lua_pushstring(L, GN_VERSION);
  lua_setfield(L, -2, "version_string");
  return 1;
}
