-- Some of the real images that D learns from are G's: those of the same place in G's last batch, with their labels.
local gan = require "gan"

local function column(t) return t:reshape(t:size(1)):to_table() end
local function ones(n, v) return gan.full({n, 1}, v) end

describe("apa", function()
  it("puts images of G in the place of real ones, by p", function()
    local apa = gan.augment.apa {p = 0.4, cap = 0.4}
    local real, n = ones(4000, 1), 0
    assert.equal(real, (apa(real, nil, gan.rng(1), 1))) -- G has made none yet
    apa:remember(ones(4000, -1))
    local mixed = apa(real, nil, gan.rng(1), 1)
    for _, v in ipairs(column(mixed)) do if v < 0 then n = n + 1 end end
    assert.is_true(math.abs(n / 4000 - 0.4) < 0.03, tostring(n))
    local none = gan.augment.apa()
    none:remember(ones(4000, -1))
    assert.equal(real, (none(real, nil, gan.rng(1), 1)))
    assert.same({p_deceive = 0}, none:numbers())
  end)

  it("takes the i-th image for the i-th, with its label", function()
    local apa = gan.augment.apa {p = 0.5}
    local real = gan.tensor {{1}, {2}, {3}, {4}, {5}, {6}}
    local y = gan.tensor({11, 12, 13, 14, 15, 16}, "i32")
    apa:remember(real * -1, gan.tensor({21, 22, 23, 24, 25, 26}, "i32"))
    local x, label = apa(real, y, gan.rng(3), 1)
    local list, both = column(x), {}
    for i, l in ipairs(label:to_table()) do
      assert.equal(i, math.abs(list[i]))
      assert.equal((list[i] > 0 and 10 or 20) + i, l)
      both[list[i] > 0] = true
    end
    assert.same({[true] = true, [false] = true}, both)
    assert.same({11, 12, 13, 14, 15, 16}, y:to_table()) -- the batch itself stays
  end)

  it("leaves packs of one class whole, and cuts others", function()
    local real, y = gan.ones(400, 1), gan.full({400}, 1, "i32")
    local apa = gan.augment.apa {p = 0.5}
    apa:remember(real * -1, gan.full({400}, 2, "i32"))
    local whole = column((apa(real, y, gan.rng(1), 4)))
    for i, v in ipairs(whole) do assert.equal(whole[(i - 1) // 4 * 4 + 1], v) end
    apa:remember(real * -1)
    local cut, mixed = column((apa(real, nil, gan.rng(1), 4))), false
    for i, v in ipairs(cut) do mixed = mixed or v ~= cut[(i - 1) // 4 * 4 + 1] end
    assert.is_true(mixed)
  end)

  it("takes no more than G has made", function()
    local apa = gan.augment.apa {p = 1, cap = 1}
    apa:remember(ones(2, -1))
    assert.same({-1, -1, 1}, column((apa(ones(3, 1), nil, gan.rng(1), 1))))
    apa:remember(ones(5, -1))
    assert.same({-1, -1, -1}, column((apa(ones(3, 1), nil, gan.rng(1), 1))))
  end)

  it("moves p as ada does, to half at most", function()
    local apa, one = gan.augment.apa {kimg = 1}, gan.tensor {1}
    for _ = 1, 4 do apa:see {margin = one, real = one, fake = one, images = 16} end
    assert.is_true(math.abs(apa.p - 0.064) < 1e-12)
    assert.same({p_deceive = apa.p, r_t = 1}, apa:numbers())
    for _ = 1, 80 do apa:see {margin = one, real = one, fake = one, images = 16} end
    assert.equal(0.5, apa.p)
  end)

  it("goes on from a state", function()
    local a, b = gan.augment.apa {p = 0.3}, gan.augment.apa()
    a:remember(gan.rng(1):normal {6, 1}, gan.full({6}, 1, "i32"))
    b:load(a:state())
    local real, y = ones(6, 5), gan.full({6}, 0, "i32")
    for _, apa in ipairs {a, b} do a[apa] = {apa(real, y, gan.rng(4), 1)} end
    assert.same(column(a[a][1]), column(a[b][1]))
    assert.same(a[a][2]:to_table(), a[b][2]:to_table())
    local empty = gan.augment.apa()
    b:load(empty:state())
    assert.equal(0, b.p)
    assert.is_nil(b.made)
  end)

  it("refuses a state that is none, and images of another kind", function()
    local apa = gan.augment.apa()
    for text, change in pairs {
      ["augment.apa: state: 'images': expected a real tensor (N,...), got 3"] = {images = 3},
      ["augment.apa: state: 'labels': expected a tensor of the images' number, got i32 tensor (2)"] = {
        images = gan.ones(3, 1), labels = gan.full({2}, 0, "i32")},
      ["is missing"] = {control = {}},
    } do
      local state = apa:state()
      for k, v in pairs(change) do state[k] = v end
      local ok, message = pcall(apa.load, apa, state)
      assert.is_false(ok)
      assert.is_truthy(message:find(text, 1, true), message)
    end
    apa = gan.augment.apa {p = 0.5}
    apa:remember(gan.ones(2, 3))
    assert.error_matches(function() apa(gan.ones(2, 4), nil, gan.rng(1), 1) end,
      "augment.apa: G's images %(2,3%) do not go with the real ones, %(2,4%)")
    assert.error_matches(function() gan.augment.apa {cap = 2} end, "augment.apa: option 'cap'")
  end)
end)
