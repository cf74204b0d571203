/* check.h - the border police: named argument errors that blame the user's own line, new tensors on the stack,
** memory pressure. Every binding does: check all arguments -> compute the output shape -> gn_new_* (creates the
** userdata, then attaches memory) -> run the kernel, which cannot fail. No Lua call between taking a raw buffer and
** letting it go: scratch comes from gn_scratch, which is a userdata too. */
#ifndef GN_CHECK_H
#define GN_CHECK_H

#include "../gn.h"
#include "../rng.h"
#include "../storage.h"
#include "../tensor.h"
#include "state.h"
#include <lauxlib.h>
#include <lua.h>

#ifdef GN_DOUBLE
#define GN_T_TENSOR "gan64.tensor"
#define GN_T_RNG "gan64.rng"
#define GN_LUAOPEN luaopen_gan_core64
#define GN_PREFIX "gan64."
#else
#define GN_T_TENSOR "gan.tensor"
#define GN_T_RNG "gan.rng"
#define GN_LUAOPEN luaopen_gan_core
#define GN_PREFIX "gan."
#endif

/* A family registers its functions with gn_register(L, funcs): each C function gets its own name as upvalue 1, from
** which errors take it. Families are listed in families.def. */
void gn_register(lua_State *L, const luaL_Reg *funcs); /* into the table on top of the stack */

/* Sets "@dir/": chunks whose source starts so are the library's own, and never blamed. */
void gn_set_library(lua_State *L, const char *prefix);
const char *gn_dtype_name(gn_dtype t); /* as dtype.def has it */

/* Errors. All raise `user.lua:41: conv2d: bad argument #2 'w' (…)` where user.lua:41 is the innermost line outside the
** library, and never return. The comment behind each is its message; `got` tells what is there. */
int gn_raise(lua_State *L, const char *op, const char *msg); /* op: msg */

/* What is called with the message before an error says that memory ran out: the function on top, or nil. */
void gn_set_exhausted(lua_State *L);
void gn_exhausted(lua_State *L, const char *op, const char *msg);
int gn_error(lua_State *L, const char *fmt, ...); /* op: message; op is the running function's name */
/* op: bad argument #arg 'name' (message) */
int gn_argerror(lua_State *L, int arg, const char *name, const char *fmt, ...);
/* op: bad argument #arg 'name' (expected X, got Y). A text for X pushed before the call would be
** taken for an absent argument: let fmt make it. */
int gn_expected(lua_State *L, int arg, const char *name, const char *fmt, ...);
/* op: bad argument #arg 'name' (expected S why, got (2,3)); why may be NULL */
int gn_shape_error(lua_State *L, int arg, const char *name, const char *expected_shape, const char *why);
/* Texts for messages, pushed on the stack. */
const char *gn_found(lua_State *L, int arg);                        /* "u8 tensor (3)", "string 'abc'", "nil" */
const char *gn_shape_str(lua_State *L, int nd, const gn_int *size); /* "(64,32,32,3)" */
const char *gn_count(lua_State *L, gn_int n, const char *noun);     /* "1 image", "12 images": a regular noun, + s */

/* Arguments. test: NULL if it is not one; check: must be there; opt: default where nil or none. dense: made contiguous
** in its stack slot. */
gn_tensor *gn_test_tensor(lua_State *L, int arg);                              /* any dtype, not released */
gn_tensor *gn_check_tensor(lua_State *L, int arg, const char *name);           /* any dtype, not released */
gn_tensor *gn_check_real(lua_State *L, int arg, const char *name);             /* real, any strides */
gn_tensor *gn_check_dense(lua_State *L, int arg, const char *name);            /* real */
gn_tensor *gn_check_dense_nd(lua_State *L, int arg, const char *name, int nd); /* real, of nd dimensions */
gn_tensor *gn_check_dense_i32(lua_State *L, int arg, const char *name);
gn_tensor *gn_check_dense_u8(lua_State *L, int arg, const char *name);
gn_tensor *gn_check_dense_f64(lua_State *L, int arg, const char *name);
gn_tensor *gn_check_dense_any(lua_State *L, int arg, const char *name); /* any dtype */
gn_tensor *gn_opt_dense(lua_State *L, int arg, const char *name);       /* real; nil -> NULL */

