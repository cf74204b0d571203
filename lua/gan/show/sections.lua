--- Reads a run, and makes the parts that pages of one run and of several have in common: curves, pictures, options.
-- @internal gan.show.sections
local chart = require "gan.show.chart"
local core = require "gan.core"
local check = require "gan.check"
local classes = require "gan.data.classes"
local curves = require "gan.show.curves"
local gallery = require "gan.show.gallery"
local html = require "gan.show.html"
local journal = require "gan.show.journal"
local json = require "gan.file.json"
local quantities = require "gan.quantities"
local text = require "gan.file.text"

local M = {}

local WIDE = 560 -- pixels that a sheet is shown in, by whole multiples of its own
local PRINTED = 6 -- pictures of a page on paper

-- ---- what a run is ----

-- A number out of a file, where it counts something; else nil.
local function counted(v)
  local n = type(v) == "number" and math.tointeger(v)
  return n and n >= 0 and n < 1 << 53 and n or nil
end

-- What options.json says; an empty table where it says nothing.
local function settings_of(dir) -- `told_defaults`: whether it says what the defaults were
  local t = json.decode(text.read(dir .. "/options.json") or "")
  if type(t) ~= "table" then t = {} end
  for _, name in ipairs {"options", "data", "defaults", "networks", "environment"} do
    if type(t[name]) ~= "table" or t[name][1] ~= nil then t[name] = {} end
  end
  local data = t.data
  for _, name in ipairs {"images", "height", "width", "channels"} do data[name] = counted(data[name]) end
  data.classes, t.total_steps = classes.are(data.classes) and data.classes or nil, counted(t.total_steps)
  t.told_defaults = next(t.defaults) ~= nil
  return t
end

