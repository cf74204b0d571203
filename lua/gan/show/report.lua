--- Writes a run's page, report.html: one file that opens from disk, made of the files in the run's directory.
--
-- It shows what the run draws beside real images, through time; curves; what happened; options, networks, timings; and
-- the commands that go on or draw. Nothing in it is asked of another place. While the run trains, the page loads itself
-- anew, and stays where its reader is.
-- @module gan.show.report
local chart = require "gan.show.chart"
local check = require "gan.check"
local core = require "gan.core"
local curves = require "gan.show.curves"
local gallery = require "gan.show.gallery"
local html = require "gan.show.html"
local journal = require "gan.show.journal"
local json = require "gan.file.json"
local page = require "gan.show.page"
local quantities = require "gan.quantities"
local text = require "gan.file.text"

local M = {}

--- Names the file in a run's directory.
M.FILE = "report.html"

--- Lists the options of training scripts about what is written of a run, in the form of gan.command.declare.
M.options = {
  {"report", "string", "html", choices = {"none", "html"}, free = true, inherit = true,
    help = "keep a page of the run, report.html, up to date while it trains"},
  {"log-every", "integer", 0, lo = 0, hi = 1000000000, arg = "N", free = true, inherit = true,
    help = "a record in stats.jsonl every N steps, of means over these; 0: every 5 seconds"},
}

local WIDE = 560 -- pixels that a sheet is shown in, by whole multiples of its own
local PRINTED = 6 -- pictures of a page on paper
local SHARE, LEAST_SECONDS = 0.01, 5 -- of the time that making pages may take; between two of them

-- ---- what a run is ----

-- What options.json says; an empty table where it says nothing.
local function settings_of(dir)
  local t = json.decode(text.read(dir .. "/options.json") or "")
  if type(t) ~= "table" then t = {} end
  for _, name in ipairs {"options", "data", "defaults", "networks", "environment"} do
    if type(t[name]) ~= "table" then t[name] = {} end
  end
  return t
end

-- The last record that has a field.
local function last_with(records, field)
  for i = #records, 1, -1 do
    if records[i][field] ~= nil then return records[i] end
  end
  return {}
end

--- Reads what a directory holds of a run.
-- @tparam string dir  the run's directory
-- @treturn table  `dir`, `name`, `stats` and `metrics` (gan.show.curves), `settings` (options.json), `state`:
--   "running", "done" or "stopped", `last`: `step`, `total` and `eta` of its last status line, `names`: its files
-- @error if there is no run
function M.read(dir)
  local run, message = curves.read(dir)
  if not run then return nil, message end
  journal.finite(run.stats)
  for _, list in pairs(run.metrics) do journal.finite(list) end
  run.settings, run.names = settings_of(run.dir), text.names(run.dir) or {}
  run.state, run.last = journal.state(run.dir)
  if not run.last then
    local r = last_with(run.stats, "total")
    run.last = {step = r.step, total = r.total, eta = type(r.eta) == "number" and quantities.time(r.eta) or nil}
  end
  return run
end

--- Lists what happened in a run: changes of health, rollbacks, options that changed, notices. Cannot fail.
-- @tparam table run  of `read`
-- @treturn table  list of `{step, text}`
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
-- measured by itself, for health has numbers of the same name.
local function curve(run, key, metric)
  local s = {key = key, label = quantities.label(key), x = {}, y = {}}
  for _, r in ipairs(metric and run.metrics[key] or run.stats) do
    local y = metric and run.metrics[key] and r.value or r[key]
    if type(y) == "number" and type(r.step) == "number" then s.x[#s.x + 1], s.y[#s.y + 1] = r.step, y end
  end
  return s.x[1] and s or nil
end

local MEASURED = {step = true, value = true, deviation = true, metric = true} -- what differs from step to step

-- What a metric was measured with, in words.
local function protocol(records)
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
  {"variety", "Variety of G's pictures, of the real ones'", {"diversity", "nearest"}, {from = 0}},
  {"augment", "Augmentation", {"p_augment", "p_deceive", "r_t", "r_v"}},
}
local LATER = {
  {"steps", "Step sizes", {"lr_D", "lr_G"}, {log = true}},
  {"moves", "G's step, of its weights", {"move_G"}, {log = true}},
  {"speed", "Images per second", {"images_per_second"}, {from = 0}},
  {"memory", "Memory (bytes)", {"memory"}, {from = 0}},
}

