/* b_linalg.c - statistics of feature sets for Lua (gan.metric): what is real (N,D) are features, what is f64 are
** sums of them. */
#include "../kernels/linalg.h"
#include "../blas.h"
#include "bind.h"
#include <math.h>
#include <string.h>

#define MAX_DIM 32767 /* of an eigenproblem: LAPACK counts its workspace in int */

/* (N,D) of finite numbers, at least `least` rows and one column. */
static const gn_tensor *check_features(lua_State *L, int arg, const char *name, gn_int least) {
  const gn_tensor *t = gn_check_dense_nd(L, arg, name, 2);
  if (t->size[0] < least || t->size[1] < 1)
    gn_shape_error(L, arg, name, lua_pushfstring(L, "(N,D) of at least %s and 1 column", gn_count(L, least, "row")),
                   NULL);
  if (t->size[0] > INT32_MAX || t->size[1] > INT32_MAX) gn_shape_error(L, arg, name, "sizes below 2^31", NULL);
  const gn_int bad = gn_bad_row(gn_real_ptr(t), t->size[0], t->size[1]);
  if (bad >= 0) gn_argerror(L, arg, name, "row %I holds NaN or an infinity", (lua_Integer)bad + 1);
  return t;
}

static const gn_tensor *check_like(lua_State *L, int arg, const char *name, const gn_tensor *x, gn_int least) {
  const gn_tensor *t = check_features(L, arg, name, least);
  if (t->size[1] != x->size[1])
    gn_shape_error(L, arg, name, lua_pushfstring(L, "(*,%I)", (lua_Integer)x->size[1]), "as x has columns");
  return t;
}

/* f64 of finite numbers of the given shape (rows < 0: any), contiguous. */
static gn_tensor *check_f64(lua_State *L, int arg, const char *name, int nd, gn_int rows, gn_int columns) {
  gn_tensor *t = gn_check_dense_f64(L, arg, name);
  const int fits = t->nd == nd && (rows < 0 || t->size[0] == rows) && (nd < 2 || columns < 0 || t->size[1] == columns);
  if (!fits) {
    const gn_int want[2] = {rows, columns};
    gn_shape_error(L, arg, name, rows < 0 ? "(*,*)" : gn_shape_str(L, nd, want), NULL);
  }
  const gn_int n = nd == 2 ? t->size[0] : 1, bad = gn_bad_row_f64(gn_f64_ptr(t), n, t->size[nd - 1]);
  if (bad >= 0) gn_argerror(L, arg, name, "row %I holds NaN or an infinity", (lua_Integer)bad + 1);
  return t;
}

static double check_double(lua_State *L, int arg, const char *name) {
  if (lua_type(L, arg) != LUA_TNUMBER) gn_expected(L, arg, name, "a number");
  return (double)lua_tonumber(L, arg);
}

/* The argument is written in place: contiguous as it stands. */
static gn_tensor *check_sum(lua_State *L, int arg, const char *name, int nd, gn_int d) {
  const gn_tensor *t = gn_check_tensor(L, arg, name);
  if (!gn_is_contiguous(t)) gn_argerror(L, arg, name, "expected a contiguous tensor");
  return check_f64(L, arg, name, nd, d, d);
}

static int no_convergence(lua_State *L) { return gn_error(L, "LAPACK did not converge"); }

/* core.moments_add_(mean f64 (D), scatter f64 (D,D), seen, x (N,D)): adds rows to the mean and to the sum of centred
** outer products of `seen` rows. Only the upper half of scatter's blocks is kept: core.covariance completes it. */
static int moments_add_(lua_State *L) {
  const gn_tensor *x = check_features(L, 4, "x", 0);
  const gn_int n = x->size[0], d = x->size[1];
  gn_tensor *mean = check_sum(L, 1, "mean", 1, d), *scatter = check_sum(L, 2, "scatter", 2, d);
  const gn_int seen = gn_check_int(L, 3, "seen", 0, (gn_int)1 << 50);
  if (mean->storage == scatter->storage) gn_argerror(L, 2, "scatter", "shares its memory with mean");
  double *work = gn_scratch_f64(L, (n + 2) * d);
  gn_moments_add(gn_f64_ptr(mean), gn_f64_ptr(scatter), (double)seen, gn_real_ptr(x), n, d, work);
  gn_scratch_free(L, -1);
  gn_touch(mean);
  gn_touch(scatter);
  return 0;
}

