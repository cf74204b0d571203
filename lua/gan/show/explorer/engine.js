// engine.js - runs a generator's steps (steps.lua) on the WebAssembly of net.c, and makes latent vectors as the library
// does. Knows nothing of the page.
'use strict';

const OPS = ['linear', 'conv', 'deconv', 'affine', 'normalise', 'activate', 'enlarge', 'largest', 'add', 'attend'];
const FUNCTIONS = {tanh: 1, sigmoid: 2, elu: 3, selu: 4, swish: 5, gelu: 6, softplus: 7};
const MODES = {nearest: 0, clamped: 1, bordered: 2};

// What is wrong with a description, or null.
function unknownIn(net) {
  if (net.format !== 'gan-explorer') return 'This page holds no generator.';
  if (net.version !== 1) return `This page holds a generator of version ${net.version}; it draws version 1.`;
  const op = net.steps.find(s => !OPS.includes(s.op));
  return op ? `This page does not know the step "${op.op}" of its generator.` : null;
}

// net: the description; bytes: its weights; wasm: the module's bytes. -> {draw(z, mix), bytes}
// draw: z Float32Array (Z), mix: a weight for each class, or null -> Float32Array (size*size*channels)
async function makeNet(net, bytes, wasm) {
  const memory = new WebAssembly.Memory({initial: 16});
  const k = (await WebAssembly.instantiate(wasm, {env: {memory}})).instance.exports;
  let free = k.heap();
  const take = n => {
    const at = free;
    free += (n + 15) & ~15;
    const lacks = free - memory.buffer.byteLength;
    if (lacks > 0) memory.grow(Math.ceil(lacks / 65536));
    return at;
  };
  const floats = (at, n) => new Float32Array(memory.buffer, at, n);
  const ints = list => {
    const at = take(4 * list.length);
    new Int32Array(memory.buffer, at, list.length).set(list);
    return at;
  };
  const stored = (from, n) => new Float32Array(bytes.slice(from, from + 4 * n).buffer);
  const constant = (n, list, fill = 0) => { // floats, filled up to a multiple of 8
    const at = take(4 * (n + 7 & ~7));
    const view = floats(at, n + 7 & ~7).fill(fill);
    if (list) view.set(list);
    return at;
  };
  // An image: p, the address of its first pixel; row, floats from one row to the next.
  const image = (h, w, c, border) => {
    const row = (border ? w + 2 : w) * c, at = take(4 * (border ? (h + 2) * row : h * row));
    return {p: border ? at + 4 * (row + c) : at, h, w, c, row, border};
  };

  const weights = s => s.op === 'linear' ? s.ci * s.h * s.w * s.c
    : s.op === 'deconv' ? 16 * s.ci * s.c : s.op === 'conv' ? s.kernel ** 2 * s.ci / s.groups * s.c : 0;
  const most = Math.max(...net.steps.map(weights));
  const packed = take(2 * most), plain = take(4 * most); // room for one layer's weights on their way to panels
  const unpack = s => {
    const n = weights(s);
    new Uint16Array(memory.buffer, packed, n).set(new Uint16Array(bytes.slice(s.weight, s.weight + 2 * n).buffer));
    k.halves(plain, packed, n);
  };
  const panel = (from, rows, co, stride) => {
    const at = take(4 * rows * (co + 7 & ~7));
    k.panel(at, plain + 4 * from, rows, co, stride);
    return at;
  };

  const width = net.z + (net.label ? net.label.width : 0), input = image(1, 1, width, false);
  const images = [], calls = [], mixers = [];
  const imageOf = i => i < 0 ? input : images[i];
  // A scale and a shift; those of several classes are mixed before a picture is drawn.
  const vectors = s => {
    const n = s.c, rows = s.rows || 1, scale = constant(n), shift = constant(n);
    for (const [at, from] of [[scale, s.scale], [shift, s.shift]]) {
      const all = stored(from, rows * n);
      const mixed = new Float32Array(n);
      const mix = m => {
        mixed.fill(0);
        for (let r = 0; r < rows; r++) if (m[r]) for (let i = 0; i < n; i++) mixed[i] += m[r] * all[r * n + i];
        floats(at, n).set(mixed);
      };
      if (rows > 1) mixers.push(mix); else mix([1]);
    }
    return [scale, shift];
  };
  // floats from row to row of an image that a step of width w and c channels reads: without a border it is what it is
  // read as
  const rowOf = (x, w, c) => x.border ? x.row : w * c;

  const make = {
    linear(s, x, y) {
      const n = s.h * s.w * s.c;
      unpack(s);
      const weight = panel(0, s.ci, n, n), tap = ints([0]);
      const scale = constant(n, null, s.gain), shift = constant(n, s.shift === undefined ? null : stored(s.shift, n));
      calls.push(() => k.taps(y.p, 0, 0, x.p, 0, 0, 1, 1, tap, 1, s.ci, weight, scale, shift, n, s.slope));
    },
    conv(s, x, y) {
      const taps = s.kernel ** 2, ci = s.ci / s.groups, co = s.c / s.groups, [scale, shift] = vectors(s);
      const xrow = rowOf(x, s.w, s.ci);
      const tap = ints([...Array(taps).keys()].map(t => s.kernel === 1 ? 0
        : (Math.floor(t / 3) - 1) * xrow + (t % 3 - 1) * s.ci));
      unpack(s);
      for (let g = 0; g < s.groups; g++) {
        const weight = panel(g * co, taps * ci, co, s.c), at = 4 * g * co;
        calls.push(() => k.taps(y.p + at, y.row, s.c, x.p + 4 * g * ci, xrow, s.ci, s.h, s.w, tap, taps, ci, weight,
          scale + at, shift + at, co, s.slope));
      }
    },
    deconv(s, x, y) { // output pixel (2i+py, 2j+px) from input pixels (i+py-t, j+px-t'), t and t' 0 or 1
      const rows = 4 * s.ci, [scale, shift] = vectors(s);
      unpack(s);
      for (let q = 0; q < 4; q++) {
        const py = 1 - (q >> 1), px = 1 - (q & 1), weight = panel(q * rows * s.c, rows, s.c, s.c);
        const tap = ints([0, 1, 2, 3].map(t => (py - (t >> 1)) * x.row + (px - (t & 1)) * s.ci));
        calls.push(() => k.taps(y.p + 4 * (py * y.row + px * s.c), 2 * y.row, 2 * s.c, x.p, x.row, s.ci, s.h / 2, s.w / 2,
          tap, 4, s.ci, weight, scale, shift, s.c, s.slope));
      }
    },
    affine(s, x, y) {
      const [scale, shift] = vectors(s);
      calls.push(() => k.affine(y.p, y.row, x.p, rowOf(x, s.w, s.c), s.h, s.w, s.c, scale, shift, s.slope));
    },
    normalise(s, x, y) {
      const [scale, shift] = vectors(s);
      calls.push(() => k.normalise(y.p, y.row, x.p, rowOf(x, s.w, s.c), s.h, s.w, s.c, s.groups, +s.centre, s.eps));
      calls.push(() => k.affine(y.p, y.row, y.p, y.row, s.h, s.w, s.c, scale, shift, s.slope));
    },
    activate(s, x, y) {
      const f = FUNCTIONS[s.kind];
      calls.push(() => k.activate(y.p, y.row, x.p, rowOf(x, s.w, s.c), s.h, s.w, s.c, f, s.alpha || 0));
    },
    enlarge(s, x, y) {
      calls.push(() => k.enlarge(y.p, y.row, x.p, rowOf(x, s.w / 2, s.c), s.h / 2, s.w / 2, s.c, MODES[s.mode]));
    },
    largest(s, x, y) {
      calls.push(() => k.largest(y.p, y.row, x.p, rowOf(x, 2 * s.w, s.c), 2 * s.h, 2 * s.w, s.c));
    },
    add(s, x, y) {
      const b = imageOf(s.with);
      calls.push(() => k.add(y.p, y.row, x.p, rowOf(x, s.w, s.c), b.p, rowOf(b, s.w, s.c), s.h, s.w, s.c));
    },
    attend(s, v, y) {
      const q = imageOf(s.query), key = imageOf(s.key), room = take(4 * v.h * v.w);
      calls.push(() => k.attend(y.p, y.row, q.p, q.row, key.p, key.row, v.p, v.row, s.h, s.w, v.h, v.w, q.c, s.c, room));
    },
  };
  for (const s of net.steps) {
    const y = image(s.h, s.w, s.c, s.border);
    images.push(y);
    make[s.op](s, imageOf(s.from), y);
  }
  const last = images[images.length - 1], rows = net.label && net.label.rows !== undefined
    ? stored(net.label.rows, net.label.classes * net.label.width) : null;
  let mixed = ''; // the mixture that the scales are of
  return {
    bytes: memory.buffer.byteLength,
    draw(z, mix) {
      const x = floats(input.p, width).fill(0);
      x.set(z);
      if (net.label) for (let y = 0; y < net.label.classes; y++) {
        if (!mix[y]) continue;
        if (rows) for (let i = 0; i < net.label.width; i++) x[net.z + i] += mix[y] * rows[y * net.label.width + i];
        else x[net.z + y] = mix[y];
      }
      if (mixers.length && String(mix) !== mixed) {
        for (const f of mixers) f(mix);
        mixed = String(mix);
      }
      for (const call of calls) call();
      const n = last.w * last.c, out = new Float32Array(last.h * n);
      for (let r = 0; r < last.h; r++) out.set(floats(last.p + 4 * r * last.row, n), r * n);
      return out;
    },
  };
}

