--- The frame of a page that is one file: its style, light and dark, and the script that moves it.
--
-- The state of the page (which picture, where the cursor is, what is folded) lies in its address, so that loading it
-- anew changes nothing, and so that a place in it can be sent as a link. A reader's choice of light or dark is the
-- browser's.
-- @internal gan.show.page
local chart = require "gan.show.chart"
local html = require "gan.show.html"

local M = {}

local SECONDS = 10 -- between two loads of the page of a run that trains

local LIGHT = {
  back = "#ffffff", ink = "#1b1d20", soft = "#575d65", rule = "#d8dbdf", panel = "#f5f6f7", link = "#0058a3",
  mark = "#8a5a00", bad = "#b3261e", good = "#1a6b34",
}
local DARK = {
  back = "#16181b", ink = "#e8e9eb", soft = "#a9afb7", rule = "#383c42", panel = "#1f2226", link = "#7db8ff",
  mark = "#e0b050", bad = "#ff8a80", good = "#7ad492",
}
M.themes = {light = LIGHT, dark = DARK}

local function variables(theme, which)
  local out = {}
  for name, v in pairs(theme) do out[#out + 1] = ("--%s:%s"):format(name, v) end
  table.sort(out, function(a, b) return a < b end)
  for k, c in ipairs(chart.colours) do out[#out + 1] = ("--c%d:%s"):format(k, c[which]) end
  return table.concat(out, ";")
end

local STYLE = [[
:root{color-scheme:light dark;LIGHT}
@media (prefers-color-scheme:dark){:root:not([data-theme=light]){DARK}}
:root[data-theme=dark]{color-scheme:dark;DARK}
:root[data-theme=light]{color-scheme:light}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1240px;padding:0 20px 40px;background:var(--back);color:var(--ink);
font:15px/1.5 system-ui,sans-serif}
h1{font-size:22px;margin:20px 0 2px;overflow-wrap:anywhere}
h2{font-size:17px;margin:30px 0 8px;border-bottom:1px solid var(--rule)}
h3{font-size:14px;margin:0}
a{color:var(--link)}
p{margin:4px 0}
.note,.soft,#age{color:var(--soft)}
.note:empty{display:none}
.state{font-weight:700}
.state.failed,.bad{color:var(--bad)}
.state.done{color:var(--good)}
.bar{display:flex;gap:10px;flex-wrap:wrap;justify-content:flex-end;margin-top:10px}
header{margin-top:-34px;padding-right:290px}
@media (max-width:700px){header{margin-top:0;padding-right:0}}
.controls{display:flex;gap:12px;flex-wrap:wrap;align-items:center;margin:6px 0}
.controls label{display:flex;gap:8px;align-items:center}
.controls output{min-width:7em;font-variant-numeric:tabular-nums}
input[type=range]{width:min(420px,50vw);accent-color:var(--link)}
button,select{font:inherit;color:var(--ink);background:var(--panel);border:1px solid var(--soft);border-radius:5px;
padding:2px 10px}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.pictures{display:flex;flex-wrap:wrap;gap:20px;align-items:flex-start}
.pictures figure{margin:0}
.pictures img,.side img{image-rendering:pixelated;max-width:100%;height:auto;background:#fff;display:block}
.shots{display:flex;flex-wrap:wrap;gap:20px}
.script .shots .shot:not(.on){display:none}
html:not(.script) .needs-script{display:none}
figcaption{color:var(--soft);font-size:13px}
.chart figcaption{color:var(--ink)}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:22px}
.chart{margin:0;min-width:0}
.chart>svg{width:100%;display:block;overflow:visible;touch-action:pan-y}
svg text{fill:var(--soft);font:12px system-ui,sans-serif}
.end{text-anchor:end}.mid{text-anchor:middle}
.grid{stroke:var(--rule);fill:none;stroke-width:1}
.axis{stroke:var(--soft);fill:none}
.line{stroke:var(--soft);fill:none;stroke-dasharray:3 3}
.mark{stroke:var(--mark);fill:none;stroke-width:1.5;stroke-dasharray:4 3}
.cursor{stroke:var(--ink);fill:none;visibility:hidden}
.chart .bad{fill:var(--bad);stroke:none}
.chart g path,.key path{fill:none;stroke-width:1.8;stroke-linejoin:round}
.chart g path.mark,.chart g path.line{stroke-width:1.4}
.w6,.w9{display:none}
[data-w="6"] .w6,[data-w="9"] .w9{display:inline}
[data-w="6"] g:not(.few)>.raw,[data-w="9"] g:not(.few)>.raw{opacity:.35;stroke-width:1}
.legend{display:flex;flex-wrap:wrap;gap:2px 16px;font-size:13px;margin-left:9%}
.key svg{width:26px;height:8px;display:inline-block;vertical-align:middle;margin-right:5px}
.key output{display:inline-block;min-width:4.5em;font-variant-numeric:tabular-nums;font-weight:700}
table{border-collapse:collapse;font-size:14px;display:block;overflow-x:auto;max-width:100%}
th,td{text-align:left;padding:2px 14px 2px 0;vertical-align:top;font-weight:400;overflow-wrap:anywhere}
thead th{color:var(--soft)}
td{font-variant-numeric:tabular-nums}
td:empty::after{content:"\2013";color:var(--soft)}
summary{cursor:pointer;padding:3px 0}
.chart summary{font-size:13px;color:var(--soft)}
pre{overflow:auto;background:var(--panel);padding:10px;font-size:13px}
dt{color:var(--soft)}
dd{margin:0 0 6px}
code{background:var(--panel);padding:2px 6px;display:inline-block;overflow-wrap:anywhere;font-size:13px}
.side{display:grid;gap:18px;overflow-x:auto}
.runs img{width:130px;height:auto}
.runs th,.runs td{overflow-wrap:break-word}
COLOURS
@media print{
:root,:root[data-theme=dark]{color-scheme:light;LIGHT}
body{max-width:none;font-size:11pt}
.controls,.bar{display:none!important}
.script .shots .shot:not(.on),.shots .shot{display:none}
.script .shots .shot.printed,.shots .shot.printed{display:block;width:30%}
.real{width:30%}
.shots{flex:1 1 100%}
.charts{grid-template-columns:1fr 1fr}
figure,tr,pre{break-inside:avoid}
.chart details{display:none}
}
@media (prefers-reduced-motion:no-preference){.cursor{transition:none}}
]]

local SCRIPT = [[
"use strict";
(() => {
const root = document.documentElement, body = document.body;
const all = (s, e) => [...(e || document).querySelectorAll(s)], one = s => document.querySelector(s);
const data = JSON.parse(one("#data").textContent);
const running = body.dataset.refresh !== undefined;
root.classList.add("script");

// ---- the state of the page is in its address ----
let state = new URLSearchParams(location.hash.slice(1));
function put(name, v) {
  if (v === null || v === "" || v === undefined) state.delete(name); else state.set(name, v);
  try { history.replaceState(null, "", "#" + state); } catch (e) { location.hash = state; }
}
const number = name => { const v = parseFloat(state.get(name)); return isFinite(v) ? v : null; };

// ---- light and dark ----
const themes = ["auto", "light", "dark"], theme = one("#theme");
function paint(t) {
  if (themes.indexOf(t) < 1) { t = "auto"; delete root.dataset.theme; } else root.dataset.theme = t;
  if (theme) theme.textContent = "colours: " + t;
  return t;
}
let chosen = "auto";
try { chosen = paint(localStorage.getItem("gan-theme") || "auto"); } catch (e) { paint("auto"); }
if (theme) theme.onclick = () => {
  chosen = paint(themes[(themes.indexOf(chosen) + 1) % 3]);
  try { localStorage.setItem("gan-theme", chosen); } catch (e) { /* the choice is lost with the page */ }
};

// ---- pictures through time ----
const slider = one("#shot"), groups = all(".shots").map(g => all(".shot", g));
const steps = slider ? (slider.dataset.steps ? JSON.parse(slider.dataset.steps)
  : groups[0].map(f => +f.dataset.step)) : [];
const words = n => "step " + String(n).replace(/\B(?=(\d{3})+$)/g, ",");
function nearest(list, v) { let k = 0; list.forEach((s, i) => { if (s <= v) k = i; }); return k; }
function show(i, keep) {
  if (!slider) return;
  i = Math.max(0, Math.min(steps.length - 1, i));
  slider.value = i;
  slider.setAttribute("aria-valuetext", words(steps[i]));
  one("#shot-step").textContent = words(steps[i]);
  for (const g of groups) {
    const k = nearest(g.map(f => +f.dataset.step), steps[i]);
    g.forEach((f, n) => f.classList.toggle("on", n === k));
  }
  if (keep) put("step", i === steps.length - 1 ? null : steps[i]); // no step: the newest, whichever that is
}
const play = one("#play"), calm = matchMedia("(prefers-reduced-motion: reduce)");
let timer = null;
function stop() { clearInterval(timer); timer = null; if (play) play.textContent = "play"; }
function toggle() {
  if (timer) { stop(); show(+slider.value, true); return; }
  if (+slider.value === steps.length - 1) show(0);
  play.textContent = "pause";
  timer = setInterval(() => {
    show(+slider.value + 1);
    if (+slider.value === steps.length - 1) { stop(); show(+slider.value, true); }
  }, calm.matches ? 1000 : 250);
}
if (slider) {
  slider.oninput = () => { stop(); show(+slider.value); };
  slider.onchange = () => show(+slider.value, true);
  slider.onkeydown = e => { if (e.key === " ") { e.preventDefault(); toggle(); } };
  play.onclick = toggle;
}

// ---- curves ----
const smoothing = one("#w");
function smooth(w) { body.dataset.w = w; if (smoothing) smoothing.value = w; }
if (smoothing) smoothing.onchange = () => {
  smooth(smoothing.value);
  put("w", smoothing.value === "6" ? null : smoothing.value);
};
const charts = all("svg[data-chart]").map(svg => ({svg, d: data[svg.dataset.chart], line: svg.querySelector(".cursor"),
  out: all('output[data-of="' + svg.dataset.chart + '"]')}));
const axis = smoothing ? smoothing.dataset.axis || "step" : "step";
let cursor = null;
function index(x, v) { // of the nearest
  let a = 0, b = x.length - 1;
  while (b - a > 1) { const m = (a + b) >> 1; if (x[m] < v) a = m; else b = m; }
  return Math.abs(x[b] - v) < Math.abs(x[a] - v) ? b : a;
}
const short = y => y === null ? "not finite" : String(+y.toPrecision(4));
function point(v, keep) {
  cursor = v;
  for (const c of charts) {
    const p = v === null ? 0 : c.d.l + (v - c.d.lo) / (c.d.hi - c.d.lo) * (c.d.r - c.d.l);
    c.line.setAttribute("transform", "translate(" + p + " 0)");
    c.line.style.visibility = v === null || p < c.d.l || p > c.d.r ? "hidden" : "visible";
    c.out.forEach((o, k) => {
      const s = c.d.s[k];
      o.textContent = v === null || !s.x.length ? "" : short(s.y[index(s.x, v)]);
    });
  }
  const told = one("#cursor");
  if (told) told.textContent = v === null ? "" : axis + " " + words(+v.toPrecision(6)).slice(5);
  if (keep) put("cursor", v);
}
for (const c of charts) {
  const s = c.d.s.reduce((a, b) => b.x.length > a.x.length ? b : a, c.d.s[0]);
  c.svg.tabIndex = 0;
  c.svg.addEventListener("pointermove", e => {
    const r = c.svg.getBoundingClientRect(), px = (e.clientX - r.left) / r.width * 560;
    const v = c.d.lo + (px - c.d.l) / (c.d.r - c.d.l) * (c.d.hi - c.d.lo);
    point(s.x[index(s.x, v)]);
  });
  c.svg.addEventListener("pointerleave", () => put("cursor", cursor));
  c.svg.addEventListener("keydown", e => {
    let i = cursor === null ? s.x.length - 1 : index(s.x, cursor);
    const far = Math.max(1, Math.round(s.x.length / 20));
    const to = {ArrowLeft: i - 1, ArrowRight: i + 1, PageUp: i - far, PageDown: i + far, Home: 0, End: s.x.length - 1};
    if (e.key === "Escape") point(null, true);
    else if (e.key in to) {
      i = cursor === null && e.key.startsWith("Arrow") ? i : to[e.key];
      point(s.x[Math.max(0, Math.min(s.x.length - 1, i))], true);
    } else return;
    e.preventDefault();
  });
}
all("a[data-step]").forEach(a => a.onclick = e => {
  e.preventDefault();
  point(+a.dataset.step, true);
  show(nearest(steps, +a.dataset.step), true);
});

// ---- what is folded ----
function fold() {
  const open = (state.get("open") || "").split(".");
  all("details").forEach(d => { d.open = open.includes(d.id); });
}
fold(); // now: what follows is told of changes alone
all("details").forEach(d => d.addEventListener("toggle", () =>
  put("open", all("details").filter(e => e.open).map(e => e.id).join("."))));
addEventListener("beforeprint", () => { point(null); });

function restore() {
  const w = state.get("w");
  smooth(["0", "6", "9"].includes(w) ? w : "6");
  const step = number("step");
  show(step === null ? steps.length - 1 : nearest(steps, step));
  point(number("cursor"));
}
restore();
addEventListener("hashchange", () => { state = new URLSearchParams(location.hash.slice(1)); fold(); restore(); });

// ---- a run that trains: the page loads itself anew ----
const age = one("#age"), button = one("#refresh");
if (running) {
  const again = +body.dataset.refresh;
  let down = false, waited = 0;
  addEventListener("pointerdown", () => { down = true; });
  addEventListener("pointerup", () => { down = false; });
  addEventListener("pointercancel", () => { down = false; });
  const on = () => state.get("refresh") !== "off";
  const tell = () => { button.textContent = "refresh: " + (on() ? again + " s" : "off"); };
  button.onclick = () => { put("refresh", on() ? "off" : null); tell(); };
  tell();
  const focus = state.get("focus"), at = focus && document.getElementById(focus);
  if (at) at.focus({preventScroll: true});
  if (focus) put("focus", null);
  setInterval(() => {
    const s = Math.max(0, Math.round(Date.now() / 1000 - +age.dataset.at));
    age.textContent = "written " + (s < 120 ? s + " s" : Math.round(s / 60) + " min") + " ago"
      + (s > 1200 ? ": the run may have ended" : "");
    waited++;
    if (waited < (s > 1200 ? 60 : again) || !on() || document.hidden || down || timer || String(getSelection())) return;
    const here = document.activeElement;
    if (here && here.id) put("focus", here.id);
    put("cursor", cursor);
    location.reload();
  }, 1000);
}
body.dataset.ready = "";
})();
]]

local function style()
  local colours = {}
  for k in ipairs(chart.colours) do
    colours[k] = (".s%d path:not(.bad){stroke:var(--c%d)}"):format(k, k)
  end
  return (STYLE:gsub("LIGHT", (variables(LIGHT, 1))):gsub("DARK", (variables(DARK, 2)))
    :gsub("COLOURS", table.concat(colours, "\n")))
end

--- Returns what stands above charts. axis: what their x is, "step" for one.
function M.chart_controls(axis)
  return html.format('<div class="controls needs-script"><label>smoothing <select id="w" data-axis="%s"><option '
    .. 'value="0">none</option><option value="6" selected>0.6</option><option value="9">0.9</option></select></label> '
    .. '<output id="cursor"></output></div>', axis)
end

--- Returns a page. p: `title`, `body` (HTML), `data` (JSON, for the charts), `refresh`: it loads itself anew;
-- `local_images`: it shows pictures that lie beside it; `head`: HTML that stands at its beginning.
function M.of(p)
  local out = {}
  local function add(fmt, ...) out[#out + 1] = html.format(fmt, ...) end
  add('<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>%s</title>', p.title)
  if p.head then add("%h", p.head) end
  add('<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,">')
  add('<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:%s; '
    .. 'style-src \'unsafe-inline\'; script-src \'unsafe-inline\'">', p.local_images and " file: 'self'" or "")
  if p.refresh then add('<noscript><meta http-equiv="refresh" content="%d"></noscript>', SECONDS) end
  add("<style>%h</style></head>\n<body data-w=\"6\"%h>", style(), p.refresh and (' data-refresh="%d"'):format(SECONDS)
    or "")
  add('<div class="bar needs-script"><button id="theme" type="button">colours: auto</button>%h</div>',
    p.refresh and '<button id="refresh" type="button">refresh</button>' or "")
  add('%h\n<script type="application/json" id="data">%h</script>\n<script>%h</script>\n</body></html>\n', p.body,
    html.json(p.data or "{}"), SCRIPT)
  return table.concat(out)
end

return M
