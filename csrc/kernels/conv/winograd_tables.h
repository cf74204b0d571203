/* winograd_tables.h - the matrices of Winograd's minimal filtering F(m,r): At (m,n), G (n,r), Bt (n,n), n = m + r - 1,
** row by row. Only winograd.c includes it, once for each precision and instruction set. */
#ifndef GN_WINOGRAD_TABLES_H
#define GN_WINOGRAD_TABLES_H

#include "../../gn.h"

/* Points of F(2,2): 0, -1, infinity; F(4,2): 0, 1, -1, -1/2, infinity; F(2,3): 0, 1, -1, infinity; F(4,3): 0, 1, -1,
** 1/2, -2, infinity. They are small, with the least error of those tried. */
/* A row of a matrix on a line. */
/* clang-format off */
#define Q(a, b) ((gn_real)(a) / (gn_real)(b))
static const gn_real At22[] = {
    1, 1, 0,
    0, -1, 1,
};
static const gn_real G22[] = {
    1, 0,
    -1, 1,
    0, 1,
};
static const gn_real Bt22[] = {
    1, 1, 0,
    0, 1, 0,
    0, 1, 1,
};
static const gn_real At42[] = {
    1, 1, 1, 1, 0,
    0, 1, -1, Q(-1, 2), 0,
    0, 1, 1, Q(1, 4), 0,
    0, 1, -1, Q(-1, 8), 1,
};
static const gn_real G42[] = {
    -2, 0,
    Q(1, 3), Q(1, 3),
    -1, 1,
    Q(8, 3), Q(-4, 3),
    0, 1,
};
static const gn_real Bt42[] = {
    Q(-1, 2), -1, Q(1, 2), 1, 0,
    0, Q(1, 2), Q(3, 2), 1, 0,
    0, Q(-1, 2), Q(-1, 2), 1, 0,
    0, -1, 0, 1, 0,
    0, Q(-1, 2), -1, Q(1, 2), 1,
};
static const gn_real At23[] = {
    1, 1, 1, 0,
    0, 1, -1, 1,
};
static const gn_real G23[] = {
    -1, 0, 0,
    Q(1, 2), Q(1, 2), Q(1, 2),
    Q(1, 2), Q(-1, 2), Q(1, 2),
    0, 0, 1,
};
static const gn_real Bt23[] = {
    -1, 0, 1, 0,
    0, 1, 1, 0,
    0, -1, 1, 0,
    0, -1, 0, 1,
};
static const gn_real At43[] = {
    1, 1, 1, 1, 1, 0,
    0, 1, -1, Q(1, 2), -2, 0,
    0, 1, 1, Q(1, 4), 4, 0,
    0, 1, -1, Q(1, 8), -8, 1,
};
static const gn_real G43[] = {
    1, 0, 0,
    Q(1, 3), Q(1, 3), Q(1, 3),
    Q(-1, 3), Q(1, 3), Q(-1, 3),
    Q(-16, 15), Q(-8, 15), Q(-4, 15),
    Q(1, 15), Q(-2, 15), Q(4, 15),
    0, 0, 1,
};
static const gn_real Bt43[] = {
    1, Q(-3, 2), -2, Q(3, 2), 1, 0,
    0, -1, Q(1, 2), Q(5, 2), 1, 0,
    0, 1, Q(-5, 2), Q(1, 2), 1, 0,
    0, -2, -1, 2, 1, 0,
    0, Q(1, 2), -1, Q(-1, 2), 1, 0,
    0, 1, Q(-3, 2), -2, Q(3, 2), 1,
};

