/* bind.h - what the families of bindings share: each b_<stem>.c registers its functions in one opener. */
#ifndef GN_BIND_H
#define GN_BIND_H

#include "check.h"

/* Each adds its functions to the table on top of the stack. Called by core.c. */
void gn_open_tensor(lua_State *L);
void gn_open_pointwise(lua_State *L);
void gn_open_rng(lua_State *L);
void gn_open_system(lua_State *L);
void gn_open_image(lua_State *L);
void gn_open_data(lua_State *L);
void gn_open_resample(lua_State *L);
void gn_open_index(lua_State *L);
void gn_open_file(lua_State *L);
void gn_open_gemm(lua_State *L);
void gn_open_linalg(lua_State *L);
void gn_open_conv(lua_State *L);
void gn_open_peak(lua_State *L);
void gn_open_reduce(lua_State *L);
void gn_open_norm(lua_State *L);
void gn_open_loss(lua_State *L);
void gn_open_optim(lua_State *L);
void gn_open_unpack(lua_State *L);
void gn_open_zip(lua_State *L);

void gn_conv_forget(void); /* gives up the transformed kernels that b_conv.c keeps */

#endif
