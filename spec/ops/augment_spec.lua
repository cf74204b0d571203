-- Maps of places and colours, and filters, of a batch's pictures: worked numbers, slow references, what is exact,
-- hostile maps, threads. Gradients, named errors and memory are registry_spec's business.
local gan = require "gan"
local double = require "spec.support.double"
local golden = require "spec.support.golden"
local naive_warp = require "spec.support.naive_warp"
local same_with_two_threads = require "spec.support.threads"

local near = golden.near
local IDENTITY = {{1, 0, 0}, {0, 1, 0}}

local function random(seed, ...) return double.rng(seed, "augment_spec"):normal {...} end
local function row(y, i) return double.ops.narrow(double.ops.select(y, 1, 1), 1, i, 1) end
local function shift(x, y) return {{1, 0, x}, {0, 1, y or 0}} end

local function turn(degrees, scale, x, y)
  local a = math.rad(degrees)
  local c, s = scale * math.cos(a), scale * math.sin(a)
  return {{c, -s, x}, {s, c, y}}
end

local function picture(h, w, f) -- (1,h,w,1); rows and columns from 0
  local rows = {}
  for i = 1, h do
    rows[i] = {}
    for j = 1, w do rows[i][j] = {f(i - 1, j - 1)} end
  end
  return double.tensor {rows}
end

local function dot(a, b) return (a * b):sum():item() end
local function extremes(x) return x:min():item(), x:max():item() end

-- What a slow reference of one picture of one channel makes of a batch.
local function each(x, f)
  local s, t = x:shape(), x:to_table()
  local out = {}
  for n = 1, s[1] do
    out[n] = {}
    for i = 1, s[2] do
      out[n][i] = {}
      for j = 1, s[3] do out[n][i][j] = {} end
    end
    for k = 1, s[4] do
      local plane = {}
      for i = 1, s[2] do
        plane[i] = {}
        for j = 1, s[3] do plane[i][j] = t[n][i][j][k] end
      end
      local y = f(plane, n)
      for i = 1, s[2] do
        for j = 1, s[3] do out[n][i][j][k] = y[i][j] end
      end
    end
  end
  return double.tensor(out):reshape {-1}:to_table()
end

