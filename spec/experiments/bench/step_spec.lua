-- The benchmarks run, say what they should, and refuse what makes no sense.
local core = require "gan.core"
local json = require "cjson"

local function sh(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read "a"
  return pipe:close() == true, text
end
local function bench(script, options) return sh(("%s experiments/bench/%s %s"):format(arg[-1] or "lua5.4", script, options)) end

describe("experiments/bench", function()
  it("measures a peak that no thread count brings to zero", function()
    assert.is_true(core.fma_peak() > 0.1)
  end)

  it("times a training step and prints it as JSON", function()
    local ok, text = bench("step.lua", "--size 16 --channels 1 --batch 4 --width 4 --z 5 --steps 2 --threads 1 --json")
    assert.is_true(ok, text)
    local line = json.decode(text)
    assert.equal(16, line.size)
    assert.equal(4, line.batch)
    assert.is_true(line.s_step > 0 and line.rss_mb > 0)
    assert.near(line.batch / line.s_step, line.img_s, 0.05 * line.img_s + 1)
  end)

  it("names options that are none", function()
    for _, options in ipairs {"--batch 0", "--steps x", "--sise 3", "--size 17"} do
      local ok, text = bench("step.lua", options)
      assert.is_false(ok)
      assert.truthy(text:find("size", 1, true) or text:find("integer", 1, true), text)
    end
  end)
end)
