/* b_gemm.c - matmul for Lua: batch dimensions broadcast, transposed views read where they lie. */
#include "../kernels/gemm.h"
#include "bind.h"
#include <string.h>

/* One operand as BLAS sees it: the last two dimensions with unit stride along one of them. */
typedef struct matrix {
  const gn_tensor *t;
  int trans;
  gn_int rows, cols, ld;
} matrix;

static int as_matrix(const gn_tensor *t, matrix *m) {
  const gn_int r = t->size[t->nd - 2], c = t->size[t->nd - 1], sr = t->stride[t->nd - 2], sc = t->stride[t->nd - 1];
  *m = (matrix){.t = t, .rows = r, .cols = c};
  if ((c <= 1 || sc == 1) && (r <= 1 || sr >= GN_MAX(c, 1))) m->ld = r <= 1 ? GN_MAX(c, 1) : sr;
  else if ((r <= 1 || sr == 1) && (c <= 1 || sc >= GN_MAX(r, 1))) m->trans = 1, m->ld = c <= 1 ? GN_MAX(r, 1) : sc;
  else return 0;
  return m->ld < INT32_MAX;
}

static const gn_tensor *check_matrix(lua_State *L, int arg, const char *name) {
  const gn_tensor *t = gn_check_real(L, arg, name);
  if (t->nd < 2) gn_shape_error(L, arg, name, "at least 2 dimensions", "(reshape a vector to (1,n) or (n,1))");
  if (t->size[t->nd - 2] >= INT32_MAX || t->size[t->nd - 1] >= INT32_MAX)
    gn_shape_error(L, arg, name, "matrices of sizes below 2^31", NULL);
  return t;
}

static matrix matrix_of(lua_State *L, int arg, const char *name, const gn_tensor *t) {
  matrix m;
  if (!as_matrix(t, &m)) as_matrix(gn_check_dense(L, arg, name), &m);
  return m;
}

/* matmul(a (...,m,k), b (...,k,n)) -> (...,m,n) */
static int matmul(lua_State *L) {
  const gn_tensor *ta = check_matrix(L, 1, "a"), *tb = check_matrix(L, 2, "b");
  gn_shape s;
  gn_gemm_strides batch;
  const gn_int rows = ta->size[ta->nd - 2], inner = ta->size[ta->nd - 1], cols = tb->size[tb->nd - 1];
  if (tb->size[tb->nd - 2] != inner || !gn_broadcast(ta->nd - 2, ta->size, tb->nd - 2, tb->size, &s)) {
    const char *why = lua_pushfstring(
        L, tb->size[tb->nd - 2] != inner ? "to match a %s" : "with batch dimensions that broadcast with a %s",
        gn_shape_str(L, ta->nd, ta->size));
    gn_shape_error(L, 2, "b", lua_pushfstring(L, "(...,%I,*)", (lua_Integer)inner), why);
  }
  s.size[s.nd++] = rows;
  s.size[s.nd++] = cols;
  if (!gn_size_ok(s.nd, s.size)) gn_error(L, "result too large: %s", gn_shape_str(L, s.nd, s.size));
  matrix a = matrix_of(L, 1, "a", ta), b = matrix_of(L, 2, "b", tb);
  gn_tensor *y = gn_new_real(L, s.nd, s.size);
  gn_int products = 1;
  batch.nd = s.nd - 2;
  for (int i = 0; i < batch.nd; i++) {
    const int ia = i - (batch.nd - (a.t->nd - 2)), ib = i - (batch.nd - (b.t->nd - 2));
    batch.size[i] = s.size[i];
    batch.sa[i] = ia < 0 || a.t->size[ia] == 1 ? 0 : a.t->stride[ia];
    batch.sb[i] = ib < 0 || b.t->size[ib] == 1 ? 0 : b.t->stride[ib];
    products *= batch.size[i] > 0 ? batch.size[i] : 1;
  }
  if (gn_numel(y->nd, y->size) == 0) return 1;
  if (b.t->nd == 2 && gn_is_contiguous(a.t)) { /* one kernel for every row of a: a single product */
    a.rows *= products;
    a.trans = 0;
    a.ld = GN_MAX(a.cols, 1);
    products = 1;
  }
  const gn_real *pa = gn_real_ptr(a.t), *pb = gn_real_ptr(b.t);
  gn_real *py = gn_real_ptr(y);
  if (products == 1) {
    gn_real *work = gn_scratch(L, gn_gemm_par_work(a.trans, b.trans, a.rows, b.cols, a.cols));
    gn_gemm_par(a.trans, b.trans, a.rows, b.cols, a.cols, pa, a.ld, pb, b.ld, py, work);
    gn_scratch_free(L, -1);
    lua_pop(L, 1);
  } else gn_gemm_batch(&batch, a.trans, b.trans, a.rows, b.cols, a.cols, pa, a.ld, pb, b.ld, py);
  return 1;
}

static const luaL_Reg funcs[] = {
    {"matmul", matmul},
    {NULL, NULL},
};

void gn_open_gemm(lua_State *L) { gn_register(L, funcs); }
