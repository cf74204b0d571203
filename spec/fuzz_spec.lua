-- Nothing that a script passes may crash the process, and no file: fuzz.lua, mutate.lua and mutate_pictures.lua of
-- spec/support in child processes, briefly here, longer under the sanitizers (`make asan`) or with GAN_FUZZ=steps,
-- GAN_MUTATE=files, GAN_MUTATE_PICTURES=files of each kind.
local damaged_pictures = tonumber(os.getenv "GAN_MUTATE_PICTURES") or 2000
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

describe("damaged pictures", function()
  it(("give a picture, or nil and a message: %d of each kind"):format(damaged_pictures), function()
    local log, out = os.tmpname(), os.tmpname()
    local ok = os.execute(
      ("'%s' spec/support/mutate_pictures.lua 1 %d '%s' >'%s' 2>&1"):format(interpreter(), damaged_pictures, log, out))
    local said = slurp(out)
    assert.is_true(ok, ("the last file is in %s\n%s"):format(log, said:sub(-4000)))
    os.remove(log)
    assert.truthy(said:find "alive\n$", said:sub(-1000))
    local kinds = 0
    for read in said:gmatch "files, (%d+) read" do
      kinds = kinds + 1
      assert.is_true(tonumber(read) > 0, said) -- not all is refused at the door
    end
    assert.equal(7, kinds)
  end)
end)
