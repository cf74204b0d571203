--- Writes the page of all runs in a folder, index.html: what each draws, what it is, how it stands, its last numbers.
--
-- A run's page, report.html, begins with a card, which has all that is asked for here: so a page of a thousand runs is
-- made of a thousand beginnings of files. It is written anew whenever a run writes its page.
-- @module gan.show.index
local core = require "gan.core"
local check = require "gan.check"
local html = require "gan.show.html"
local json = require "gan.file.json"
local page = require "gan.show.page"
local quantities = require "gan.quantities"
local chart = require "gan.show.chart"
local gallery = require "gan.show.gallery"
local sections = require "gan.show.sections"
local text = require "gan.file.text"

local M = {}

local FILE, REPORT = "index.html", "report.html"
local MARK = '<meta name="generator" content="gan: all runs">' -- a page without it is somebody else's, and stays
local HEAD = 16384 -- bytes of a report that hold its card
local SILENT = 1200 -- seconds without a new page, after which a run that trains may have ended
local LATEST = 1 << 35 -- a second that has a date
local TRIES = 3

-- The last numbers of a run: its metrics, or else the losses.
local function numbers(run)
  local out, names = {}, {}
  local function add(name, v) out[#out + 1] = ("%s %s"):format(quantities.label(name), chart.number(v)) end
  for name, list in pairs(run.metrics) do
    if list[1] and type(list[#list].value) == "number" then names[#names + 1] = name end
  end
  core.sort(names)
  for _, name in ipairs(names) do add(name, run.metrics[name][#run.metrics[name]].value) end
  for _, kind in ipairs {"metric", "loss"} do
    for _, name in ipairs(out[1] and {} or quantities.names(kind)) do
      local v = sections.last_number(run, name)
      if v then add(name, v) end
    end
  end
  return out
end

--- Makes a run's card, for the beginning of its page. Cannot fail.
-- @tparam table run  of gan.show.sections.read
-- @tparam string state  how it stands
-- @treturn table  `recipe`, `data`, `step`, `total`, `state`, `health`, `numbers`, `picture`, `at`: plain values
function M.card(run, state)
  local s, pictures = run.settings, gallery.list(run.names)
  local size = s.data.height and ("%d x %d"):format(s.data.height, s.data.width or s.data.height)
  local data = type(s.options.data) == "string" and s.options.data:match "[^/]*/*$" or nil
  local health = sections.last_with(run.stats, "health").health
  return {recipe = type(s.recipe) == "string" and s.recipe or nil,
    data = data and size and ("%s, %s"):format(data, size) or data or size, step = run.last.step,
    total = run.last.total or s.total_steps, state = state, health = type(health) == "string" and health or nil,
    numbers = numbers(run), picture = pictures[#pictures] and pictures[#pictures].name, at = os.time()}
end

local kinds = {recipe = "string", data = "string", step = "integer", total = "integer", state = "string",
  health = "string", picture = "string", at = "integer"}

-- The card at the beginning of a run's page, and the text that it was: nil where there is none.
local function read(dir)
  local file = io.open(("%s/%s"):format(dir, REPORT), "rb")
  local head = file and file:read(HEAD)
  if file then file:close() end
  local own = (head or ""):match '<script type="application/json" id="card">(.-)</script>'
  local card = own and json.decode(own)
  if type(card) ~= "table" then return nil end
  for name, kind in pairs(kinds) do
    if (math.type(card[name]) or type(card[name])) ~= kind then card[name] = nil end
  end
  if type(card.numbers) ~= "table" then card.numbers = {} end
  if card.at and (card.at < 0 or card.at > LATEST) then card.at = nil end
  if card.picture and not gallery.list({card.picture})[1] then card.picture = nil end
  return card, own
end

--- Tells whether a run's page has a card. Cannot fail.
-- @tparam string dir  the run's directory
-- @treturn boolean
function M.has_card(dir) return read(dir) ~= nil end

-- The address of a file in a run, from the folder of runs.
local function address(name, file)
  return ("%s/%s"):format(name, file):gsub("[^%w/._~-]", function(c) return ("%%%02X"):format(c:byte()) end)
end

-- All runs of a folder, the one that was written last first, and what they were made of, as one text.
local function read_all(folder)
  local list, all = {}, {}
  for _, name in ipairs(text.folders_with(folder, "stats.jsonl")) do
    local card, own = read(("%s/%s"):format(folder, name))
    list[#list + 1] = {name = name, card = card or {numbers = {}, at = 0}}
    all[#all + 1] = ("%s %s"):format(name, own or "")
  end
  table.sort(list, function(a, b)
    local x, y = a.card.at or 0, b.card.at or 0
    return x > y or x == y and core.before(a.name, b.name)
  end)
  return list, table.concat(all, "\n")
end

local function state_of(card, now)
  if card.state == "running" and now - (card.at or 0) > SILENT then return "may have ended" end
  return card.state or "unknown: compare.lua --index reads it"
end

local function make(folder, list, now)
  local rows, running = {}, false
  for i, run in ipairs(list) do
    local c, told = run.card, {}
    local state = state_of(c, now)
    running = running or state == "running"
    for k, n in ipairs(c.numbers) do told[k] = type(n) == "string" and n or nil end
    local picture = c.picture and html.format('<img src="%s" alt="%s" loading="lazy">',
      address(run.name, c.picture), "newest picture of " .. run.name) or ""
    rows[i] = html.format('<tr><td>%h</td><th scope="row"><a href="%s">%s</a></th><td>%s</td><td>%s</td><td>%s</td>'
      .. '<td><span class="state %s">%s</span> %s</td><td>%s</td><td>%s</td></tr>', picture,
      address(run.name, c.state and REPORT or ""), run.name, c.recipe or "", c.data or "",
      c.step and sections.thousands(c.step) .. (c.total and " of " .. sections.thousands(c.total) or "") or "",
      c.state or "", state, c.health and c.health ~= "ok" and c.health or "", table.concat(told, "; "),
      (c.at or 0) > 0 and os.date("!%Y-%m-%d %H:%M", c.at) or "")
  end
  local body = html.format('<header><h1>%s</h1><p><span id="age" data-at="%d">written %s UTC</span></p></header>'
    .. '<main><table class="runs"><thead><tr><th scope="col">picture</th><th scope="col">run</th><th scope="col">recipe'
    .. '</th><th scope="col">data</th><th scope="col">step</th><th scope="col">state</th><th scope="col">last numbers'
    .. '</th><th scope="col">written (UTC)</th></tr></thead><tbody>%h</tbody></table></main>', folder, now,
    os.date("!%Y-%m-%d %H:%M:%S", now), table.concat(rows))
  return page.of {title = ("%s: %s"):format(folder, check.count(#list, "run")), body = body, refresh = running,
    local_images = true, head = MARK}
end
make = core.without_locale(make)

--- Writes the page of all runs in a folder. Several processes may: each page is whole, and the last one that is written
-- has what all of them knew.
-- @tparam string folder  where runs are kept
-- @treturn string  the page's path
-- @error if it cannot be written, or there is an index.html that is somebody else's
function M.write(folder)
  local path = ("%s/%s"):format(folder, FILE)
  local there = io.open(path, "rb")
  local head = there and there:read(1024) or nil
  if there then there:close() end
  if head and not head:find(MARK, 1, true) then
    return nil, ("%s is not a page of runs: it stays as it is"):format(path)
  end
  local list, all = read_all(folder)
  for _ = 1, TRIES do
    local ok, message = text.write(path, make(folder, list, os.time()))
    if not ok then return nil, message end
    local before = all
    list, all = read_all(folder)
    if all == before then break end -- else another process has written a run's page meanwhile
  end
  return path
end

return M
