// page.js - the explorer's page: its controls, and the state that they and the address share.
'use strict';

const $ = id => document.getElementById(id);
const began = performance.now();
const HISTORY = 200, SHOWN = 24; // states that Back remembers, and thumbnails

function bytesOf(id) {
  const s = $(id).textContent;
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(s);
  const text = atob(s), out = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
  return out;
}

const fail = message => {
  $('failed').textContent = message;
  $('failed').hidden = false;
};

const clamp = (v, lo, hi) => Math.min(hi, Math.max(lo, v));
const rounded = v => +v.toFixed(4);

async function start() {
  const desc = JSON.parse($('net').textContent);
  const unknown = unknownIn(desc);
  if (unknown) return fail(unknown);
  if (typeof WebAssembly !== 'object') return fail('This browser has no WebAssembly, by which the page draws.');
  const net = await makeNet(desc, bytesOf('weights'), bytesOf('wasm'));
  $('weights').remove();

  const size = desc.size, classes = desc.fixed === undefined ? desc.classes : undefined;
  const reach = Math.max(1, Math.round(6 * Math.sqrt(desc.z)) / 10); // 31 degrees from z
  const context = $('image').getContext('2d'), pixels = context.createImageData(size, size);
  $('image').width = $('image').height = size;

  // ---- the state, and its text in the address ----

  // mix: a weight for each class, or null: the seed's own, by turns
  const fresh = seed => ({seed, psi: 1, d: desc.directions.map(() => 0), u: 0, v: 0, mix: null});
  const text = s => {
    let t = `#seed=${s.seed}`;
    if (s.psi !== 1) t += `&psi=${s.psi}`;
    if (s.mix) t += '&class=' + s.mix.map((w, y) => w === 1 ? y : w ? `${y}:${w}` : null).filter(v => v !== null).join(',');
    if (s.d.some(v => v)) t += `&d=${s.d.join(',')}`;
    if (s.u || s.v) t += `&pad=${s.u},${s.v}`;
    return t;
  };
  const number = (v, lo, hi, or) => {
    const n = v === null || v === undefined || String(v).trim() === '' ? NaN : +v;
    return Number.isFinite(n) ? clamp(n, lo, hi) : or;
  };
  const read = hash => { // whatever stands there: only numbers come out, each within its range
    const q = new URLSearchParams(hash.slice(1)), s = fresh(Math.floor(number(q.get('seed'), 0, 2 ** 31, 0)));
    s.psi = number(q.get('psi'), 0, 1.5, 1);
    (q.get('d') || '').split(',').forEach((v, i) => { if (i < s.d.length) s.d[i] = number(v, -reach, reach, 0); });
    [s.u, s.v] = [0, 1].map(i => number((q.get('pad') || '').split(',')[i], 0, 1, 0));
    if (classes && q.get('class')) {
      const mix = classes.map(() => 0);
      for (const part of q.get('class').split(',')) {
        const [y, w] = part.split(':');
        if (/^\d+$/.test(y) && +y < mix.length) mix[+y] = number(w, 0, 1, 1);
      }
      if (mix.some(w => w)) s.mix = mix;
    }
    return s;
  };
  const mixOf = s => {
    if (desc.fixed !== undefined) return Array.from({length: desc.label.classes}, (_, y) => +(y === desc.fixed));
    if (!classes) return null;
    const mix = s.mix || classes.map((_, y) => +(y === s.seed % classes.length));
    const sum = mix.reduce((a, b) => a + b, 0);
    return mix.map(w => w / sum);
  };

  let state = read(location.hash);
  let past = [], future = [];

  // ---- drawing ----

  function paint() {
    const x = net.draw(latentOf(state, desc), mixOf(state)), c = desc.channels, out = pixels.data;
    for (let i = 0; i < size * size; i++) {
      for (let k = 0; k < 3; k++) out[4 * i + k] = byte(x[i * c + (c === 3 ? k : 0)]);
      out[4 * i + 3] = 255;
    }
    context.putImageData(pixels, 0, 0);
  }

  const line = () => { // how the library draws the same, where it can
    const label = classes && state.mix && state.mix.filter(w => w).length === 1 ? state.mix.findIndex(w => w) : -1;
    const plain = state.psi === 1 && !state.u && !state.v && !state.d.some(v => v) && (!state.mix || label >= 0);
    return plain && desc.run ? `lua5.4 experiments/generate.lua --run ${desc.run} --seeds ${state.seed}`
      + (label >= 0 ? ` --class '#${label}'` : '') : '';
  };

  function controls() {
    $('seed').value = state.seed;
    $('psi').value = state.psi;
    $('psi-value').value = state.psi.toFixed(2);
    sliders.forEach((s, i) => {
      s.value = state.d[i];
      s.nextElementSibling.value = state.d[i].toFixed(1);
    });
    if (classes) {
      const mix = mixOf(state);
      buttons.forEach((b, y) => b.setAttribute('aria-pressed',
        String(y < 0 ? !state.mix : !!state.mix && mix[y] === 1)));
      turns.setAttribute('aria-pressed', String(!state.mix));
      mixers.forEach((s, y) => {
        s.value = state.mix ? state.mix[y] : mix[y];
        s.nextElementSibling.value = `${Math.round(100 * mix[y])} %`;
      });
    }
    $('back').disabled = !past.length;
    $('forth').disabled = !future.length;
    $('place').textContent = `right ${state.u.toFixed(2)}, down ${state.v.toFixed(2)}`;
    const command = line();
    $('command').hidden = !command;
    $('command').textContent = command;
    $('same').textContent = command ? 'The library draws the same by' : '';
    const p = $('pad').getContext('2d'), ratio = window.devicePixelRatio || 1, w = 176 * ratio;
    if ($('pad').width !== w) $('pad').width = $('pad').height = w;
    const style = getComputedStyle(document.documentElement), edge = 12 * ratio;
    p.clearRect(0, 0, w, w);
    p.strokeStyle = style.getPropertyValue('--hair');
    p.strokeRect(edge, edge, w - 2 * edge, w - 2 * edge);
    p.fillStyle = style.getPropertyValue('--accent');
    p.beginPath();
    p.arc(edge + state.u * (w - 2 * edge), edge + state.v * (w - 2 * edge), 7 * ratio, 0, 7);
    p.fill();
  }

  function show() {
    const t = performance.now();
    paint();
    const took = performance.now() - t;
    $('status').textContent = `Drawn in ${took.toFixed(1)} ms.`;
    $('image').setAttribute('aria-label', `The generator's picture of seed ${state.seed}`);
    controls();
  }

  let waiting = false; // at most one picture for each frame of the display
  const soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      show();
    });
  };

  // ---- history: past and future are texts; thumbnails are of the states that were stopped at ----

  const thumbs = new Map();
  function remember() {
    const t = text(state);
    let b = thumbs.get(t);
    if (!b) {
      b = document.createElement('button');
      b.type = 'button';
      const c = document.createElement('canvas');
      c.width = c.height = size;
      c.getContext('2d').putImageData(pixels, 0, 0);
      b.append(c);
      b.setAttribute('aria-label', `Back to ${t.slice(1)}`);
      b.onclick = () => {
        if (t === text(state)) return;
        push();
        state = read(t);
        settle();
      };
      thumbs.set(t, b);
      if (thumbs.size > SHOWN) {
        const oldest = thumbs.keys().next().value;
        thumbs.get(oldest).remove();
        thumbs.delete(oldest);
      }
      $('trail').append(b);
    }
    for (const other of thumbs.values()) other.removeAttribute('aria-current');
    b.setAttribute('aria-current', 'true');
  }
  let settled = text(state); // the state of the address
  const push = () => {
    past.push(settled);
    if (past.length > HISTORY) past.shift();
    future = [];
  };
  function settle() { // draws what is asked for, now, and writes it into the address
    settled = text(state);
    history.replaceState(null, '', settled);
    show();
    remember();
  }
  // A change that is over: a step of the history.
  function set(change) {
    Object.assign(state, change);
    if (text(state) === settled) return soon();
    push();
    settle();
  }
  // A change that goes on.
  function move(change) {
    Object.assign(state, change);
    soon();
  }
  function travel(from, to) {
    if (!from.length) return;
    to.push(settled);
    state = read(from.pop());
    settle();
  }

  // ---- controls ----

  const row = (parent, name, id, lo, hi, step) => {
    const div = document.createElement('div');
    div.className = 'row';
    const label = document.createElement('label'), span = document.createElement('span');
    label.htmlFor = id;
    label.textContent = label.title = name;
    span.append(label);
    const input = document.createElement('input');
    Object.assign(input, {type: 'range', id, min: lo, max: hi, step});
    const output = document.createElement('output');
    output.htmlFor = id;
    div.append(span, input, output);
    $(parent).append(div);
    return input;
  };
  let chosen = 0; // the direction that [ and ] move along
  const choose = i => {
    if (!sliders.length) return;
    chosen = clamp(i, 0, sliders.length - 1);
    sliders.forEach((s, k) => s.previousElementSibling.classList.toggle('now', k === chosen));
  };
  const sliders = desc.directions.map((_, i) =>
    row('directions', desc.labels[i] || `Direction ${i + 1}`, `d${i}`, -reach, reach, 0.1));
  $('directions').hidden = !sliders.length;
  sliders.forEach((s, i) => {
    const changed = () => ({d: state.d.map((v, k) => k === i ? rounded(+s.value) : v)});
    s.oninput = () => move(changed());
    s.onchange = () => set(changed());
    s.onfocus = () => choose(i);
  });
  choose(0);

  const buttons = [], mixers = [];
  const turns = document.createElement('button');
  if (classes) {
    $('classes').hidden = false;
    turns.type = 'button';
    turns.textContent = 'By turns';
    turns.title = 'the class of a seed: seed modulo the number of classes';
    turns.onclick = () => set({mix: null});
    $('class-buttons').append(turns);
    classes.forEach((name, y) => {
      const b = document.createElement('button');
      b.type = 'button';
      b.textContent = name;
      b.onclick = () => set({mix: classes.map((_, k) => +(k === y))});
      $('class-buttons').append(b);
      buttons.push(b);
      const s = row('mixers', name, `m${y}`, 0, 1, 0.05);
      const changed = () => {
        const mix = (state.mix || mixOf(state)).map((w, k) => k === y ? rounded(+s.value) : w);
        return mix.some(w => w) ? {mix} : {};
      };
      s.oninput = () => move(changed());
      s.onchange = () => set(changed());
      mixers.push(s);
    });
    $('mixture').open = !!state.mix && state.mix.filter(w => w).length > 1;
  }

  $('form').onsubmit = e => e.preventDefault();
  $('seed').onchange = () => set({seed: Math.floor(number($('seed').value, 0, 2 ** 31, state.seed))});
  const step = by => set({seed: clamp(state.seed + by, 0, 2 ** 31)});
  $('previous').onclick = () => step(-1);
  $('next').onclick = () => step(1);
  $('any').onclick = () => set({seed: Math.floor(Math.random() * 1e6)});
  $('psi').oninput = () => move({psi: rounded(+$('psi').value)});
  $('psi').onchange = () => set({psi: rounded(+$('psi').value)});

  const pad = $('pad');
  const at = e => {
    const r = pad.getBoundingClientRect(), edge = 12;
    const place = (v, from, n) => rounded(clamp((v - from - edge) / (n - 2 * edge), 0, 1));
    return {u: place(e.clientX, r.left, r.width), v: place(e.clientY, r.top, r.height)};
  };
  pad.onpointerdown = e => {
    pad.setPointerCapture(e.pointerId);
    move(at(e));
  };
  pad.onpointermove = e => { if (e.buttons) move(at(e)); };
  pad.onpointerup = e => set(at(e));

  const save = () => $('image').toBlob(b => {
    const a = document.createElement('a'), plain = s => s.replace(/[^\w.-]+/g, '-').replace(/^-+|-+$/g, '');
    a.href = URL.createObjectURL(b);
    a.download = plain(`${desc.name}-${settled.slice(1)}`).slice(0, 120) + '.png';
    a.click();
    setTimeout(() => URL.revokeObjectURL(a.href), 1000);
  });
  const reset = () => set(fresh(state.seed));
  const say = message => { $('status').textContent = message; };
  $('save').onclick = save;
  $('reset').onclick = reset;
  $('back').onclick = () => travel(past, future);
  $('forth').onclick = () => travel(future, past);
  $('link').onclick = () => {
    const done = () => say('The address of this picture is in the clipboard.');
    const not = () => say('Copy the address from the address bar: it holds this picture.');
    if (navigator.clipboard) navigator.clipboard.writeText(location.href).then(done, not); else not();
  };
  $('smooth').onclick = () => {
    const on = $('image').classList.toggle('smooth');
    $('smooth').setAttribute('aria-pressed', String(on));
  };

  addEventListener('keydown', e => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.target.type === 'number') return;
    const arrow = {ArrowLeft: [-0.05, 0], ArrowRight: [0.05, 0], ArrowUp: [0, -0.05], ArrowDown: [0, 0.05]}[e.key];
    const along = by => sliders.length && set({d: state.d.map((v, k) =>
      k === chosen ? rounded(clamp(v + by, -reach, reach)) : v)});
    const keys = {
      n: () => step(1), p: () => step(-1), s: save, 0: reset, z: () => travel(past, future),
      Z: () => travel(future, past), '[': () => along(-0.5), ']': () => along(0.5),
    };
    if (arrow && e.target.type !== 'range' && (e.target === pad || e.target === document.body)) {
      set({u: rounded(clamp(state.u + arrow[0], 0, 1)), v: rounded(clamp(state.v + arrow[1], 0, 1))});
      e.preventDefault();
    } else if (/^[1-9]$/.test(e.key)) choose(+e.key - 1);
    else if (keys[e.key]) keys[e.key]();
  });
  addEventListener('hashchange', () => {
    if (location.hash === settled) return;
    push();
    state = read(location.hash);
    settle();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', controls);

  // ---- begin ----

  document.title = `${desc.name} - explorer`;
  $('name').textContent = desc.name;
  $('about').textContent = (desc.step === undefined ? '' : `Step ${desc.step.toLocaleString('en')}. `)
    + `A generator of ${size} x ${size} pixels that draws in this page, without a network.`;
  $('trunc').hidden = !desc.trunc;
  if (desc.trunc) $('trunc').textContent = `Seeds are drawn with --trunc ${desc.trunc}, as the run says.`;
  $('main').hidden = false;
  settle();
  window.explorer = { // for tests
    desc, net, bytes: () => Array.from(pixels.data), latent: () => Array.from(latentOf(state, desc)),
    state: () => state, go: hash => { state = read(hash); settle(); }, paint,
    loaded: performance.now(), booted: performance.now() - began,
  };
}

start().catch(e => fail(`The page could not begin: ${e.message}`));