/* core.covariance(scatter f64 (D,D), divisor) -> f64 (D,D), symmetric. */
static int covariance(lua_State *L) {
  const gn_tensor *s = check_f64(L, 1, "scatter", 2, -1, -1);
  if (s->size[0] != s->size[1]) gn_shape_error(L, 1, "scatter", "a square matrix", NULL);
  const double divisor = check_double(L, 2, "divisor");
  if (!(divisor > 0)) gn_expected(L, 2, "divisor", "a number > 0");
  gn_tensor *y = gn_new_tensor(L, GN_F64, 2, s->size);
  gn_covariance(gn_f64_ptr(y), gn_f64_ptr(s), s->size[0], divisor);
  return 1;
}

/* core.asymmetry(sigma f64 (D,D), tolerance) -> row, column (from 1) of the first entry that no covariance has: a
** negative variance, or an entry that differs from its mirror image by more than tolerance * the product of
** deviations; nil if there is none. */
static int asymmetry(lua_State *L) {
  const gn_tensor *s = check_f64(L, 1, "sigma", 2, -1, -1);
  if (s->size[0] != s->size[1]) gn_shape_error(L, 1, "sigma", "a square matrix", NULL);
  const gn_int at = gn_asymmetry(gn_f64_ptr(s), s->size[0], check_double(L, 2, "tolerance"));
  if (at < 0) return 0;
  lua_pushinteger(L, (lua_Integer)(at / s->size[0]) + 1);
  lua_pushinteger(L, (lua_Integer)(at % s->size[0]) + 1);
  return 2;
}

/* core.column_stats(x (N,D)) -> mean f64 (D), squares f64 (D) = sum (x - mean)^2. */
static int column_stats(lua_State *L) {
  const gn_tensor *x = check_features(L, 1, "x", 1);
  gn_tensor *mean = gn_new_tensor(L, GN_F64, 1, x->size + 1), *squares = gn_new_tensor(L, GN_F64, 1, x->size + 1);
  gn_column_stats(gn_f64_ptr(mean), gn_f64_ptr(squares), gn_real_ptr(x), x->size[0], x->size[1]);
  return 2;
}

/* core.trace_sqrt(a f64 (D,D), b f64 (D,D), rank_a, rank_b) -> Tr (ab)^(1/2), both symmetric and positive
** semidefinite. */
static int trace_sqrt(lua_State *L) {
  const gn_tensor *a = check_f64(L, 1, "a", 2, -1, -1);
  const gn_int d = a->size[0];
  if (a->size[1] != d || d > MAX_DIM)
    gn_shape_error(L, 1, "a", lua_pushfstring(L, "a square matrix of at most %d rows", MAX_DIM), NULL);
  const gn_tensor *b = check_f64(L, 2, "b", 2, d, d);
  const gn_int rank_a = gn_opt_int(L, 3, "rank_a", 0, INT64_MAX, d),
               rank_b = gn_opt_int(L, 4, "rank_b", 0, INT64_MAX, d);
  double trace = 0, *work = gn_scratch_f64(L, gn_trace_sqrt_work(d));
  const int failed = gn_trace_sqrt(&trace, gn_f64_ptr(a), gn_f64_ptr(b), d, GN_MIN(rank_a, d), GN_MIN(rank_b, d), work);
  gn_scratch_free(L, -1);
  if (failed) return no_convergence(L);
  lua_pushnumber(L, trace);
  return 1;
}

/* core.eigh(a f64 (D,D)) -> values f64 (D), rising; vectors f64 (D,D), a row of length 1 for each. a is symmetric: only
** its lower half is read. */
static int eigh(lua_State *L) {
  const gn_tensor *a = check_f64(L, 1, "a", 2, -1, -1);
  const gn_int d = a->size[0];
  if (a->size[1] != d || d < 1 || d > MAX_DIM)
    gn_shape_error(L, 1, "a", lua_pushfstring(L, "a square matrix of 1 to %d rows", MAX_DIM), NULL);
  gn_tensor *values = gn_new_tensor(L, GN_F64, 1, a->size), *vectors = gn_new_tensor(L, GN_F64, 2, a->size);
  double *work = gn_scratch_f64(L, gn_syev_work(d, 1));
  memcpy(gn_f64_ptr(vectors), gn_f64_ptr(a), (size_t)(d * d) * sizeof(double));
  const int failed = gn_syev(d, gn_f64_ptr(vectors), gn_f64_ptr(values), 1, work);
  gn_scratch_free(L, -1);
  if (failed) return no_convergence(L);
  lua_pop(L, 1);
  return 2;
}

