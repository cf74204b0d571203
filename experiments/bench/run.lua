-- Everything measured, by `make bench`: kernels, then whole training steps, in turns with PyTorch where that is installed.
--   lua experiments/bench/run.lua [--rounds 2] [--steps 3] [--threads 2] [--no-kernels]
local bench = dofile((arg[0]:match "^.*/" or "") .. "bench.lua")
local json = require "cjson"

local opt = bench.options("Runs every benchmark; compares the training step with PyTorch's.", {
  {"rounds", 2, "turns of each program"}, {"steps", 3, "steps timed in a turn"}, {"no-kernels", false, "training steps only"}})

local function quoted(s) return "'" .. s:gsub("'", "'\\''") .. "'" end
local lua = quoted(arg[-1] or "lua5.4")

local function script(name, options) return ("%s %s %s"):format(lua, quoted(bench.here .. "/" .. name), options) end

-- The line of JSON that a command prints, or nil.
local function result(command)
  local pipe = io.popen(command, "r")
  local line = pipe and pipe:read "l"
  local ok = pipe and pipe:close()
  if not ok or not line then return nil end
  local good, value = pcall(json.decode, line)
  return good and value or nil
end

-- PyTorch of Debian: OpenBLAS' OpenMP build beside its own OpenMP, and a malloc that gives no memory back.
local python = "env LD_LIBRARY_PATH=/usr/lib/x86_64-linux-gnu/openblas-openmp"
  .. " GLIBC_TUNABLES=glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184:glibc.malloc.top_pad=268435456 /usr/bin/python3 "
local has_torch = os.execute "/usr/bin/python3 -c 'import torch' >/dev/null 2>&1" == true

if not opt.no_kernels then
  for _, name in ipairs {"conv", "pointwise"} do
    print("-- " .. name)
    os.execute(script(name .. ".lua", "--threads " .. opt.threads))
    print()
  end
end

print("-- training step of the DCGAN" .. (has_torch and ", in turns with PyTorch" or " (no PyTorch for /usr/bin/python3: no comparison)"))
print(("%-16s %10s %10s %8s %12s %8s %8s"):format("", "s/step", "images/s", "MB", "torch s/step", "MB", "times"))
local peak_before = bench.peak()
for _, net in ipairs {{64, 3, 64}, {64, 3, 128}, {32, 1, 64}} do
  local options = ("--size %d --channels %d --batch %d --threads %d --steps %d"):format(net[1], net[2], net[3], opt.threads, opt.steps)
  local ours, theirs, ratios, mb, torch_mb = {}, {}, {}, 0, 0
  for _ = 1, opt.rounds do
    local a = result(script("step.lua", options .. " --json"))
    if not a then
      io.stderr:write("step.lua failed\n")
      os.exit(1)
    end
    ours[#ours + 1], mb = a.s_step, math.max(mb, a.rss_mb)
    local b = has_torch and result(python .. quoted(bench.here .. "/torch_step.py") .. " " .. options)
    if b then
      theirs[#theirs + 1], torch_mb = b.s_step, math.max(torch_mb, b.rss_mb)
      ratios[#ratios + 1] = b.s_step / a.s_step
    end
  end
  local s = bench.median(ours)
  local line = ("%-16s %10.4f %10.1f %8.0f"):format(("%dx%dx%d b%d"):format(net[1], net[1], net[2], net[3]), s, net[3] / s, mb)
  if #theirs > 0 then line = line .. (" %12.4f %8.0f %8.2f"):format(bench.median(theirs), torch_mb, bench.median(ratios)) end
  print(line)
end
print(("FMA peak %.0f GFLOP/s before, %.0f after (%d threads); 'times': how many times faster than PyTorch, median of %d turns"):format(
  peak_before, bench.peak(), opt.threads, opt.rounds))
