-- Which images of a set are used where not all are.
local rows = require("gan.data.limit").rows

describe("data.limit", function()
  it("takes the first ones where there are no labels", function()
    assert.same({1, 2, 3}, rows(5, 3))
    assert.same({1, 2, 3, 4, 5}, rows(5, 9))
    assert.same({1, 2}, rows(2))
    assert.same({}, rows(0, 3, {}))
  end)

  it("takes classes by turns, their first images, in the order of the set", function()
    local labels = {0, 0, 0, 0, 1, 1, 2, 2, 2} -- as folders give them
    assert.same({1}, rows(9, 1, labels))
    assert.same({1, 5, 7}, rows(9, 3, labels))
    assert.same({1, 2, 5, 7}, rows(9, 4, labels))
    assert.same({1, 2, 5, 6, 7, 8}, rows(9, 6, labels))
    assert.same({1, 2, 3, 5, 6, 7, 8}, rows(9, 7, labels)) -- class 1 has no more
    assert.same({1, 2, 3, 5, 6, 7, 8, 9}, rows(9, 8, labels))
    assert.same({1, 2, 3, 4, 5, 6, 7, 8, 9}, rows(9, 9, labels))
    assert.same({2, 3, 4}, rows(5, 3, {7, 7, 0, 3, 7}) and rows(5, 3, {7, 3, 0, 7, 3}) and rows(4, 3, {9, 1, 0, 2}))
  end)

  it("keeps classes within one image of each other, and a larger limit only adds", function()
    local rng, n = require("gan.core").rng(3, "limit"), 300
    local labels = require("gan.core").to_table(rng:integer({n}, 0, 6))
    local before = {}
    for limit = 1, n do
      local got, count, there = rows(n, limit, labels), {}, {}
      assert.equal(limit, #got)
      for i, row in ipairs(got) do
        assert.is_true(i == 1 or row > got[i - 1])
        there[row] = true
        count[labels[row]] = (count[labels[row]] or 0) + 1
      end
      for row in pairs(before) do assert.is_true(there[row]) end
      if limit <= 7 * 20 then
        for y = 0, 6 do assert.is_true(math.abs((count[y] or 0) - limit / 7) < 1) end
      end
      before = there
    end
  end)
end)
