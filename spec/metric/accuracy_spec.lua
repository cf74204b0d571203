-- Accuracy: of all rows, of each class, and what wrong use says.
local gan = require "gan"
local function i32(v) return gan.tensor(v, "i32") end

describe("accuracy", function()
  it("is the part of rows whose largest logit stands at the label", function()
    local a = gan.metric.accuracy()
    a:add(gan.tensor {{1, 2, 0}, {3, 1, 0}, {0, 0, 5}}, i32 {1, 0, 0}):add(gan.tensor {{1, 1, 0}}, i32 {0})
    local v, p = a:value()
    assert.equal(0.75, v)
    assert.same({metric = "accuracy", value = 0.75, deviation = math.sqrt(0.75 * 0.25 / 4), n_real = 4, classes = 3,
      per_class = {2 / 3, 1, false}, lowest = 2 / 3}, p)
    assert.equal("cas", select(2, gan.metric.accuracy {name = "cas"}:add(gan.zeros(1, 2), i32 {0}):value()).metric)
  end)

  it("says what is wrong", function()
    local accuracy = gan.metric.accuracy
    assert.error_matches(function() accuracy():value() end, "a share needs at least 1 row in 'logits', got 0")
    assert.error_matches(function() accuracy {classes = 10}:value() end, "got 0")
    assert.error_matches(function() accuracy {classes = 10}:add(gan.zeros(1, 3), i32 {0}) end, "expected %(N,10%)")
    assert.error_matches(function() accuracy():add(gan.zeros(2, 3), i32 {0, 3}) end,
      "expected labels in 0..2, got 3 in row 2")
    assert.error_matches(function() accuracy():add(gan.zeros(2, 3), i32 {0}) end,
      "'labels' %(expected an i32 tensor %(2%)")
    assert.error_matches(function() accuracy():add(gan.zeros(2, 3), gan.zeros(2)) end, "an i32 tensor")
    assert.error_matches(function() accuracy():add(gan.tensor {{0, 0 / 0}}, i32 {0}) end, "row 1")
    assert.error_matches(function() accuracy {name = 3} end, "'name'")
  end)
end)
