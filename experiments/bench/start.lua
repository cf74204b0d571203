-- Start-up: milliseconds from starting a fresh interpreter to the end of the first op and of the process, and how many
-- of them are not the interpreter's own; with --torch in turns with Python and PyTorch.
--   lua experiments/bench/start.lua --runs 21 --json
local bench = dofile((arg[0]:match "^.*/" or "") .. "bench.lua")
local core = require "gan.core"

local opt = bench.options("Times the start of the library.", {
  {"runs", 21, "starts of each"}, {"torch", false, "PyTorch's, too (needs python3-torch)"}})

local function lua(chunk) return bench.interpreter .. " -e " .. bench.quoted(chunk) end
local function python(chunk) return bench.python .. " -c " .. bench.quoted(chunk) end

local here = ("package.path, package.cpath = %q, %q; "):format(package.path, package.cpath)
local first_op = "local gan = require 'gan'; gan.threads(%d); assert(gan.ones(2, 2):add(1):sum():item() == 8)"
local programs = {{"lua", lua ""}, {"gan", lua(here .. first_op:format(opt.threads))}}
if opt.torch then
  programs[3] = {"python", python ""}
  local threads = ("torch.set_num_threads(%d)"):format(opt.threads)
  programs[4] = {"torch", python("import torch; " .. threads .. "; assert (torch.ones(2, 2) + 1).sum().item() == 8")}
end

local times = {}
for run = 0, opt.runs do -- the first only brings the files into memory
  for i, p in ipairs(programs) do
    local t = core.clock()
    if not os.execute(p[2]) then bench.fail("this failed: %s", p[2]) end
    times[i] = times[i] or {}
    if run > 0 then times[i][run] = 1000 * (core.clock() - t) end
  end
end

local record = {runs = opt.runs}
for i = 2, #programs, 2 do
  local who, bare, all = programs[i][1], bench.median(times[i - 1]), bench.median(times[i])
  record[who] = {ms_start = bench.digits(all - bare), ms_process = bench.digits(all)}
  bench.say("%-8s %8.1f ms to the first op, and %.1f ms of the bare interpreter %s",
    who, all - bare, bare, programs[i - 1][1])
end
bench.result(record)
