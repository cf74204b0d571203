-- The convolution triple: its definition over a grid of shapes, adjoints, bytes independent of threads, bad input.
local double = require "spec.support.double"
local naive = require "spec.support.naive_conv"

local core, ops = double.require "gan.core", double.ops
local fcore = require "gan.core"
local rng = core.rng(7, "conv_spec")

local function pick(list) return list[rng:integer({1}, 1, #list):to_table()[1]] end
local function range(lo, hi)
  local list = {}
  for i = lo, hi do list[#list + 1] = i end
  return pick(list)
end

local function flat(t) return core.to_table(core.reshape(t, {-1})) end

local function fill(d)
  d.Ho = (d.H + 2 * d.ph - d.dh * (d.Kh - 1) - 1) // d.sh + 1
  d.Wo = (d.W + 2 * d.pw - d.dw * (d.Kw - 1) - 1) // d.sw + 1
  return d.Ho >= 1 and d.Wo >= 1
end

local function name(d)
  local groups = d.groups or 1
  return ("x (%d,%d,%d,%d) w (%d,%d,%d,%d) stride %d,%d padding %d,%d dilation %d,%d groups %d"):format(
    d.N, d.H, d.W, d.Ci, d.Kh, d.Kw, d.Ci // groups, d.Co, d.sh, d.sw, d.ph, d.pw, d.dh, d.dw, groups)
end

local function options(d, key, a, b)
  local o = {stride = {d.sh, d.sw}, padding = {d.ph, d.pw}, dilation = {d.dh, d.dw}, groups = d.groups}
  if key then o[key] = {a, b} end
  return o
end

local function tensors(c, d)
  local r = c.rng(3, name(d))
  return r:normal({d.N, d.H, d.W, d.Ci}), r:normal({d.Kh, d.Kw, d.Ci // (d.groups or 1), d.Co}),
    r:normal({d.N, d.Ho, d.Wo, d.Co})
end

local function passes(c, d, x, w, dy)
  return c.conv2d(x, w, options(d)),
    c.conv2d_dx(dy, w, options(d, "size", d.H, d.W)),
    c.conv2d_dw(x, dy, options(d, "kernel", d.Kh, d.Kw))
end

local function with_engine(o, engine)
  o.engine = engine
  return o
end

local function passes_of(c, engine, d, x, w, dy)
  return c.conv2d(x, w, with_engine(options(d), engine)),
    c.conv2d_dx(dy, w, with_engine(options(d, "size", d.H, d.W), engine)),
    c.conv2d_dw(x, dy, with_engine(options(d, "kernel", d.Kh, d.Kw), engine))
end

-- Relative to the largest reference value.
local function close(what, d, got, want, tol)
  local worst, top = 0, 1e-30
  assert.equal(#want, #got, what)
  for i = 1, #want do
    local e = math.abs(got[i] - want[i])
    worst, top = (e > worst or e ~= e) and e or worst, math.max(top, math.abs(want[i]))
  end
  assert.is_true(worst <= tol * top, ("%s of %s: off by %g of %g"):format(what, name(d), worst, top))
end

local function compare(d)
  local x, w, dy = tensors(core, d)
  local y, dx, dw = passes(core, d, x, w, dy)
  local fx, fw, fdy = flat(x), flat(w), flat(dy)
  assert.same({d.N, d.Ho, d.Wo, d.Co}, core.shape(y))
  close("conv2d", d, flat(y), naive.y(d, fx, fw), 1e-12)
  close("conv2d_dx", d, flat(dx), naive.dx(d, fdy, fw), 1e-12)
  close("conv2d_dw", d, flat(dw), naive.dw(d, fx, fdy), 1e-12)
end

-- One shape per engine and per branch of the block walk: several blocks, rows wider than a block, taps and channels in
-- several chunks, partial sums, borders skipped.
local function shape(N, H, W, Ci, Kh, Kw, Co, s, p, dil)
  local d = {N = N, H = H, W = W, Ci = Ci, Kh = Kh, Kw = Kw, Co = Co,
    sh = s, sw = s, ph = p, pw = p, dh = dil or 1, dw = dil or 1}
  assert(fill(d))
  return d
end
local engines = {
  {"1x1 as one product", shape(2, 9, 7, 17, 1, 1, 8, 1, 0)},
  {"a kernel that covers the input", shape(5, 4, 3, 17, 4, 3, 8, 1, 0)},
  {"pictures by columns", shape(3, 19, 14, 3, 4, 4, 8, 2, 1)},
  {"pictures in several strips", shape(1, 400, 12, 3, 5, 3, 8, 1, 2)},
  {"columns with dilation", shape(2, 30, 9, 1, 3, 3, 8, 3, 3, 2)},
  {"rows wider than a block", shape(1, 5, 700, 2, 3, 3, 2, 1, 1)},
  {"several blocks", shape(6, 24, 20, 8, 3, 3, 9, 1, 1)},
  {"taps in several chunks, borders skipped", shape(4, 8, 8, 40, 4, 4, 9, 2, 1)},
  {"channels in several chunks", shape(1, 3, 3, 700, 2, 2, 3, 1, 1)},
  {"few channels out", shape(2, 6, 5, 20, 3, 2, 3, 1, 1)},
  {"few channels out, dilated", shape(2, 7, 9, 16, 3, 3, 8, 1, 2, 2)},
  {"few channels out, padding beyond the kernel", shape(2, 4, 5, 9, 2, 2, 1, 1, 2)},
  {"more channels out than dw packs at a time", shape(1, 3, 4, 2, 2, 2, 600, 1, 1)},
  {"phases without taps", shape(2, 11, 10, 9, 2, 2, 3, 3, 0)},
  {"padding wider than the kernel", shape(2, 3, 4, 9, 2, 2, 3, 2, 3)},
}

describe("conv2d, conv2d_dx, conv2d_dw", function()
  for _, e in ipairs(engines) do
    it("agree with the definition: " .. e[1], function() compare(e[2]) end)
  end

  it("agree with the definition on a grid of kernels, strides, paddings, dilations and sizes", function()
    local cases = 0
    while cases < 150 do
      local d = {N = range(1, 2), H = range(1, 11), W = range(1, 11),
        Ci = pick {1, 2, 3, 8, 17}, Co = pick {1, 2, 3, 8, 17}, Kh = range(1, 5), Kw = range(1, 5),
        sh = range(1, 3), sw = range(1, 3), ph = range(0, 3), pw = range(0, 3), dh = range(1, 2), dw = range(1, 2)}
      if fill(d) and d.N * d.Ho * d.Wo * d.Kh * d.Kw * d.Ci * d.Co < 60000 then
        compare(d)
        cases = cases + 1
      end
    end
  end)

  it("are adjoint: <conv2d(x,w),y> = <x,conv2d_dx(y,w)> = <w,conv2d_dw(x,y)>", function()
    for _, d in ipairs {
      shape(8, 16, 16, 64, 4, 4, 96, 2, 1),
      shape(2, 33, 31, 48, 3, 5, 40, 2, 2),
      shape(3, 20, 20, 3, 5, 5, 64, 1, 2),
    } do
      local x, w, dy = tensors(core, d)
      local y, dx, dw = passes(core, d, x, w, dy)
      local function dot(a, b)
        local row, column = core.reshape(a, {1, core.numel(a)}), core.reshape(b, {core.numel(b), 1})
        return core.to_table(core.matmul(row, column))[1][1]
      end
      local s = dot(y, dy)
      assert.is_true(math.abs(s) > 1)
      assert.near(s, dot(x, dx), 1e-9 * math.abs(s))
      assert.near(s, dot(w, dw), 1e-9 * math.abs(s))
    end
  end)

  it("agree in float with double on the shapes of a DCGAN", function()
    local function rounded(t) -- the double values of a float tensor
      return core.reshape(core.tensor(fcore.to_table(fcore.reshape(t, {-1}))), fcore.shape(t))
    end
    for _, d in ipairs {
      shape(4, 64, 64, 3, 4, 4, 32, 2, 1),
      shape(4, 16, 16, 64, 4, 4, 96, 2, 1),
      shape(4, 4, 4, 128, 4, 4, 1, 1, 0),
    } do
      local x, w, dy = tensors(fcore, d)
      local f = {passes(fcore, d, x, w, dy)}
      for i, want in ipairs {passes(core, d, rounded(x), rounded(w), rounded(dy))} do
        close("pass " .. i, d, fcore.to_table(fcore.reshape(f[i], {-1})), flat(want), 1e-5)
      end
    end
  end)

  it("give the same bytes with one and two threads", function()
    local before = fcore.threads()
    for _, e in ipairs(engines) do
      local d = e[2]
      local x, w, dy = tensors(fcore, d)
      fcore.threads(1)
      local one = {passes(fcore, d, x, w, dy)}
      fcore.threads(2)
      local two = {passes(fcore, d, x, w, dy)}
      fcore.threads(before)
      for i = 1, 3 do
        assert.same(fcore.to_table(fcore.reshape(one[i], {-1})), fcore.to_table(fcore.reshape(two[i], {-1})))
      end
    end
  end)

  it("take tensors without elements", function()
    local function sizes(t) return core.shape(t) end
    assert.same({0, 3, 3, 2}, sizes(ops.conv2d(core.full({0, 5, 5, 1}, 0), core.full({3, 3, 1, 2}, 0))))
    assert.same({2, 3, 3, 0}, sizes(ops.conv2d(core.full({2, 5, 5, 1}, 0), core.full({3, 3, 1, 0}, 0))))
    local y = ops.conv2d(core.full({1, 2, 2, 0}, 0), core.full({1, 1, 0, 1}, 0))
    assert.same({0, 0, 0, 0}, flat(y))
    assert.same({0, 0, 0, 0}, flat(ops.conv2d(core.full({1, 0, 0, 1}, 0), core.full({1, 1, 1, 1}, 1), {padding = 1})))
    assert.same({0, 0}, flat(ops.conv2d_dw(core.full({0, 3, 3, 2}, 0), core.full({0, 3, 3, 1}, 0), {kernel = 1})))
    assert.same({0, 4, 4, 1},
      sizes(ops.conv_transpose2d(core.full({0, 2, 2, 3}, 0), core.full({2, 2, 1, 3}, 0), {stride = 2})))
  end)

  it("raise on sizes that no memory holds, and on options that are none", function()
    local x, w = core.full({1, 2, 2, 1}, 1), core.full({2, 2, 1, 1}, 1)
    local huge = 1 << 30
    local function fails(match, f, ...)
      local ok, err = pcall(f, ...)
      assert.is_false(ok)
      assert.truthy(tostring(err):find(match, 1, true), tostring(err))
    end
    fails("too large", ops.conv2d, x, w, {padding = huge})
    fails("too large", ops.conv_transpose2d, x, w, {stride = huge})
    fails("'padding'", ops.conv2d, x, w, {padding = math.maxinteger})
    fails("'padding'", ops.conv2d, x, w, {padding = 0.5})
    fails("'padding'", ops.conv2d, x, w, {padding = 0 / 0})
    fails("'dilation'", ops.conv2d, x, w, {dilation = {1, "2"}})
    fails("not (2,2)", ops.conv2d_dw, x, x, {kernel = huge})
    fails("not (2,2)", ops.conv2d_dx, x, w, {size = huge})
    fails("at least 1x1", ops.conv2d, x, core.full({0, 1, 1, 1}, 1))
    fails("unknown option '1' (known: dilation, engine, groups, padding, stride)", ops.conv2d, x, w, {1})
    assert.same({1, 1, 1, 1}, core.shape(ops.conv2d(x, w, {stride = huge})))
    assert.same({1, 1, 1, 1},
      core.shape(ops.conv2d(core.full({1, 2, 2, 1}, 1), core.full({1, 1, 1, 1}, 1), {stride = huge, dilation = huge})))
  end)
end)

-- Groups: channels a group that are a vector or not, blocks of lines and columns, windows far apart, every pass.
local function grouped(groups, ...)
  local d = shape(...)
  d.groups = groups
  return d
end
local of_groups = {
  {"16 channels a group", grouped(3, 2, 9, 7, 48, 3, 3, 48, 1, 1)},
  {"16 channels a group, several blocks", grouped(2, 1, 37, 66, 32, 3, 3, 32, 1, 1)},
  {"8 channels a group", grouped(3, 2, 8, 5, 24, 3, 3, 24, 1, 1)},
  {"32 channels a group", grouped(2, 3, 4, 4, 64, 3, 3, 64, 1, 1)},
  {"odd channels a group, more out than in", grouped(3, 2, 5, 6, 9, 3, 2, 15, 1, 1)},
  {"fewer channels out than in", grouped(2, 2, 6, 5, 42, 3, 3, 10, 2, 1)},
  {"more channels out than a vector", grouped(2, 1, 5, 4, 6, 2, 3, 70, 1, 1)},
  {"one channel in, several out", grouped(5, 2, 6, 6, 5, 3, 3, 15, 1, 1)},
  {"several channels in, one out", grouped(5, 2, 6, 6, 15, 3, 3, 5, 1, 2)},
  {"1x1", grouped(4, 2, 5, 5, 8, 1, 1, 12, 1, 0)},
  {"stride 2, 4x4", grouped(2, 2, 9, 8, 32, 4, 4, 32, 2, 1)},
  {"stride beyond the kernel", grouped(2, 2, 20, 23, 8, 2, 2, 8, 9, 0)},
  {"dilation", grouped(2, 2, 12, 11, 16, 3, 3, 16, 1, 2, 2)},
  {"stride and dilation", grouped(2, 1, 17, 16, 16, 3, 3, 8, 2, 3, 3)},
  {"padding wider than the kernel", grouped(2, 2, 3, 4, 4, 2, 2, 6, 2, 3)},
  {"a kernel that covers the input", grouped(4, 3, 4, 3, 16, 4, 3, 8, 1, 0)},
  {"depthwise", grouped(37, 2, 9, 6, 37, 3, 3, 37, 1, 1)},
  {"depthwise that covers the input", grouped(40, 3, 4, 4, 40, 4, 4, 40, 1, 0)},
  {"depthwise, stride 2", grouped(5, 2, 9, 7, 5, 4, 4, 5, 2, 1)},
  {"depthwise, 5x7, dilation", grouped(16, 1, 14, 15, 16, 5, 7, 16, 1, 3, 2)},
  {"depthwise, several blocks", grouped(16, 1, 140, 70, 16, 3, 3, 16, 1, 1)},
  {"many groups", grouped(130, 1, 3, 3, 260, 2, 2, 260, 1, 0)},
  {"3x3, 5 channels a group, 4 out", grouped(3, 2, 7, 5, 15, 3, 3, 12, 1, 1)},
  {"3x3, groups that are joined", grouped(20, 2, 7, 5, 40, 3, 3, 80, 1, 1)},
  {"3x3, more than a vector a group", grouped(2, 2, 6, 9, 48, 3, 3, 80, 1, 0)},
  {"3x3, wide pictures, padding 2", grouped(2, 2, 9, 70, 16, 3, 3, 16, 1, 2)},
  {"3x3, padding 3", grouped(2, 1, 3, 4, 32, 3, 3, 32, 1, 3)},
  {"3x3, many small pictures", grouped(3, 19, 4, 4, 48, 3, 3, 48, 1, 1)},
}

describe("groups", function()
  for _, e in ipairs(of_groups) do
    it("agree with the definition: " .. e[1], function() compare(e[2]) end)
  end

  it("agree with the definition on a grid of kernels, strides, paddings, dilations and sizes", function()
    local cases = 0
    while cases < 100 do
      local groups = pick {2, 3, 5, 16}
      local d = {N = range(1, 2), H = range(1, 11), W = range(1, 11), groups = groups,
        Ci = groups * pick {1, 2, 3, 8, 16}, Co = groups * pick {1, 2, 3, 8, 16}, Kh = range(1, 5), Kw = range(1, 5),
        sh = range(1, 3), sw = range(1, 3), ph = range(0, 3), pw = range(0, 3), dh = range(1, 2), dw = range(1, 2)}
      if fill(d) and d.N * d.Ho * d.Wo * d.Kh * d.Kw * d.Ci * d.Co / groups < 60000 then
        compare(d)
        cases = cases + 1
      end
    end
  end)

  it("agree in every engine and instruction set, and in float with double", function()
    local function far(got, want)
      return core.item(core.max(core.abs(core.sub(got, want)))) / core.item(core.max(core.abs(want)))
    end
    local function double_of(t)
      return core.reshape(core.tensor(fcore.to_table(fcore.reshape(t, {-1}))), fcore.shape(t))
    end
    local chosen, all = core.simd()
    for _, e in ipairs(of_groups) do
      local d = e[2]
      local x, w, dy = tensors(fcore, d)
      local single = {passes(fcore, d, x, w, dy)}
      local winograd = d.Kh == 3 and d.Kw == 3 and d.sh == 1 and d.dh == 1
      x, w, dy = double_of(x), double_of(w), double_of(dy)
      core.simd "base"
      local want = {passes_of(core, "direct", d, x, w, dy)}
      for i, got in ipairs(single) do assert.is_true(far(double_of(got), want[i]) < 4e-5, "float, " .. name(d)) end
      for _, set in ipairs(all) do
        core.simd(set)
        for _, engine in ipairs(winograd and {"direct", "winograd2", "winograd4"} or {"direct"}) do
          for i, got in ipairs {passes_of(core, engine, d, x, w, dy)} do
            assert.is_true(far(got, want[i]) < 1e-13, ("%s, %s, pass %d of %s"):format(set, engine, i, name(d)))
          end
        end
      end
    end
    core.simd(chosen)
  end)

  it("give the same bytes with one and two threads", function()
    local before = fcore.threads()
    for _, e in ipairs(of_groups) do
      local x, w, dy = tensors(fcore, e[2])
      fcore.threads(1)
      local one = {passes(fcore, e[2], x, w, dy)}
      fcore.threads(2)
      local two = {passes(fcore, e[2], x, w, dy)}
      fcore.threads(before)
      for i = 1, 3 do assert.is_true(fcore.to_bytes(one[i]) == fcore.to_bytes(two[i]), name(e[2])) end
    end
  end)

  it("are convolutions of their own, joined", function()
    local x, w = rng:normal({2, 5, 4, 6}), rng:normal({3, 3, 3, 8})
    local y = ops.conv2d(x, w, {padding = 1, groups = 2})
    for i = 0, 1 do
      local part = ops.conv2d(core.clone(core.narrow(x, 4, 3 * i + 1, 3)), core.clone(core.narrow(w, 4, 4 * i + 1, 4)),
        {padding = 1})
      assert.is_true(core.item(core.max(core.abs(core.sub(part, core.narrow(y, 4, 4 * i + 1, 4))))) < 1e-12)
    end
  end)

  it("take tiles where they cost less, as many as gan.winograd says", function()
    local d = grouped(4, 8, 8, 8, 64, 3, 3, 64, 1, 1)
    local x, w, dy = tensors(fcore, d)
    local function bytes(engine)
      local list = {passes_of(fcore, engine, d, x, w, dy)}
      for i, t in ipairs(list) do list[i] = fcore.to_bytes(t) end
      return table.concat(list)
    end
    for _, tile in ipairs {0, 2, 4} do
      fcore.winograd(tile)
      assert.is_true(bytes(nil) == bytes(({[0] = "direct", [2] = "winograd2", [4] = "winograd4"})[tile]))
    end
    assert.is_true(bytes "winograd4" ~= bytes "winograd2" and bytes "winograd2" ~= bytes "direct")
  end)

  it("take tensors without elements, and strides that no picture has", function()
    local huge = 1 << 30
    local w = core.full({3, 3, 2, 4}, 1)
    assert.same({0, 5, 5, 4}, core.shape(ops.conv2d(core.full({0, 5, 5, 4}, 0), w, {padding = 1, groups = 2})))
    assert.same({3, 3, 2, 4},
      core.shape(ops.conv2d_dw(core.full({0, 5, 5, 4}, 0), core.full({0, 3, 3, 4}, 0), {kernel = 3, groups = 2})))
    assert.same({1, 3, 3, 4},
      core.shape(ops.conv2d(core.full({1, 4, 4, 4}, 1), w, {stride = huge, padding = huge, groups = 2})))
    assert.same({1, 1, 1, 2}, core.shape(ops.conv2d(core.full({1, 2, 2, 2}, 1), core.full({1, 1, 1, 2}, 1),
      {stride = huge, dilation = huge, groups = 2})))
  end)

  it("give the worked numbers of 3x3, 4 channels in 2 groups", function()
    local function made(shape_of, f)
      local t, n = {}, 1
      for _, size in ipairs(shape_of) do n = n * size end
      for i = 0, n - 1 do t[i + 1] = f(i) end
      return core.reshape(core.tensor(t), shape_of)
    end
    local x = made({1, 3, 3, 4}, function(i) return (i * 7 % 11 - 5) / 4 end)
    local w = made({3, 3, 2, 4}, function(i) return (i * 5 % 13 - 6) / 8 end)
    local g = made({1, 3, 3, 4}, function(i) return (i * 3 % 7 - 3) / 2 end)
    local function like(want, got)
      got = flat(got)
      assert.equal(#want, #got)
      for i = 1, #want do assert.near(want[i], got[i], 1e-9) end
    end
    x, w = x:requires_grad_(), w:requires_grad_()
    local y = ops.conv2d(x, w, {padding = 1, groups = 2})
    like({
      -0.28125, 0.71875, -0.78125, -0.1875, 0.84375, -1.65625, -0.875, 1.5625, -0.25, -0.25, -0.78125, 0.65625,
      0.3125, -1.25, -0.65625, 0.6875, 1.28125, 0.96875, -0.65625, 0.09375, 1.71875, -1.03125, 1.59375, -2.40625,
      1.09375, -0.5, 1.1875, -1, -0.53125, -1.125, -0.15625, -1.1875, -0.9375, 1.65625, -0.1875, 1.40625,
    }, y:detach())
    local grads = double.grad(ops.sum(ops.mul(y, g)), {x, w}, {create_graph = true})
    like({
      -0.6875, -0.75, -1.0625, -0.75, -0.625, -1.875, -1.75, 2.75, -1.1875, 2.5625, 0.3125, 0.375, 0.375, -0.5625,
      -0.625, 0.9375, -0.125, -0.625, 0.5, 2.125, 1.125, 1.9375, 1.1875, -1.1875, 1, -1.875, -0.6875, -0.75, -1.4375,
      -1.125, -0.625, -1.875, -0.75, -1.25, -1.1875, 2.5625,
    }, grads[1]:detach())
    like({
      -3.25, 1, 1.375, 1.375, 2.125, -0.125, 1.125, 0.125, 2.75, 0.5, -0.125, 1.125, -2.75, -0.75, -3.375, -2, -2.5,
      -0.125, -3.625, 0.875, 1.75, 0.25, 0.5, 0.5, 0.875, 1.5, 0.375, 1.875, -1.625, -2.875, 0.125, -4.375, -0.625,
      -2.5, -3.5, -3.5, -1.5, 4, 2.75, -0.125, 0.375, 1.25, 1.875, 0.375, 2.375, -0.125, -0.125, 2, 0.25, -2.875,
      0.875, -3.625, 1.375, 1.375, -0.125, 0.5, 0.375, 1.5, 1.125, -0.125, -0.125, 1.125, 1.5, 0.375, 0.5, -0.125,
      1.375, 1.375, -3.625, 0.875, -2.875, 0.25,
    }, grads[2]:detach())
    local half = ops.mul(ops.sum(ops.square(grads[1])), 0.5)
    assert.near(31.55078125, half:item(), 1e-9)
    like({
      -2.03125, 1.40625, -1.75, -2, -1.84375, 3.8125, 1.71875, 1.21875, 0.28125, 1, 1.8125, -0.125, 2.375, -5.78125,
      5.53125, -1, -2.78125, 0.15625, 4.21875, -0.65625, 3.125, -2.84375, -7.65625, 1.28125, -3.125, 1.1875, -1.625,
      2.5, -0.21875, 0.28125, -2.875, 9.3125, 1.3125, -0.84375, -2.03125, 6.5, 1.21875, 2.21875, 0, -10.5625, 3.40625,
      -0.875, -3.1875, -0.5, 11.34375, -4.96875, 5.65625, -2.96875, 1.15625, 1.09375, -1.25, 1.1875, -3.9375, 2.25,
      -1.34375, -1.34375, -4.21875, 4.15625, -0.875, -0.40625, -0.21875, 5.03125, 2.3125, 0.875, 1.625, -1.46875,
      1.09375, -0.84375, 2.125, -1.875, 7.96875, -1.84375,
    }, double.grad(half, {w})[1])
  end)
end)

describe("the Winograd engines", function()
  local names = {"y", "dx", "dw"}

  -- Odd sizes, tiles that hang over, every padding, tails of every vector width, several blocks and tasks.
  local function grid(f)
    for _, k in ipairs {{3, 1}, {4, 2}} do
      for p = 0, k[1] - 1 do
        for _, size in ipairs {{4, 4}, {5, 7}, {8, 8}, {9, 6}, {3, 19}, {17, 13}} do
          for _, channels in ipairs {{1, 1}, {3, 5}, {16, 32}, {17, 33}, {40, 24}, {70, 130}} do
            local d = {N = 3, H = size[1], W = size[2], Ci = channels[1], Co = channels[2], Kh = k[1], Kw = k[1],
              sh = k[2], sw = k[2], ph = p, pw = p, dh = 1, dw = 1}
            if fill(d) then f(d) end
          end
        end
      end
    end
  end

  local function largest(c, t) return c.item(c.max(c.abs(t))) end

  local function agree(c, tol)
    local cases = 0
    grid(function(d)
      local x, w, dy = tensors(c, d)
      local want = {passes_of(c, "direct", d, x, w, dy)}
      for _, engine in ipairs {"winograd2", "winograd4"} do
        for i, got in ipairs {passes_of(c, engine, d, x, w, dy)} do
          local off = largest(c, c.sub(got, want[i])) / largest(c, want[i])
          assert.is_true(off <= tol, ("%s, %s of %s: off by %g"):format(engine, names[i], name(d), off))
        end
      end
      cases = cases + 1
    end)
    assert.is_true(cases > 200, cases .. " cases")
  end

  it("agree with the direct one in double on a grid of shapes", function() agree(core, 1e-13) end)
  it("agree with the direct one in float on a grid of shapes", function() agree(fcore, 4e-5) end)

  it("agree with the definition", function()
    for _, d in ipairs {
      shape(2, 9, 6, 3, 3, 3, 5, 1, 1),
      shape(2, 9, 6, 3, 4, 4, 5, 2, 1),
      shape(1, 11, 11, 2, 4, 4, 2, 2, 3),
    } do
      local x, w, dy = tensors(core, d)
      local fx, fw, fdy = flat(x), flat(w), flat(dy)
      for _, engine in ipairs {"winograd2", "winograd4"} do
        local y, dx, dw = passes_of(core, engine, d, x, w, dy)
        close(engine, d, flat(y), naive.y(d, fx, fw), 1e-12)
        close(engine, d, flat(dx), naive.dx(d, fdy, fw), 1e-12)
        close(engine, d, flat(dw), naive.dw(d, fx, fdy), 1e-12)
      end
    end
  end)

  it("give the same bytes with one and two threads", function()
    local before = fcore.threads()
    for _, d in ipairs {
      shape(5, 16, 16, 40, 4, 4, 72, 2, 1),
      shape(3, 17, 15, 33, 3, 3, 70, 1, 1),
      shape(16, 32, 32, 24, 3, 3, 24, 1, 1),
    } do
      for _, engine in ipairs {"winograd2", "winograd4"} do
        local x, w, dy = tensors(fcore, d)
        fcore.threads(1)
        local one = {passes_of(fcore, engine, d, x, w, dy)}
        fcore.threads(2)
        local two = {passes_of(fcore, engine, d, x, w, dy)}
        fcore.threads(before)
        for i = 1, 3 do
          assert.is_true(fcore.to_bytes(one[i]) == fcore.to_bytes(two[i]),
            engine .. " " .. names[i] .. " of " .. name(d))
        end
      end
    end
  end)

  -- What the doc comment of gan.winograd says of tiles of 4, and that tiles of 2 are free of it.
  it("have the limits that are documented", function()
    local numbers = fcore.rng(3, "limits")
    for _, k in ipairs {{3, 1}, {4, 2}} do
      local x, w = numbers:normal {1, 20, 20, 16}, fcore.mul(numbers:normal {k[1], k[1], 16, 16}, 1 / (4 * k[1]))
      local function conv(y, engine) return fcore.conv2d(y, w, {stride = k[2], padding = 1, engine = engine}) end
      local clean = conv(x, "direct")
      local rms = fcore.item(fcore.sqrt(fcore.mean(fcore.mul(clean, clean))))
      -- the worst error, of rms, where results do not depend on a pixel that is `size` in `channels` of its channels
      local function spoilt(engine, size, channels)
        local worst = 0
        for p = 8, 11 do
          for q = 8, 11 do
            local y = fcore.clone(x)
            for c = 1, channels do fcore.set_(y, size, 1, p, q, c) end
            local want = conv(y, "direct")
            local off = fcore.mul(fcore.sub(conv(y, engine), want), fcore.eq(want, clean))
            worst = math.max(worst, largest(fcore, off) / rms)
          end
        end
        return worst
      end
      local function reached(engine) -- results, in pixels, that a NaN reaches
        local most = 0
        for p = 8, 11 do
          local y = fcore.clone(x)
          fcore.set_(y, 0 / 0, 1, p, p, 1)
          y = conv(y, engine)
          most = math.max(most, fcore.item(fcore.sum(fcore.ne(y, y))) / 16)
        end
        return most
      end
      local function finite(engine, size)
        return fcore.item(fcore.mean(fcore.isfinite(conv(fcore.mul(x, size), engine)))) == 1
      end
      local direct = reached "direct"
      assert.is_true(spoilt("winograd4", 1, 16) < 1e-5)
      local one, all = spoilt("winograd4", 1e4, 1), spoilt("winograd4", 1e4, 16)
      assert.is_true(one > 1e-4 and all > 1e-3 and all < 5e-2, ("%g, %g"):format(one, all))
      assert.is_true(spoilt("winograd2", 1e4, 16) < 1e-5)
      assert.is_true(reached "winograd4" > direct)
      assert.equal(direct, reached "winograd2")
      assert.is_true(finite("winograd4", 1e35) and not finite("winograd4", 5e37) and finite("direct", 5e37))
    end
  end)

  it("are chosen where they cost less, and can be turned off", function()
    local d = shape(64, 16, 16, 64, 4, 4, 64, 2, 1)
    local x, w, dy = tensors(fcore, d)
    local function bytes(engine) return fcore.to_bytes((passes_of(fcore, engine, d, x, w, dy))) end
    assert.equal(4, fcore.winograd())
    assert.is_true(bytes "winograd4" == bytes(nil))
    assert.equal(2, fcore.winograd(2))
    assert.is_true(bytes "winograd2" == bytes(nil))
    fcore.winograd(0)
    assert.is_true(bytes "direct" == bytes(nil))
    fcore.winograd(4)
    assert.is_true(bytes "direct" ~= bytes "winograd4")
  end)

  it("see that a kernel has changed, however often it was used before", function()
    local d = shape(8, 16, 16, 32, 4, 4, 32, 2, 1)
    local x, w, dy = tensors(fcore, d)
    local function same(what)
      local want = {passes_of(fcore, "direct", d, x, w, dy)}
      for i, got in ipairs {passes_of(fcore, "winograd2", d, x, w, dy)} do
        assert.is_true(largest(fcore, fcore.sub(got, want[i])) <= 2e-5 * largest(fcore, want[i]),
          what .. " " .. names[i])
      end
    end
    for _ = 1, 5 do same "before" end
    fcore.mul_(w, 3)
    for _ = 1, 2 do same "scaled" end
    for _ = 1, 4 do same "scaled" end
    fcore.mul_(fcore.narrow(w, 1, 2, 1), 0.5)
    for _ = 1, 4 do same "through a view" end
    local function zeros() return {fcore.full(fcore.shape(w), 0)} end
    fcore.adam_({w}, {fcore.full(fcore.shape(w), 1)}, zeros(), zeros(),
      {lr = 0.1, beta1 = 0.5, beta2 = 0.9, eps = 1e-8, weight_decay = 0, t = 1})
    same "by an optimiser"
    fcore.ema_({w}, {fcore.full(fcore.shape(w), 1)}, 0.5)
    for _ = 1, 4 do same "by an average" end
    local before = fcore.memory().live
    fcore.memory_trim()
    assert.is_true(fcore.memory().live < before)
    same "given up"
  end)

  it("and the direct ones agree in every instruction set of this build", function()
    local chosen, all = core.simd()
    assert.equal("base", all[1])
    for _, set in ipairs(all) do
      assert.equal(set, (core.simd(set)))
      for _, d in ipairs {
        shape(3, 17, 13, 33, 4, 4, 70, 2, 1),
        shape(2, 9, 6, 17, 3, 3, 20, 1, 1),
        shape(2, 12, 12, 3, 5, 5, 40, 1, 2),
        shape(2, 16, 16, 3, 4, 4, 24, 2, 1),
      } do
        local x, w, dy = tensors(core, d)
        core.simd "base"
        local want = {passes_of(core, "direct", d, x, w, dy)}
        core.simd(set)
        for _, engine in ipairs(d.Kh < 5 and {"auto", "direct", "winograd2", "winograd4"} or {"auto", "direct"}) do
          for i, got in ipairs {passes_of(core, engine, d, x, w, dy)} do
            assert.is_true(largest(core, core.sub(got, want[i])) <= 1e-13 * largest(core, want[i]),
              set .. " " .. engine .. " " .. names[i])
          end
        end
      end
    end
    core.simd(chosen)
    assert.has_error(function() core.simd "v9" end)
    assert.has_error(function() core.simd(1) end)
  end)

  it("refuse what they cannot do", function()
    local x = core.full({1, 8, 8, 2}, 1)
    local function fails(match, f, ...)
      local ok, err = pcall(f, ...)
      assert.is_false(ok)
      assert.truthy(tostring(err):find(match, 1, true), tostring(err))
    end
    fails("winograd4 does 3x3 kernels of stride 1 and 4x4 kernels of stride 2, without dilation; got 5x5, stride 1,1",
      ops.conv2d, x, core.full({5, 5, 2, 1}, 1), {engine = "winograd4"})
    fails("got 3x3, stride 1,1", ops.conv2d, x, core.full({3, 3, 2, 1}, 1), {engine = "winograd2", dilation = 2})
    fails("option 'engine': expected 'auto', 'direct', 'winograd2' or 'winograd4', got string 'fast'", ops.conv2d, x,
      core.full({3, 3, 2, 1}, 1), {engine = "fast"})
    fails("got true", ops.conv2d, x, core.full({3, 3, 2, 1}, 1), {engine = true})
    fails("expected 0, 2 or 4, got 3", core.winograd, 3)
    fails("'tile'", core.winograd, 6)
  end)
end)

describe("conv_transpose2d", function()
  it("turns (1,1,1,Ci) into a picture, the kernel itself", function()
    local w = core.rng(1, "w"):normal({4, 4, 2, 1})
    assert.same(flat(w), flat(ops.conv_transpose2d(core.full({1, 1, 1, 1}, 1), w)))
  end)

  it("is conv2d_dx, with the size from output_padding", function()
    local x, w = core.rng(1, "x"):normal({2, 3, 4, 5}), core.rng(1, "w"):normal({3, 3, 2, 5})
    for extra = 0, 1 do
      local y = ops.conv_transpose2d(x, w, {stride = 2, padding = 1, output_padding = extra})
      assert.same({2, 5 + extra, 7 + extra, 2}, core.shape(y))
      assert.same(flat(ops.conv2d_dx(x, w, {stride = 2, padding = 1, size = {5 + extra, 7 + extra}})), flat(y))
    end
  end)
end)

describe("conv2d_relu", function()
  local function line(N, H, W, Ci, Kh, Kw, Co, ph, pw)
    return {N = N, H = H, W = W, Ci = Ci, Kh = Kh, Kw = Kw, Co = Co, sh = 1, sw = 1, ph = ph, pw = pw, dh = 1, dw = 1}
  end
  -- Those of one line or column, and 5x5, have Winograd engines of their own where there are channels enough.
  local shapes = {
    shape(2, 9, 7, 17, 1, 1, 40, 1, 0), shape(3, 19, 14, 3, 3, 3, 8, 2, 0),
    shape(2, 17, 13, 40, 3, 3, 70, 1, 1), shape(1, 5, 4, 600, 1, 1, 9, 1, 0),
    line(2, 17, 17, 33, 1, 7, 40, 0, 3), line(3, 12, 9, 24, 7, 1, 57, 3, 0),
    line(1, 7, 40, 30, 1, 7, 24, 2, 0), line(2, 9, 9, 20, 1, 7, 40, 0, 3),
    line(3, 8, 8, 40, 1, 3, 40, 0, 1), line(2, 3, 9, 29, 3, 1, 70, 1, 0),
    line(2, 9, 4, 30, 3, 1, 24, 4, 2), line(20, 17, 17, 64, 7, 1, 64, 3, 0),
    shape(2, 11, 7, 40, 5, 5, 33, 1, 2), shape(1, 6, 5, 24, 5, 5, 24, 1, 0),
    shape(1, 9, 9, 24, 5, 5, 24, 2, 1), shape(1, 9, 9, 24, 5, 5, 24, 1, 1, 2),
    shape(2, 6, 5, 20, 3, 2, 3, 1, 1), shape(2, 4, 4, 17, 4, 4, 8, 1, 0), shape(1, 3, 3, 2, 2, 2, 3, 1, 3),
  }
  for _, d in ipairs(shapes) do fill(d) end

  local function plain(c, d, x, w, bias)
    return c.relu(c.add(c.conv2d(x, w, with_engine(options(d), "direct")), bias))
  end

  local function agree(c, tol)
    for _, d in ipairs(shapes) do
      local x, w, y = tensors(c, d)
      local bias = c.rng(5, "bias"):normal({d.Co})
      local want = plain(c, d, x, w, bias)
      local winograd = d.Kh == 3 and d.Kw == 3 and d.sh == 1
      for _, engine in ipairs(winograd and {"auto", "direct", "winograd2", "winograd4"} or {"auto", "direct"}) do
        local o = with_engine(options(d), engine)
        local got = c.conv2d_relu(x, w, o, bias)
        assert.same(c.shape(y), c.shape(got))
        local top = c.item(c.max(want))
        assert.is_true(c.item(c.max(c.abs(c.sub(got, want)))) <= tol * top, engine .. " " .. name(d))
        -- into some channels of a larger tensor, whose others stay
        local all = c.full({d.N, d.Ho, d.Wo, d.Co + 5}, -7)
        local place = c.narrow(all, 4, 3, d.Co)
        local version = c.version(all)
        assert.is_true(c.same_storage(all, c.conv2d_relu(x, w, o, bias, place)))
        assert.is_true(c.version(all) > version)
        assert.is_true(c.to_bytes(place) == c.to_bytes(got), engine .. " " .. name(d))
        assert.equal(-7, c.item(c.max(c.narrow(all, 4, 1, 2))))
        assert.equal(-7, c.item(c.max(c.narrow(all, 4, d.Co + 3, 3))))
      end
    end
  end

  it("agrees with convolution, sum and relu in double, alone and among other channels", function()
    agree(core, 1e-13)
  end)

  it("takes fewer multiplications where the shape allows it, and can be told not to", function()
    for _, d in ipairs {
      line(2, 17, 17, 33, 1, 7, 40, 0, 3),
      line(2, 8, 8, 40, 3, 1, 40, 1, 0),
      shape(2, 11, 7, 40, 5, 5, 33, 1, 2),
    } do
      fill(d)
      local x, w = tensors(fcore, d)
      local function bytes(engine)
        return fcore.to_bytes(fcore.conv2d_relu(x, w, with_engine(options(d), engine), fcore.full({d.Co}, 0)))
      end
      local auto, direct = bytes(nil), bytes "direct"
      assert.is_true(auto ~= direct, name(d))
      fcore.winograd(0)
      assert.is_true(bytes(nil) == direct)
      fcore.winograd(4)
      assert.is_true(bytes(nil) == auto)
    end
  end)

  it("agrees with convolution, sum and relu in float, alone and among other channels", function()
    agree(fcore, 2e-5)
  end)

  it("gives the same bytes with one and two threads, and keeps NaN", function()
    local before = fcore.threads()
    for _, d in ipairs(shapes) do
      local x, w = tensors(fcore, d)
      local bias = fcore.rng(5, "bias"):normal({d.Co})
      fcore.threads(1)
      local one = fcore.to_bytes(fcore.conv2d_relu(x, w, options(d), bias))
      fcore.threads(2)
      assert.is_true(one == fcore.to_bytes(fcore.conv2d_relu(x, w, options(d), bias)), name(d))
      fcore.set_(bias, 0 / 0, 1)
      local y = fcore.conv2d_relu(x, w, options(d), bias)
      assert.is_true(fcore.get(y, 1, 1, 1, 1) ~= fcore.get(y, 1, 1, 1, 1))
      assert.is_true(fcore.get(y, 1, 1, 1, 2) >= 0)
    end
    fcore.threads(before)
  end)

  it("sees that a kernel has changed, and keeps one for all sizes of pictures", function()
    local d = shape(2, 8, 8, 32, 3, 3, 32, 1, 1)
    local x, w = tensors(fcore, d)
    local bias = fcore.full({32}, 0)
    local first = fcore.conv2d_relu(x, w, options(d), bias)
    local live = fcore.memory().live
    local small = fcore.conv2d_relu(fcore.narrow(x, 1, 1, 1), w, options(d), bias)
    assert.is_true(fcore.to_bytes(small) == fcore.to_bytes(fcore.narrow(first, 1, 1, 1)))
    assert.is_true(fcore.memory().live - live < 36 * 32 * 32 * 4)
    for _ = 1, 3 do -- what was kept of the old kernel goes
      fcore.mul_(w, -1)
      fcore.conv2d_relu(x, w, options(d), bias)
    end
    collectgarbage()
    assert.is_true(fcore.memory().live - live < 36 * 32 * 32 * 4)
    local top = fcore.item(fcore.max(first))
    local sum = fcore.sub(first, fcore.conv2d_relu(x, w, options(d), bias))
    assert.is_true(fcore.item(fcore.max(fcore.abs(fcore.add(sum, fcore.conv2d(x, w, options(d)))))) < 2e-5 * top)
  end)

  it("takes tensors without elements", function()
    local bias = core.tensor {1, -2}
    assert.same({0, 3, 3, 2},
      core.shape(core.conv2d_relu(core.full({0, 5, 5, 1}, 0), core.full({3, 3, 1, 2}, 0), nil, bias)))
    assert.same({1, 0, 1, 0}, flat(core.conv2d_relu(core.full({1, 1, 2, 0}, 0), core.full({1, 1, 0, 2}, 1), nil, bias)))
  end)

  it("refuses what does not fit", function()
    local x, w, bias = core.full({1, 4, 4, 2}, 1), core.full({3, 3, 2, 5}, 1), core.full({5}, 0)
    local function fails(match, ...)
      local ok, err = pcall(core.conv2d_relu, ...)
      assert.is_false(ok)
      assert.truthy(tostring(err):find(match, 1, true), tostring(err))
    end
    fails("#4 'bias' (expected (5) to match w, got (4))", x, w, nil, core.full({4}, 0))
    fails("#4 'bias'", x, w, nil, nil)
    fails("#5 'y' (expected (1,2,2,5), got (1,2,2,4))", x, w, nil, bias, core.full({1, 2, 2, 4}, 0))
    fails("#5 'y' (expected a dense tensor or some of its channels", x, w, nil, bias,
      core.permute(core.full({1, 5, 2, 2}, 0), {1, 3, 4, 2}))
    fails("#5 'y' (expected a dense tensor or some of its channels", x, w, nil, bias,
      core.expand(core.full({1, 1, 1, 5}, 0), {1, 2, 2, 5}))
    fails("#5 'y' (must not share memory with x)", x, core.full({1, 1, 2, 2}, 1), nil, core.full({2}, 0), x)
    fails("unknown option 'size'", x, w, {size = 3}, bias)
    fails("#2 'w'", x, core.full({3, 3, 3, 5}, 1), nil, bias)
  end)
end)