// A number in [-1,1] as a byte, as the library makes pictures.
const byte = v => v >= 1 ? 255 : v <= -1 ? 0 : Math.floor((v + 1) * 127.5 + 0.5);

// ---- latent vectors ----

const MASK = (1n << 64n) - 1n;

// The key of a random stream: the seed, and FNV-1a of its name, through splitmix64.
function streamKey(seed, name) {
  let h = 0xcbf29ce484222325n;
  for (const c of new TextEncoder().encode(name)) h = (h ^ BigInt(c)) * 0x100000001b3n & MASK;
  let z = BigInt(seed) + 0x9E3779B97F4A7C15n + h & MASK;
  z = (z ^ z >> 30n) * 0xBF58476D1CE4E5B9n & MASK;
  z = (z ^ z >> 27n) * 0x94D049BB133111EBn & MASK;
  return z ^ z >> 31n;
}

// Philox4x32-10: four words for a counter.
function philox(key, counter) {
  let k0 = Number(key & 0xffffffffn), k1 = Number(key >> 32n), c = [counter, 0, 0, 0];
  for (let i = 0; i < 10; i++) {
    const a = 0xD2511F53n * BigInt(c[0]), b = 0xCD9E8D57n * BigInt(c[2]);
    c = [(Number(b >> 32n) ^ c[1] ^ k0) >>> 0, Number(b & 0xffffffffn),
      (Number(a >> 32n) ^ c[3] ^ k1) >>> 0, Number(a & 0xffffffffn)];
    k0 = (k0 + 0x9E3779B9) >>> 0;
    k1 = (k1 + 0xBB67AE85) >>> 0;
  }
  return c;
}

