/* simd.h - the convolutions, products of thin matrices and the peak loop are compiled for several instruction sets;
** the best that the processor has is chosen at run time. */
#ifndef GN_SIMD_H
#define GN_SIMD_H

/* Chooses a set by name for the calling thread (tests, benchmarks); NULL only asks. Returns the name of the set in
** use, or NULL if this build or this processor does not have the set. */
const char *gn_simd_choose(const char *name);

/* Returns the i-th set that this build has and this processor can run, worst first; NULL behind the last. */
const char *gn_simd_name(int i);

#endif
