--- Damages files of every format and reads them, in a process of its own: `lua spec/support/mutate.lua SEED COUNT LOG
-- [PATTERN]`.
--
-- It ends with 0 if each of COUNT files gave a value, or nil and a message, within 5 s and 300 MB: no crash, no error
-- raised. LOG is the file of the last call, behind a line that says what it was. PATTERN restricts the formats. The
-- last line is JSON: `tried`, `read` (how many gave a value), `kinds`, name -> {tried, read}.
local gan = require "gan"
local core = require "gan.core"
local damage = require "spec.support.random_damage"
local json = require "gan.file.json"
local specimens = require "spec.support.specimens"
local temp = require "spec.support.temp"

local LONGEST, MOST = 5, 300 << 20 -- seconds and bytes that a file may take

local seed, count, pattern = tonumber(arg[1]), tonumber(arg[2]), arg[4] or ""
local log = assert(io.open(arg[3], "wb"))
math.randomseed(seed)
local random = math.random
local function pick(list) return list[random(#list)] end
local function same(bytes) return bytes end

local home = temp.quick_folder()
local chosen = {}
for _, t in ipairs(specimens) do
  if t.name:find(pattern) then
    chosen[#chosen + 1] = t
    t.tried, t.good = 0, 0
    if t.file then
      t.dir = ("%s/%d"):format(home, #chosen)
      t.path = t.dir .. "/" .. t.file
      assert(gan.file.text.make_folder(gan.file.text.folder_of(t.path)))
      for name, bytes in pairs(t.beside or {}) do
        assert(gan.file.text.make_folder(gan.file.text.folder_of(t.dir .. "/" .. name)))
        temp.write(t.dir .. "/" .. name, bytes)
      end
    end
  end
end

local function damaged(t)
  local bytes, other = pick(t.files), pick(t.files)
  if t.cut and random() < 0.4 then
    bytes = t.join(damage.pieces(t.cut(bytes), t.cut(other)))
  else
    bytes = damage(bytes, other)
    if t.cut and random() < 0.3 then bytes = t.join(t.cut(bytes)) end
  end
  if t.mend and random() < 0.6 then bytes = t.mend(bytes) end
  return (t.wrap or same)(bytes)
end

local function fail(i, t, fmt, ...)
  io.write(("file %d, %s: "):format(i, t.name), fmt:format(...), "\n")
  log:close()
  temp.remove(home)
  os.exit(1)
end

local clear = io.open("/proc/self/clear_refs", "w") -- forgets the most that was resident
if clear then
  clear:write "5"
  clear:close()
end

local good = 0
for i = 1, count do
  local t = pick(chosen)
  local bytes = damaged(t)
  if t.path then temp.write(t.path, bytes) end
  log:seek "set"
  log:write(("file %d of %d bytes, %s\n"):format(i, #bytes, t.name), bytes)
  log:flush()
  local before, highest = core.rss() -- the most so far may lie above, as memory was given back
  local began = os.clock()
  local ok, value, message = xpcall(pick(t.read), debug.traceback, t.folder and t.dir or t.path or bytes)
  local took = os.clock() - began
  local _, most = core.rss()
  if not ok then fail(i, t, "raised: %s", value) end
  if value == nil and type(message) ~= "string" then fail(i, t, "neither a value nor a message") end
  if took > LONGEST then fail(i, t, "took %.1f s", took) end
  if most > highest and most - before > MOST then fail(i, t, "took %d MB", (most - before) >> 20) end
  t.tried = t.tried + 1
  if value ~= nil then good, t.good = good + 1, t.good + 1 end
  if i % 1000 == 0 then collectgarbage() end
end

temp.remove(home)
local kinds = {}
for _, t in ipairs(chosen) do kinds[t.name] = {t.tried, t.good} end
print(json.encode {tried = count, read = good, kinds = kinds})
