/* b_boxes.c - cutting boxes out of images for Lua. */
#include "../kernels/boxes.h"
#include "bind.h"
#include "options.h"
#include <math.h>

typedef struct roi_options {
  gn_int size[2], samples;
  double scale;
} roi_options;

static const gn_option known[] = {
    GN_OPT_PAIR(roi_options, size, 1, 1 << 15, 1),
    GN_OPT_INTEGER(roi_options, samples, 1, 64),
    GN_OPT_NUMBER(roi_options, scale, 0),
    GN_OPT_END,
};

static void check_options(lua_State *L, int arg, gn_roi *r) {
  roi_options o = {.samples = 2, .scale = 1};
  gn_read_options(L, arg, known, &o);
  if (!(o.scale > 0 && isfinite(o.scale))) gn_option_error(L, "scale", "expected a number > 0, got %f", o.scale);
  r->ph = o.size[0];
  r->pw = o.size[1];
  r->samples = o.samples;
  r->scale = o.scale;
}

/* The boxes (M,4) at argument 2 and the rows (M) at 3. Values are checked by check_values. */
static void check_boxes(lua_State *L, gn_roi *r, const gn_tensor **boxes, const gn_tensor **rows) {
  *boxes = gn_check_dense_nd(L, 2, "boxes", 2);
  r->m = (*boxes)->size[0];
  if ((*boxes)->size[1] != 4) gn_shape_error(L, 2, "boxes", "(M,4)", "x0, y0, x1, y1 of each");
  *rows = gn_check_dense_i32(L, 3, "rows");
  if ((*rows)->nd != 1 || (*rows)->size[0] != r->m)
    gn_shape_error(L, 3, "rows", gn_shape_str(L, 1, &r->m), "the image of each box");
}

/* Raises for a box that ends before it begins or is not finite, and a row of no image. */
static void check_values(lua_State *L, const gn_roi *r, const gn_tensor *boxes, const gn_tensor *rows) {
  const gn_real *b = gn_real_ptr(boxes);
  const int32_t *row = gn_i32_ptr(rows);
  for (gn_int m = 0; m < r->m; m++, b += 4) {
    if (!(isfinite(b[0]) && isfinite(b[1]) && isfinite(b[2]) && isfinite(b[3]) && b[2] >= b[0] && b[3] >= b[1]))
      gn_argerror(L, 2, "boxes", "expected finite x0 <= x1 and y0 <= y1, got %f, %f, %f, %f at row %I", (double)b[0],
                  (double)b[1], (double)b[2], (double)b[3], (lua_Integer)m + 1);
    if (row[m] < 0 || row[m] >= r->n)
      gn_argerror(L, 3, "rows", "expected images in 0..%I, got %d at element %I", (lua_Integer)r->n - 1, (int)row[m],
                  (lua_Integer)m + 1);
  }
}

/* roi_align(x (N,H,W,C), boxes (M,4), rows i32 (M), options) -> (M,Ph,Pw,C) */
static int roi_align(lua_State *L) {
  const gn_tensor *boxes, *rows, *x = gn_check_dense_nd(L, 1, "x", 4);
  gn_roi r = {.n = x->size[0], .h = x->size[1], .w = x->size[2], .c = x->size[3]};
  if (r.h < 1 || r.w < 1) gn_shape_error(L, 1, "x", "(N,H,W,C)", "with H, W >= 1");
  check_boxes(L, &r, &boxes, &rows);
  check_options(L, 4, &r);
  const gn_int size[4] = {r.m, r.ph, r.pw, r.c};
  gn_tensor *y = gn_new_real(L, 4, size);
  check_values(L, &r, boxes, rows);
  gn_roi_align(gn_real_ptr(y), gn_real_ptr(x), gn_real_ptr(boxes), gn_i32_ptr(rows), &r);
  return 1;
}

/* roi_align_dx(dy (M,Ph,Pw,C), boxes (M,4), rows i32 (M), options, {N, H, W}) -> (N,H,W,C) */
static int roi_align_dx(lua_State *L) {
  const gn_tensor *boxes, *rows, *dy = gn_check_dense_nd(L, 1, "dy", 4);
  gn_roi r = {.c = dy->size[3]};
  gn_shape s;
  check_boxes(L, &r, &boxes, &rows);
  check_options(L, 4, &r);
  if (dy->size[0] != r.m || dy->size[1] != r.ph || dy->size[2] != r.pw) {
    const gn_int want[4] = {r.m, r.ph, r.pw, r.c};
    gn_shape_error(L, 1, "dy", gn_shape_str(L, 4, want), "to match boxes and options");
  }
  gn_check_shape(L, 5, "size", &s);
  if (s.nd != 3 || s.size[1] < 1 || s.size[2] < 1)
    gn_argerror(L, 5, "size", "expected {N, H, W} with H, W >= 1, got %s", gn_shape_str(L, s.nd, s.size));
  const gn_int size[4] = {r.n = s.size[0], r.h = s.size[1], r.w = s.size[2], r.c};
  gn_tensor *dx = gn_new_real(L, 4, size);
  check_values(L, &r, boxes, rows);
  gn_roi_align_dx(gn_real_ptr(dx), gn_real_ptr(dy), gn_real_ptr(boxes), gn_i32_ptr(rows), &r);
  return 1;
}

static const luaL_Reg funcs[] = {
    {"roi_align", roi_align},
    {"roi_align_dx", roi_align_dx},
    {NULL, NULL},
};

void gn_open_boxes(lua_State *L) { gn_register(L, funcs); }
