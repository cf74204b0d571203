--- Draws the charts of a page: SVG whose colours are the page's, light or dark, with the numbers that a script shows
-- under the pointer.
-- @internal gan.show.chart
local core = require "gan.core"
local curves = require "gan.show.curves"
local html = require "gan.show.html"
local plot = require "gan.show.plot"

local M = {}

--- The colours of lines, {on white, on dark}: at least 3:1 on either. As those of gan.show.plot, but for the two that
-- are too pale there. Lines differ by their dashes, too.
M.colours = {
  {"#0072b2", "#4aa3df"}, {"#d55e00", "#f0883e"}, {"#009e73", "#2fbf95"}, {"#b6568f", "#d98ab8"},
  {"#946200", "#d09a2c"}, {"#2f7fb0", "#7cc0ea"},
}
M.dashes = {"", "7 3", "2 3", "9 3 2 3", "5 5", "1 2"}

local WIDTH, HEIGHT = 560, 230
local LEFT, RIGHT, TOP, BOTTOM = 56, 10, 10, 26
local SMOOTH = {6, 9} -- tenths
local SMOOTH_BINS = 150 -- of smoothed curves: they have no peaks to lose
local ALONE = 6 -- length of a point that is no part of a line
local ROWS = 25 -- of a chart's table
local LARGEST = 1e300 -- beyond it an axis has no round numbers

local function number(v)
  if v ~= v then return "NaN" end
  return v - v == 0 and ("%.4g"):format(v) or v > 0 and "infinity" or "-infinity"
end
M.number = number

local function pixel(v) return ("%.1f"):format(v):gsub("%.0$", "") end

-- A line through the points of these indices: gaps where one has no place.
local function path(points, x, y, X, Y)
  local out, open = {}, false
  for _, i in ipairs(points) do
    local py = Y(y[i])
    if py then
      local alone = not open and not Y(y[i + 1] or 0 / 0) -- a short line: what has no length is not seen
      out[#out + 1] = ("%s%s %s%s"):format(open and "L" or "M", pixel(X(x[i]) - (alone and ALONE / 2 or 0)), pixel(py),
        alone and ("h%d"):format(ALONE) or "")
    end
    open = py ~= nil
  end
  return table.concat(out)
end

-- A list of numbers as JSON; what is not finite is null.
local function list(points, values, fmt)
  local out = {}
  for k, i in ipairs(points) do
    local v = values[i]
    out[k] = v - v == 0 and fmt:format(v) or "null"
  end
  return "[" .. table.concat(out, ",") .. "]"
end

