-- Sizes and axes in a table or one after the other; packs: the worked order, views, the way back; what the registry's
-- cases do not say.
local gan = require "spec.support.double"

describe("sizes and axes", function()
  it("may stand in a table or one after the other", function()
    local x = gan.rng(1):normal({2, 3, 4}):requires_grad_()
    local w = gan.rng(2):normal {24}
    for i, case in ipairs {
      {x:reshape(4, -1, 3), x:reshape {4, -1, 3}}, {gan.reshape(x, 24), x:reshape {24}},
      {x:permute(3, -3, 2), x:permute {3, 1, 2}}, {x:expand(1, 2, 3, 4), x:expand {1, 2, 3, 4}},
    } do
      assert.same(case[2]:shape(), case[1]:shape(), i)
      local function slope(y) return gan.grad((y:reshape(-1) * w):sum(), {x})[1]:to_table() end
      assert.same(case[2]:detach():to_table(), case[1]:detach():to_table(), i)
      assert.same(slope(case[2]), slope(case[1]), i)
    end
    assert.error_matches(function() x:reshape(5, 5) end, "as many elements")
    assert.error_matches(function() x:reshape(2, 3.5) end, "shape")
    assert.error_matches(function() x:reshape {2, 12}:permute(1, 1) end, "twice")
  end)
end)

describe("pack", function()
  local x = gan.tensor({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}):reshape {4, 1, 2, 2}

  it("puts neighbours side by side: pack i has the samples 2i and 2i + 1, channel c of part j is jC + c", function()
    local y = gan.pack(x, 2)
    assert.same({2, 1, 2, 4}, y:shape())
    assert.same({0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15}, y:reshape({-1}):to_table())
    assert.same({{{{0, 1, 4, 5, 8, 9, 12, 13}, {2, 3, 6, 7, 10, 11, 14, 15}}}}, gan.pack(x, 4):to_table())
    assert.same({{1, 2, 3, 4}, {5, 6, 7, 8}}, gan.tensor({{1, 2}, {3, 4}, {5, 6}, {7, 8}}):pack(2):to_table())
    assert.same(x:to_table(), gan.pack(x, 1):to_table())
  end)

  it("is undone by unpack, whatever the type, the axes and the strides", function()
    local rng = gan.rng(1)
    for _, t in ipairs {
      rng:normal {6, 4}, rng:normal {6, 3, 4}, rng:normal({6, 2, 5, 4}), rng:integer({6, 2, 2, 2, 4}, 0, 9),
      rng:normal({6, 4, 3}):transpose(2, 3), rng:integer({6, 2, 4}, 0, 255):to "u8",
    } do
      for _, m in ipairs {1, 2, 3, 6} do
        assert.same(t:to_table(), gan.unpack(gan.pack(t, m), m):to_table())
        assert.equal(t:dtype(), gan.pack(t, m):dtype())
      end
      for _, m in ipairs {1, 2} do assert.same(t:to_table(), gan.pack(gan.unpack(t, m), m):to_table()) end
    end
  end)

  it("is a reshape of vectors", function()
    local v = gan.rng(2):normal {6, 2}
    assert.same(v:reshape({2, 6}):to_table(), gan.pack(v, 3):to_table())
  end)
end)
