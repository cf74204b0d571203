/* linalg.h - statistics of feature sets, in doubles whatever real is. x (n,d), y (m,d): one row per sample,
** contiguous. No n x m matrix is ever held: the work is cut into blocks of GN_ROWS rows. Overwrite their outputs
** unless said; the same bytes for any number of threads. Those that call LAPACK return 0, or not 0 where it did not
** converge; the others cannot fail. */
#ifndef GN_LINALG_H
#define GN_LINALG_H

#include "../gn.h"

#define GN_ROWS 256

static inline gn_int gn_row_blocks(gn_int n) { return (n + GN_ROWS - 1) / GN_ROWS; }

/* Returns the first row of x that holds NaN or an infinity, from 0; -1 if there is none. */
gn_int gn_bad_row(const gn_real *x, gn_int n, gn_int d);
gn_int gn_bad_row_f64(const double *x, gn_int n, gn_int d);

/* Returns the first place (row * d + column) where a (d,d) cannot be a covariance, or -1: a negative variance, or an
** entry that differs from its mirror image by more than tolerance * the root of its variances' product. */
gn_int gn_asymmetry(const double *a, gn_int d, double tolerance);

/* mean (d); squares (d) <- sum over rows of (x - mean)^2. */
void gn_column_stats(double *mean, double *squares, const gn_real *x, gn_int n, gn_int d);

/* Adds the rows of x to what mean (d) and scatter (d,d) = sum (x - mean)(x - mean)' say of `seen` rows so far. Only
** the blocks of scatter at and right of its diagonal are kept. Each batch is centred by its own mean and merged, so
** nothing cancels. work: (n+2)*d.
** Source: Chan, Golub, LeVeque 1979, STAN-CS-79-773, eq. 2.1. */
void gn_moments_add(double *mean, double *scatter, double seen, const gn_real *x, gn_int n, gn_int d, double *work);

/* sigma (d,d) <- scatter / divisor, both halves. May be scatter itself. */
void gn_covariance(double *sigma, const double *scatter, gn_int d, double divisor);

/* *trace <- Tr (ab)^(1/2) for symmetric positive semidefinite a, b (d,d), the trace being that of (s b s) ^ (1/2), s =
** a^(1/2): two symmetric eigenproblems, real by construction. Negative eigenvalues (rounding) count as 0; of a only
** rank_a, of the product only min(rank_a, rank_b) are not: what the number of samples allows. work:
** gn_trace_sqrt_work(d). */
int gn_trace_sqrt(double *trace, const double *a, const double *b, gn_int d, gn_int rank_a, gn_int rank_b,
                  double *work);
gn_int gn_trace_sqrt_work(gn_int d);

/* g (n,m) <- (x - mx) (y - my)'. work: gn_pair_work(d). Parallel over blocks. */
void gn_centred_gram(double *g, const gn_real *x, const double *mx, gn_int n, const gn_real *y, const double *my,
                     gn_int m, gn_int d, double *work);

/* *norm <- sum of singular values of a (n,m), which is destroyed. work: gn_nuclear_norm_work(n, m). */
int gn_nuclear_norm(double *norm, double *a, gn_int n, gn_int m, double *work);
gn_int gn_nuclear_norm_work(gn_int n, gn_int m);

gn_int gn_pair_work(gn_int d); /* doubles that the functions on pairs of rows want: a workspace for each thread */

/* Finds for every row of x its k nearest rows of y, nearest first: squared (n,k), index (n,k) from 0. Equally near ones
** come in order of their index. With self, y is x and no row is its own neighbour. k <= m, with self k < m.
** Distances are exact sums of squared differences: products only tell which pairs need one. work: gn_pair_work(d).
** Parallel over blocks of x. */
void gn_nearest(double *squared, int32_t *index, const gn_real *x, gn_int n, const gn_real *y, gn_int m, gn_int d,
                gn_int k, int self, double *work);

/* Counts who lies in whose ball. ry (m): squared radii around the rows of y; rx (n): around those of x, or NULL. A
** point on the edge is inside.
**   count (n)  in how many balls of y lies x_i
**   own (m)    1 if any x lies in y_j's ball
**   other (m)  1 if y_j lies in any ball of x; 0 without rx
** work: gn_pair_work(d), flags: gn_row_blocks(n) * m bytes. Parallel over blocks of x. */
void gn_balls(int32_t *count, int32_t *own, int32_t *other, const gn_real *x, const double *rx, gn_int n,
              const gn_real *y, const double *ry, gn_int m, gn_int d, double *work, uint8_t *flags);

/* Returns the sum over all pairs of (<x_i,y_j> / d + 1)^3; y NULL: over the pairs i != j of x. work: gn_pair_work(d),
** parts: one double per pair of blocks (gn_row_blocks(n) * gn_row_blocks(m)). Parallel over those. */
double gn_cubic_sum(const gn_real *x, gn_int n, const gn_real *y, gn_int m, gn_int d, double *work, double *parts);

/* sums[0], sums[1] <- sum over i < j of |x_i - x_j| and of its square. work: gn_pair_work(d), parts: 2 *
** gn_row_blocks(n)^2. */
void gn_distance_sums(double *sums, const gn_real *x, gn_int n, gn_int d, double *work, double *parts);

/* squared (n) <- |x_i - y_i|^2. */
void gn_row_distances(double *squared, const gn_real *x, const gn_real *y, gn_int n, gn_int d);

/* total (c) += p_i for p_i = softmax of each row of logits x (n,c); returns the sum over rows of sum_c p log p, nats.
** Adds. */
double gn_softmax_sums(double *total, const gn_real *x, gn_int n, gn_int c);

#endif
