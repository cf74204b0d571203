--- Writes a page that puts runs side by side: one file that opens from disk, made of what their directories hold.
--
-- It shows how each run stands, what it draws at the same step, the curves of all in one picture, the options that
-- differ, and the metrics, apart where they were not measured alike.
-- @module gan.show.compare
local check = require "gan.check"
local core = require "gan.core"
local html = require "gan.show.html"
local page = require "gan.show.page"
local quantities = require "gan.quantities"
local chart = require "gan.show.chart"
local sections = require "gan.show.sections"

local M = {}

local BUDGET = 2550000 -- bytes of all pictures of the page
local LEAST_WIDTH = 260 -- pixels that a run's sheet is shown in
local WIDTH = 1200 -- those of all runs

-- Options that say where a run is, not what it is.
local PLACES = {outdir = true, name = true, resume = true, change = true}

-- What runs are called: by their directories' names, or where two are the same, by their paths.
local function name_them(runs)
  local seen, twice = {}, false
  for _, run in ipairs(runs) do
    twice = twice or seen[run.name]
    seen[run.name] = true
  end
  for _, run in ipairs(twice and runs or {}) do run.name = run.dir end
end

-- A row of a table: a head and f(run) of each run.
local function row(head, runs, f)
  local out = {head}
  for i, run in ipairs(runs) do out[i + 1] = f(run) or "" end
  return out
end

local function names_of(runs) return row("", runs, function(run) return run.name end) end

local function standing(runs)
  local function last(name, f)
    return function(run)
      local v = sections.last_number(run, name)
      return v and f(v) or nil
    end
  end
  return html.table({
    row("state", runs, function(run) return run.state end),
    row("step", runs, function(run)
      local step, total = run.last.step, run.last.total or run.settings.total_steps
      return step and sections.thousands(step) .. (total and " of " .. sections.thousands(total) or "")
    end),
    row("health", runs, function(run) return sections.last_with(run.stats, "health").health end),
    row("real images shown", runs, last("kimg", function(v) return sections.thousands(math.floor(v * 1000)) end)),
    row("images per second", runs, last("images_per_second", function(v) return ("%.0f"):format(v) end)),
    row("time, of the last command", runs, last("seconds", quantities.time)),
    row("directory", runs, function(run) return run.dir end),
  }, names_of(runs))
end

