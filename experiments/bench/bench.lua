-- What the benchmarks share: the library's path, options, timing, the machine's peak.
local here = (arg and arg[0] or ""):match "^(.*)/" or "."
local root = here .. "/../.."
local sources = io.open(root .. "/lua/gan/init.lua")
if sources then
  sources:close()
  package.path = root .. "/lua/?.lua;" .. root .. "/lua/?/init.lua;" .. package.path
  package.cpath = root .. "/build/?.so;" .. package.cpath
end

local argparse = require "argparse"
local core = require "gan.core"

local M = {here = here}

local function whole(lo)
  return function(s)
    local n = math.tointeger(tonumber(s))
    if n and n >= lo then return n end
    return nil, ("expected an integer >= %d, got '%s'"):format(lo, s)
  end
end

--- Reads the command line: {name, default, description} each (a boolean default makes a flag); --threads is always there and set.
function M.options(summary, list)
  local p = argparse(arg[0], summary)
  list[#list + 1] = {"threads", core.threads(), "threads of the kernels"}
  for _, o in ipairs(list) do
    if o[2] == false then p:flag("--" .. o[1], o[3])
    else p:option("--" .. o[1], ("%s (default %d)"):format(o[3], o[2]), o[2], whole(1)) end
  end
  local opt = p:parse()
  core.threads(opt.threads)
  return opt
end

local function median(list)
  table.sort(list)
  return (list[(#list + 1) // 2] + list[#list // 2 + 1]) / 2
end
M.median = median

--- Median seconds of f() over at least `least` calls and about `seconds` of time, after one call to warm up.
function M.time(f, seconds, least)
  local times, start = {}, core.clock()
  f()
  repeat
    local t = core.clock()
    f()
    times[#times + 1] = core.clock() - t
  until #times >= (least or 5) and core.clock() - start > (seconds or 0.3)
  return median(times)
end

--- GFLOP/s of multiply-adds in registers on the threads in use: the yardstick. Machines are noisy, so take it before and after.
function M.peak()
  local best, start = 0, core.clock()
  repeat best = math.max(best, core.fma_peak()) until core.clock() - start > 0.2
  return best
end

return M
