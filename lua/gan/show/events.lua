--- Writes a run's numbers and pictures as an event file of TensorBoard, beside stats.jsonl and in step with it.
--
-- A run has one such file, whatever number of processes trained it. Where a run goes on from a checkpoint, or goes
-- back to one, what the file has beyond that step goes, so that no step is there twice.
-- @internal gan.show.events
local board = require "gan.file.tensorboard"
local core = require "gan.core"
local curves = require "gan.show.curves"
local gallery = require "gan.show.gallery"
local journal = require "gan.show.journal"
local quantities = require "gan.quantities"
local text = require "gan.file.text"

local M = {}

local PATTERN = "^events%.out%.tfevents%."
local CHUNK = 1 << 20 -- bytes that are copied at a time

-- Groups of tags, by a number's kind; counters beside the step are what x may be, and no curves.
local GROUPS = {loss = "loss", logit = "D", ["step size"] = "lr", gradient = "gradient", move = "gradient",
  variety = "variety", metric = "metric"}

--- Returns the name of the event file in a directory. Cannot fail.
-- @tparam string dir  the run's directory
-- @treturn string  nil where there is none
function M.find(dir)
  for _, name in ipairs(text.names(dir) or {}) do
    if name:find(PATTERN) then return name end
  end
end

local Writer = {}
Writer.__index = Writer

