-- Input of metrics: rows and counts that are refused; means and deviations of lists.
local gan = require "gan"
local input = require "gan.metric.input"

describe("input", function()
  it("takes finite rows of one width", function()
    local x = gan.zeros(3, 2)
    assert.equal(x, input.rows("op", 1, "x", x))
    assert.equal(x, input.rows("op", 1, "x", x, 2))
    assert.equal(0, input.rows("op", 1, "x", gan.zeros(0, 2)):size(1))
    assert.error_matches(function() input.rows("op", 2, "x", x, 3) end,
      "op: bad argument #2 'x' %(expected %(N,3%), got real tensor %(3,2%)%)")
    assert.error_matches(function() input.rows("op", 1, "x", gan.zeros(3, 0)) end, "D >= 1")
    assert.error_matches(function() input.rows("op", 1, "x", gan.full({3, 2}, 0, "f64")) end,
      "a real tensor, got f64 tensor %(3,2%)")
    assert.error_matches(function() input.rows("op", 1, "x", gan.tensor {{1, 2}, {3, 4}, {1 / 0, 0}}) end,
      "row 3 of real tensor %(3,2%)")
  end)

  it("wants enough of them", function()
    input.enough("op", "real", 3, 3, "this")
    assert.error_matches(function() input.enough("op", "real", 2, 3, "this") end,
      "op: this needs at least 3 rows in 'real', got 2")
  end)

  it("knows mean and population deviation", function()
    assert.same({2.5, 1.5}, {input.spread {1, 4}})
    assert.same({7, 0}, {input.spread {7}})
  end)
end)
