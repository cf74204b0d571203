/* shapes.h - the built-in picture set: coloured geometric shapes on textured ground, drawn from a random stream. */
#ifndef GN_SHAPES_H
#define GN_SHAPES_H

#include "../gn.h"

/* Kinds, colours and grounds, in the order of their names in lua/gan/data/shapes.lua. */
enum { GN_SHAPE_KINDS = 8, GN_SHAPE_COLOURS = 8, GN_SHAPE_GROUNDS = 6, GN_SHAPE_MOST = 3 };

typedef struct gn_shape_object {
  int32_t kind, colour;   /* 0 .. KINDS-1, 0 .. COLOURS-1 */
  int32_t y0, x0, y1, x1; /* the pixels of its mask lie in rows y0 .. y1-1, columns x0 .. x1-1 */
} gn_shape_object;

typedef struct gn_shape_scene {
  int32_t ground, count;                 /* count: objects in the picture, 1 .. MOST */
  gn_shape_object object[GN_SHAPE_MOST]; /* the first is the largest: its kind is the picture's class */
} gn_shape_scene;

/* Picture i of stream `key`: image (size,size,3), mask (size,size) or NULL: 0 ground, k the k-th object from 1, *scene.
** A pure function of (key, i, size, objects). objects: most shapes in a picture, 1 .. MOST. size >= 16. Cannot fail. */
void gn_shapes_draw(uint8_t *image, uint8_t *mask, gn_shape_scene *scene, uint64_t key, uint64_t i, gn_int size,
                    int objects);

#endif