/* core.cross_nuclear_norm(x (N,D), y (M,D)) -> the sum of singular values of the (N,M) products of their centred
** rows. */
static int cross_nuclear_norm(lua_State *L) {
  const gn_tensor *x = check_features(L, 1, "x", 1), *y = check_like(L, 2, "y", x, 1);
  const gn_int n = x->size[0], m = y->size[0], d = x->size[1], work_pair = gn_pair_work(d);
  if (n > MAX_DIM && m > MAX_DIM)
    gn_shape_error(L, 1, "x", lua_pushfstring(L, "at most %d rows", MAX_DIM), "here or in y");
  const gn_int size = n * m; /* each below 2^31 */
  double norm = 0, *g = gn_scratch_f64(L, size), *mean = gn_scratch_f64(L, 3 * d);
  double *work = gn_scratch_f64(L, GN_MAX(work_pair, gn_nuclear_norm_work(n, m)));
  gn_column_stats(mean, mean + 2 * d, gn_real_ptr(x), n, d);
  gn_column_stats(mean + d, mean + 2 * d, gn_real_ptr(y), m, d);
  gn_centred_gram(g, gn_real_ptr(x), mean, n, gn_real_ptr(y), mean + d, m, d, work);
  const int failed = gn_nuclear_norm(&norm, g, n, m, work);
  for (int i = 1; i <= 3; i++) gn_scratch_free(L, -i);
  if (failed) return no_convergence(L);
  lua_pushnumber(L, norm);
  return 1;
}

/* core.nearest(x (N,D), y (M,D) | nil, k) -> squared distances f64 (N,k) to the k nearest rows of y, nearest first;
** their places i32 (N,k), from 0. y = nil: among the other rows of x. */
static int nearest(lua_State *L) {
  const gn_tensor *x = check_features(L, 1, "x", 1);
  const int self = lua_isnoneornil(L, 2);
  const gn_tensor *y = self ? x : check_like(L, 2, "y", x, 1);
  const gn_int most = y->size[0] - self, k = gn_check_int(L, 3, "k", 1, GN_MAX(most, 1)), size[2] = {x->size[0], k};
  if (most < 1) gn_shape_error(L, 1, "x", "at least 2 rows", NULL);
  gn_tensor *squared = gn_new_tensor(L, GN_F64, 2, size), *index = gn_new_tensor(L, GN_I32, 2, size);
  double *work = gn_scratch_f64(L, gn_pair_work(x->size[1]));
  gn_nearest(gn_f64_ptr(squared), gn_i32_ptr(index), gn_real_ptr(x), x->size[0], gn_real_ptr(y), y->size[0], x->size[1],
             k, self, work);
  gn_scratch_free(L, -1);
  lua_pop(L, 1);
  return 2;
}

/* core.balls(x (N,D), y (M,D), ry f64 (M) [, rx f64 (N)]) -> count i32 (N): in how many balls of y lies each x; own
** i32 (M): 1 where y_j's ball holds an x; other i32 (M): 1 where y_j lies in a ball of x (zeros without rx). ry, rx:
** squared radii; the edge is inside. */
static int balls(lua_State *L) {
  const gn_tensor *x = check_features(L, 1, "x", 1), *y = check_like(L, 2, "y", x, 1);
  const gn_int n = x->size[0], m = y->size[0];
  const gn_tensor *ry = check_f64(L, 3, "ry", 1, m, -1),
                  *rx = lua_isnoneornil(L, 4) ? NULL : check_f64(L, 4, "rx", 1, n, -1);
  const gn_int bytes = gn_row_blocks(n) * m;
  gn_tensor *count = gn_new_tensor(L, GN_I32, 1, &n), *own = gn_new_tensor(L, GN_I32, 1, &m),
            *other = gn_new_tensor(L, GN_I32, 1, &m);
  double *work = gn_scratch_f64(L, gn_pair_work(x->size[1]));
  uint8_t *flags = (uint8_t *)gn_scratch_f64(L, (bytes + 7) / 8);
  gn_balls(gn_i32_ptr(count), gn_i32_ptr(own), gn_i32_ptr(other), gn_real_ptr(x), rx ? gn_f64_ptr(rx) : NULL, n,
           gn_real_ptr(y), gn_f64_ptr(ry), m, x->size[1], work, flags);
  gn_scratch_free(L, -1);
  gn_scratch_free(L, -2);
  lua_pop(L, 2);
  return 3;
}

