-- The noise set: seeded, of any shape.
local data = require "gan.data"

describe("fake", function()
  it("is noise of the asked shape, the same for the same seed", function()
    local function make() return data.fake {count = 20, size = 8, channels = 1, classes = 3, seed = 5} end
    local a, b = make(), make()
    assert.same({20, 8, 8, 1}, a.images:shape())
    assert.same(a.images:to_table(), b.images:to_table())
    assert.same(a.labels:to_table(), b.labels:to_table())
    assert.not_same(a.images:to_table(), data.fake({count = 20, size = 8, channels = 1, seed = 6}).images:to_table())
    local seen, sum = {}, 0
    for i = 1, 20 do seen[a.labels:get(i)] = true end
    assert.is_true(seen[0] and seen[1] and seen[2] and not seen[3])
    for _, v in ipairs(a.images:reshape {-1}:to_table()) do sum = sum + v end
    assert.is_true(math.abs(sum / 1280 - 127.5) < 10)
  end)

  it("checks its options", function()
    assert.error_matches(function() data.fake {count = 0} end, "count")
    assert.error_matches(function() data.fake {channels = 2} end, "channels")
    assert.error_matches(function() data.fake {classes = 0} end, "classes")
    assert.error_matches(function() data.fake {count = 1 << 30, size = 16384} end, "too large")
  end)
end)
