-- Pooling, resizing and padding against slow references written from the definitions; adjoints by <A x, g> = <x, A' g>.
-- Gradients, named errors and memory are registry_spec's business.
local double = require "spec.support.double"
local same_with_two_threads = require "spec.support.threads"
local gan = require "gan"
local core = double.require "gan.core"
local F = double.ops

local INF = math.huge

local function random(seed, ...) return core.rng(seed, "resample_spec"):normal({...}) end

-- A new (n,h,w,c) tensor with f(n, h, w, c) in each place; positions count from 1.
local function fill(n, h, w, c, f)
  local t = {}
  for a = 1, n do
    t[a] = {}
    for i = 1, h do
      t[a][i] = {}
      for j = 1, w do
        t[a][i][j] = {}
        for k = 1, c do t[a][i][j][k] = f(a, i, j, k) end
      end
    end
  end
  return core.tensor(t)
end

local function flat(c, t) return c.to_table(c.reshape(t, {-1})) end

local function dot(a, b)
  local s, u, v = 0, flat(core, a), flat(core, b)
  for i = 1, #u do s = s + u[i] * v[i] end
  return s
end

local function assert_close(expected, got, tol)
  assert.same(core.shape(expected), core.shape(got))
  local a, b = flat(core, expected), flat(core, got)
  for i = 1, #a do
    assert.is_true(math.abs(a[i] - b[i]) < (tol or 1e-12),
      ("element %d: expected %.15g, got %.15g"):format(i, a[i], b[i]))
  end
end

local function assert_adjoint(forward, backward, x)
  local y = forward(x)
  local g = core.rng(9, "g"):normal(core.shape(y))
  local dx = backward(g)
  assert.same(core.shape(x), core.shape(dx))
  assert.is_true(math.abs(dot(y, g) - dot(x, dx)) < 1e-10 * (1 + math.abs(dot(y, g))))
end

