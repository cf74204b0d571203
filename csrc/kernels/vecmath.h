/* vecmath.h - exp, tanh, log1p, expm1 and the normal distribution function as straight-line code that compilers
** vectorise; relative error below 3e-7 in float. The double build, which tests use, takes libm's. */
#ifndef GN_VECMATH_H
#define GN_VECMATH_H

#include "../gn.h"
#include <math.h>
#include <string.h>

/* M(fn): the libm function fn for reals. */
#ifdef GN_DOUBLE
#define M(fn) fn
#else
#define M(fn) fn##f
#endif

#ifdef GN_DOUBLE

static inline gn_real gn_exp(gn_real x) { return exp(x); }
static inline gn_real gn_tanh(gn_real x) { return tanh(x); }
static inline gn_real gn_log1p01(gn_real x) { return log1p(x); }
static inline gn_real gn_expm1n(gn_real x) { return expm1(x); }
static inline gn_real gn_normal_cdf(gn_real x) { return 0.5 * erfc(-x * 0.70710678118654752440); }

#else

/* e^x = 2^n e^r with |r| <= ln 2 / 2, and e^r from its Taylor series; the last step multiplies twice so that 2^128 and
** denormal results come out right. */
static inline float gn_exp(float x) {
  float c = x > -104.0f ? x : -104.0f; /* NaN too: it has no integer part */
  c = c < 89.0f ? c : 89.0f;
  float n = (c * 1.44269504088896341f + 12582912.0f) - 12582912.0f; /* to nearest: adds and takes away 1.5 * 2^23 */
  float r = (c - n * 0.693145751953125f) - n * 1.42860682030941723e-6f;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1;
  p = p * r + 1;
  int32_t k = (int32_t)n, k1 = k >> 1, k2 = k - k1;
  int32_t b1 = (k1 + 127) << 23, b2 = (k2 + 127) << 23;
  float s1, s2;
  memcpy(&s1, &b1, 4);
  memcpy(&s2, &b2, 4);
  float y = p * s1 * s2;
  return x == x ? y : x;
}

/* log(1 + x) for x in [0,1]: 2 artanh(x / (2 + x)), whose argument is at most 1/3. */
static inline float gn_log1p01(float x) {
  float s = x / (2 + x), q = s * s;
  float p = 1.0f / 15;
  p = p * q + 1.0f / 13;
  p = p * q + 1.0f / 11;
  p = p * q + 1.0f / 9;
  p = p * q + 1.0f / 7;
  p = p * q + 1.0f / 5;
  p = p * q + 1.0f / 3;
  p = p * q + 1;
  return 2 * s * p;
}

/* Small arguments: the continued fraction of tanh to x^2/13; others: 1 - 2 / (e^2|x| + 1). */
static inline float gn_tanh(float x) {
  float a = fabsf(x), q = x * x;
  float num = x * (135135 + q * (17325 + q * (378 + q)));
  float den = 135135 + q * (62370 + q * (3150 + q * 28));
  float big = 1 - 2 / (gn_exp(2 * (a < 10 ? a : 10)) + 1);
  float y = a < 1 ? num / den : copysignf(big, x);
  return x == x ? y : x;
}

/* e^x - 1 for x <= 0: from tanh(x / 2), which is precise at 0, too. */
static inline float gn_expm1n(float x) {
  float t = gn_tanh(0.5f * x);
  return 2 * t / (1 - t);
}

/* The normal distribution function: its lower tail is t P(t) e^(-x^2/2), t = 1 / (1 + 0.3 |x|), with P the Chebyshev
** interpolation of degree 9; the relative error is 3e-7 and what rounding x^2 costs, 3e-8 x^2. */
static inline float gn_normal_cdf(float x) {
  float t = 1 / (1 + 0.3f * fabsf(x));
  float p = -0.0185882653f;
  p = p * t + 0.101637945f;
  p = p * t - 0.203625114f;
  p = p * t + 0.160383878f;
  p = p * t - 0.0547719952f;
  p = p * t + 0.083894398f;
  p = p * t + 0.0822278968f;
  p = p * t + 0.109511833f;
  p = p * t + 0.119645844f;
  p = p * t + 0.11968358f;
  float q = t * p * gn_exp(-0.5f * x * x);
  return x > 0 ? 1 - q : q;
}

#endif

static inline gn_real gn_sigmoid(gn_real x) {
  gn_real e = gn_exp(x < 0 ? x : -x); /* never overflows */
  return (x >= 0 ? 1 : e) / (1 + e);
}

/* log(1 + e^x): max(x,0) + log1p(e^-|x|). */
static inline gn_real gn_softplus(gn_real x) { return (x > 0 ? x : 0) + gn_log1p01(gn_exp(x < 0 ? x : -x)); }

#endif
