/* kernel_cache.h - transformed kernels of convolutions, cached between calls with the same weights. Each Lua
** state has a cache of its own. */
#ifndef GN_KERNEL_CACHE_H
#define GN_KERNEL_CACHE_H

#include "../kernels/conv/conv.h"
#include "check.h"

/* Returns what `pass` of a convolution multiplies in place of w: the cached kernel, or one made in scratch; NULL
** stands for w itself. Pushes one slot in either case. Comes last, after all other allocation: that may empty the
** cache. */
const gn_real *gn_push_kernel(lua_State *L, const gn_tensor *w, const gn_conv *d, gn_conv_pass pass);
void gn_pop_kernel(lua_State *L);     /* removes the slot that gn_push_kernel pushed, and frees its scratch */
void gn_open_kernels(lua_State *L);   /* makes the cache; once for each state */
void gn_forget_kernels(lua_State *L); /* empties the cache: when memory is short, or the order of vectors changes */

#endif
