--- Makes curves of runs: what stats.jsonl and metric-NAME.jsonl of one run or several hold, ready for gan.show.plot.
-- @module gan.show.curves
local check = require "gan.check"
local core = require "gan.core"
local quantities = require "gan.quantities"
local text = require "gan.file.text"

local option = check.option

local M = {}

-- The records of a file that have a step; nil where there is no such file.
local function records(path)
  local lines = text.json_lines(path)
  if not lines then return nil end
  local list = {}
  for _, l in ipairs(lines) do
    if type(l.value.step) == "number" then list[#list + 1] = l.value end
  end
  return list
end

--- Reads a run, of which its folder is given, or one of its files, such as a checkpoint.
-- The result has `dir`, `name`, `stats` (a list of records), and `metrics`: name -> list of `{step, value, deviation}`.
-- @tparam string dir  its folder, or a file of it
-- @treturn table  the run
-- @error if there is no run
function M.read(dir)
  dir = dir:match "^(.*[^/])/*$" or dir
  local files = text.names(dir)
  if not files and text.exists(dir) then dir = text.folder_of(dir) files = text.names(dir) end
  if not files then return nil, ("%s: no such run"):format(dir) end
  local stats = records(dir .. "/stats.jsonl")
  if not stats then return nil, text.lacks(dir, "stats.jsonl", "run") end
  local metrics = {}
  for _, file in ipairs(files) do
    local name = file:match "^metric%-(.*)%.jsonl$"
    if name then metrics[name] = records(dir .. "/" .. file) end
  end
  return {dir = dir, name = dir:match "[^/]*$", stats = stats, metrics = metrics}
end

--- Returns the names of what a run's files hold: metrics first, then the losses and the rest, sorted. Cannot fail.
-- @tparam table run  of `read`
-- @treturn table  list of names
function M.keys(run)
  local list, seen, rest = {}, {}, {}
  for name in pairs(run.metrics) do list[#list + 1], seen[name] = name, true end
  core.sort(list)
  for _, record in ipairs(run.stats) do
    for k, v in pairs(record) do
      local curve = type(v) == "number" and not quantities.is(k, "counter")
      if curve and not seen[k] then rest[#rest + 1], seen[k] = k, true end
    end
  end
  core.sort(rest)
  return table.move(rest, 1, #rest, #list + 1, list)
end

--- Makes one curve, with a band of one deviation where the metric has one. Cannot fail.
-- @tparam table run  of `read`
-- @tparam string key  a name of `keys`
-- @tparam string x  "step", "kimg", "epoch" or "seconds"
-- @treturn table  a series for gan.show.plot, or nil if the run has no such numbers
function M.series(run, key, x)
  local x_of = {} -- step -> x, for metrics know the step alone
  if x ~= "step" then for _, r in ipairs(run.stats) do x_of[r.step] = r[x] end end
  local s, deviations = {name = key, x = {}, y = {}}, {}
  for _, r in ipairs(run.metrics[key] or run.stats) do
    local y = run.metrics[key] and r.value or r[key]
    local at = x == "step" and r.step or r[x] or x_of[r.step]
    if type(y) == "number" and type(at) == "number" then
      s.x[#s.x + 1], s.y[#s.y + 1] = at, y
      deviations[#s.y] = type(r.deviation) == "number" and r.deviation or nil
    end
  end
  if #s.x == 0 then return nil end
  if next(deviations) then
    s.low, s.high, s.band = {}, {}, true
    for i, y in ipairs(s.y) do s.low[i], s.high[i] = y - (deviations[i] or 0), y + (deviations[i] or 0) end
  end
  return s
end

--- Smooths a curve: the mean of what came before, weighted by powers of w. As TensorBoard does; a curve that is
-- constant stays as it is. Computed on all points of a curve, it does not depend on how many of them are drawn.
-- Source: tensorboard, line_chart_v2/data_transformer.ts.
-- @tparam table y  list of numbers; what is not finite passes through, and does not count
-- @tparam number w  in [0,1]
-- @treturn table  list of numbers
-- @raise if w is not in [0,1]
function M.smooth(y, w)
  w = check.number("show.curves.smooth", 2, "w", w, 0, 1)
  local out, s, n, constant = {}, 0, 0, true
  for _, v in ipairs(y) do constant = constant and v == y[1] end
  if constant then return table.move(y, 1, #y, 1, out) end
  for i, v in ipairs(y) do
    out[i] = v
    if v - v == 0 then
      s, n = w * s + (1 - w) * v, n + 1
      out[i] = s / (w == 1 and 1 or 1 - w ^ n)
    end
  end
  return out
end

--- Chooses points of a curve that are enough to draw it: of each of `bins` equal parts of x the first, the last, the
-- least and the greatest, and every point that is not finite. So no peak is lost, however long a run is. Cannot fail.
-- @tparam table x  list of finite numbers, rising
-- @tparam table y  list of as many numbers
-- @tparam[opt=400] integer bins  parts; a curve of at most four times as many points stays whole
-- @treturn table  list of indices, rising
function M.thin(x, y, bins)
  bins = bins or 400
  local out, n = {}, #x
  if n <= 4 * bins or x[n] <= x[1] then
    for i = 1, n do out[i] = i end
    return out
  end
  local chosen, first, last, least, greatest = {}, {}, {}, {}, {}
  for i = 1, n do
    local b, v = math.min(bins - 1, math.floor(bins * (x[i] - x[1]) / (x[n] - x[1]))), y[i]
    first[b], last[b] = first[b] or i, i
    if v - v ~= 0 then
      chosen[i] = true
    else
      if not least[b] or v < y[least[b]] then least[b] = i end
      if not greatest[b] or v > y[greatest[b]] then greatest[b] = i end
    end
  end
  for _, of in ipairs {first, last, least, greatest} do
    for _, i in pairs(of) do chosen[i] = true end
  end
  for i = 1, n do if chosen[i] then out[#out + 1] = i end end
  return out
end

--- Makes the plots of some keys: one panel each; with several runs a line for each of them.
-- @tparam table runs  list, from `read`
-- @tparam[opt] table keys  list of names, "D+G" for two in one panel; default: the runs' metrics, or D+G without any
-- @tparam[opt] table opt
-- @tparam[opt=step] string opt.x  "step", "kimg", "epoch" or "seconds"
-- @tparam[opt=false] boolean opt.log  logarithmic y
-- @tparam[opt=1] integer opt.columns  panels in a row
-- @tparam[opt] string opt.title  above the first
-- @treturn table  for gan.show.plot.svg
-- @error if a run has no such numbers
-- @raise if an option is unknown or impossible
function M.plots(runs, keys, opt)
  local o = check.options("show.curves.plots", opt, {
    x = option.word {"step", "kimg", "epoch", "seconds", default = "step"}, log = option.boolean {default = false},
    columns = option.integer {default = 1, lo = 1}, title = option.string {},
  })
  local known = {}
  for _, run in ipairs(runs) do
    for _, k in ipairs(M.keys(run)) do known[k] = true end
  end
  if not keys then
    keys = {}
    for _, run in ipairs(runs) do
      for name in pairs(run.metrics) do if not keys[name] then keys[#keys + 1], keys[name] = name, true end end
    end
    core.sort(keys)
    if #keys == 0 then keys = {"D+G"} end
  end
  local names, panels = {}, {}
  for k in pairs(known) do names[#names + 1] = k end
  core.sort(names)
  for _, group in ipairs(keys) do
    local all, several = {}, group:find("+", 1, true)
    for key in (group .. "+"):gmatch "([^+]*)%+" do
      if not known[key] then
        local near = check.nearest(key, names)
        return nil, ("%s: has no '%s'%s"):format(runs[1].dir, key, near and (" (did you mean '%s'?)"):format(near)
          or names[1] and " (it has " .. table.concat(names, ", ") .. ")" or ": it has no numbers yet")
      end
      for _, run in ipairs(runs) do
        local s = M.series(run, key, o.x)
        if s then
          if #runs > 1 then s.name = several and run.name .. " " .. key or run.name
          else s.name = several and quantities.label(key) or nil end
          all[#all + 1] = s
        end
      end
    end
    panels[#panels + 1] = {title = #panels == 0 and o.title or nil, x = o.x, series = all,
      y = {label = not several and quantities.label(group) or nil, log = o.log}}
  end
  return {panels = panels, columns = o.columns}
end

return M
