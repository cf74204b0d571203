/* b_shapes.c - the built-in data set of drawn shapes, for Lua. */
#include "../kernels/shapes.h"
#include "../par.h"
#include "bind.h"
#include <string.h>

/* integers of one scene: ground, count, then kind, colour, y0, x0, y1, x1 of each */
enum { SCENE = 2 + 6 * GN_SHAPE_MOST };

static void store_scene(int32_t *out, const gn_shape_scene *s) {
  *out++ = s->ground;
  *out++ = s->count;
  for (int k = 0; k < GN_SHAPE_MOST; k++) {
    const gn_shape_object *o = &s->object[k];
    const int32_t v[6] = {o->kind, o->colour, o->y0, o->x0, o->y1, o->x1};
    memcpy(out, v, sizeof v);
    out += 6;
  }
}

static uint64_t shapes_key(gn_int seed) { return gn_rng_key((uint64_t)seed, "shapes", 6); }

/* core.shapes(count, size, seed, objects) -> images u8 (count,size,size,3), labels i32 (count), scenes i32 (count,20),
** attributes real (count,16): 1 for each kind, then each colour, that the picture shows. */
static int shapes(lua_State *L) {
  gn_int n = gn_check_int(L, 1, "count", 0, INT32_MAX), size = gn_check_int(L, 2, "size", 16, 512);
  gn_int seed = gn_check_int(L, 3, "seed", INT64_MIN, INT64_MAX);
  int objects = (int)gn_check_int(L, 4, "objects", 1, GN_SHAPE_MOST);
  gn_int is[4] = {n, size, size, 3}, ss[2] = {n, SCENE}, as[2] = {n, GN_SHAPE_KINDS + GN_SHAPE_COLOURS};
  uint8_t *image = gn_u8_ptr(gn_new_tensor(L, GN_U8, 4, is));
  int32_t *label = gn_i32_ptr(gn_new_tensor(L, GN_I32, 1, &n)), *scene = gn_i32_ptr(gn_new_tensor(L, GN_I32, 2, ss));
  gn_real *attribute = gn_real_ptr(gn_new_real(L, 2, as));
  memset(attribute, 0, sizeof *attribute * (size_t)(n * as[1]));
  uint64_t key = shapes_key(seed);
  GN_PARALLEL_FOR
  for (gn_int i = 0; i < n; i++) {
    gn_shape_scene s;
    gn_shapes_draw(image + i * size * size * 3, NULL, &s, key, (uint64_t)i, size, objects);
    label[i] = s.object[0].kind;
    store_scene(scene + i * SCENE, &s);
    for (int k = 0; k < s.count; k++) {
      attribute[i * as[1] + s.object[k].kind] = 1;
      attribute[i * as[1] + GN_SHAPE_KINDS + s.object[k].colour] = 1;
    }
  }
  return 4;
}

/* core.shapes_mask(i, size, seed, objects) -> u8 (size,size): 0 ground, k the k-th object of picture i (from 1). */
static int shapes_mask(lua_State *L) {
  gn_int i = gn_check_int(L, 1, "i", 1, INT32_MAX), size = gn_check_int(L, 2, "size", 16, 512);
  gn_int seed = gn_check_int(L, 3, "seed", INT64_MIN, INT64_MAX);
  int objects = (int)gn_check_int(L, 4, "objects", 1, GN_SHAPE_MOST);
  gn_int ms[2] = {size, size}, is[3] = {size, size, 3};
  uint8_t *mask = gn_u8_ptr(gn_new_tensor(L, GN_U8, 2, ms)), *image = gn_u8_ptr(gn_new_tensor(L, GN_U8, 3, is));
  gn_shape_scene s;
  gn_shapes_draw(image, mask, &s, shapes_key(seed), (uint64_t)(i - 1), size, objects);
  lua_pop(L, 1);
  return 1;
}

static const luaL_Reg funcs[] = {{"shapes", shapes}, {"shapes_mask", shapes_mask}, {NULL, NULL}};

void gn_open_shapes(lua_State *L) { gn_register(L, funcs); }
