-- What the benchmarks share: the library's path, options, timing, the machine's peak, the one way to print a result.
local here = (arg and arg[0] or ""):match "^(.*)/" or "."
local root = here .. "/../.."
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local sources = io.open(root .. "/lua/gan/init.lua")
if sources then
  sources:close()
  package.path = root .. "/lua/?.lua;" .. root .. "/lua/?/init.lua;" .. package.path
  package.cpath = root .. "/build/?.so;" .. package.cpath
end

local argparse = require "argparse"
require "gan.wait"
local core = require "gan.core"
local json = require "gan.file.json"

local M = {here = here, json = json}
local opt

-- ---- options ----

local name = (arg and arg[0] or "bench"):match "[^/]*$"

--- Ends the program with one line on standard error.
function M.fail(fmt, ...)
  io.stderr:write(name, ": ", fmt:format(...), "\n")
  os.exit(1)
end

local function whole(key, lo, hi)
  return function(s)
    local n = math.tointeger(tonumber(s))
    if n and n >= lo and n <= hi then return n end
    return nil, ("%s: expected an integer in %d..%d, got '%s'"):format(key, lo, hi, s)
  end
end

-- One of a list of words.
local function word(key, list)
  return function(s)
    for _, w in ipairs(list) do
      if s == w then return s end
    end
    return nil, ("%s: expected one of %s, got '%s'"):format(key, table.concat(list, ", "), s)
  end
end

local function add(p, o)
  local key, default, help = "--" .. o[1], o[2], o[3]
  if default == false then return p:flag(key, help) end
  if math.type(default) then help = ("%s (default %d)"):format(help, default) end -- argparse tells those that are text
  local convert = o.text and tostring or o.words and word(key, o.words) or whole(key, o.lo or 1, o.hi or 2 ^ 24)
  return p:option(key, help, default, convert)
end

--- Reads the command line: {name, default, description} each. A default false makes a flag, `words` a choice, `text`
-- any string; else it is an integer from lo (1) on. Adds --threads, and sets it; and --json and --table, unless the
-- list has a --json of its own.
function M.options(summary, list)
  local p = argparse(name, summary)
  function p.error(_, message) M.fail("%s", (message:gsub("%s+", " "))) end
  local own = false
  for _, o in ipairs(list) do
    add(p, o)
    own = own or o[1] == "json"
  end
  add(p, {"threads", core.threads(), "threads of the kernels", hi = 64})
  if not own then
    add(p, {"json", false, "print one line of JSON"})
    add(p, {"table", false, "with --json: print the table too, before the line"})
  end
  opt = p:parse()
  core.threads(opt.threads)
  return opt
end

-- ---- results ----

--- Prints a line of the table, where one is wanted.
function M.say(fmt, ...)
  if not opt.json or opt.table then
    print(fmt:format(...))
    io.stdout:flush()
  end
end

--- Prints the result as one line, after who and how many threads, if --json was given.
function M.result(record)
  record.who, record.threads = "gan", opt.threads
  if opt.json then print(json.encode(record)) end
end

--- Rounds x to n (5) significant digits: a result needs no more.
function M.digits(x, n) return tonumber(("%%.%dg"):format(n or 5):format(x)) end

-- ---- measuring ----

local function median(list)
  table.sort(list)
  return (list[(#list + 1) // 2] + list[#list // 2 + 1]) / 2
end
M.median = median

-- The option of scripts that measure kernels.
M.ms = {"ms", 300, "milliseconds for each measurement"}

local function seconds() return (opt.ms or 300) / 1000 end

--- Returns the median seconds of f() over at least five calls and about --ms of time, after one call to warm up.
function M.time(f)
  local times, start = {}, core.clock()
  f()
  repeat
    local t = core.clock()
    f()
    times[#times + 1] = core.clock() - t
  until #times >= 5 and core.clock() - start > seconds()
  return median(times)
end

--- Measures GFLOP/s of multiply-adds in registers on the threads in use: the yardstick. Machines are noisy, so take it
-- before and after.
function M.peak()
  local best, start = 0, core.clock()
  repeat best = math.max(best, core.fma_peak()) until core.clock() - start > 0.7 * seconds()
  return best
end

-- ---- other programs ----

local function quoted(s) return "'" .. s:gsub("'", "'\\''") .. "'" end

local first = 0
while arg and arg[first - 1] do first = first - 1 end

-- The shell's words for this very interpreter, and for a script of this directory.
M.interpreter = quoted(arg and arg[first] or "lua5.4")
function M.script(file) return quoted(here .. "/" .. file) end
M.quoted = quoted

-- The shell's words that start Python for PyTorch, tuned: Debian's PyTorch is fast only where OpenBLAS shares its
-- OpenMP and malloc gives no memory back.
M.python = "env LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu/openblas-openmp"
  .. " GLIBC_TUNABLES=glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184:glibc.malloc.top_pad=268435456"
  .. " /usr/bin/python3"

--- Tells whether there is a PyTorch to compare with, or another module of its Python.
function M.has_torch(module)
  return os.execute(("%s -c 'import %s' >/dev/null 2>&1"):format(M.python, module or "torch")) == true
end

return M
