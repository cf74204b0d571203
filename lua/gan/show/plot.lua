--- Draws plots as small SVG files.
--
-- They have lines and points, error bars and bands, linear and logarithmic axes with round numbers, and a legend.
-- @module gan.show.plot
local check = require "gan.check"
local file = require "gan.file.text"

local option = check.option

local M = {}

-- Colours that colour-blind readers tell apart. Source: Okabe and Ito 2008, "Color universal design", without yellow,
-- which white swallows.
local colours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#444444"}

local FONT, TITLE = 12, 14 -- pixels
local INK, AXIS, GRID = "#222", "#777", "#e4e4e4"
local FEW = 40 -- points of a line that are marked one by one
local LETTER = 0.56 -- mean width of a letter, of its height

-- The layout of a panel, in pixels.
local MARGIN_TOP, MARGIN_RIGHT = 14, 18
local MARGIN_LEFT, MARGIN_BOTTOM = 20, 28 -- beside the numbers of an axis that has no label
local LABEL_LEFT, LABEL_BOTTOM = 40, 46 -- the same with a label
local LABEL_X, LABEL_Y = 10, 16 -- base lines of the labels: from the bottom, from the left
local TITLE_ROOM = 22
local TICK_DOWN, TICK_ACROSS = 48, 76 -- least room of a number on an axis
local NUMBER_LEFT, NUMBER_BELOW = 8, 18 -- from an axis to its numbers
local LARGEST, SMALLEST = 1e307, 1e-300 -- an axis goes as far, and spans as little: its ticks are doubles, too
local HALF_LETTER = 4 -- from the middle of a line of text to its base line
local CLIP = 4 -- what may stand over the axes
local LEGEND_ROW, LEGEND_BELOW, LEGEND_GAP = 17, 4, 14
local SAMPLE, SAMPLE_ROOM, SAMPLE_TEXT = 22, 30, 28 -- the line beside a name: length, room, the name's place
local LINE, BAR, DOT, SERIF = "1.8", "1.2", "2.8", 3 -- widths of lines; radius of a point; half an error bar's end
local DASH, BAND = "5 4", "0.18" -- of dashed lines; opacity of a band

-- ---- text ----