-- Last, least and greatest of a curve, in words.
local function summary(s)
  local least, greatest, bad = math.huge, -math.huge, 0
  for _, v in ipairs(s.y) do
    if v - v == 0 then least, greatest = math.min(least, v), math.max(greatest, v) else bad = bad + 1 end
  end
  local text = ("%s: last %s at %s"):format(s.label, number(s.y[#s.y]), number(s.x[#s.x]))
  if least <= greatest then text = text .. (", least %s, greatest %s"):format(number(least), number(greatest)) end
  return bad > 0 and ("%s, %d not finite"):format(text, bad) or text
end

-- The numbers of all curves at some places, as a table.
local function rows_of(panel)
  local rows, head, at, seen = {}, {panel.unit or "step"}, {}, {}
  for _, s in ipairs(panel.series) do
    head[#head + 1] = s.label
    for i, x in ipairs(s.x) do
      seen[x] = seen[x] or {}
      if not seen[x][1] then at[#at + 1] = x end
      seen[x][1], seen[x][s] = true, s.y[i]
    end
  end
  table.sort(at) -- numbers
  local n = math.min(#at, ROWS)
  for k = 1, n do
    local x = at[n == 1 and 1 or 1 + (k - 1) * (#at - 1) // (n - 1)]
    local row = {number(x)}
    for _, s in ipairs(panel.series) do row[#row + 1] = seen[x][s] and number(seen[x][s]) or "–" end
    rows[k] = row
  end
  return rows, head
end

--- Draws a chart.
-- panel: `id`, `title`, `series` (list of {label, key, x, y}, perhaps with `colour` and `dash`, from 1), and may have
-- `log`, `from` and `to` (of y), `x_from` and `x_to`, `line` (a y that is marked), `marks` (list of {x, text}), `note`,
-- `unit` (of x), `bare`: no curve is smoothed. Returns a figure, and its numbers as JSON.
function M.draw(panel)
  local all, xs = {}, {}
  for _, s in ipairs(panel.series) do
    for i, v in ipairs(s.y) do
      if math.abs(v) < LARGEST then all[#all + 1] = v end
      xs[#xs + 1] = s.x[i]
    end
  end
  local ya = plot.axis(all, {log = panel.log, from = panel.from, to = panel.to, count = 5})
  local x_from, x_to = panel.x_from, panel.x_to
  if x_from and x_from >= x_to then x_from, x_to = nil, nil end
  local xa = plot.axis(xs, {from = x_from, to = x_to, count = 7})
  local left, right, top, bottom = LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM
  local function X(v) return left + (v - xa.lo) / (xa.hi - xa.lo) * (right - left) end
  local function down(p) return bottom - (p - ya.lo) / (ya.hi - ya.lo) * (bottom - top) end
  local function Y(v)
    local p = ya.place(v)
    return p and math.max(-1e4, math.min(1e4, down(p)))
  end
  local out, told, data = {}, {}, {}
  local function add(fmt, ...) out[#out + 1] = html.format(fmt, ...) end
  for _, s in ipairs(panel.series) do told[#told + 1] = summary(s) end
  add('<svg viewBox="0 0 %d %d" role="img" aria-labelledby="%s-t %s-d" data-chart="%s">', WIDTH, HEIGHT, panel.id,
    panel.id, panel.id)
  add('<title id="%s-t">%s</title><desc id="%s-d">%s</desc>', panel.id, panel.title, panel.id,
    table.concat(told, "; "))
  local lines = {}
  for _, p in ipairs(ya.at) do lines[#lines + 1] = ("M%d %sH%d"):format(left, pixel(down(p)), right) end
  for _, p in ipairs(xa.at) do lines[#lines + 1] = ("M%s %dV%d"):format(pixel(X(p)), top, bottom) end
  add('<path class="grid" d="%h"/>', table.concat(lines))
  for i, p in ipairs(ya.at) do
    add('<text x="%d" y="%h" class="end">%s</text>', left - 6, pixel(down(p) + 4), ya.texts[i])
  end
  for i, p in ipairs(xa.at) do
    add('<text x="%h" y="%d" class="mid">%s</text>', pixel(X(p)), bottom + 18, xa.texts[i])
  end
  add('<clipPath id="%s-c"><path d="M%d %dH%dV%dH%d"/></clipPath><g clip-path="url(#%s-c)">', panel.id, left - 2,
    top - 2, right + 2, bottom + 2, left - 2, panel.id)
  if panel.line and Y(panel.line) then add('<path class="line" d="M%d %hH%d"/>', left, pixel(Y(panel.line)), right) end
  for _, mark in ipairs(panel.marks or {}) do
    add('<path class="mark" d="M%h %dV%d"><title>%s</title></path>', pixel(X(mark.x)), top, bottom, mark.text)
  end
  for k, s in ipairs(panel.series) do
    local c = (s.colour or k) - 1
    local class, dash = c % #M.colours + 1, M.dashes[((s.dash or s.colour or k) - 1) % #M.dashes + 1]
    local few, points = #s.x < 3 or panel.bare, curves.thin(s.x, s.y)
    add('<g class="s%d%h" stroke-dasharray="%h"><path class="raw" d="%h"/>', class, few and " few" or "", dash,
      path(points, s.x, s.y, X, Y))
    local bad = {}
    for _, i in ipairs(points) do
      if s.y[i] - s.y[i] ~= 0 then bad[#bad + 1] = ("M%s %dl4 8h-8z"):format(pixel(X(s.x[i])), top) end
    end
    if bad[1] then add('<path class="bad" d="%h"><title>not finite</title></path>', table.concat(bad)) end
    for _, w in ipairs(few and {} or SMOOTH) do
      local y = curves.smooth(s.y, w / 10)
      add('<path class="w%d" d="%h"/>', w, path(curves.thin(s.x, y, SMOOTH_BINS), s.x, y, X, Y))
    end
    out[#out + 1] = "</g>"
    data[k] = ('{"n":"%s","x":%s,"y":%s}'):format(s.key or "", list(points, s.x, "%.9g"), list(points, s.y, "%.4g"))
  end
  add('</g><path class="axis" d="M%d %dV%dH%d"/><path class="cursor" d="M0 %dV%d"/></svg>', left, top, bottom, right,
    top, bottom)
  local legend = {}
  for k, s in ipairs(panel.series) do
    local c = (s.colour or k) - 1
    legend[k] = html.format('<span class="key s%d"><svg viewBox="0 0 26 8" aria-hidden="true"><path d="M1 4H25" '
      .. 'stroke-dasharray="%h"/></svg>%s <output data-of="%s" data-k="%d"></output></span>', c % #M.colours + 1,
      M.dashes[((s.dash or s.colour or k) - 1) % #M.dashes + 1], s.label, panel.id, k - 1)
  end
  local rows, head = rows_of(panel)
  local figure = html.format('<figure class="chart" id="%s"><figcaption><h3>%s</h3>%h</figcaption>%h'
    .. '<p class="legend">%h</p>%h</figure>', panel.id, panel.title,
    panel.note and html.format('<p class="note">%s</p>', panel.note) or "", table.concat(out),
    table.concat(legend, " "), html.fold(panel.id .. "-n", "numbers", html.table(rows, head)))
  return figure, ('"%s":{"l":%d,"r":%d,"lo":%.9g,"hi":%.9g,"s":[%s]}'):format(panel.id, left, right, xa.lo, xa.hi,
    table.concat(data, ","))
end
M.draw = core.without_locale(M.draw)

return M