// The latent vector of a seed, the same numbers as `generate.lua --seeds` draws. Coordinates beyond trunc, where it is
// given, are drawn anew.
function seedLatent(seed, n, trunc) {
  const key = streamKey(seed, 'generate'), out = new Float32Array(n);
  for (let b = 0, i = 0; i < n; b++) {
    const u = philox(key, b).map(w => (w + 0.5) / 4294967296);
    for (const h of [0, 2]) {
      const r = Math.sqrt(-2 * Math.log(u[h])), a = 2 * Math.PI * u[h + 1];
      for (const v of [Math.fround(r * Math.cos(a)), Math.fround(r * Math.sin(a))]) {
        if (i < n && (!trunc || Math.abs(v) <= trunc)) out[i++] = v;
      }
    }
  }
  return out;
}

const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);
const norm = a => Math.sqrt(dot(a, a));

// From a (t = 0) to b (t = 1): the direction along the great circle, the length linearly.
function slerp(a, b, t) {
  a = Array.from(a);
  b = Array.from(b);
  const na = norm(a), nb = norm(b), n = Math.max(0, (1 - t) * na + t * nb);
  if (!na || !nb) return a.map((v, i) => (1 - t) * v + t * b[i]);
  const p = a.map(v => v / na), q = b.map(v => v / nb);
  const angle = 2 * Math.atan2(norm(p.map((v, i) => v - q[i])), norm(p.map((v, i) => v + q[i])));
  if (angle < 1e-6) {
    const c = p.map((v, i) => (1 - t) * v + t * q[i]), by = n / norm(c);
    return c.map(v => v * by);
  }
  if (Math.PI - angle < 1e-6) { // through an axis of its own: the one that p knows least of
    let least = 0;
    p.forEach((v, i) => { if (Math.abs(v) < Math.abs(p[least])) least = i; });
    const e = p.map((v, i) => (i === least) - p[least] * v), length = norm(e);
    return p.map((v, i) => n * (Math.cos(Math.PI * t) * v + Math.sin(Math.PI * t) * e[i] / length));
  }
  const s = Math.sin(angle), fa = n * Math.sin((1 - t) * angle) / s, fb = n * Math.sin(t * angle) / s;
  return p.map((v, i) => fa * v + fb * q[i]);
}

// z moved along directions by so many standard deviations, then back to the length that it had.
function moved(z, directions, by) {
  if (!by.some(v => v)) return z;
  const out = Array.from(z), length = norm(out);
  by.forEach((s, k) => { if (s) directions[k].forEach((v, i) => { out[i] += s * v; }); });
  const f = length / (norm(out) || 1);
  return out.map(v => v * f);
}

// The latent vector of a state: corners of the pad, then directions, then the truncation.
// state: seed, u, v (the place on the pad), d (list of numbers), psi
function latentOf(state, net) {
  const z = i => seedLatent(state.seed + i, net.z, net.trunc);
  let x = z(0);
  if (state.u || state.v) x = slerp(slerp(x, z(1), state.u), slerp(z(2), z(3), state.u), state.v);
  x = moved(x, net.directions, state.d);
  return Float32Array.from(x, v => v * state.psi);
}

if (typeof module !== 'undefined') module.exports = {makeNet, unknownIn, seedLatent, slerp, moved, latentOf, byte};
