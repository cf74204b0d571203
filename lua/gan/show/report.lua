--- Writes a run's page, report.html: one file that opens from disk, made of the files in the run's directory.
--
-- It shows what the run draws beside real images, through time; curves; what happened; options, networks, timings; and
-- the commands that go on or draw. Nothing in it is asked of another place. While the run trains, the page loads itself
-- anew, and stays where its reader is.
-- @module gan.show.report
local check = require "gan.check"
local core = require "gan.core"
local html = require "gan.show.html"
local index = require "gan.show.index"
local json = require "gan.file.json"
local page = require "gan.show.page"
local quantities = require "gan.quantities"
local sections = require "gan.show.sections"
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
  {"tensorboard", "flag", false, free = true, inherit = true,
    help = "write numbers and pictures as an event file for TensorBoard, too; a run that has one goes on with it"},
}

local SHARE, LEAST_SECONDS = 0.01, 5 -- of the time that making pages may take; between two of them

-- ---- parts of a page ----

-- The first line: how the run stands.
local function headline(run, ended)
  local last = run.last
  local total = last.total or run.settings.total_steps
  local state = ended and "failed" or run.state
  local words = {html.format('<span class="state %s">%s</span>', state, state)}
  if last.step then
    words[#words + 1] = ("step <b>%s</b>%s"):format(sections.thousands(last.step),
      total and " of " .. sections.thousands(total) or "")
  end
  if state == "running" and last.eta then words[#words + 1] = "about " .. last.eta .. " to go" end
  local health = sections.last_with(run.stats, "health")
  if health.health then
    words[#words + 1] = html.format("health: <b>%s</b>%s", health.health,
      health.why and health.why ~= "" and (" (%s)"):format(health.why) or "")
  end
  words[#words + 1] = ('<span id="age" data-at="%d">written %s UTC</span>'):format(os.time(),
    os.date "!%Y-%m-%d %H:%M:%S")
  return table.concat(words, " · ") .. (ended and html.format('<p class="bad">%s</p>', ended) or "")
end

-- The pictures: through time, beside real ones.
local function pictures(run, cache)
  local shots, real, steps, note = sections.shots(run, cache)
  if not shots then return '<p class="note">There are no pictures yet.</p>' end
  local said, items = text.read(run.dir .. "/captions.txt") or "", {}
  for line in said:gmatch "([^\n]*)\n" do items[#items + 1] = ("<li>%s</li>"):format(html.text(line)) end
  local told = items[1] and html.fold("told", "what they are to show, row by row",
    ("<ol>%s</ol>"):format(table.concat(items))) or ""
  return html.format('%h<div class="pictures"><div class="shots" id="shots">%h</div>%h</div><p class="note">%s</p>%h',
    sections.slider(steps), shots, real, note, told)
end

local function events(list)
  if not list[1] then return '<p class="note">Nothing out of the ordinary.</p>' end
  local out = {}
  for i, e in ipairs(list) do
    out[i] = html.format('<li><a href="#step=%d" data-step="%d">step %s</a>: %s</li>', e.step, e.step,
      sections.thousands(e.step), e.text)
  end
  return "<ul>" .. table.concat(out) .. "</ul>"
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
  for _, row in ipairs((sections.options(run.settings))) do
    if row[2] ~= "false" and row[1] ~= "--outdir" and row[1] ~= "--name" and row[1] ~= "--resume" then
      words[#words + 1] = row[1] .. (row[2] == "true" and "" or " " .. text.shell {row[2]})
    end
  end
  local list = {
    {"go on", ("%s --resume %s"):format(first, dir)},
    {"the same again", ("%s %s --resume new"):format(first, table.concat(words, " "))},
    {"draw the curves", script("plot", ("--run %s"):format(dir))},
    {"put it beside another run", script("compare", ("%s OTHER"):format(dir))},
  }
  if sections.draws_images(run) then
    table.insert(list, 3, {"draw 64 pictures", script("generate", ("--run %s --seeds 0-63 --grid"):format(dir))})
    table.insert(list, 4, {"measure", script("evaluate", ("--run %s"):format(dir))})
  end
  return list
end

local function environment(run)
  local e, rows = run.settings.environment, {}
  local function row(name, v) if v ~= nil then rows[#rows + 1] = {name, sections.value(v)} end end
  row("gan", run.settings.version)
  row("recipe", run.settings.recipe)
  local names = {}
  for name in pairs(e) do names[#names + 1] = name end
  core.sort(names)
  for _, name in ipairs(names) do row(name, e[name]) end
  row("threads", run.settings.options.threads)
  local d = run.settings.data
  if d.images then
    row("data", ("%s of %s x %s, %s channels, %s"):format(sections.thousands(d.images), d.height, d.width, d.channels,
      sections.value(d.checksum)))
  end
  local function last(name, what, f)
    local v = sections.last_number(run, name)
    if v then row(what, f(v)) end
  end
  last("seconds", "time, of the last command", quantities.time)
  last("images_per_second", "images per second", function(v) return ("%.0f"):format(v) end)
  last("memory", "memory", function(v) return ("%.2f GB"):format(v / 1e9) end)
  last("kimg", "real images shown", function(v) return sections.thousands(math.floor(v * 1000)) end)
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
  local s, data, list = run.settings, {}, sections.events(run)
  local first, later = sections.panels {run}
  local marks = {}
  for i, e in ipairs(list) do marks[i] = {x = e.step, text = ("step %d: %s"):format(e.step, e.text)} end
  local parts = {}
  local function part(fmt, ...) parts[#parts + 1] = html.format(fmt, ...) end
  part('<header><h1>%s</h1><p id="state">%h</p></header>', run.dir, headline(run, ended))
  part('<main><section aria-labelledby="h-pictures"><h2 id="h-pictures">Pictures</h2>%h</section>',
    pictures(run, cache))
  part('<section aria-labelledby="h-curves"><h2 id="h-curves">Curves</h2>%h%h', page.chart_controls "step",
    first[1] and sections.charts(first, marks, data) or '<p class="note">There are no numbers yet.</p>')
  if later[1] then part("%h", html.fold("more", "more curves", sections.charts(later, marks, data))) end
  part('</section><section aria-labelledby="h-events"><h2 id="h-events">What happened</h2>%h</section>', events(list))
  local changed, rest = sections.options(s)
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
    data = "{" .. table.concat(data, ",") .. "}", refresh = run.state == "running" and not ended,
    head = html.format('<script type="application/json" id="card">%h</script>',
      html.json(json.encode(index.card(run, ended and "failed" or run.state))))}
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
  local run, message = sections.read(dir)
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

-- Makes and writes the page, and that of all runs beside it.
local function write(self, ended)
  local run, message = sections.read(self.dir)
  if not run then return nil, message end
  local folder = text.folder_of(self.dir)
  if not self.last then text.leftovers(folder, true) end -- of one that was killed
  local ok
  ok, message = text.write(self.path, make(run, ended, self.cache))
  if not ok then return nil, message end
  return index.write(folder)
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
