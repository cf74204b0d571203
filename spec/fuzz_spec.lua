-- Nothing that a script passes may crash the process, and no file: spec/support/fuzz.lua and spec/support/mutate.lua in
-- child processes, briefly here, longer under the sanitizers (`make asan`) or with GAN_FUZZ=steps, GAN_MUTATE=files.
local mutated = tonumber(os.getenv "GAN_MUTATE") or (os.getenv "GAN_SANITIZED" and 6000 or 4000)
local steps = tonumber(os.getenv "GAN_FUZZ") or (os.getenv "GAN_SANITIZED" and 20000 or 10000)

local function interpreter()
  local i = 0
  while arg[i - 1] do i = i - 1 end
  return arg[i]
end

local function slurp(path)
  local f = io.open(path)
  local s = f and f:read "a" or ""
  if f then f:close() end
  os.remove(path)
  return s
end

describe("random arguments", function()
  for seed = 1, 2 do
    it(("leave the process alive: seed %d, %d steps"):format(seed, steps), function()
      local log, out = os.tmpname(), os.tmpname()
      local ok = os.execute(
        ("'%s' spec/support/fuzz.lua %d %d '%s' >'%s' 2>&1"):format(interpreter(), seed, steps, log, out))
      local last, said = slurp(log):match "[^\n]*", slurp(out)
      assert.is_true(ok, ("seed %d, last call %s\n%s"):format(seed, last, said:sub(-4000)))
      assert.truthy(said:find(("%d steps on [^\n]*: alive\n$"):format(steps)), said:sub(-1000))
    end)
  end
end)

describe("damaged files of data", function()
  it(("give a set, or nil and a message: %d files"):format(mutated), function()
    local log, out = os.tmpname(), os.tmpname()
    local ok = os.execute(
      ("'%s' spec/support/mutate.lua 1 %d '%s' >'%s' 2>&1"):format(interpreter(), mutated, log, out))
    local last, said = slurp(log):match "[^\n]*", slurp(out)
    assert.is_true(ok, ("last %s (its bytes: %s.file)\n%s"):format(last, log, said:sub(-4000)))
    assert.truthy(said:find(("%d files of [^\n]*: alive\n$"):format(mutated)), said:sub(-1000))
  end)
end)
