-- Nothing that a script passes may crash the process, and no file; what was upset leaves the library as it was. The
-- programs of spec/torture in short: fuzz.lua, mutate.lua and upset.lua of spec/support, in processes of their own.
-- Longer under the sanitizers (`make asan`), and much longer by `make torture`.
local child = require "spec.support.child"
local temp = require "spec.support.temp"

local times = os.getenv "GAN_SANITIZED" and 4 or 1

local function survives(program, seed, count, words)
  local log = os.tmpname()
  finally(function() os.remove(log) end)
  local result, said = child.run(("spec/support/%s.lua %d %d '%s' %s"):format(program, seed, count * times, log,
    words or ""))
  assert.truthy(result, ("%s; last: %s"):format(said, temp.read(log):match "[^\n]*"))
  return result
end

describe("random arguments", function()
  for seed = 1, 2 do
    it(("leave the process alive: seed %d"):format(seed), function()
      local result = survives("fuzz", seed, 2500, "spec/nn/linear_spec.lua,spec/optim/adam_spec.lua")
      assert.is_true(result.returned > result.tried // 8) -- not all is refused at the door
      assert.is_true(result.functions > 900)
    end)
  end
end)

describe("damaged files", function()
  it("give a value, or nil and a message", function()
    local result = survives("mutate", 1, 14000)
    for name, n in pairs(result.kinds) do assert.is_true(n[1] > 100 and (n[2] > 0 or name == "foreign"), name) end
  end)
end)

describe("what is upset in the middle", function()
  it("leaves the library as it was", function()
    local result = survives("upset", 1, 250)
    assert.is_true(result.raised > 50)
  end)
end)