-- What differs between runs: options, and what they are runs of.
local function differences(runs)
  local rows, names, seen = {}, {}, {}
  local function add(head, f)
    local r = row(head, runs, f)
    for i = 3, #r do
      if r[i] ~= r[2] then
        rows[#rows + 1] = r
        return
      end
    end
  end
  local function setting(name)
    add(name, function(run) return run.settings[name] ~= nil and sections.value(run.settings[name]) or nil end)
  end
  setting "recipe"
  setting "version"
  for _, name in ipairs {"images", "height", "channels", "checksum"} do
    add("data: " .. name, function(run) return run.settings.data[name] and sections.value(run.settings.data[name]) end)
  end
  for _, run in ipairs(runs) do
    for name in pairs(run.settings.options) do
      if not (seen[name] or PLACES[name]) then names[#names + 1], seen[name] = name, true end
    end
  end
  core.sort(names)
  for _, name in ipairs(names) do
    add("--" .. name:gsub("_", "-"), function(run)
      local v = run.settings.options[name]
      return v ~= nil and sections.value(v) or nil
    end)
  end
  if not rows[1] then return '<p class="note">No option differs.</p>' end
  return html.table(rows, names_of(runs))
end

-- A measured value with its deviation and step.
local function measured(r)
  if not r then return nil end
  local deviation = type(r.deviation) == "number" and (" ± %.2g"):format(r.deviation) or ""
  return ("%s%s at step %s"):format(chart.number(r.value), deviation, sections.thousands(r.step))
end

-- The metrics: rows of what was measured alike.
local function metrics(runs)
  local rows, done = {}, {}
  for _, first in ipairs(runs) do
    for _, name in ipairs(check.names(first.metrics)) do
      local how = first.metrics[name][1] and sections.protocol(first.metrics[name])
      if how and not done[name .. how] then
        done[name .. how] = true
        local function of(choose)
          return function(run)
            local list, found = run.metrics[name] or {}, nil
            if not list[1] or sections.protocol(list) ~= how then return nil end
            for _, r in ipairs(list) do
              if type(r.value) == "number" and r.value == r.value then
                found = choose(r, found) and r or found
              end
            end
            return measured(found)
          end
        end
        local label = quantities.label(name)
        rows[#rows + 1] = row(("%s, last (%s)"):format(label, how), runs, of(function() return true end))
        rows[#rows + 1] = row(label .. ", least", runs, of(function(r, f) return not f or r.value < f.value end))
        rows[#rows + 1] = row(label .. ", greatest", runs, of(function(r, f) return not f or r.value > f.value end))
      end
    end
  end
  for _, name in ipairs {"D", "G", "real", "fake", "diversity"} do
    local r = row(quantities.label(name) .. ", last", runs, function(run)
      local v = sections.last_number(run, name)
      return v and chart.number(v) or nil
    end)
    if table.concat(r, "", 2) ~= "" then rows[#rows + 1] = r end
  end
  return rows[1] and html.table(rows, names_of(runs)) or '<p class="note">There are no numbers yet.</p>'
end

-- Pictures of all runs under one slider: each run's newest up to the slider's step.
local function pictures(runs)
  local out, all, seen = {}, {}, {}
  local how = {most = BUDGET // #runs, wide = math.max(LEAST_WIDTH, WIDTH // #runs)}
  for i, run in ipairs(runs) do
    local shots, _, steps, note = sections.shots(run, {}, how)
    for _, step in ipairs(steps or {}) do
      if not seen[step] then all[#all + 1], seen[step] = step, true end
    end
    out[i] = html.format('<div><h3>%s</h3>%h<p class="note">%s</p></div>', run.name,
      shots and html.format('<div class="shots">%h</div>', shots) or "", note or "There are no pictures yet.")
  end
  if not all[1] then return '<p class="note">There are no pictures yet.</p>' end
  table.sort(all) -- numbers
  return html.format('%h<div class="side" style="grid-template-columns:repeat(%d,minmax(%dpx,1fr))">%h</div>',
    sections.slider(all, true), #runs, LEAST_WIDTH, table.concat(out))
end

local function make(runs, axis)
  local parts, data = {}, {}
  local function part(fmt, ...) parts[#parts + 1] = html.format(fmt, ...) end
  local first, later = sections.panels(runs, axis)
  local names = {}
  for i, run in ipairs(runs) do names[i] = run.name end
  part('<header><h1>%s</h1></header><main>', table.concat(names, ", "))
  part('<section aria-labelledby="h-state"><h2 id="h-state">Runs</h2>%h</section>', standing(runs))
  part('<section aria-labelledby="h-pictures"><h2 id="h-pictures">Pictures</h2>%h</section>', pictures(runs))
  part('<section aria-labelledby="h-curves"><h2 id="h-curves">Curves</h2>%h%h', page.chart_controls(axis),
    first[1] and sections.charts(first, {}, data) or '<p class="note">There are no numbers yet.</p>')
  if later[1] then part("%h", html.fold("more", "more curves", sections.charts(later, {}, data))) end
  part('</section><section aria-labelledby="h-options"><h2 id="h-options">Options that differ</h2>%h</section>',
    differences(runs))
  part('<section aria-labelledby="h-metrics"><h2 id="h-metrics">Numbers</h2>%h</section></main>', metrics(runs))
  return page.of {title = table.concat(names, ", "), body = table.concat(parts),
    data = "{" .. table.concat(data, ",") .. "}"}
end
make = core.without_locale(make)

--- Makes a page of several runs.
-- @tparam table dirs  list of the runs' directories, two or more
-- @tparam[opt] table opt
-- @tparam[opt=step] string opt.x  what curves run over: "step", "kimg" or "epoch"
-- @treturn string  HTML
-- @treturn table  lines that tell what one should know: runs that are not finished, other versions
-- @error if a directory has no run
-- @raise if an option is unknown, or there are less than two directories
function M.page(dirs, opt)
  if type(dirs) ~= "table" or #dirs < 2 then
    return check.expected("show.compare.page", 1, "dirs", "a list of two directories or more", dirs)
  end
  opt = check.options("show.compare.page", opt, {
    x = check.option.word {"step", "kimg", "epoch", default = "step"},
  })
  local runs, told = {}, {}
  for i, dir in ipairs(dirs) do
    local message
    runs[i], message = sections.read(dir)
    if not runs[i] then return nil, message end
  end
  name_them(runs)
  for _, run in ipairs(runs) do
    local s, step = run.settings, run.last.step or 0
    if run.state ~= "done" then
      told[#told + 1] = ("%s is not finished: compared up to step %d"):format(run.dir, step)
    end
    if s.version ~= core.version_string then
      told[#told + 1] = ("%s is a run of %s, this is %s"):format(run.dir,
        type(s.version) == "string" and "version " .. s.version or "an unknown version", core.version_string)
    end
  end
  return make(runs, opt.x), told
end

return M
