-- Clipping of gradients.
local gan, near = require "spec.support.double", require "spec.support.near"
local clip = gan.optim.clip

describe("optim.clip", function()
  it("scales gradients above the norm, all alike, in a new list", function()
    local grads = {gan.tensor {3, 0}, gan.tensor {{4}, {12}}}
    local out, norm = clip.norm(grads, 6.5)
    near({{1.5, 0}, {{2}, {6}}}, {out[1]:to_table(), out[2]:to_table()})
    near(13, norm)
    near({3, 0}, grads[1])
    out, norm = clip.norm(grads, 13.5)
    assert.equal(grads, out)
    near(13, norm)
    near({0, 0}, clip.norm(grads, 0)[1])
  end)

  it("leaves what is not finite to be seen", function()
    for _, bad in ipairs {0 / 0, 1 / 0} do
      local out = clip.norm({gan.tensor {bad, 1}}, 1)
      local v = out[1]:to_table()
      assert.is_true((v[1] ~= v[1] or v[1] == math.huge) and v[2] == 1)
    end
    local v = clip.value({gan.tensor {0 / 0, 7}}, 1)[1]:to_table()
    assert.is_true(v[1] ~= v[1] and v[2] == 1)
  end)

  it("limits elements", function()
    local g = gan.tensor {-3, 0.5, 2}
    near({-1, 0.5, 1}, clip.value({g}, 1)[1])
    near({-3, 0.5, 2}, g)
  end)

  it("names what is wrong", function()
    assert.error_matches(function() clip.norm({gan.ones(1)}) end,
      "optim.clip.norm: bad argument #2 'max' %(expected a number >= 0, got nil")
    assert.error_matches(function() clip.value({3}, 1) end, "optim.clip.value: bad argument #1 'grads%[1%]'")
    assert.error_matches(function() clip.value(nil, 1) end, "list of tensors")
  end)
end)