/* Returns the dtype of a name; may: the set of those that are allowed, bit 1 << dtype. */
gn_dtype gn_check_dtype(lua_State *L, int arg, const char *name, unsigned may);
#define GN_ANY_DTYPE ((1u << GN_DTYPES) - 1)

#define GN_PATH_MAX 4000                          /* bytes */
const char *gn_check_path(lua_State *L, int arg); /* 'path': 1 .. GN_PATH_MAX bytes, no zero byte */
gn_rng *gn_check_rng(lua_State *L, int arg, const char *name);
gn_int gn_check_int(lua_State *L, int arg, const char *name, gn_int lo, gn_int hi); /* lo..hi, an integer value */
gn_int gn_opt_int(lua_State *L, int arg, const char *name, gn_int lo, gn_int hi, gn_int def);
gn_real gn_check_number(lua_State *L, int arg, const char *name);
gn_real gn_opt_number(lua_State *L, int arg, const char *name, gn_real def);
int gn_check_axis(lua_State *L, int arg, const char *name, int nd); /* 1..nd or -nd..-1 in Lua -> 0..nd-1 */
int gn_check_axis_entry(lua_State *L, int arg, const char *name, int i, int nd); /* the same of entry i of a list */
void gn_check_shape(lua_State *L, int arg, const char *name, gn_shape *s);       /* a table of sizes >= 0; bytes fit */
void gn_check_same_size(lua_State *L, int arg, const char *name, const gn_tensor *t, const gn_tensor *like,
                        const char *like_name);

/* Results, pushed on the stack. Out of memory: full collection, cache given back, one more try, then an error that says
** requested, live and cached bytes. Contents undefined unless said. */
gn_tensor *gn_new_tensor(lua_State *L, gn_dtype dt, int nd, const gn_int *size);
gn_tensor *gn_new_real(lua_State *L, int nd, const gn_int *size);
gn_tensor *gn_new_real_like(lua_State *L, const gn_tensor *t);
/* Returns a view: it shares t's storage. */
gn_tensor *gn_new_view(lua_State *L, const gn_tensor *t, int nd, const gn_int *size, const gn_int *stride,
                       gn_int offset);
/* Returns where an op is to write (N,H,W,C). nil: a new tensor, put into that slot. Else real, of that size, some
** channels of a dense tensor: stride[2] reals from pixel to pixel. */
gn_tensor *gn_opt_channels(lua_State *L, int arg, const char *name, const gn_int size[4]);

/* Pushes n reals (n may be 0) as a userdata; freed by gn_scratch_free(L, idx), or when collected. */
gn_real *gn_scratch(lua_State *L, gn_int n);
double *gn_scratch_f64(lua_State *L, gn_int n); /* the same for doubles */
void gn_scratch_free(lua_State *L, int idx);

/* Whether a finalizer is running: it may have interrupted any function, so what functions rely on must stay as it is.
** Lua tells from 5.4.4 on. */
int gn_in_finalizer(lua_State *L);
void gn_not_in_finalizer(lua_State *L); /* raises there */

uint64_t gn_next_serial(void); /* greater than that of all tensor handles made so far, and no handle has it yet */
/* Copies src (any strides) into contiguous dst of the same size and dtype. */
void gn_set_dense(gn_tensor *dst, const gn_tensor *src);

/* Raises unless t may be written in place: an expanded tensor has several elements in one place. */
void gn_check_writable(lua_State *L, int arg, const char *name);

/* Tells autograd, by the storage's version, that a kernel wrote into t in place. */
static inline void gn_touch(gn_tensor *t) { t->storage->version++; }

#endif