/* For inference only, F(2,5): the points of F(4,3). F(4,7): 0, 1, -1, 1/2, -1/2, 2, -2, 3/4, -4/3, infinity. */
#define POWERS5(f, p) (f), (f) * (p), (f) * (p) * (p), (f) * (p) * (p) * (p), (f) * (p) * (p) * (p) * (p)
#define POWERS7(f, p) POWERS5(f, p), (f) * (p) * (p) * (p) * (p) * (p), (f) * (p) * (p) * (p) * (p) * (p) * (p)
static const gn_real At25[] = {
    1, 1, 1, 1, 1, 0,
    0, 1, -1, Q(1, 2), -2, 1,
};
static const gn_real G25[] = {
    1, 0, 0, 0, 0,
    POWERS5(Q(1, 3), 1),
    POWERS5(Q(-1, 3), -1),
    POWERS5(Q(-16, 15), Q(1, 2)),
    POWERS5(Q(1, 15), -2),
    0, 0, 0, 0, 1,
};
#define Bt25 Bt43 /* the same points */
static const gn_real At47[] = {
    1, 1, 1, 1, 1, 1, 1, 1, 1, 0,
    0, 1, -1, Q(1, 2), Q(-1, 2), 2, -2, Q(3, 4), Q(-4, 3), 0,
    0, 1, 1, Q(1, 4), Q(1, 4), 4, 4, Q(9, 16), Q(16, 9), 0,
    0, 1, -1, Q(1, 8), Q(-1, 8), 8, -8, Q(27, 64), Q(-64, 27), 1,
};
static const gn_real G47[] = {
    8, 0, 0, 0, 0, 0, 0,
    POWERS7(Q(-64, 21), 1),
    POWERS7(Q(64, 21), -1),
    POWERS7(Q(-2048, 165), Q(1, 2)),
    POWERS7(Q(-2048, 375), Q(-1, 2)),
    POWERS7(Q(4, 375), 2),
    POWERS7(Q(4, 165), -2),
    POWERS7(Q(524288, 48125), Q(3, 4)),
    POWERS7(Q(-26244, 48125), Q(-4, 3)),
    0, 0, 0, 0, 0, 0, 8,
};
static const gn_real Bt47[] = {
    Q(1, 8), Q(-7, 96), Q(-25, 32), Q(49, 128), Q(21, 16), Q(-49, 128), Q(-25, 32), Q(7, 96), Q(1, 8), 0,
    0, Q(-1, 8), Q(-5, 96), Q(35, 48), Q(133, 384), Q(-371, 384), Q(-7, 12), Q(19, 96), Q(1, 8), 0,
    0, Q(1, 8), Q(-19, 96), Q(-7, 12), Q(371, 384), Q(133, 384), Q(-35, 48), Q(-5, 96), Q(1, 8), 0,
    0, Q(-1, 4), Q(-17, 48), Q(41, 48), Q(181, 192), Q(-71, 96), Q(-137, 192), Q(13, 96), Q(1, 8), 0,
    0, Q(1, 4), Q(-31, 48), Q(-13, 48), Q(251, 192), Q(1, 96), Q(-151, 192), Q(1, 96), Q(1, 8), 0,
    0, Q(-1, 8), Q(1, 96), Q(151, 192), Q(1, 96), Q(-251, 192), Q(-13, 48), Q(31, 48), Q(1, 4), 0,
    0, Q(1, 8), Q(-13, 96), Q(-137, 192), Q(71, 96), Q(181, 192), Q(-41, 48), Q(-17, 48), Q(1, 4), 0,
    0, Q(-1, 6), Q(-1, 8), Q(7, 8), Q(21, 32), Q(-7, 8), Q(-21, 32), Q(1, 6), Q(1, 8), 0,
    0, Q(3, 16), Q(-1, 4), Q(-63, 64), Q(21, 16), Q(63, 64), Q(-21, 16), Q(-3, 16), Q(1, 4), 0,
    0, Q(1, 8), Q(-7, 96), Q(-25, 32), Q(49, 128), Q(21, 16), Q(-49, 128), Q(-25, 32), Q(7, 96), Q(1, 8),
};
/* clang-format on */

#undef Q
#undef POWERS5
#undef POWERS7

#endif
