-- A pipeline: its stages one after the other, functions of one's own among them, p as a factor; what is wrong.
local gan, near = require "spec.support.double", require "spec.support.near"
local augmented = require "spec.support.augmented"

local augment = gan.augment
local images, numbers, seen, same = (function(a) return a.images, a.numbers, a.seen, a.same end)(augmented(gan))

local function double(x) return x * 2 end

describe("compose", function()
  it("does its stages in order", function()
    local x = images(3, 4, 4, 1)
    local f = augment.compose {double, function(v) return v + 1 end}
    near((x * 2 + 1):to_table(), f(x))
    near(((x + 1) * 2):to_table(), augment.compose {function(v) return v + 1 end, double}(x))
    assert.equal(x, augment.compose {}(x))
  end)

  it("gives functions of one's own the stream, after the numbers of the transforms", function()
    local x, rng = images(3, 4, 4, 1), gan.rng(1, "augment")
    local got
    augment.compose {augment.xflip(), function(v, r)
      got = r:uniform({1}):item()
      assert.equal(rng, r)
      return v
    end}(x, rng)
    local other = gan.rng(1, "augment")
    other:uniform {3, 4} -- two numbers of the flip, one of the function's gate
    assert.equal(other:uniform({1}):item(), got)
  end)

  it("changes a part of the pictures by a function with p, and by any where the pipeline's p is less than 1", function()
    local x = images(40, 2, 2, 1)
    for _, f in ipairs {augment.compose {{double, p = .5}}, augment.compose({double}, {p = .5})} do
      local y, u, twice = seen(f, x, 3), numbers(3, 40, 1), 0
      for i = 1, 40 do
        local open = u[i][1] < .5
        twice = twice + (open and 1 or 0)
        near((x[i] * (open and 2 or 1)):to_table(), y[i])
      end
      assert.is_true(twice > 8 and twice < 32)
    end
    local leaf = images(6, 2, 2, 1):requires_grad_()
    assert(gan.gradcheck(function(v)
      return seen(augment.compose {{function(w) return w * w end, p = .5}}, v, 4):sum()
    end, {leaf}, {order = 2}))
  end)

  it("takes pipelines as stages, and puts together what is on both sides of their ends", function()
    local x = images(4, 8, 8, 3)
    local flat = augment.compose {augment.xflip(), augment.rotate90(), augment.scale(.5)}
    local nested = augment.compose {augment.compose {augment.xflip(), augment.rotate90()}, augment.scale(.5)}
    assert.is_true(same(seen(flat, x, 5), seen(nested, x, 5)))
    local inner = augment.compose({augment.scale()}, {p = .5})
    local half = augment.compose {augment.xflip(), augment.rotate90(), inner}
    assert.is_true(same(seen(flat, x, 5), seen(half, x, 5)))
  end)

  it("multiplies all probabilities by p, a field that may be set at any time", function()
    local x = images(600, 2, 2, 1)
    local f = augment.compose {augment.brightness(.5), {double, p = .5}}
    for _, p in ipairs {1, .4} do
      f.p = p
      local changed = (seen(f, x, 6) - x):abs():max({2, 3, 4}):gt(0):mean():item()
      local want = 1 - (1 - .5 * p) ^ 2
      assert.is_true(math.abs(changed - want) < 4 * math.sqrt(want * (1 - want) / 600))
    end
    f.p = 0
    assert.equal(x, seen(f, x, 6))
  end)

  it("follows a schedule", function()
    local f = augment.compose({double}, {p = function(step) return step / 10 end})
    assert.equal(.1, f.p)
    local outer = augment.compose {f}
    outer:at(5)
    assert.equal(.5, f.p)
    assert.error_matches(function() f:at(11) end,
      "augment.compose: option 'p': expected a number in %[0,1%] of its function, got 1.1 at step 11")
  end)

  it("tells what it is", function()
    assert.equal("augment.compose, p = 0.5: xflip(0.5), function(1), mine(0.25), {blit, p = 1: xflip(1), "
      .. "rotate90(1, oblong = 'half'), translate(1)}", tostring(augment.compose({
      augment.xflip(.5), double, {double, p = .25, name = "mine"}, augment.preset "blit",
    }, {p = .5})))
  end)

  it("names the stage that changes the shape, and what is none", function()
    local x = images(2, 4, 4, 1)
    local function narrow(v) return v:narrow(2, 1, 2) end
    for want, f in pairs {
      ["augment.compose: stage 2 must return real images of x's shape (2,4,4,1), it returned real tensor (2,2,4,1)"] =
        function() augment.compose {double, narrow}(x) end,
      ["augment.compose: stage 1 ('mine') must return real images of x's shape (2,4,4,1), it returned nil"] =
        function() augment.compose {{function() end, name = "mine"}}(x) end,
      ["augment.compose: stage 2: expected a transform, or a function (x, rng) -> x, got string 'xflip'; "
        .. "write gan.augment.xflip(p)"] = function() augment.compose {double, "xflip"} end,
      ["augment.compose: stage 1: expected a transform, or a function (x, rng) -> x, got 3"] =
        function() augment.compose {{3}} end,
      ["augment.compose: stage 1: unknown option 'q' (known: name, p)"] =
        function() augment.compose {{double, q = 1}} end,
      ["augment.compose: stage 1 ('mine'): option 'p': expected a number in [0,1], got 2"] =
        function() augment.compose {{double, p = 2, name = "mine"}} end,
      ["augment.compose: option 'p': expected a number in [0,1], or a function (step) -> one, got -1"] =
        function() augment.compose({double}, {p = -1}) end,
      ["augment.compose: expected a table of stages, got function; write {...}, with braces"] =
        function() augment.compose(double) end,
      ["augment.compose: expected a list of stages, got one; write {...}, with braces"] =
        function() augment.compose(augment.xflip()) end,
    } do
      local ok, message = pcall(f)
      assert.is_false(ok, want)
      assert.equal(want, (message:gsub("^spec/augment/compose_spec.lua:%d+: ", "")))
    end
    local f = augment.compose {double}
    f.p = 1.5
    assert.error_matches(function() f(x) end, "augment.compose: field 'p': expected a number in %[0,1%], got 1.5")
  end)
end)
