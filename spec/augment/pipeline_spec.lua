-- What all transforms and pipelines promise: nothing at p = 0, numbers by place alone, the same for any number of
-- threads and any order of blocks, exact adjoints, gradients of gradients, and no leaks below p = 1.
local float, gan, near = require "gan", require "spec.support.double", require "spec.support.near"
local augmented = require "spec.support.augmented"

local augment = gan.augment
local A, F = augmented(gan), augmented(float)

local NAMES = {
  "xflip", "rotate90", "translate", "scale", "rotate", "anisotropic_scale", "fractional_translate", "brightness",
  "contrast", "luma_flip", "hue", "saturation", "band1", "band2", "band3", "band4", "noise", "cutout",
}
local PRESETS = {"blit", "geom", "color", "filter", "noise", "cutout", "bg", "bgc", "bgcf", "bgcfn", "bgcfnc"}

-- Name -> the transform or pipeline, of a library.
local function all(g, p)
  local out = {}
  for _, name in ipairs(NAMES) do out[name] = g.augment[name](p) end
  for _, name in ipairs(PRESETS) do out["preset " .. name] = g.augment.preset(name, {p = p}) end
  out.diffaug = g.augment.diffaug(nil, {p = p})
  out.own = g.augment.compose {g.augment.xflip(p), {function(x, rng)
    return x * rng:uniform {x:size(1), 1, 1, 1}
  end, p = p}}
  return out
end