describe("warp", function()
  local ramp = picture(8, 8, function(_, j) return j end)

  it("has the worked numbers of a shift, a scale and a turn", function()
    near({0.333092, 1.554428, 2.48521, 3.5, 4.51479, 5.445572, 6.666908, 6.666908},
      row(double.warp(ramp, {shift(0.5)}), 1), 1e-6)
    near({1.708849, 2.212509, 2.727686, 3.225167, 3.725555, 4.224839, 4.725692, 5.207459},
      row(double.warp(ramp, {{{0.5, 0, 0}, {0, 0.5, 0}}}), 4), 1e-6)
    local impulse = picture(8, 8, function(i, j) return i == 4 and j == 3 and 1 or 0 end)
    local y = double.warp(impulse, {turn(30, 1, 0, 0)})
    near({-.00424, .02461, -.01355, .65039, .30594, -.07725, .01396, -.00079}, row(y, 5), 1e-5)
    near({-.0085, .01758, -.09617, .22679, .07713, -.02009, .00349, -.00005}, row(y, 6), 1e-5)
    assert.near(1.0105603, y:sum():item(), 1e-7)
  end)

  it("leaves a constant alone as far as pictures are padded, and has the worked numbers beyond", function()
    local x = double.full({4, 16, 16, 1}, 0.7)
    local lo, hi = extremes(double.warp(x, {turn(30, 1, 0, 0), turn(0, 1.3, 0, 0), turn(0, 1 / 0.7, 0, 0), shift(2.3)}))
    assert.near(0.7, lo, 1e-11)
    assert.near(0.7, hi, 1e-11)
    for pixels, least in pairs {[14] = 0.6958, [15] = 0.5563, [16] = -0.0305} do -- all but whole: these are resampled
      assert.near(least, (double.warp(x, {shift(-pixels - 1e-9), IDENTITY, IDENTITY, IDENTITY}):min():item()), 5e-5)
    end
  end)

  it("would leave a whole shift exact even if it resampled it", function()
    local x = random(1, 2, 9, 12, 3)
    for _, fill in ipairs {"reflect", "zero"} do
      local moved = double.warp(x, {IDENTITY, shift(-3, 5)}, {fill = fill})
      local sampled = double.warp(x, {shift(1e-13, 0), shift(-3 + 1e-13, 5)}, {fill = fill})
      near(moved:reshape {-1}:to_table(), sampled, 1e-10)
    end
  end)

  it("is what the steps make, for any map and both fills", function()
    local rng = double.rng(7, "maps")
    local sizes = {{5, 5, 1}, {8, 6, 3}, {4, 9, 2}, {7, 7, 4}, {1, 5, 1}, {2, 2, 3}, {1, 1, 1}, {13, 3, 5}}
    for i, s in ipairs(sizes) do
      local x, maps = random(i, 6, table.unpack(s)), rng:normal {6, 2, 3}
      maps = maps * double.tensor {{{1.3, 1.3, 3}, {1.3, 1.3, 3}}}
      local list = maps:to_table()
      list[1], list[2], list[3] = turn(37, 1, 0.4, -0.3), turn(-100, 0.4, 0, 0), turn(180, 2.5, 0, 1)
      list[4] = shift(0.25, -1.5)
      for _, fill in ipairs {"reflect", "zero"} do
        near(each(x, function(plane, n) return naive_warp(plane, list[n], fill) end),
          double.warp(x, list, {fill = fill}), 1e-10)
      end
    end
  end)

  it("has the adjoint for its gradient: moves and samples, both fills", function()
    local maps = {turn(30, 1, 0.3, 5), shift(2, -3), turn(-70, 3, 0, 0), {{0, -1, 0}, {1, 0, 0}},
      {{-1, 0, 0}, {0, 1, 4}}, {{1.7, 0.4, -2}, {0.9, 0.3, 1}}, shift(40, 0), {{0, 0, 0}, {0, 0, 0.3}}}
    for _, c in ipairs {1, 2, 3, 5} do
      local x, g = random(1, 8, 9, 9, c), random(2, 8, 9, 9, c)
      for _, fill in ipairs {"reflect", "zero"} do
        local leaf = x:clone():requires_grad_()
        local y = double.warp(leaf, maps, {fill = fill})
        local dx = double.grad(y, {leaf}, {seed = g})[1]
        local a, b = dot(y:detach(), g), dot(x, dx)
        assert.near(a, b, 1e-12 * math.sqrt(dot(x, x) * dot(g, g)))
      end
    end
  end)

  -- bytes: nothing is computed
  it("moves pixels where a map takes pixels to pixels", function()
    local x = gan.rng(1, "augment_spec"):normal {1, 3, 3, 2}
    local v = x:to_table()[1]
    local function moved(map, fill, from) -- from(i, j): the input's row and column
      local rows = {}
      for i = 1, 3 do
        rows[i] = {}
        for j = 1, 3 do
          local a, b = from(i, j)
          rows[i][j] = v[a] and v[a][b] or {0, 0}
        end
      end
      assert.same({rows}, gan.warp(x, {map}, {fill = fill}):to_table())
    end
    for _, fill in ipairs {"reflect", "zero"} do
      moved(IDENTITY, fill, function(i, j) return i, j end)
      moved({{-1, 0, 0}, {0, 1, 0}}, fill, function(i, j) return i, 4 - j end)
      moved({{1, 0, 0}, {0, -1, 0}}, fill, function(i, j) return 4 - i, j end)
      moved({{-1, 0, 0}, {0, -1, 0}}, fill, function(i, j) return 4 - i, 4 - j end)
      moved({{0, 1, 0}, {1, 0, 0}}, fill, function(i, j) return j, i end)
      moved({{0, -1, 0}, {1, 0, 0}}, fill, function(i, j) return j, 4 - i end)
      moved({{0, 1, 0}, {-1, 0, 0}}, fill, function(i, j) return 4 - j, i end)
      moved({{0, -1, 0}, {-1, 0, 0}}, fill, function(i, j) return 4 - j, 4 - i end)
    end
    local mirror = {[-1] = 3, [0] = 2, 1, 2, 3, 2, 1}
    moved(shift(1), "reflect", function(i, j) return i, mirror[j + 1] end)
    moved(shift(-2, 1), "reflect", function(i, j) return mirror[i + 1], mirror[j - 2] end)
    moved(shift(1, -2), "zero", function(i, j) return i - 2, j + 1 end)
    moved({{-1, 0, 1}, {0, 1, 0}}, "reflect", function(i, j) return i, mirror[4 - j + 1] end)
    moved({{-1, 0, 1}, {0, 1, 0}}, "zero", function(i, j) return i, 4 - j + 1 end)
    moved(shift(5), "reflect", function() return 0, 0 end)
    moved(shift(0, -1e18), "reflect", function() return 0, 0 end)
  end)

  it("turns a picture that is not square about its centre", function()
    local x = gan.tensor {{{{1}, {2}, {3}, {4}}, {{5}, {6}, {7}, {8}}}} -- 2 x 4
    assert.same({{{{0}, {6}, {2}, {0}}, {{0}, {7}, {3}, {0}}}},
      gan.warp(x, {{{0, 1, 0}, {-1, 0, 0}}}, {fill = "zero"}):to_table())
  end)

  it("does not let a picture's result depend on the others, nor on the kind of list", function()
    local x = gan.rng(1, "augment_spec"):normal {3, 9, 9, 3}
    local maps = {turn(30, 1, 0.3, 5), turn(10, 4, 3, 3), shift(1)}
    local y = gan.warp(x, maps)
    for n = 1, 3 do
      local alone = gan.warp(gan.narrow(x, 1, n, 1), {maps[n]})
      assert.is_true(gan.narrow(y, 1, n, 1):contiguous():to_bytes() == alone:to_bytes(), "picture " .. n)
    end
    assert.is_true(y:to_bytes() == gan.warp(x, gan.tensor(maps, "f64")):to_bytes())
    assert.same({0, 5, 5, 3}, gan.warp(gan.zeros(0, 5, 5, 3), {}):shape())
    assert.same({2, 5, 5, 0}, gan.warp(gan.zeros(2, 5, 5, 0), {shift(0.5), shift(1)}):shape())
  end)

  it("keeps the maps of the forward pass for the gradient", function()
    local x = double.full({1, 3, 3, 1}, 1):requires_grad_()
    local maps = {{{1, 0, 1}, {0, 1, 0}}}
    local y = double.warp(x, maps, {fill = "zero"})
    maps[1][1][3] = 0
    near({0, 1, 1, 0, 1, 1, 0, 1, 1}, double.grad(y:sum(), {x})[1])
  end)

  it("has finite results for any finite map", function()
    local big, huge = 1e30, 1.7e308
    local maps = {
      {{big, 0, 0}, {0, big, 0}}, {{huge, -huge, huge}, {huge, huge, -huge}}, {{0, 0, 0}, {0, 0, 0}},
      {{big, big, 0}, {-big, -big, 0}}, {{0, 0, big}, {0, 0, -big}}, {{5e-324, 0, 0}, {0, 5e-324, 0}},
      {{1, 0, 1e15 + 0.5}, {0, 1, 0.5}}, {{1, 0, 2^62}, {0, 1, -2^63}}, {{0, 1, huge}, {-1, 0, huge}},
    }
    for _, s in ipairs {{1, 1, 1}, {1, 7, 3}, {6, 6, 3}, {5, 2, 2}} do
      for _, lib in ipairs {gan, double} do
        local x = lib.rng(1, "hostile"):uniform({#maps, table.unpack(s)}, 0.5, 1)
        for _, fill in ipairs {"reflect", "zero"} do
          local o = {fill = fill}
          for _, y in ipairs {lib.warp(x, maps, o), lib.warp_dx(x, maps, o)} do
            local lo, hi = extremes(y)
            assert.is_true(lo > -100 and hi < 1e4, ("%g to %g"):format(lo, hi))
          end
        end
      end
    end
  end)

  it("has the same bytes with one thread and two", function()
    local x = gan.rng(1, "augment_spec"):normal {6, 16, 16, 3}
    local maps = {turn(30, 1, 0.3, 5), shift(1), turn(10, 4, 3, 3), shift(0.5), turn(-45, 0.7, 0, 0),
      turn(90, 1.1, 1, 0)}
    assert.is_true(same_with_two_threads(function(threads)
      gan.threads(threads)
      return gan.warp(x, maps):to_bytes() .. gan.warp_dx(x, maps):to_bytes()
    end))
  end)
end)

describe("recolour", function()
  it("has the worked numbers", function()
    local x = double.tensor {{{{0.9, 0.1, -0.4}}}}
    local third = 2 / 3
    local flip = {{1 - third, -third, -third, 0}, {-third, 1 - third, -third, 0}, {-third, -third, 1 - third, 0}}
    near({0.5, -0.3, -0.8}, double.recolour(x, {flip}))
    near({-0.4, 0.9, 0.1}, double.recolour(x, {{{0, 0, 1, 0}, {1, 0, 0, 0}, {0, 1, 0, 0}}}))
    near({1.9, 0.2, 0.6}, double.recolour(x, {{{1, 0, 0, 1}, {0, 2, 0, 0}, {0, 0, -1.5, 0}}}))
    near({-2.5, 0.5}, double.recolour(double.tensor {{{{1}, {-1}}}}, {{{-1.5, -1}}}))
  end)

  it("is its definition for any number of channels, each picture by a map of its own", function()
    for _, c in ipairs {1, 2, 3, 4, 7} do
      local x, m = random(c, 3, 2, 4, c), random(c + 10, 3, c, c + 1)
      local v, w, out = x:to_table(), m:to_table(), {}
      for n = 1, 3 do
        for i = 1, 2 do
          for j = 1, 4 do
            for k = 1, c do
              local sum = w[n][k][c + 1]
              for q = 1, c do sum = sum + w[n][k][q] * v[n][i][j][q] end
              out[#out + 1] = sum
            end
          end
        end
      end
      near(out, double.recolour(x, m), 1e-12)
    end
  end)

  it("has the transposed map for its gradient, whether maps are a list or a tensor", function()
    local x, g, m = random(1, 2, 3, 3, 3), random(2, 2, 3, 3, 3), random(3, 2, 3, 4)
    local zero = double.zeros(2, 3, 3, 3)
    for _, maps in ipairs {m, m:to_table()} do
      local leaf = x:clone():requires_grad_()
      local dx = double.grad(double.recolour(leaf, maps), {leaf}, {seed = g})[1]
      assert.near(dot(double.recolour(x, m) - double.recolour(zero, m), g), dot(x, dx), 1e-12)
    end
  end)

  it("has the same bytes with one thread and two, and takes empty batches", function()
    local x, m = gan.rng(1, "augment_spec"):normal {8, 32, 32, 3}, gan.rng(2):normal {8, 3, 4}
    assert.is_true(same_with_two_threads(function(threads)
      gan.threads(threads)
      return gan.recolour(x, m):to_bytes()
    end))
    assert.same({0, 5, 5, 3}, gan.recolour(gan.zeros(0, 5, 5, 3), {}):shape())
  end)
end)

describe("filter", function()
  -- The correlation along both axes, mirrored beyond the border.
  local function filtered(plane, taps)
    local h, w, k = #plane, #plane[1], #taps
    local function mirrored(i, n) return i < 1 and 2 - i or i > n and 2 * n - i or i end
    local y = {}
    for i = 1, h do
      y[i] = {}
      for j = 1, w do
        local sum = 0
        for a = 1, k do
          for b = 1, k do
            sum = sum + taps[a] * taps[b] * plane[mirrored(i + a - k // 2 - 1, h)][mirrored(j + b - k // 2 - 1, w)]
          end
        end
        y[i][j] = sum
      end
    end
    return y
  end

  it("is its definition", function()
    for i, case in ipairs {{1, 1, 1, 1}, {3, 2, 3, 1}, {5, 4, 3, 3}, {7, 4, 6, 2}, {9, 8, 5, 3}, {13, 7, 7, 4}} do
      local k, h, w, c = table.unpack(case)
      local x, taps = random(i, 2, h, w, c), random(i + 10, 2, k)
      local list = taps:to_table()
      near(each(x, function(plane, n) return filtered(plane, list[n]) end), double.filter(x, taps), 1e-11)
    end
  end)

  it("does nothing by an impulse, and passes over taps of 0", function()
    local x, impulse = gan.rng(1, "augment_spec"):normal {1, 22, 22, 3}, {}
    for i = 1, 43 do impulse[i] = i == 22 and 1 or 0 end
    assert.is_true(x:to_bytes() == gan.filter(x, {impulse}):to_bytes())
  end)

  it("has the adjoint for its gradient", function()
    for _, k in ipairs {1, 3, 7, 9} do
      local x, g, taps = random(1, 3, 5, 6, 3), random(2, 3, 5, 6, 3), random(3, 3, k)
      local leaf = x:clone():requires_grad_()
      local y = double.filter(leaf, taps)
      local dx = double.grad(y, {leaf}, {seed = g})[1]
      assert.near(dot(y:detach(), g), dot(x, dx), 1e-12 * math.sqrt(dot(x, x) * dot(g, g)) * k * k)
    end
  end)

  it("has the same bytes with one thread and two, and takes empty batches", function()
    local x, taps = gan.rng(1, "augment_spec"):normal {6, 24, 24, 3}, gan.rng(2):normal {6, 43}
    assert.is_true(same_with_two_threads(function(threads)
      gan.threads(threads)
      return gan.filter(x, taps):to_bytes() .. gan.filter_dx(x, taps):to_bytes()
    end))
    assert.same({0, 5, 5, 3}, gan.filter(gan.zeros(0, 5, 5, 3), {}):shape())
  end)
end)