--- Lists the charts of some runs: each with its curves, one run's or several runs'. Cannot fail.
-- @tparam table runs  list, of `read`
-- @treturn table  list of panels for the charts of a page: those that come first
-- @treturn table  the others
function M.panels(runs)
  local taken, several = {}, #runs > 1
  local function panel(out, id, title, keys, how)
    local p = {id = id, title = title, series = {}}
    for name, v in pairs(how or {}) do p[name] = v end
    for k, key in ipairs(keys) do
      taken[key] = taken[key] or not p.metric
      for r, run in ipairs(runs) do
        local s = curve(run, key, p.metric)
        if s then
          if several then
            s.label, s.colour, s.dash = #keys > 1 and ("%s: %s"):format(run.name, s.label) or run.name, r, k
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
      local list = run.metrics[name] and names or rest
      if not list[name] then list[#list + 1], list[name] = name, true end
    end
  end
  for _, name in ipairs(names) do
    local notes, at = {}, {}
    for _, run in ipairs(runs) do
      local list = run.metrics[name] or {}
      local how = list[1] and protocol(list)
      if how and not at[how] then notes[#notes + 1], at[how] = how, true end
    end
    panel(first, ("metric-%d"):format(#first), quantities.label(name), {name},
      {note = table.concat(notes, " | "), bare = true, metric = true})
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

local function thousands(n)
  local s, count = ("%d"):format(n), 1
  while count > 0 do s, count = s:gsub("^(%d+)(%d%d%d)", "%1,%2") end
  return s
end

-- The first line: how the run stands.
local function headline(run, ended)
  local last = run.last
  local total = last.total or run.settings.total_steps
  local state = ended and "failed" or run.state
  local words = {html.format('<span class="state %s">%s</span>', state, state)}
  if last.step then
    words[#words + 1] = ("step <b>%s</b>%s"):format(thousands(last.step), total and " of " .. thousands(total) or "")
  end
  if state == "running" and last.eta then words[#words + 1] = "about " .. last.eta .. " to go" end
  local health = last_with(run.stats, "health")
  if health.health then
    words[#words + 1] = html.format("health: <b>%s</b>%s", health.health,
      health.why and health.why ~= "" and (" (%s)"):format(health.why) or "")
  end
  words[#words + 1] = ('<span id="age" data-at="%d">written %s UTC</span>'):format(os.time(),
    os.date "!%Y-%m-%d %H:%M:%S")
  return table.concat(words, " · ") .. (ended and html.format('<p class="bad">%s</p>', ended) or "")
end

-- How many times its own size a sheet is shown.
local function scale_of(p) return math.max(1, WIDE // p.width) end

local function picture(p, scale, alt)
  return html.format('<img src="%h" width="%d" height="%d" alt="%s">', p.address, p.width * scale, p.height * scale,
    alt)
end

-- What a picture shows, in words.
local function alt_of(p, what)
  if not p.columns then return what end
  return ("%d %s, %s"):format(p.columns * p.rows, what, check.count(p.rows, "row"))
end

-- The pictures: through time, beside real ones.
local function pictures(run, cache)
  local classes, opt = run.settings.data.classes, run.settings.options
  local labelled = type(classes) == "table" and run.conditional
  local shots, reals, total = gallery.choose(run.dir, run.names, {size = math.type(opt.size) == "integer" and opt.size
    or run.settings.data.height, labelled = labelled}, cache)
  if not shots[1] then return '<p class="note">There are no pictures yet.</p>' end
  local last, out, printed = shots[#shots], {}, {}
  local scale = scale_of(last)
  for k = 1, PRINTED do printed[1 + (k - 1) * (#shots - 1) // (PRINTED - 1)] = true end
  for i, p in ipairs(shots) do
    out[i] = html.format('<figure data-step="%d" class="shot%h%h">%h<figcaption>step %s</figcaption></figure>', p.step,
      i == #shots and " on" or "", printed[i] and " printed" or "",
      picture(p, scale, alt_of(p, "samples at step " .. thousands(p.step))), thousands(p.step))
  end
  local note = {}
  if #shots < total then note[1] = ("%d of %s are shown"):format(#shots, check.count(total, "picture")) end
  if last.columns and shots[1].columns and shots[1].columns * shots[1].rows < last.columns * last.rows then
    note[#note + 1] = ("earlier ones with their first %d samples"):format(shots[1].columns * shots[1].rows)
  end
  if labelled and last.rows and last.rows <= #classes then
    note[#note + 1] = "rows: " .. table.concat(classes, ", ", 1, last.rows)
  end
  local real = reals and html.format('<figure class="real">%h<figcaption>real images</figcaption></figure>',
    picture(reals, scale_of(reals), alt_of(reals, "real images"))) or ""
  return html.format('<div class="controls needs-script"><label>picture <input type="range" id="shot" min="0" max="%d" '
    .. 'value="%d" step="1"></label> <output id="shot-step">step %s</output> <button id="play" type="button">play'
    .. '</button></div><div class="pictures"><div class="shots" id="shots">%h</div>%h</div><p class="note">%s</p>',
    #shots - 1, #shots - 1, thousands(last.step), table.concat(out), real, table.concat(note, "; "))
end

local function charts(panels, marks, data)
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

local function events(list)
  if not list[1] then return '<p class="note">Nothing out of the ordinary.</p>' end
  local out = {}
  for i, e in ipairs(list) do
    out[i] = html.format('<li><a href="#step=%d" data-step="%d">step %s</a>: %s</li>', e.step, e.step,
      thousands(e.step), e.text)
  end
  return "<ul>" .. table.concat(out) .. "</ul>"
end

local function value(v)
  if v == nil then return "–" end
  return type(v) == "string" and v or json.encode(v)
end

-- Options as rows {name, value, default}: those that differ from their default, and the others.
local function options(settings)
  local names, changed, rest = {}, {}, {}
  for name in pairs(settings.options) do names[#names + 1] = name end
  core.sort(names)
  for _, name in ipairs(names) do
    local own, default = settings.options[name], settings.defaults[name]
    local row = {"--" .. name:gsub("_", "-"), value(own), value(default)}
    local differs = settings.told_defaults and row[2] ~= row[3]
    table.insert(differs and changed or rest, row)
  end
  return changed, rest
end

-- The commands that one may want next: list of {what, command}.
local function commands(run)
  local first = run.settings.command
  if type(first) ~= "string" then first = "lua5.4 experiments/dcgan.lua" end
  local dir = text.shell {run.dir}
  local lua, folder = first:match "^(%S+) ", first:match "([^ ']*/)[^/]*$" or ""
  local function script(name, words)
    return ("%s %s%s.lua %s"):format(lua or "lua5.4", folder, name, words)
  end
  local words = {}
  for _, row in ipairs((options(run.settings))) do
    if row[2] ~= "false" and row[1] ~= "--outdir" and row[1] ~= "--name" and row[1] ~= "--resume" then
      words[#words + 1] = row[1] .. (row[2] == "true" and "" or " " .. text.shell {row[2]})
    end
  end
  return {
    {"go on", ("%s --resume %s"):format(first, dir)},
    {"the same again", ("%s %s --resume new"):format(first, table.concat(words, " "))},
    {"draw 64 pictures", script("generate", ("--run %s --seeds 0-63 --grid"):format(dir))},
    {"measure", script("evaluate", ("--run %s"):format(dir))},
    {"draw the curves", script("plot", ("--run %s"):format(dir))},
  }
end

local function environment(run)
  local e, last, rows = run.settings.environment, last_with(run.stats, "seconds"), {}
  local function row(name, v) if v ~= nil then rows[#rows + 1] = {name, value(v)} end end
  row("gan", run.settings.version)
  row("recipe", run.settings.recipe)
  local names = {}
  for name in pairs(e) do names[#names + 1] = name end
  core.sort(names)
  for _, name in ipairs(names) do row(name, e[name]) end
  row("threads", run.settings.options.threads)
  local d = run.settings.data
  if d.images then
    row("data", ("%s of %s x %s, %s channels, %s"):format(thousands(d.images), d.height, d.width, d.channels,
      value(d.checksum)))
  end
  if last.seconds then row("time, of the last command", quantities.time(last.seconds)) end
  if last.images_per_second then row("images per second", ("%.0f"):format(last.images_per_second)) end
  if last.memory then row("memory", ("%.2f GB"):format(last.memory / 1e9)) end
  if last.kimg then row("real images shown", thousands(math.floor(last.kimg * 1000))) end
  return html.table(rows)
end

local function networks(settings)
  local names, out = {}, {}
  for name in pairs(settings.networks) do names[#names + 1] = name end
  core.sort(names)
  for i, name in ipairs(names) do
    out[i] = html.format('<h3>%s</h3><pre tabindex="0">%s</pre>', name, settings.networks[name])
  end
  return out[1] and table.concat(out) or '<p class="note">An older version trained this run: they are not known.</p>'
end

-- The whole page. ended: what made the run fail, or nil.
local function make(run, ended, cache)
  local s, data, list = run.settings, {}, M.events(run)
  s.told_defaults = next(s.defaults) ~= nil
  run.conditional = s.conditional == true
  local first, later = M.panels {run}
  local marks = {}
  for i, e in ipairs(list) do marks[i] = {x = e.step, text = ("step %d: %s"):format(e.step, e.text)} end
  local parts = {}
  local function part(fmt, ...) parts[#parts + 1] = html.format(fmt, ...) end
  part('<header><h1>%s</h1><p id="state">%h</p></header>', run.dir, headline(run, ended))
  part('<main><section aria-labelledby="h-pictures"><h2 id="h-pictures">Pictures</h2>%h</section>',
    pictures(run, cache))
  part('<section aria-labelledby="h-curves"><h2 id="h-curves">Curves</h2>%h%h', page.chart_controls,
    first[1] and charts(first, marks, data) or '<p class="note">There are no numbers yet.</p>')
  if later[1] then part("%h", html.fold("more", "more curves", charts(later, marks, data))) end
  part('</section><section aria-labelledby="h-events"><h2 id="h-events">What happened</h2>%h</section>', events(list))
  local changed, rest = options(s)
  part('<section aria-labelledby="h-options"><h2 id="h-options">Options</h2>')
  if changed[1] then part("%h", html.table(changed, {"not the default", "value", "default"})) end
  if rest[1] then
    part("%h", html.fold("options", s.told_defaults and "the others, as by default" or "all",
      html.table(rest, {"option", "value", "default"})))
  end
  part('</section><section aria-labelledby="h-next"><h2 id="h-next">Commands</h2><dl>')
  for _, c in ipairs(commands(run)) do part('<dt>%s</dt><dd><code tabindex="0">%s</code></dd>', c[1], c[2]) end
  part("</dl></section>")
  part('<section aria-label="more">%h%h%h</section></main>', html.fold("networks", "Networks", networks(s)),
    html.fold("environment", "Environment and timings", environment(run)),
    html.fold("files", "Files", html.table((function()
      local rows = {}
      for i, name in ipairs(run.names) do rows[i] = {name} end
      return rows
    end)())))
  return page.of {title = ("%s: %s"):format(run.name, ended and "failed" or run.state), body = table.concat(parts),
    data = "{" .. table.concat(data, ",") .. "}", refresh = run.state == "running" and not ended}
end
make = core.without_locale(make)

--- Makes a run's page.
-- @tparam string dir  the run's directory
-- @tparam[opt] table opt
-- @tparam[opt] string opt.ended  what made the run fail
-- @treturn string  HTML; the same files give the same page, but for the time of writing
-- @error if there is no run
-- @raise if an option is unknown
function M.page(dir, opt)
  opt = check.options("show.report.page", opt, {ended = check.option.string {}})
  local run, message = M.read(dir)
  if not run then return nil, message end
  return make(run, opt.ended, {})
end

-- ---- while a run trains ----

--- Returns what a run is trained on, for its options.json. Cannot fail.
-- @treturn table  name -> text
function M.environment()
  local cpu = text.read("/proc/cpuinfo", 1 << 24) or ""
  local name = cpu:match "\nmodel name%s*:%s*([^\n]+)" or "unknown"
  return {lua = _VERSION, processor = name, instructions = core.simd()}
end

local Writer = {}
Writer.__index = Writer

--- Makes what writes a run's page while it trains. It takes a hundredth of the time at most: the next page waits a
-- hundred times as long as the last one took, and five seconds at least. Cannot fail.
-- @tparam string dir  the run's directory
-- @tparam[opt] function clock  () -> seconds; default: the system's
-- @treturn Writer
function M.writer(dir, clock)
  return setmetatable({dir = dir, path = ("%s/%s"):format(dir, M.FILE), clock = clock or core.clock, cache = {},
    wait = 0}, Writer)
end

-- Makes and writes the page.
local function write(self, ended)
  local run, message = M.read(self.dir)
  if not run then return nil, message end
  return text.write(self.path, make(run, ended, self.cache))
end

--- Writes the page if it is time, or if it must be. A page that cannot be made, for whatever reason, is no reason to
-- stop a run. Cannot fail.
-- @tparam[opt=false] boolean now  it must
-- @tparam[opt] string ended  what made the run fail
-- @treturn string  why it could not be written, the first time; nil else
function Writer:update(now, ended)
  if not now and self.last and self.clock() - self.last < self.wait then return nil end
  local begun = os.clock() -- of the processor: others may keep it busy
  local ok, done, message = pcall(write, self, ended)
  self.last = self.clock()
  self.wait = math.max(LEAST_SECONDS, (os.clock() - begun) / SHARE)
  if ok and done or self.told then return nil end
  self.told = true
  return ok and message or tostring(done)
end

return M