-- Pooling from its definition: reduce(list of the values inside x, size of the window).
local function pool(x, o, reduce)
  local s, v = core.shape(x), core.to_table(x)
  local function size(i) return (s[i + 1] + 2 * o.padding[i] - o.kernel[i]) // o.stride[i] + 1 end
  return fill(s[1], size(1), size(2), s[4], function(n, i, j, c)
    local inside = {}
    for a = 1, o.kernel[1] do
      for b = 1, o.kernel[2] do
        local row = v[n][(i - 1) * o.stride[1] - o.padding[1] + a]
        local pixel = row and row[(j - 1) * o.stride[2] - o.padding[2] + b]
        if pixel then inside[#inside + 1] = pixel[c] end
      end
    end
    return reduce(inside, o.kernel[1] * o.kernel[2])
  end)
end

local windows = {
  {kernel = {2, 2}, stride = {2, 2}, padding = {0, 0}},
  {kernel = {3, 2}, stride = {2, 1}, padding = {1, 0}},
  {kernel = {3, 4}, stride = {1, 3}, padding = {2, 3}},
  {kernel = {1, 2}, stride = {3, 4}, padding = {0, 1}},
  {kernel = {7, 8}, stride = {1, 1}, padding = {0, 0}},
}

local function sum(list)
  local s = 0
  for _, v in ipairs(list) do s = s + v end
  return s
end

describe("avg_pool2d", function()
  for i, o in ipairs(windows) do
    it("is the mean of each window: case " .. i, function()
      local x = random(i, 2, 7, 8, 3)
      assert_close(pool(x, o, function(v, n) return sum(v) / n end), F.avg_pool2d(x, o))
      local valid = {kernel = o.kernel, stride = o.stride, padding = o.padding, count_include_pad = false}
      assert_close(pool(x, o, function(v) return sum(v) / #v end), F.avg_pool2d(x, valid))
      for _, options in ipairs {o, valid} do
        assert_adjoint(function(t) return F.avg_pool2d(t, options) end,
          function(g) return F.avg_pool2d_dx(g, {7, 8}, options) end, x)
      end
    end)
  end

  it("takes its stride from the kernel, and one integer for both", function()
    local x = random(1, 1, 6, 6, 2)
    assert_close(F.avg_pool2d(x, windows[1]), F.avg_pool2d(x, {kernel = 2}))
  end)
end)

describe("max_pool2d", function()
  for i, o in ipairs(windows) do
    it("is the largest of each window: case " .. i, function()
      local x = random(i, 2, 7, 8, 3)
      local y, idx = F.max_pool2d(x, o)
      assert_close(pool(x, o, function(v) return math.max(table.unpack(v)) end), y, 0x1p-60)
      local v, at, m = core.to_table(x), flat(core, idx), flat(core, y)
      local s = core.shape(y)
      for k = 1, #at do
        local n, c = (k - 1) // (s[2] * s[3] * s[4]) + 1, (k - 1) % s[4] + 1
        assert.equal(m[k], v[n][at[k] // 8 + 1][at[k] % 8 + 1][c])
      end
    end)
  end

  it("takes the first of equals, and padding never wins", function()
    local y, idx = F.max_pool2d(core.full({1, 2, 2, 1}, -5), {kernel = 3, padding = 1, stride = 1})
    assert.same({-5, -5, -5, -5}, flat(core, y))
    assert.same({0, 0, 0, 0}, flat(core, idx))
    assert.same({-INF}, flat(core, (F.max_pool2d(core.full({1, 2, 2, 1}, -INF), {kernel = 2}))))
  end)

  it("shows NaN", function()
    local x = core.tensor {{{{1}, {0 / 0}}, {{3}, {2}}}}
    local y, idx = F.max_pool2d(x, {kernel = 2})
    assert.is_true(core.item(y) ~= core.item(y))
    assert.equal(1, core.item(idx))
  end)
end)

describe("global pooling", function()
  local x = random(3, 2, 3, 4, 5)
  local function over_pixels(f)
    local v, out = core.to_table(x), {}
    for n = 1, 2 do
      out[n] = {}
      for c = 1, 5 do
        local list = {}
        for i = 1, 3 do for j = 1, 4 do list[#list + 1] = v[n][i][j][c] end end
        out[n][c] = f(list)
      end
    end
    return core.tensor(out)
  end

  it("means, sums and takes the largest over height and width", function()
    assert_close(over_pixels(function(l) return sum(l) / 12 end), F.global_avg_pool2d(x))
    assert_close(over_pixels(sum), F.global_sum_pool2d(x))
    assert_close(over_pixels(function(l) return math.max(table.unpack(l)) end), F.global_max_pool2d(x))
  end)

  it("names what is wrong", function()
    for _, name in ipairs {"global_avg_pool2d", "global_sum_pool2d", "global_max_pool2d"} do
      assert.error_matches(function() F[name](random(1, 2, 3)) end, name .. ": bad argument #1 'x'")
      assert.error_matches(function() F[name](core.full({2, 0, 3, 1}, 0)) end, "H, W >= 1")
    end
  end)
end)

-- The matrix (out, in) of a resize along one axis, from its definition.
local function resize_matrix(n_in, n_out, o)
  local m = {}
  for i = 0, n_out - 1 do
    local row = {}
    for j = 1, n_in do row[j] = 0 end
    if o.mode ~= "bilinear" then
      row[i * n_in // n_out + 1] = 1
    else
      local at
      if o.align_corners then
        at = n_out > 1 and i * (n_in - 1) / (n_out - 1) or 0
      elseif o.legacy then
        at = i * n_in / n_out
      else
        at = math.max((i + 0.5) * n_in / n_out - 0.5, 0)
      end
      local low = math.min(math.floor(at), n_in - 1)
      local high = math.min(low + 1, n_in - 1)
      row[low + 1] = row[low + 1] + 1 - (at - low)
      row[high + 1] = row[high + 1] + at - low
    end
    m[i + 1] = row
  end
  return m
end

local function resized(x, o)
  local s, v = core.shape(x), core.to_table(x)
  local mh, mw = resize_matrix(s[2], o.size[1], o), resize_matrix(s[3], o.size[2], o)
  return fill(s[1], o.size[1], o.size[2], s[4], function(n, i, j, c)
    local y = 0
    for a, p in ipairs(mh[i]) do
      for b, q in ipairs(mw[j]) do y = y + p * q * v[n][a][b][c] end
    end
    return y
  end)
end

describe("resize", function()
  local sizes = {{5, 6}, {10, 12}, {7, 13}, {3, 2}, {1, 1}, {15, 4}, {1, 30}}
  for _, size in ipairs(sizes) do
    for _, kind in ipairs {{}, {mode = "bilinear"}, {mode = "bilinear", align_corners = true},
      {mode = "bilinear", legacy = true}} do
      local name = (kind.mode or "nearest") .. (kind.align_corners and " corners" or kind.legacy and " legacy" or "")
      it(("makes 5x6 into %dx%d: %s"):format(size[1], size[2], name), function()
        local x = random(1, 2, 5, 6, 3)
        local o = {size = size, mode = kind.mode, align_corners = kind.align_corners, legacy = kind.legacy}
        assert_close(resized(x, o), F.resize(x, o))
        assert_adjoint(function(t) return F.resize(t, o) end, function(g) return F.resize_dx(g, {5, 6}, o) end, x)
      end)
    end
  end

  -- PyTorch 1.13: interpolate(tensor([0,10,20,30]), 8, mode="linear"), the same with align_corners;
  -- TensorFlow 1's resize.
  it("gives the numbers of other libraries", function()
    local x = core.tensor {{{{0}, {10}, {20}, {30}}}}
    local function line(o)
      o.size, o.mode = {1, 8}, "bilinear"
      return F.resize(x, o)
    end
    local function row(...)
      local t = {}
      for i, v in ipairs {...} do t[i] = {v} end
      return core.tensor {{t}}
    end
    assert_close(row(0, 2.5, 7.5, 12.5, 17.5, 22.5, 27.5, 30), line {})
    assert_close(row(0, 5, 10, 15, 20, 25, 30, 30), line {legacy = true})
    local corners = {}
    for i = 0, 7 do corners[i + 1] = 30 * i / 7 end
    assert_close(row(table.unpack(corners)), line {align_corners = true})
  end)

  it("remembers its options for the gradient", function()
    local x = core.full({1, 2, 2, 1}, 1)
    double.autograd.requires_grad_(x)
    local o = {size = {4, 4}}
    local y = F.resize(x, o)
    o.size[1], o.mode = 8, "bilinear"
    local g = double.grad(y, {x}, {seed = core.full({1, 4, 4, 1}, 1)})[1]
    assert.same({4, 4, 4, 4}, flat(core, g))
  end)

  it("upsamples by integer factors", function()
    local x = random(1, 2, 3, 4, 2)
    assert_close(F.resize(x, {size = {6, 8}}), F.upsample(x))
    assert_close(F.resize(x, {size = {9, 4}, mode = "bilinear"}), F.upsample(x, {3, 1}, "bilinear"))
    assert.error_matches(function() F.upsample(x, 0) end, "upsample: bad argument #2 'factor'")
    assert.error_matches(function() F.upsample(x, 2 ^ 40) end, "upsample: bad argument #2 'factor'")
    assert.error_matches(function() F.upsample(x, 2, "cubic") end, "'mode'")
  end)
end)

describe("pad2d", function()
  local sources = {
    constant = function(i, n) return i >= 1 and i <= n and i end,
    replicate = function(i, n) return math.min(math.max(i, 1), n) end,
    reflect = function(i, n) return i < 1 and 2 - i or i > n and 2 * n - i or i end,
  }
  for mode, source in pairs(sources) do
    for i, o in ipairs {
      {top = 1, bottom = 2, left = 0, right = 3}, {top = 2, bottom = 2, left = 3, right = 1}, {left = 2},
    } do
      it(("adds a border: %s, case %d"):format(mode, i), function()
        local x = random(i, 2, 3, 4, 2)
        local v = core.to_table(x)
        local options = {mode = mode, value = mode == "constant" and 0.25 or nil}
        for k, n in pairs(o) do options[k] = n end
        local top, left = o.top or 0, o.left or 0
        local expected = fill(2, 3 + top + (o.bottom or 0), 4 + left + (o.right or 0), 2, function(n, a, b, c)
          local p, q = source(a - top, 3), source(b - left, 4)
          return p and q and v[n][p][q][c] or 0.25
        end)
        assert_close(expected, F.pad2d(x, options))
        options.value = nil
        assert_adjoint(function(t) return F.pad2d(t, options) end, function(g) return F.pad2d_dx(g, options) end, x)
      end)
    end
  end

  it("is undone by crop2d, which is a view of any dtype", function()
    local o = {top = 1, bottom = 2, left = 3, right = 4}
    local x = random(1, 2, 3, 4, 2)
    local padded = F.pad2d(x, o)
    local cropped = F.crop2d(padded, o)
    assert_close(x, cropped)
    assert.is_true(core.same_storage(padded, cropped))
    assert.same({2, 1}, flat(core, F.crop2d(core.tensor({{{{3}, {2}, {1}}}}, "u8"), {left = 1})))
  end)
end)

describe("resampling", function()
  local calls = {
    avg_pool2d = function(f, x) return f(x, {kernel = 3, stride = 2, padding = 1}) end,
    max_pool2d = function(f, x) return f(x, {kernel = 3, stride = 2, padding = 1}) end,
    avg_pool2d_dx = function(f, x) return f(x, {66, 64}, {kernel = 3, stride = 2, padding = 1}) end,
    resize = function(f, x) return f(x, {size = {50, 70}, mode = "bilinear"}) end,
    resize_dx = function(f, x) return f(x, {50, 70}, {size = {33, 32}, mode = "bilinear"}) end,
    pad2d = function(f, x) return f(x, {top = 3, right = 5, mode = "reflect"}) end,
    pad2d_dx = function(f, x) return f(x, {top = 3, right = 5, mode = "reflect"}) end,
  }
  for name, call in pairs(calls) do
    it(name .. " gives the same bytes with 1 and 2 threads", function()
      local fcore, before = require "gan.core", gan.threads()
      local x = fcore.rng(1):normal({4, 33, 32, 5})
      local out = {}
      for threads = 1, 2 do
        gan.threads(threads)
        out[threads] = fcore.to_bytes((call(gan.ops[name], x)))
      end
      gan.threads(before)
      assert.is_true(out[1] == out[2])
    end)

    it(name .. " accepts an empty batch and no channels", function()
      for _, shape in ipairs {{0, 33, 32, 5}, {2, 33, 32, 0}} do
        local y = core.shape((call(F[name], core.full(shape, 0))))
        assert.equal(shape[1], y[1])
        assert.equal(shape[4], y[4])
      end
    end)
  end

  it("says what is too large instead of trying", function()
    local x = core.full({1, 2, 2, 1}, 0)
    local big = 2 ^ 31 - 1
    for _, call in ipairs {
      function() F.resize(x, {size = {big, big}}) end,
      function() F.pad2d(x, {top = big, left = big, bottom = big, right = big}) end,
      function() F.avg_pool2d_dx(x, {big, big}, {kernel = {big // 2, big // 2}}) end,
    } do
      assert.has_error(call)
    end
  end)
end)

describe("avg_pool2d_to, max_pool2d_to", function()
  local options = {
    {kernel = 3, stride = 1, padding = 1},
    {kernel = 3, stride = 2},
    {kernel = {2, 3}, stride = {1, 2}, padding = {0, 1}},
  }

  it("are the pools, alone and among other channels", function()
    local x = core.rng(1, "pool"):normal({2, 7, 6, 17})
    core.sub_(x, 9) -- all negative: padding must not win
    for _, o in ipairs(options) do
      local valid = {kernel = o.kernel, stride = o.stride, padding = o.padding, count_include_pad = false}
      for _, case in ipairs {{core.max_pool2d, core.max_pool2d_to, o}, {core.avg_pool2d, core.avg_pool2d_to, valid}} do
        local want = (case[1](x, case[3]))
        assert.is_true(core.item(core.max(want)) < 0)
        assert.is_true(core.to_bytes(want) == core.to_bytes(case[2](x, case[3])))
        local s = core.shape(want)
        local all = core.full({s[1], s[2], s[3], 20}, 5)
        local place = core.narrow(all, 4, 2, 17)
        case[2](x, case[3], place)
        assert.is_true(core.to_bytes(want) == core.to_bytes(place))
        assert.equal(5, core.item(core.min(core.narrow(all, 4, 1, 1))))
        assert.equal(5, core.item(core.min(core.narrow(all, 4, 19, 2))))
      end
    end
  end)

  it("keep NaN, and refuse another place", function()
    local x = core.full({1, 3, 3, 1}, 0)
    core.set_(x, 0 / 0, 1, 1, 2, 1)
    local y = core.max_pool2d_to(x, {kernel = 2, stride = 1})
    assert.is_true(core.get(y, 1, 1, 1, 1) ~= core.get(y, 1, 1, 1, 1))
    assert.equal(0, core.get(y, 1, 2, 2, 1))
    for _, place in ipairs {core.full({1, 2, 2, 2}, 0), core.full({1, 2, 2, 1}, 0, "u8"), x, 3} do
      local ok, err = pcall(core.avg_pool2d_to, x, {kernel = 2, stride = 1}, place)
      assert.is_false(ok)
      assert.truthy(err:find("avg_pool2d_to: bad argument #3 'y'", 1, true), err)
    end
    local ok, err = pcall(core.max_pool2d_to, x, {kernel = 1}, x)
    assert.is_false(ok)
    assert.truthy(err:find("must not share memory with x", 1, true), err)
  end)
end)

-- upfirdn2d from its definition: zeros put in, padded, filtered on both axes, thinned out.
local function filtered(x, f, o)
  local s, v, up, down, k = core.shape(x), core.to_table(x), o.up or {1, 1}, o.down or {1, 1}, #f
  local before = {o.top or 0, o.left or 0}
  local function size(i, after) return (s[i + 1] * up[i] + before[i] + after - k) // down[i] + 1 end
  local function inside(n, i, j, c)
    i, j = i - before[1], j - before[2]
    local row = i % up[1] == 0 and j % up[2] == 0 and v[n][i // up[1] + 1]
    local pixel = row and row[j // up[2] + 1]
    return pixel and pixel[c] or 0
  end
  return fill(s[1], size(1, o.bottom or 0), size(2, o.right or 0), s[4], function(n, i, j, c)
    local y = 0
    for a = 0, k - 1 do
      for b = 0, k - 1 do
        local w = o.flip and f[a + 1] * f[b + 1] or f[k - a] * f[k - b]
        y = y + w * inside(n, (i - 1) * down[1] + a, (j - 1) * down[2] + b, c)
      end
    end
    return y * (o.gain or 1)
  end)
end

local function spread(n) -- n taps without a symmetry
  local f = {}
  for i = 1, n do f[i] = (7 * i % 5 - 2) / 2 + i / 8 end
  return f
end

local UP = {up = {2, 2}, top = 2, bottom = 1, left = 2, right = 1, gain = 4 / 64}
local DOWN = {down = {2, 2}, top = 1, bottom = 1, left = 1, right = 1, gain = 1 / 64}

describe("upfirdn2d", function()
  local cases = {
    {spread(1), {}},
    {spread(3), {gain = 0.5}},
    {spread(3), {flip = true, top = 1, bottom = 1, left = 1, right = 1}},
    {spread(4), UP},
    {spread(4), DOWN},
    {spread(5), {up = {2, 3}, down = {3, 2}, top = 4, bottom = 6, left = 3, right = 9}},
    {spread(2), {up = {3, 1}, top = -4, bottom = -2, left = 9}}, -- no tap meets a pixel at some places
    {spread(12), {up = {2, 2}, top = 6, bottom = 5, left = 6, right = 5, gain = 4}}, -- those of adaptive augmentation
    {spread(12), {down = {2, 2}, top = 5, bottom = 4, left = 5, right = 5, flip = true}},
    {spread(2), {down = {5, 7}, right = 1}},
  }
  for i, case in ipairs(cases) do
    it("is its definition, and its gradient the adjoint: case " .. i, function()
      local x = random(i, 2, 5, 6, i % 3 == 0 and 17 or 3)
      local y = F.upfirdn2d(x, case[1], case[2])
      assert_close(filtered(x, case[1], case[2]), y)
      assert_adjoint(function(t) return F.upfirdn2d(t, case[1], case[2]) end, function(g)
        local leaf = core.clone(x)
        leaf:requires_grad_()
        return double.grad(F.upfirdn2d(leaf, case[1], case[2]), {leaf}, {seed = g})[1]
      end, x)
    end)
  end

  it("takes one integer for both axes, and a filter for each image", function()
    local x = random(1, 2, 4, 4, 3)
    local one, two = spread(4), {2, -1, 0.5, 3}
    assert_close(F.upfirdn2d(x, one, UP), F.upfirdn2d(x, core.tensor(one),
      {up = 2, top = 2, bottom = 1, left = 2, right = 1, gain = 4 / 64}))
    local y = F.upfirdn2d(x, core.tensor {one, two}, DOWN)
    assert_close(F.upfirdn2d(core.narrow(x, 1, 1, 1), one, DOWN), core.narrow(y, 1, 1, 1))
    assert_close(F.upfirdn2d(core.narrow(x, 1, 2, 1), two, DOWN), core.narrow(y, 1, 2, 1))
  end)

  -- numbers by PyTorch's convolutions in doubles
  it("with [1,3,3,1] halves and doubles a ramp", function()
    local x, f = fill(1, 4, 4, 1, function(_, i, j) return 4 * (i - 1) + j - 1 end), {1, 3, 3, 1}
    assert.same({2.734375, 3.9375, 7.546875, 8.75}, flat(core, F.upfirdn2d(x, f, DOWN)))
    local edge = F.pad2d(x, {top = 1, bottom = 1, left = 1, right = 1, mode = "replicate"})
    assert.same({3.125, 4.875, 10.125, 11.875}, flat(core, F.upfirdn2d(edge, f, {down = 2, gain = 1 / 64})))
    local up = F.upfirdn2d(x, f, UP)
    local want = {0, 0.1875, 0.5625, 0.9375, 1.3125, 1.6875, 2.0625, 1.6875}
    assert.same(want, flat(core, core.narrow(up, 2, 1, 1)))
    want = {6.75, 9.1875, 9.5625, 9.9375, 10.3125, 10.6875, 11.0625, 8.4375}
    assert.same(want, flat(core, core.narrow(up, 2, 8, 1)))
    local bilinear = F.resize(x, {size = 8, mode = "bilinear"})
    local function inner(t) return core.narrow(core.narrow(t, 2, 2, 6), 3, 2, 6) end
    assert_close(inner(bilinear), inner(up))
  end)

  it("with [1,3,3,1] makes doubling the adjoint of halving, times 4", function()
    local a = fill(1, 4, 4, 1, function(_, i, j) return (4 * (i - 1) + j - 1) * 7 % 11 / 3 end)
    local b, f = core.reshape(core.tensor {1, -2, 3, 0.5}, {1, 2, 2, 1}), {1, 3, 3, 1}
    assert.near(2.544270833333334, dot(F.upfirdn2d(a, f, DOWN), b), 1e-12)
    assert.near(2.544270833333334, dot(a, F.upfirdn2d(b, f, UP)) / 4, 1e-12)
  end)

  it("has no gradient in its filter, and says so", function()
    local f = core.tensor({1, 2}):requires_grad_()
    local ok, err = pcall(double.grad, F.sum(F.upfirdn2d(random(1, 1, 3, 3, 1), f)), {f})
    assert.is_false(ok)
    assert.matches("op 'upfirdn2d' has no derivative with respect to argument #2", err)
  end)

  it("has the same bytes with one thread and two", function()
    local x = gan.rng(1, "fir"):normal {8, 16, 16, 24}
    assert.is_true(same_with_two_threads(function(threads)
      gan.threads(threads)
      return gan.upfirdn2d(x, {1, 3, 3, 1}, UP):to_bytes() .. gan.upfirdn2d(x, {1, 3, 3, 1}, DOWN):to_bytes()
    end))
  end)
end)
