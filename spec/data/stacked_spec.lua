-- Three grey pictures stacked: which they are, that they are drawn alike and apart, batches that go on, wrong use.
local gan = require "gan"
local core = require "gan.core"

local function digits(n)
  local images = core.full({n, 2, 2, 1}, 0, "u8")
  for i = 1, n do core.copy_(core.narrow(images, 1, i, 1), core.full({1, 2, 2, 1}, i - 1, "u8")) end
  return gan.data.set.new {images = images, source = "ten", format = "tensor"}
end

describe("data.stacked", function()
  it("has three pictures in each, one a channel", function()
    local set = gan.data.stacked {digits = digits(10), count = 50, seed = 3}
    assert.same({50, 2, 2, 3, 2}, {set.n, set.height, set.width, set.channels, set.size})
    local images, chosen = set:rows {7, 0, 7}, set.chosen:to_table()
    assert.same({3, 2, 2, 3}, images:shape())
    for i, row in ipairs {7, 0, 7} do
      for _, line in ipairs(images:to_table()[i]) do
        for _, pixel in ipairs(line) do assert.same(chosen[row + 1], pixel) end
      end
    end
    assert.matches("^ten, three stacked %(drawn%): 50 images of 2x2, colour, no classes\n"
      .. "  three of 10 pictures in each, one a channel$", set:describe())
  end)

  it("draws the channels independently, every picture as often", function()
    local set = gan.data.stacked {digits = digits(4), count = 64000}
    local counts = {}
    for _, c in ipairs(set.chosen:to_table()) do
      local k = c[1] * 16 + c[2] * 4 + c[3]
      counts[k] = (counts[k] or 0) + 1
    end
    local chi = 0
    for k = 0, 63 do chi = chi + ((counts[k] or 0) - 1000) ^ 2 / 1000 end
    assert.is_true(chi > 30 and chi < 110, chi) -- 63 degrees of freedom, deviation 11
  end)

  it("adds pictures by a larger count, and takes others by another seed or other digits", function()
    local a, b = gan.data.stacked {digits = digits(10), count = 20}, gan.data.stacked {digits = digits(10), count = 40}
    assert.same(a.chosen:to_table(), b.chosen:narrow(1, 1, 20):to_table())
    local other = gan.data.stacked {digits = digits(10), count = 20, seed = 1}
    assert.not_same(a.chosen:to_table(), other.chosen:to_table())
    local prints = {}
    for _, set in ipairs {a, b, other, gan.data.stacked {digits = digits(11), count = 20}} do
      prints[set:fingerprint().checksum] = true
    end
    local n = 0
    for _ in pairs(prints) do n = n + 1 end
    assert.equal(4, n)
    assert.same(a:fingerprint(), gan.data.stacked({digits = digits(10), count = 20}):fingerprint())
  end)

  it("gives batches that go on from a state", function()
    local set = gan.data.stacked {digits = digits(10), count = 30}
    local a <close> = gan.data.batches(set, {batch = 4, seed = 1})
    for _ = 1, 9 do a() end -- into the second epoch
    local b <close> = gan.data.batches(set, {batch = 4, seed = 1})
    assert.is_true(b:load(a:state()))
    assert.same(a():to_table(), b():to_table())
  end)

  it("says what is wrong", function()
    assert.error_matches(function() gan.data.stacked {} end, "data.stacked: option 'digits'")
    assert.error_matches(function() gan.data.stacked {digits = {channels = 1}} end, "grey pictures")
    assert.error_matches(function() gan.data.stacked {digits = gan.data.shapes {count = 2}} end,
      "expected a data set of grey pictures, got 3 channels")
    assert.error_matches(function() gan.data.stacked {digits = digits(2), count = 0} end, "option 'count'")
    assert.error_matches(function() gan.data.stacked {digits = digits(2), cuont = 1} end, "did you mean 'count'")
  end)
end)