-- The numbers of a record as {tag, number}, sorted; `metric`: it is one measurement of this name.
local function values_of(self, record, metric)
  if metric then
    self.measured[metric] = true
    return {type(record.value) == "number" and {"metric/" .. metric, record.value} or nil}
  end
  local out, names = {}, {}
  for name, v in pairs(record.total and record or {}) do
    local skip = quantities.is(name, "counter") or quantities.is(name, "metric") and self.measured[name]
    if type(v) == "number" and not skip then names[#names + 1] = name end
  end
  core.sort(names)
  for i, name in ipairs(names) do
    local q = quantities.find(name)
    out[i] = {("%s/%s"):format(q and GROUPS[q.kind] or "other", name), record[name]}
  end
  return out
end

-- Drops what the file has already: a process may have ended between an event and the line that tells of its step.
local function fresh(self, step, values)
  local out = {}
  for _, v in ipairs(values) do
    if step > (self.last[v[1]] or -1) then out[#out + 1], self.last[v[1]] = v, step end
  end
  return out[1] and out or nil
end

-- A record, or a picture, as bytes; nil where there is nothing new in it.
local function record_bytes(self, record, metric, wall)
  local step = math.tointeger(record.step)
  local values = step and step >= 0 and fresh(self, step, values_of(self, record, metric))
  return values and board.scalars(wall, step, values)
end

local function picture_bytes(self, name, path, wall)
  local tag, entry = "samples", gallery.list({name})[1]
  local step = entry and entry.step or name == "reals.png" and 0
  if name == "reals.png" then tag = "real" end
  local png = step and text.read(path)
  local ok, h, w, c = pcall(core.image_info, png or "")
  if not (ok and h and fresh(self, step, {{tag}})) then return nil end
  return board.picture(wall, step, tag, png, {h, w, c})
end

local function append(self, bytes)
  if not bytes then return true end
  local ok, message = self.file:write(bytes)
  if ok then ok, message = self.file:flush() end
  if not ok then return nil, ("%s: cannot write: %s"):format(self.path, message) end
  return true
end

--- Adds a record of the run, as it is in stats.jsonl.
-- @tparam table record  name -> value
-- @tparam[opt] string metric  it is a measurement of this name
-- @treturn boolean  true
-- @error if it cannot be written
function Writer:record(record, metric) return append(self, record_bytes(self, record, metric, os.time())) end

--- Adds a picture of the run, if it is one of samples or of real images.
-- @tparam string name  the file's
-- @tparam string path  of the file
-- @treturn boolean  true
-- @error if it cannot be written
function Writer:picture(name, path) return append(self, picture_bytes(self, name, path, os.time())) end

--- Closes the file. Cannot fail.
function Writer:close() self.file:close() end

-- ---- from what there is ----

-- All that a run's files hold up to a step, in the order of steps: list of {step, bytes}. Records know the seconds of
-- their process; so times are counted back from `ends`, the time of the last one.
local function history(self, step, ends)
  local run, message = curves.read(self.dir)
  if not run then return nil, message end
  local stats, times = journal.finite(run.stats), {}
  for i = #stats, 1, -1 do
    local r, later = stats[i], stats[i + 1]
    local a, b = tonumber(r.seconds) or 0, later and tonumber(later.seconds) or 0
    if i < #stats then ends = ends - math.max(0, b >= a and b - a or b) end
    times[i] = ends
  end
  local list = {}
  local function wall_of(at)
    for i, r in ipairs(stats) do if r.step >= at then return times[i] end end
    return times[#times] or ends
  end
  local function add(at, f, ...)
    if at <= step then list[#list + 1] = {at, #list, f, ...} end
  end
  for name, records in pairs(run.metrics) do
    self.measured[name] = true
    for _, r in ipairs(journal.finite(records)) do add(r.step, record_bytes, r, name) end
  end
  for _, r in ipairs(stats) do add(r.step, record_bytes, r, nil) end
  local names = text.names(self.dir)
  if text.exists(self.dir .. "/reals.png") then add(0, picture_bytes, "reals.png", self.dir .. "/reals.png") end
  for _, p in ipairs(gallery.list(names)) do add(p.step, picture_bytes, p.name, ("%s/%s"):format(self.dir, p.name)) end
  table.sort(list, function(a, b) return a[1] < b[1] or a[1] == b[1] and a[2] < b[2] end)
  local out = {board.version(times[1] or ends)}
  for _, e in ipairs(list) do out[#out + 1] = e[3](self, e[4], e[5], wall_of(e[1])) end
  return table.concat(out)
end

-- The beginning of a file up to the first event beyond a step, or that is not whole; the last steps of tags are noted.
-- first: the record that a file begins with, where none of it stays.
local function rewind(self, step, first)
  local file, message = io.open(self.path, "rb")
  if not file then return nil, message end
  local size, stays = file:seek "end", 0
  file:seek "set"
  for at, own, tags in board.events(file) do
    if own > step then break end
    for _, tag in ipairs(tags) do self.last[tag] = own end
    stays = at
  end
  local out
  if stays < size then
    file:seek "set"
    out, message = core.file_create(self.path)
    local ok = out ~= nil
    if ok and stays == 0 then ok, message = out:write(first) end
    while ok and stays > 0 do
      local bytes = file:read(math.min(stays, CHUNK))
      stays = stays - #bytes
      ok, message = out:write(bytes)
    end
    if ok then ok, message = out:commit() end
    out = ok and true or nil
  else
    out = true
  end
  file:close()
  return out, message
end

-- A file's name. The host may have any name.
local function name_at(seconds)
  local pid, host = core.process()
  return ("events.out.tfevents.%010d.%s.%d.0"):format(seconds, host:gsub("[^%w.-]", "_"), pid)
end

--- Opens a run's event file, to go on with it from a step. Where there is none, it is made of what the run's other
-- files hold.
-- @tparam string dir  the run's directory
-- @tparam integer step  later events are dropped
-- @tparam[opt] string out  the directory of the event file; default: the run's
-- @tparam[opt] number ends  seconds since 1970 at which the last of these was written; default: now
-- @treturn Writer  its `path`, and the methods `record`, `picture` and `close`
-- @error if the disk fails, or there is no run
function M.open(dir, step, out, ends)
  out = out or dir
  local self = setmetatable({dir = dir, last = {}, measured = {}}, Writer)
  for _, name in ipairs(text.names(dir) or {}) do
    local metric = name:match "^metric%-(.*)%.jsonl$"
    if metric then self.measured[metric] = true end
  end
  local name = M.find(out)
  local ok, message
  self.path = ("%s/%s"):format(out, name or name_at(os.time()))
  if name then
    ok, message = rewind(self, step, board.version(os.time()))
  else
    ok, message = history(self, step, ends or os.time())
    if ok then ok, message = text.write(self.path, ok) end
  end
  if not ok then return nil, message end
  self.file, message = io.open(self.path, "ab")
  if not self.file then return nil, message end
  return self
end

return M