-- The records whose step is one.
local function stepped(list)
  local out = {}
  for _, r in ipairs(journal.finite(list)) do
    r.step = counted(r.step)
    if r.step then out[#out + 1] = r end
  end
  return out
end

--- Returns the last record that has a field; an empty table where none has.
function M.last_with(records, field)
  for i = #records, 1, -1 do
    if records[i][field] ~= nil then return records[i] end
  end
  return {}
end

--- Returns the last finite number of a name, or nil.
function M.last_number(run, name)
  local v = M.last_with(run.stats, name)[name]
  return type(v) == "number" and math.abs(v) < 1e15 and v or nil
end

--- Reads what a directory holds of a run: `dir`, `name`, `stats` and `metrics` (gan.show.curves), `settings`
-- (options.json), `state` ("running", "done" or "stopped"), `last` (`step`, `total` and `eta` of its last status line),
-- `names` (its files), `conditional`. Returns nil and a message where there is no run.
function M.read(dir)
  local run, message = curves.read(dir)
  if not run then return nil, message end
  for name, list in pairs(run.metrics) do run.metrics[name] = stepped(list) end
  run.stats = stepped(run.stats)
  run.settings, run.names = settings_of(run.dir), text.names(run.dir) or {}
  run.conditional = run.settings.conditional == true
  run.state, run.last = journal.state(run.dir)
  if not run.last then
    local r, eta = M.last_with(run.stats, "total"), M.last_number(run, "eta")
    run.last = {step = r.step, total = counted(r.total), eta = eta and quantities.time(eta) or nil}
  end
  return run
end

--- Tells whether a run's samples are images; points in the plane have no size.
function M.draws_images(run) return run.settings.data.height ~= nil or run.settings.options.size ~= nil end

--- Lists what happened in a run: changes of health, rollbacks, options that changed, notices: {step, text}.
function M.events(run)
  local list, word = {}, nil
  for _, r in ipairs(run.stats) do
    local what
    if r.rollback then
      what = ("went back from step %s to %s: %s (%s)"):format(r.from, r.step, r.health, r.why)
    elseif r.change then what = ("--%s: %s, before %s"):format(r.change, r.to, r.from)
    elseif r.notice then what = r.notice
    elseif r.health and r.health ~= word and (word or r.health ~= "ok") then
      what = "health: " .. r.health .. (r.why and r.why ~= "" and (" (%s)"):format(r.why) or "")
    end
    word = r.health or word
    if what then list[#list + 1] = {step = r.rollback and r.from or r.step, text = tostring(what)} end
  end
  return list
end

-- A curve of numbers, what is not finite too; nil where the run has none of that name. metric: it is one that was
-- measured by itself, for health has numbers of the same name. axis: what x is, "step" or a counter of records.
local function curve(run, key, metric, axis)
  local s = {key = key, label = quantities.label(key), x = {}, y = {}}
  local per_step = axis ~= "step" and M.last_with(run.stats, axis)
  per_step = per_step and type(per_step[axis]) == "number" and per_step[axis] / per_step.step -- metrics know the step
  for _, r in ipairs(metric and (run.metrics[key] or {}) or run.stats) do
    local y = metric and r.value or not metric and r[key]
    local x = axis == "step" and r.step or r[axis] or per_step and type(r.step) == "number" and r.step * per_step
    if type(y) == "number" and type(x) == "number" and x > (s.x[#s.x] or -math.huge) then
      s.x[#s.x + 1], s.y[#s.y + 1] = x, y
    end
  end
  return s.x[1] and s or nil
end

local MEASURED = {step = true, value = true, deviation = true, metric = true} -- what differs from step to step

--- Returns what a metric was measured with, in words.
function M.protocol(records)
  local r, words, names = records[#records], {}, {}
  for name in pairs(r) do
    if type(r[name]) ~= "table" and not MEASURED[name] then names[#names + 1] = name end
  end
  core.sort(names)
  for i, name in ipairs(names) do
    words[i] = ("%s %s"):format(name, type(r[name]) == "string" and r[name] or json.encode(r[name]))
  end
  return table.concat(words, ", ")
end

-- The panels that come first: keys, title, how.
local FIRST = {
  {"loss", "Losses (nats)", {"D", "G"}},
  {"belief", "D(x) and D(G(z)): 0.5 is guessing", {"real", "fake", "fake_after", "wrong", "ahead"},
    {from = 0, to = 1, line = 0.5}},
  {"gradients", "Norms of the gradients", {"grad_D", "grad_G"}, {log = true}},
  {"variety", "Variety of G's samples, of the real ones'", {"diversity", "nearest"}, {from = 0}},
  {"augment", "Augmentation", {"p_augment", "p_deceive", "r_t", "r_v"}},
}
local LATER = {
  {"steps", "Step sizes", {"lr_D", "lr_G"}, {log = true}},
  {"moves", "G's step, of its weights", {"move_G"}, {log = true}},
  {"speed", "Images per second", {"images_per_second"}, {from = 0}},
  {"memory", "Memory (bytes)", {"memory"}, {from = 0}},
}

--- Lists the charts of some runs, of `read`: each with its curves, one run's or several runs'. Returns the panels that
-- come first, and the others. axis: what x is, "step" (the default), "kimg" or "epoch".
function M.panels(runs, axis)
  local taken, several = {}, #runs > 1
  local function panel(out, id, title, keys, how)
    local p = {id = id, title = title, series = {}, unit = axis}
    for name, v in pairs(how or {}) do p[name] = v end
    for k, key in ipairs(keys) do
      taken[key] = taken[key] or not p.metric
      for r, run in ipairs(runs) do
        local s = curve(run, key, p.metric, axis or "step")
        if s then
          if several then -- a run is a colour; beyond as many as there are, another dash
            s.label, s.colour = #keys > 1 and ("%s: %s"):format(run.name, s.label) or run.name, r
            s.dash = k + (r - 1) // #chart.colours
          end
          p.series[#p.series + 1] = s
        end
      end
    end
    if p.series[1] then out[#out + 1] = p end
  end
  local first, later, names, rest = {}, {}, {}, {}
  for _, f in ipairs(FIRST) do panel(first, table.unpack(f)) end
  for _, run in ipairs(runs) do
    for _, name in ipairs(curves.keys(run)) do
      local list = (run.metrics[name] or quantities.is(name, "metric")) and names or rest
      if not list[name] then list[#list + 1], list[name] = name, true end
    end
  end
  for _, name in ipairs(names) do
    local notes, at = {}, {}
    for _, run in ipairs(runs) do
      local list = run.metrics[name] or {}
      local how = list[1] and M.protocol(list)
      if how and not at[how] then notes[#notes + 1], at[how] = how, true end
    end
    panel(first, ("metric-%d"):format(#first), quantities.label(name), {name}, -- or recorded with the losses
      notes[1] and {note = table.concat(notes, " | "), bare = true, metric = true} or nil)
  end
  for _, l in ipairs(LATER) do panel(later, table.unpack(l)) end
  core.sort(rest)
  for _, name in ipairs(rest) do
    local measured = false -- then its own chart has it
    for _, run in ipairs(runs) do measured = measured or run.metrics[name] ~= nil end
    if not (taken[name] or measured) then
      panel(later, ("other-%d"):format(#later), quantities.label(name), {name})
    end
  end
  return first, later
end

-- ---- parts of a page ----

--- Returns an integer with commas.
function M.thousands(n)
  local s, count = ("%d"):format(n), 1
  while count > 0 do s, count = s:gsub("^(%d+)(%d%d%d)", "%1,%2") end
  return s
end

-- How many times its own size a sheet is shown.
local function scale_of(p, wide) return math.max(1, (wide or WIDE) // p.width) end

local function picture(p, scale, alt)
  return html.format('<img src="%h" width="%d" height="%d" alt="%s">', p.address, p.width * scale, p.height * scale,
    alt)
end

-- What a picture shows, in words.
local function alt_of(p, what)
  if not p.columns then return what end
  return ("%d %s, %s"):format(p.columns * p.rows, what, check.count(p.rows, "row"))
end

--- Makes the pictures of a run: figures, one a step, of which a script shows one; and that of real images, or "".
-- cache: of gan.show.gallery. how: `most`, bytes of all of them; `wide`, pixels that they are shown in. Returns them,
-- a list of their steps, a note, or nil where the run has no picture.
function M.shots(run, cache, how)
  local names, wide = run.settings.data.classes, how and how.wide
  local labelled = names and run.conditional
  local shots, reals, total = gallery.choose(run.dir, run.names, {size = counted(run.settings.options.size)
    or run.settings.data.height, labelled = labelled, most = how and how.most}, cache)
  if not shots[1] then return nil end
  local last, out, printed, steps = shots[#shots], {}, {}, {}
  local scale = scale_of(last, wide)
  for k = 1, PRINTED do printed[1 + (k - 1) * (#shots - 1) // (PRINTED - 1)] = true end
  for i, p in ipairs(shots) do
    local step = M.thousands(p.step)
    out[i] = html.format('<figure data-step="%d" class="shot%h%h">%h<figcaption>step %s</figcaption></figure>', p.step,
      i == #shots and " on" or "", printed[i] and " printed" or "",
      picture(p, scale, alt_of(p, "samples at step " .. step)), step)
    steps[i] = p.step
  end
  local note = {}
  if #shots < total then note[1] = ("%d of %s are shown"):format(#shots, check.count(total, "picture")) end
  if last.columns and shots[1].columns and shots[1].columns * shots[1].rows < last.columns * last.rows then
    note[#note + 1] = ("earlier ones with their first %d samples"):format(shots[1].columns * shots[1].rows)
  end
  if labelled and last.rows and last.rows <= #names then
    note[#note + 1] = "rows: " .. table.concat(names, ", ", 1, last.rows)
  end
  local what = M.draws_images(run) and "real images" or "real samples"
  local real = reals and html.format('<figure class="real">%h<figcaption>%s</figcaption></figure>',
    picture(reals, scale_of(reals, wide), alt_of(reals, what)), what) or ""
  return table.concat(out), real, steps, table.concat(note, "; ")
end

--- Returns what moves pictures through time. steps: those of one run; or of several, then `all` is true.
function M.slider(steps, all)
  return html.format('<div class="controls needs-script"><label>picture <input type="range" id="shot" min="0" max="%d" '
    .. 'value="%d" step="1"%h></label> <output id="shot-step">step %s</output> <button id="play" type="button">play'
    .. '</button></div>', #steps - 1, #steps - 1, all and html.format(' data-steps="%s"', json.encode(steps)) or "",
    M.thousands(steps[#steps]))
end

--- Draws charts; their numbers are added to the list `data`. marks: {x, text}.
function M.charts(panels, marks, data)
  local out, from, to = {}, math.huge, -math.huge
  for _, p in ipairs(panels) do
    for _, s in ipairs(p.series) do from, to = math.min(from, s.x[1]), math.max(to, s.x[#s.x]) end
  end
  for i, p in ipairs(panels) do
    p.x_from, p.x_to, p.marks = math.min(from, 0), to, marks
    out[i], data[#data + 1] = chart.draw(p)
  end
  return ('<div class="charts">%s</div>'):format(table.concat(out))
end

--- Returns a value of options.json as text.
function M.value(v)
  if v == nil then return "–" end
  return type(v) == "string" and v or json.encode(v)
end

--- Lists options as rows {name, value, default}: those that differ from their default, and the others.
function M.options(settings)
  local names, changed, rest = {}, {}, {}
  for name in pairs(settings.options) do names[#names + 1] = name end
  core.sort(names)
  for _, name in ipairs(names) do
    local own, default = settings.options[name], settings.defaults[name]
    local row = {"--" .. name:gsub("_", "-"), M.value(own), M.value(default)}
    local differs = settings.told_defaults and row[2] ~= row[3]
    table.insert(differs and changed or rest, row)
  end
  return changed, rest
end

return M