describe("transforms and pipelines", function()
  it("are 18 and a dozen", function() assert.equal(18, #NAMES) end)

  it("return the very tensor at p = 0, and draw nothing", function()
    local x, rng = A.images(2, 22, 22, 3), gan.rng(1)
    local before = {rng:state()}
    for name, f in pairs(all(gan, 0)) do assert.equal(x, f(x, rng), name) end
    assert.same(before, {rng:state()})
  end)

  it("draw the same amount whatever p is", function()
    local x = A.images(3, 22, 22, 3)
    for name, f in pairs(all(gan, .01)) do
      local few, many = gan.rng(2), gan.rng(2)
      f(x, few)
      all(gan, 1)[name](x, many)
      assert.same({few:state()}, {many:state()}, name)
    end
  end)

  it("change a picture by its place alone, not by its neighbours or their number", function()
    local x, others = F.images(6, 24, 24, 3, 1), F.images(9, 24, 24, 3, 2)
    local mixed = float.cat({others:narrow(1, 1, 2), x:narrow(1, 3, 2), others:narrow(1, 5, 5)}, 1)
    for name, f in pairs(all(float, .7)) do
      if name ~= "own" then
        local alone, among = F.seen(f, x, 3), F.seen(f, mixed, 3)
        for i = 3, 4 do assert.is_true(F.same(alone[i], among[i]), name) end
      end
    end
  end)

  it("are the same bytes for any number of threads", function()
    local x, threads = F.images(8, 32, 32, 3), float.threads()
    finally(function() float.threads(threads) end)
    for name, f in pairs(all(float, .7)) do
      local out = {}
      for n = 1, 2 do
        float.threads(n)
        local leaf = x:clone():requires_grad_()
        local y = F.seen(f, leaf, 4)
        out[n] = y:to_bytes() .. float.grad((y * y):sum(), {leaf})[1]:to_bytes()
      end
      assert.is_true(out[1] == out[2], name)
    end
  end)

  it("are the same bytes whichever block of a batch is computed first", function()
    local blocks = require "gan.game.blocks"
    local x = F.images(8, 24, 24, 3)
    local f = float.augment.preset("bgcfnc", {p = .7})
    local function play(order)
      local rng, seen = float.rng(5, "augment"), {}
      blocks.new {count = 4, nets = {}, objects = {}, streams = function() return {rng} end, order = order}
        :mean(8, function(first, size, k)
          seen[k] = f(x:narrow(1, first, size), rng):to_bytes()
          return {}
        end)
      return table.concat(seen) .. ("%d %d"):format(rng:state())
    end
    assert.is_true(play {1, 2, 3, 4} == play {3, 1, 4, 2})
  end)

  it("are alike in both precisions, but for rounding", function()
    local x = A.images(3, 22, 22, 3)
    local single = float.tensor(x:to_table())
    local coarse = all(float, .9)
    for _, name in ipairs {"preset bgcfnc", "diffaug", "own"} do
      near(A.seen(all(gan, .9)[name], x, 6):to_table(), F.seen(coarse[name], single, 6), 2e-4, name)
    end
  end)

  it("go on as if never stopped from where their stream was", function()
    local x, f = F.images(3, 8, 8, 3), float.augment.preset("bgc", {p = .5})
    local rng = float.rng(7, "augment")
    f(x, rng)
    local key, counter = rng:state()
    local want = f(x, rng):to_bytes()
    assert.is_true(want == f(x, float.rng(1):load(key, counter)):to_bytes())
  end)

  it("have exact adjoints", function()
    for _, s in ipairs {{24, 24, 3}, {22, 27, 1}} do
      local x, y = A.images(4, s[1], s[2], s[3], 1), A.images(4, s[1], s[2], s[3], 2)
      for p = .6, 1, .4 do
        for name, f in pairs(all(gan, p)) do
          if name ~= "rotate90" or s[1] == s[2] then
            local err = A.adjoint_error(f, x, y, 8)
            assert.is_true(err < 1e-12, ("%s: %g"):format(name, err))
          end
        end
      end
    end
  end)

  it("have gradients of gradients: R1 at the pictures as they were", function()
    local critic = require "spec.support.critic"
    local x = A.images(3, 8, 8, 3)
    for _, name in ipairs {"bgc", "diffaug"} do
      local f = name == "bgc" and augment.preset "bgc" or augment.diffaug()
      local rng = gan.rng(2, "net")
      local net = critic.stir(gan, gan.nn.chain {
        gan.nn.conv2d {3, 2, kernel = 3, stride = 2, rng = rng}, gan.tanh, gan.nn.flatten {},
        gan.nn.linear {18, 1, rng = rng}, gan.nn.view {},
      }, 3)
      local function D(v) return net(A.seen(f, v, 9)) end
      local penalty = gan.penalty.r1 {gamma = 2}
      assert(gan.gradcheck(function() return penalty(D, x) end, {net[1].weight, net[4].weight}))
      -- the penalty itself: the mean square of the slope, by central differences
      local leaf = x:clone():requires_grad_()
      local g = gan.grad(D(leaf):sum(), {leaf})[1]
      near((g * g):sum():item() / 3, penalty(D, x), 1e-12)
      local at = x:clone()
      for _, place in ipairs {{1, 2, 3, 1}, {2, 8, 8, 3}, {3, 5, 1, 2}} do
        local i, h, w, c = table.unpack(place)
        local v, sides = at:get(i, h, w, c), {}
        for k, e in ipairs {1e-5, -1e-5} do sides[k] = D(at:set_(v + e, i, h, w, c)):sum():item() end
        at:set_(v, i, h, w, c)
        near(g:get(i, h, w, c), (sides[1] - sides[2]) / 2e-5, 1e-7)
      end
    end
  end)
end)

-- Pictures are an L, turned by 0 to 3 quarters in known shares, and augmented by quarter turns with p. What is seen are
-- the shares times a matrix, that has an inverse for p < 1: who sees augmented pictures alone can tell the true shares.
describe("leaks", function()
  local L = {{{1}, {0}, {0}}, {{1}, {0}, {0}}, {{1}, {1}, {0}}}
  local SHARES, N = {.55, .25, .15, .05}, 20000

  -- Which of the four turns of the L each picture is: shares.
  local function shares_of(x)
    local count, total = {0, 0, 0, 0}, x:size(1)
    local corners = x:sum(4):to_table()
    for _, p in ipairs(corners) do
      -- the foot of the L is the corner whose both neighbours are set, the empty corner is opposite or beside it
      local key = p[1][2] * 8 + p[2][1] * 4 + p[2][3] * 2 + p[3][2]
      local which = ({[5] = 1, [12] = 2, [10] = 3, [3] = 4})[math.floor(key + .5)]
      count[which] = count[which] + 1
    end
    for i in ipairs(count) do count[i] = count[i] / total end
    return count
  end

  local one = gan.tensor {L}
  local turned = {one}
  for k = 1, 3 do turned[k + 1] = gan.warp(turned[k], {{{0, 1, 0}, {-1, 0, 0}}}) end

  local function drawn()
    local list = {}
    for k, share in ipairs(SHARES) do
      local n = math.floor(share * N + .5)
      list[k] = turned[k]:expand {n, 3, 3, 1}
    end
    return gan.cat(list, 1)
  end

  -- The shares of turns that were there before augmentation: seen = (1 - p) shares + p / 4.
  local function before(seen, p)
    local out = {}
    for i, v in ipairs(seen) do out[i] = (v - p / 4) / (1 - p) end
    return out
  end

  it("knows each turn", function()
    for k = 1, 4 do assert.equal(1, shares_of(turned[k])[k]) end
  end)

  it("do not happen at p = 0.8: the true distribution is recovered", function()
    for seed, p in ipairs {.3, .8} do
      local got = before(shares_of(A.seen(augment.rotate90(p), drawn(), seed)), p)
      for i, want in ipairs(SHARES) do
        local sd = math.sqrt(.25 / N) / (1 - p)
        assert.is_true(math.abs(got[i] - want) < 4 * sd, ("p %g: %g, not %g"):format(p, got[i], want))
      end
    end
  end)

  it("happen at p = 1: every distribution looks alike", function()
    for _, v in ipairs(shares_of(A.seen(augment.rotate90(1), drawn(), 3))) do
      assert.is_true(math.abs(v - .25) < 4 * math.sqrt(.1875 / N))
    end
  end)

  it("do not happen where transforms are put together", function()
    local p, x = .8, drawn()
    local f = augment.compose({augment.rotate90(), augment.luma_flip()}, {p = p})
    local y = A.seen(f, x, 4)
    local negative = y:sum({2, 3, 4}):lt(0)
    near(p / 2, negative:mean():item(), .02) -- half of those that draw are negated
    local upright = gan.where(negative:reshape(N, 1, 1, 1), -y, y)
    local got = before(shares_of(upright), p)
    for i, want in ipairs(SHARES) do assert.is_true(math.abs(got[i] - want) < 4 * math.sqrt(.25 / N) / (1 - p)) end
  end)
end)