local escapes = {["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;"}

-- Names of files may be any bytes; XML is UTF-8 without control characters.
local function escape(s) return (check.shown(s):gsub('[&<>"]', escapes)) end

-- About how wide a text is: exact widths are the viewer's business.
local function width_of(s, size) return (utf8.len(s) or #s) * (size or FONT) * LETTER end

-- A coordinate: a hundredth of a pixel is enough, and -0 is 0. A locale may have a decimal comma.
local function at(v)
  local s = ("%.2f"):format(v):gsub(",", "."):gsub("0+$", ""):gsub("%.$", "")
  return s == "-0" and "0" or s
end

local function text(x, y, s, attributes)
  return ('<text x="%s" y="%s"%s>%s</text>'):format(at(x), at(y), attributes or "", escape(s))
end

local superscript = {["-"] = "⁻", ["0"] = "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"}

local function power(e)
  return "10" .. tostring(e):gsub(".", function(c) return superscript[tonumber(c) ~= 0 and tonumber(c) or c] end)
end

-- ---- ticks ----

--- Returns round numbers in lo..hi, whose steps are 1, 2 or 5 times a power of ten.
-- @tparam number lo  lower end
-- @tparam number hi  upper end, > lo
-- @tparam integer count  about how many
-- @treturn table  list of numbers, rising
-- @treturn number  their step
-- @raise if the ends are no such numbers
function M.ticks(lo, hi, count)
  local raw = (hi - lo) / math.max(1, count)
  if not (hi > lo and raw > 0 and raw < math.huge) then
    return check.fail("show.plot.ticks", "expected finite numbers lo < hi, got %s and %s", check.found(lo),
      check.found(hi))
  end
  local p = 10.0 ^ math.floor(math.log(raw, 10))
  local m = raw / p
  local step = (m < 1.42 and 1 or m < 3.17 and 2 or m < 7.08 and 5 or 10) * p -- the nearest in ratio
  local out = {}
  for k = math.ceil(lo / step - 1e-6), math.floor(hi / step + 1e-6) do out[#out + 1] = k * step end
  return out, step
end

local function fixed(v, decimals)
  return (("%." .. math.tointeger(decimals) .. "f"):format(v):gsub(",", "."))
end

-- The numbers of linear ticks as texts, all with the same decimals; thousands and millions are k and M where all are
-- whole.
local function labels_of(values, step)
  local largest = 0
  for _, v in ipairs(values) do largest = math.max(largest, math.abs(v)) end
  local unit, name = 1, ""
  for _, u in ipairs {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} do
    if largest >= 10 * u[1] and step >= u[1] / 10 * (1 - 1e-9) then unit, name = u[1], u[2] break end
  end
  local decimals = math.max(0, -math.floor(math.log(step / unit, 10) + 1e-9))
  local scientific = unit == 1 and (largest < 1e-3 or largest >= 1e12)
  local out = {}
  for i, v in ipairs(values) do
    if v == 0 then out[i] = "0"
    elseif scientific then
      out[i] = ("%.3g"):format(v):gsub(",", "."):gsub("e([+-])0*", "e%1"):gsub("e%+", "e"):gsub("^%-", "−")
    else out[i] = fixed(v / unit, decimals):gsub("^%-", "−") .. name end
  end
  return out
end

-- Ticks and texts of an axis from lo to hi (of logarithms where it is logarithmic).
local function axis_ticks(axis, count)
  local lo, hi = axis.lo, axis.hi
  if not axis.log then
    local values, step = M.ticks(lo, hi, count)
    return values, labels_of(values, step)
  end
  local span, values, texts = hi - lo, {}, {}
  if span < 0.7 then -- less than a factor of five: round numbers of their own
    local step
    values, step = M.ticks(10 ^ lo, 10 ^ hi, count)
    texts = labels_of(values, step)
    for i, v in ipairs(values) do values[i] = math.log(v, 10) end
    return values, texts
  end
  local every = math.max(1, math.ceil(span / count))
  for e = math.floor(lo), math.ceil(hi) do
    for _, m in ipairs(span < 2.2 and {1, 2, 5} or {1}) do
      local v = e + math.log(m, 10)
      if v >= lo - 1e-9 and v <= hi + 1e-9 and e % every == 0 then
        values[#values + 1] = v
        texts[#texts + 1] = e >= -3 and e < 4 and fixed(m * 10.0 ^ e, math.max(0, -e)) or m == 1 and power(e)
          or ("%d·%s"):format(m, power(e))
      end
    end
  end
  return values, texts
end

-- ---- axes ----

local function finite(v) return v and v - v == 0 end

-- Where a value lies on its axis: itself or its logarithm; nil where there is no such place.
local function place(axis, v)
  if not finite(v) or (axis.log and v <= 0) then return nil end
  return axis.log and math.log(v, 10) or v
end

-- The range of an axis: all that is drawn, a little more, and zero where it is near.
local function fit(op, axis, series, key)
  local lo, hi = math.huge, -math.huge
  for _, s in ipairs(series) do
    for _, list in ipairs(key == "y" and {s.y, s.low or s.y, s.high or s.y} or {s.x}) do
      for i = 1, #s.x do
        local v = place(axis, list[i])
        if v then lo, hi = math.min(lo, v), math.max(hi, v) end
      end
    end
  end
  if lo > hi then lo, hi = 0, 1 end
  lo, hi = math.max(lo, -LARGEST), math.min(hi, LARGEST)
  if hi - lo <= math.max(SMALLEST, 1e-12 * math.max(math.abs(lo), math.abs(hi))) then
    local room = axis.log and 0.3 or math.max(math.abs(hi) * 0.1, 1e-9)
    lo, hi = lo - room, hi + room
  elseif key == "y" then
    local room = 0.05 * (hi - lo)
    local near = not axis.log and lo >= 0 and lo < 0.4 * hi
    lo, hi = near and 0 or lo - room, hi + room
  end
  axis.lo, axis.hi = place(axis, axis.from) or lo, place(axis, axis.to) or hi
  if axis.lo >= axis.hi then
    return check.fail(op, "axis %s: expected from < to, got %g and %g", key, axis.from or lo, axis.to or hi)
  end
end

-- ---- checking ----

-- op: the name that the user wrote, show.plot.svg or show.plot.save.

local number, word, flag = option.number {}, option.string {}, option.boolean {}
local known_axis = {label = word, log = option.boolean {default = false}, from = number, to = number}

local function axis_of(op, given, name)
  if type(given) == "string" then given = {label = given} end
  return check.options(("%s: axis %s"):format(op, name), given, known_axis)
end

local values = option.table {required = true, expected = "a list of numbers"}
local numbers = values:optional()
local known_series = {
  name = word, x = values, y = values, error = numbers, low = numbers, high = numbers,
  line = option.boolean {default = true}, points = flag, band = option.boolean {default = false}, dash = flag,
  colour = word,
}

local function series_of(op, given, i)
  local s = check.options(("%s: series %d"):format(op, i), given, known_series)
  s.colour = s.colour or colours[(i - 1) % #colours + 1]
  if #s.x ~= #s.y then
    return check.fail(op, "series %d has %s of x and %d of y", i, check.count(#s.x, "value"), #s.y)
  end
  if s.error then
    s.low, s.high = {}, {}
    for k, e in pairs(s.error) do
      if s.y[k] then s.low[k], s.high[k] = s.y[k] - e, s.y[k] + e end
    end
  end
  if s.points == nil then s.points = not s.line or #s.x <= FEW end
  return s
end

local axis = option.where {
  expected = "a label, or {label =, log =, from =, to =}",
  accept = function(v) return (type(v) == "string" or type(v) == "table") and v or nil end,
}
local known_panel = {
  title = word, x = axis, y = axis, width = option.number {default = 560, above = 0},
  height = option.number {default = 340, above = 0},
  series = option.table {required = true, expected = "a list of series"},
}
local known_panels = {
  panels = option.where {
    required = true, expected = "a list of plots",
    accept = function(v) return type(v) == "table" and #v > 0 and v or nil end,
  },
  columns = option.integer {default = 1, lo = 1},
}

local function panel_of(op, given)
  local p = check.options(op, given, known_panel)
  p.x, p.y = axis_of(op, p.x, "x"), axis_of(op, p.y, "y")
  local all = {}
  for i, s in ipairs(p.series) do all[i] = series_of(op, s, i) end
  p.series = all
  fit(op, p.x, all, "x")
  fit(op, p.y, all, "y")
  return p
end

-- ---- drawing ----

-- Runs of neighbouring points that all have their places: a missing one leaves a gap.
local function runs(s, place_of)
  local list, run = {}, nil
  for i = 1, #s.x do
    local point = place_of(i)
    if point then
      if not run then
        run = {}
        list[#list + 1] = run
      end
      run[#run + 1] = point
    else
      run = nil
    end
  end
  return list
end

local function dash_of(s) return s.dash and (' stroke-dasharray="%s"'):format(DASH) or "" end

local function path_of(points) return "M" .. table.concat(points, "L") end

-- One series inside its panel; X and Y give pixels.
local function draw_series(out, s, X, Y)
  local function add(fmt, ...) out[#out + 1] = fmt:format(...) end
  if s.low and s.band then
    for _, run in ipairs(runs(s, function(i)
      local x, a, b = X(s.x[i]), Y(s.low[i]), Y(s.high[i])
      return x and a and b and {x, a, b}
    end)) do
      local points = {}
      for i = 1, #run do points[i] = at(run[i][1]) .. "," .. at(run[i][3]) end
      for i = #run, 1, -1 do points[#points + 1] = at(run[i][1]) .. "," .. at(run[i][2]) end
      add('<path d="%sZ" fill="%s" fill-opacity="%s"/>', path_of(points), s.colour, BAND)
    end
  end
  local lines = runs(s, function(i)
    local x, y = X(s.x[i]), Y(s.y[i])
    return x and y and at(x) .. "," .. at(y)
  end)
  if s.line then
    for _, run in ipairs(lines) do
      if #run > 1 then
        add('<path d="%s" fill="none" stroke="%s" stroke-width="%s" stroke-linejoin="round"%s/>',
          path_of(run), s.colour, LINE, dash_of(s))
      end
    end
  end
  if s.low and not s.band then
    local bars = {}
    for i = 1, #s.x do
      local x, a, b = X(s.x[i]), Y(s.low[i]), Y(s.high[i])
      if x and a and b then
        bars[#bars + 1] = ("M%s,%sV%sM%s,%sh%dM%s,%sh%d"):format(at(x), at(a), at(b), at(x - SERIF), at(a), 2 * SERIF,
          at(x - SERIF), at(b), 2 * SERIF)
      end
    end
    if bars[1] then
      add('<path d="%s" fill="none" stroke="%s" stroke-width="%s"/>', table.concat(bars), s.colour, BAR)
    end
  end
  for _, run in ipairs(lines) do
    if s.points or #run == 1 then
      for _, point in ipairs(run) do
        local x, y = point:match "^(.*),(.*)$"
        add('<circle cx="%s" cy="%s" r="%s" fill="%s"/>', x, y, DOT, s.colour)
      end
    end
  end
end

-- The rows of a legend: lists of {series, x}.
local function legend_rows(p, left, right)
  local rows, x = {}, math.huge
  for _, s in ipairs(p.series) do
    if s.name then
      local width = SAMPLE_ROOM + width_of(s.name) + LEGEND_GAP
      if x + width > right then
        rows[#rows + 1], x = {}, left
      end
      table.insert(rows[#rows], {s, x})
      x = x + width
    end
  end
  return rows
end

local function draw_legend(out, rows, y)
  for _, row in ipairs(rows) do
    for _, e in ipairs(row) do
      local s, x = e[1], e[2]
      if s.line then
        out[#out + 1] = ('<path d="M%s,%sh%d" stroke="%s" stroke-width="%s"%s/>'):format(at(x), at(y - HALF_LETTER),
          SAMPLE, s.colour, LINE, dash_of(s))
      end
      if s.points then
        out[#out + 1] = ('<circle cx="%s" cy="%s" r="%s" fill="%s"/>'):format(at(x + SAMPLE / 2),
          at(y - HALF_LETTER), DOT, s.colour)
      end
      out[#out + 1] = text(x + SAMPLE_TEXT, y, s.name)
    end
    y = y + LEGEND_ROW
  end
end

-- One plot, its upper left corner at (0,0). `id` tells its clipping rectangle from the others'.
local function draw_panel(p, id)
  local out = {}
  local function add(fmt, ...) out[#out + 1] = fmt:format(...) end
  local top, bottom = MARGIN_TOP, p.height - (p.x.label and LABEL_BOTTOM or MARGIN_BOTTOM)
  if p.title then top = top + TITLE_ROOM end
  local rows_at = top
  local y_values, y_texts = axis_ticks(p.y, math.max(2, (bottom - top) // TICK_DOWN))
  local left = 0
  for _, s in ipairs(y_texts) do left = math.max(left, width_of(s)) end
  left = left + (p.y.label and LABEL_LEFT or MARGIN_LEFT)
  local right = p.width - MARGIN_RIGHT
  local rows = legend_rows(p, left, right)
  if rows[1] then top = top + LEGEND_ROW * #rows + LEGEND_BELOW end
  local x_values, x_texts = axis_ticks(p.x, math.max(2, (right - left) // TICK_ACROSS))
  local kx, ky = (right - left) / (p.x.hi - p.x.lo), (bottom - top) / (p.y.hi - p.y.lo)
  local function across(v) return left + (v - p.x.lo) * kx end
  local function down(v) return bottom - (v - p.y.lo) * ky end

  if p.title then
    out[#out + 1] = text(left, TITLE_ROOM, p.title, (' font-size="%d" font-weight="600"'):format(TITLE))
  end
  draw_legend(out, rows, rows_at + 2 * HALF_LETTER)
  local lines = {}
  for _, v in ipairs(y_values) do lines[#lines + 1] = ("M%s,%sH%s"):format(at(left), at(down(v)), at(right)) end
  for _, v in ipairs(x_values) do lines[#lines + 1] = ("M%s,%sV%s"):format(at(across(v)), at(top), at(bottom)) end
  add('<path d="%s" stroke="%s"/>', table.concat(lines), GRID)
  for i, v in ipairs(y_values) do
    out[#out + 1] = text(left - NUMBER_LEFT, down(v) + HALF_LETTER, y_texts[i], ' text-anchor="end"')
  end
  for i, v in ipairs(x_values) do
    out[#out + 1] = text(across(v), bottom + NUMBER_BELOW, x_texts[i], ' text-anchor="middle"')
  end
  add('<clipPath id="c%d"><rect x="%s" y="%s" width="%s" height="%s"/></clipPath>',
    id, at(left - CLIP), at(top - CLIP), at(right - left + 2 * CLIP), at(bottom - top + 2 * CLIP))
  add('<path d="M%s,%sV%sH%s" fill="none" stroke="%s"/>', at(left), at(top), at(bottom), at(right), AXIS)
  add('<g clip-path="url(#c%d)">', id)
  local function X(v)
    v = place(p.x, v)
    return v and across(v)
  end
  local function Y(v)
    v = place(p.y, v)
    return v and down(v)
  end
  for _, s in ipairs(p.series) do draw_series(out, s, X, Y) end
  out[#out + 1] = "</g>"
  if p.x.label then out[#out + 1] = text((left + right) / 2, p.height - LABEL_X, p.x.label, ' text-anchor="middle"') end
  if p.y.label then
    local y = (top + bottom) / 2
    local turned = (' text-anchor="middle" transform="rotate(-90 %d %s)"'):format(LABEL_Y, at(y))
    out[#out + 1] = text(LABEL_Y, y, p.y.label, turned)
  end
  return table.concat(out, "\n")
end

local function draw(op, spec)
  local panels, columns = {spec or {}}, 1
  if type(spec) == "table" and spec.panels then
    local o = check.options(op, spec, known_panels)
    panels, columns = o.panels, o.columns
  end
  local out, x, y, row, width = {}, 0, 0, 0, 0
  for i, given in ipairs(panels) do
    local p = panel_of(op, given)
    if i > 1 and (i - 1) % columns == 0 then x, y, row = 0, y + row, 0 end
    out[i] = ('<g transform="translate(%s %s)">\n%s\n</g>'):format(at(x), at(y), draw_panel(p, i))
    x, row = x + p.width, math.max(row, p.height)
    width = math.max(width, x)
  end
  local w, h = at(width), at(y + row)
  return ('<svg xmlns="http://www.w3.org/2000/svg" width="%s" height="%s" viewBox="0 0 %s %s" '
    .. 'font-family="Helvetica, Arial, sans-serif" font-size="%d" fill="%s">\n'
    .. '<rect width="100%%" height="100%%" fill="#fff"/>\n%s\n</svg>\n'):format(
    w, h, w, h, FONT, INK, table.concat(out, "\n"))
end

--- Lays out an axis for what is to be drawn along it: a little more than all of it, round numbers, their texts.
-- @tparam table list  of numbers; what has no place there (NaN, infinity, what has no logarithm) does not count
-- @tparam[opt] table opt
-- @tparam[opt=false] boolean opt.log  logarithmic: then places are decimal logarithms
-- @tparam[opt] number opt.from  its lower end; default: by the values
-- @tparam[opt] number opt.to  its upper end
-- @tparam[opt=5] integer opt.count  about so many round numbers
-- @treturn table  `lo`, `hi`, the ends; `at`, the round numbers' places; `texts`; `place(v)`, a value's place or nil
-- @raise if an option is unknown, or the ends are not in order
function M.axis(list, opt)
  local a = check.options("show.plot.axis", opt, {
    log = flag, from = number, to = number, count = option.integer {default = 5, lo = 1},
  })
  fit("show.plot.axis", a, {{x = list, y = list}}, "y")
  a.at, a.texts = axis_ticks(a, a.count)
  function a.place(v) return place(a, v) end
  return a
end

--- Draws one plot, or several side by side. A series is a table:
--
-- * `x`, `y`: lists of numbers; NaN, infinity, and what has no logarithm leave gaps
-- * `name`: for the legend
-- * `error`, or `low` and `high`: lists; `band`: draws them as a band, not as bars (false)
-- * `line` (true), `points` (true where they are few), `dash` (false), `colour`
--
-- @tparam table spec  the plot
-- @tparam[opt] string spec.title  above the plot
-- @tparam[opt] string|table spec.x  a label, or `{label, log = false, from, to}`
-- @tparam[opt] string|table spec.y  the same
-- @tparam[opt=560] number spec.width  pixels
-- @tparam[opt=340] number spec.height  pixels
-- @tparam table spec.series  list of series
-- @tparam[opt] table spec.panels  instead of all these: a list of specs
-- @tparam[opt=1] integer spec.columns  panels in a row
-- @treturn string  the SVG file's text; the same spec gives the same bytes
-- @raise if an option is unknown, or lists have different lengths
function M.svg(spec) return draw("show.plot.svg", spec) end

--- Draws a plot and writes the file, all or nothing.
-- @tparam string path  of the file
-- @tparam table spec  as for `svg`
-- @treturn boolean  true
-- @error if it cannot be written, or its name ends as those of other files do
-- @raise as for `svg`
function M.save(path, spec)
  local ok, message = file.says(path, "svg", "plots are written as SVG")
  if not ok then return nil, message end
  return file.write(path, draw("show.plot.save", spec))
end

return M