/* core.cubic_sum(x (N,D) [, y (M,D)]) -> sum of (<x_i,y_j> / D + 1)^3 over all pairs; without y over the pairs i !=
** j of x. */
static int cubic_sum(lua_State *L) {
  const gn_tensor *x = check_features(L, 1, "x", 1), *y = lua_isnoneornil(L, 2) ? NULL : check_like(L, 2, "y", x, 1);
  const gn_int n = x->size[0], m = y ? y->size[0] : n, d = x->size[1];
  double *work = gn_scratch_f64(L, gn_pair_work(d)), *parts = gn_scratch_f64(L, gn_row_blocks(n) * gn_row_blocks(m));
  const double sum = gn_cubic_sum(gn_real_ptr(x), n, y ? gn_real_ptr(y) : NULL, m, d, work, parts);
  gn_scratch_free(L, -1);
  gn_scratch_free(L, -2);
  lua_pushnumber(L, sum);
  return 1;
}

/* core.distance_sums(x (N,D)) -> sums over the pairs i < j of the distance and of its square. */
static int distance_sums(lua_State *L) {
  const gn_tensor *x = check_features(L, 1, "x", 1);
  const gn_int blocks = gn_row_blocks(x->size[0]);
  double sums[2], *work = gn_scratch_f64(L, gn_pair_work(x->size[1])), *parts = gn_scratch_f64(L, 2 * blocks * blocks);
  gn_distance_sums(sums, gn_real_ptr(x), x->size[0], x->size[1], work, parts);
  gn_scratch_free(L, -1);
  gn_scratch_free(L, -2);
  lua_pushnumber(L, sums[0]);
  lua_pushnumber(L, sums[1]);
  return 2;
}

/* core.row_distances(x (N,D), y (N,D)) -> f64 (N): squared distances of rows with equal number. */
static int row_distances(lua_State *L) {
  const gn_tensor *x = check_features(L, 1, "x", 0), *y = check_like(L, 2, "y", x, 0);
  gn_check_same_size(L, 2, "y", y, x, "x");
  gn_tensor *squared = gn_new_tensor(L, GN_F64, 1, x->size);
  gn_row_distances(gn_f64_ptr(squared), gn_real_ptr(x), gn_real_ptr(y), x->size[0], x->size[1]);
  return 1;
}

/* core.softmax_sums_(total f64 (C), logits (N,C)) -> sum over rows of sum_c p log p, nats, p = softmax of a row; the
** p are added to total. */
static int softmax_sums_(lua_State *L) {
  const gn_tensor *x = check_features(L, 2, "logits", 0);
  gn_tensor *total = check_sum(L, 1, "total", 1, x->size[1]);
  const double sum = gn_softmax_sums(gn_f64_ptr(total), gn_real_ptr(x), x->size[0], x->size[1]);
  gn_touch(total);
  lua_pushnumber(L, sum);
  return 1;
}

/* core.bad_row(x (N,...)) -> the first row that holds NaN or an infinity, from 1, or nil. Real or f64. */
static int bad_row(lua_State *L) {
  const gn_tensor *t = gn_check_tensor(L, 1, "x");
  if ((t->dtype != GN_REAL && t->dtype != GN_F64) || t->nd < 1)
    gn_expected(L, 1, "x", "a real or f64 tensor with rows");
  t = gn_check_dense_any(L, 1, "x");
  const gn_int d = gn_numel(t->nd - 1, t->size + 1);
  const gn_int bad =
      t->dtype == GN_REAL ? gn_bad_row(gn_real_ptr(t), t->size[0], d) : gn_bad_row_f64(gn_f64_ptr(t), t->size[0], d);
  if (bad >= 0) lua_pushinteger(L, (lua_Integer)bad + 1);
  else lua_pushnil(L);
  return 1;
}

static const luaL_Reg funcs[] = {
    {"asymmetry", asymmetry},
    {"bad_row", bad_row},
    {"balls", balls},
    {"column_stats", column_stats},
    {"covariance", covariance},
    {"cross_nuclear_norm", cross_nuclear_norm},
    {"cubic_sum", cubic_sum},
    {"distance_sums", distance_sums},
    {"eigh", eigh},
    {"moments_add_", moments_add_},
    {"nearest", nearest},
    {"row_distances", row_distances},
    {"softmax_sums_", softmax_sums_},
    {"trace_sqrt", trace_sqrt},
    {NULL, NULL},
};

void gn_open_linalg(lua_State *L) { gn_register(L, funcs); }
