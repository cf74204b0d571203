-- FID's Inception-v3: topology and counts against the published table, every stage against PyTorch
-- (spec/golden/make_inception.py made the file), input, loading, saving, batches.
local double = require "spec.support.double"
local float = require "gan"
local core = require "gan.core"
local golden = require "spec.support.golden"
local inception = float.model.inception

-- Visits the tensors of a state in torch's order: name, shape.
local function each(width, visit)
  local features
  for _, s in ipairs(inception.layers {width = width}) do
    features = s.co
    if s.kind == "conv" then
      visit(s.name .. ".conv.weight", {s.co, s.ci, s.kh, s.kw})
      for _, key in ipairs {"weight", "bias", "running_mean", "running_var"} do
        visit(s.name .. ".bn." .. key, {s.co})
      end
    end
  end
  visit("fc.weight", {1008, features})
  visit("fc.bias", {1008})
end

local function product(shape)
  local n = 1
  for _, k in ipairs(shape) do n = n * k end
  return n
end

-- The script's weights and picture; both precisions get the float numbers.
local function fixture()
  local random, numbers, shapes = golden.lcg(1), {}, {}
  each(1 / 8, function(name, shape)
    local n, scale, shift = product(shape), 0.1, 0
    if name:find "conv.weight$" then scale = math.sqrt(2 / (n // shape[1]))
    elseif name:find "bn.weight$" then shift = 1
    elseif name:find "running_var$" then scale, shift = 0.3, 1
    elseif name == "fc.weight" then scale = math.sqrt(1 / shape[2]) end
    numbers[name], shapes[name] = core.to_table(random(float, {n}, scale, shift)), shape
  end)
  local picture = core.to_table(random(float, {299 * 299 * 3}, 1 / math.sqrt(3)))
  return function(gan)
    local state = {}
    for name, list in pairs(numbers) do state[name] = gan.tensor(list):reshape(shapes[name]) end
    return state, gan.tensor(picture):reshape {1, 299, 299, 3}
  end
end

local function ones(gan, width)
  local state = {}
  each(width, function(name, shape)
    local value = name:find "%.weight$" and #shape > 1 and 1 / (product(shape) // shape[1])
      or (name:find "bn.weight$" or name:find "var$") and 1 or 0
    state[name] = gan.full(shape, value)
  end)
  return state
end

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

describe("inception", function()
  it("has the layers of the published table, at full width", function()
    local shapes, macs, weights, channels, rows = {}, 0, 0, 0, {}
    for _, s in ipairs(inception.layers()) do
      if s.kind == "conv" then
        local w = s.co * s.ci * s.kh * s.kw
        macs, weights, channels = macs + w * s.h * s.w, weights + w, channels + s.co
        rows[#rows + 1] = ("%s %d,%d,%d,%d %d %d,%d %dx%d"):format(s.name, s.co, s.ci, s.kh, s.kw, s.stride,
          s.padding[1], s.padding[2], s.h, s.w)
      end
      if s.name and not s.name:find "%." then
        shapes[#shapes + 1] = ("%s %d %d"):format(s.name:gsub("^.-_", "", 1), s.h, s.co)
      end
    end
    assert.same({
      "1a_3x3 149 32", "2a_3x3 147 32", "2b_3x3 147 64", "maxpool1 73 64",
      "3b_1x1 73 80", "4a_3x3 71 192", "maxpool2 35 192",
      "5b 35 256", "5c 35 288", "5d 35 288",
      "6a 17 768", "6b 17 768", "6c 17 768", "6d 17 768", "6e 17 768",
      "7a 8 1280", "7b 8 2048", "7c 8 2048",
    }, shapes)
    assert.equal(94, #rows)
    assert.equal("Conv2d_1a_3x3 32,3,3,3 2 0,0 149x149", rows[1])
    assert.equal("Mixed_5b.branch5x5_2 64,48,5,5 1 2,2 35x35", rows[8])
    assert.equal("Mixed_6a.branch3x3 384,288,3,3 2 0,0 17x17", rows[27])
    assert.equal("Mixed_6c.branch7x7dbl_5 192,160,1,7 1 0,3 17x17", rows[49])
    assert.equal("Mixed_7a.branch7x7x3_4 192,192,3,3 2 0,0 8x8", rows[76])
    assert.equal("Mixed_7c.branch3x3dbl_3b 384,384,3,1 1 1,0 8x8", rows[93])
    assert.same({5711168096, 21751136, 68864}, {macs, weights, 4 * channels})
    assert.equal(23885392, weights + 4 * channels + 1008 * 2049)
  end)

  it("counts its numbers, as before folding", function()
    local net, weights, channels = inception.new {width = 1 / 16}, 0, 0
    for _, s in ipairs(inception.layers {width = 1 / 16}) do
      if s.kind == "conv" then weights, channels = weights + s.co * s.ci * s.kh * s.kw, channels + s.co end
    end
    assert.same({weights + 4 * channels + 1008 * 129, weights, 4 * channels, 1008 * 129}, {net:count()})
    assert.equal(("inception-v3 for FID: 94 convolutions, %d numbers, 128 features, 1008 logits"):format(net:count()),
      tostring(net))
  end)

  describe("agrees with PyTorch", function()
    local want, tensors = golden.read "inception", fixture()
    local function check(what, t, record, tol)
      local flat = t:reshape {-1}
      local n, rms = flat:numel(), record[2]
      assert.near(record[1], flat:mean():item(), tol * rms, what)
      assert.near(rms, flat:mul(flat):mean():item() ^ 0.5, tol * rms, what)
      for i = 3, #record do
        local at = (i - 3) * (n - 1) // (#record - 3) + 1
        assert.near(record[i], flat:get(at), tol * rms, ("%s, number %d"):format(what, i - 2))
      end
    end
    for _, case in ipairs {{"float", float, 1e-5}, {"double", double, 2e-8}} do
      it("at every stage, in " .. case[1], function()
        local gan, tol = case[2], case[3]
        local state, picture = tensors(gan)
        local net = assert(gan.model.inception.load(state, {width = 1 / 8}))
        local seen = {}
        net:trace(picture, function(name, y)
          check(name, y, want.stages[name], tol)
          seen[#seen + 1] = name
        end)
        assert.equal(18, #seen)
        local features, logits, unbiased = net(picture)
        assert.same({{1, 256}, {1, 1008}, {1, 1008}}, {features:shape(), logits:shape(), unbiased:shape()})
        for i, v in ipairs(want.features) do assert.near(v, features:get(1, i), tol * math.max(1, v)) end
        check("logits", logits, want.logits, tol)
        check("logits without bias", unbiased, want.unbiased, tol)
        assert.near(0, (logits - unbiased - state["fc.bias"]):abs():max():item(), 1e-5)
      end)
    end
  end)

  it("divides by the pixels inside the picture: a constant stays one up to the border", function()
    local gan = double
    local net = assert(gan.model.inception.load(ones(gan, 1 / 8), {width = 1 / 8}))
    net:trace(gan.ones(1, 107, 107, 3), function(name, y)
      if name ~= "Mixed_5b" then return end
      local pool = y:narrow(4, 29, 4) -- branch_pool: 224 to 255 of the whole net's channels
      local lo, hi = pool:min():item(), pool:max():item()
      assert.near(1.001 ^ -3, lo, 1e-12) -- six norms on the way
      assert.near(lo, hi, 1e-12)
      assert.near(0.9970053, lo, 1e-6)
    end)
  end)

  it("keeps a state: load(net:state()) is the same net", function()
    local net = inception.new {width = 1 / 16, rng = float.rng(1, "weights")}
    for _, step in ipairs(net.convs) do step.bias = core.rng(2, step.name):normal({step.co}) end
    local state, count = net:state(), 0
    for _ in pairs(state) do count = count + 1 end
    assert.equal(472, count)
    assert.same({8, 8, 1, 7}, state["Mixed_6b.branch7x7_2.conv.weight"]:shape())
    local again = assert(inception.load(state, {width = 1 / 16})):state()
    for name, t in pairs(state) do assert.is_true(t:to_bytes() == again[name]:to_bytes(), name) end
    local same = inception.new {width = 1 / 16, rng = float.rng(1, "weights")}:state()
    assert.is_true(state["fc.weight"]:to_bytes() == same["fc.weight"]:to_bytes())
  end)

  it("lists everything that does not fit", function()
    local state = ones(float, 1 / 16)
    state["Conv2d_1a_3x3.bn.num_batches_tracked"] = core.full({}, 7, "i32")
    assert(inception.load(state, {width = 1 / 16}))
    state["Mixed_6e.branch_pool.conv.weight"] = nil
    state["Mixed_7a.branch3x3_2.bn.bias"] = float.ones(5)
    state["Mixed_7c.branch1x1.bn.weight"] = core.full({20}, 1, "i32")
    state["AuxLogits.fc.weight"], state["fc.extra"] = float.ones(1), float.ones(1)
    state["fc.weight"] = float.zeros(1000, 128)
    local net, err = inception.load(state, {width = 1 / 16})
    assert.is_nil(net)
    assert.equal("no Inception weights for FID: 'Mixed_6e.branch_pool.conv.weight' (12,48,1,1) is missing; "
      .. "'Mixed_7a.branch3x3_2.bn.bias' (expected real tensor (20), got real tensor (5)); "
      .. "'Mixed_7c.branch1x1.bn.weight' (expected real tensor (20), got i32 tensor (20)); "
      .. "'fc.weight' (expected real tensor (1008,128), got real tensor (1000,128)); "
      .. "'AuxLogits.fc.weight' is not in the net; 'fc.extra' is not in the net", err)
    net, err = inception.load({}, {width = 1 / 16})
    assert.is_nil(net)
    assert.equal(472, select(2, err:gsub(" is missing", "")))
  end)

  it("refuses weights that are no numbers", function()
    local state = ones(float, 1 / 16)
    state["Mixed_5b.branch1x1.bn.running_var"] = float.full({4}, -1)
    state["Mixed_6a.branch3x3.bn.bias"] = float.full({24}, 0 / 0)
    local net, err = inception.load(state, {width = 1 / 16})
    assert.is_nil(net)
    assert.equal(
      "Inception weights that are not finite, or variances below 0: 'Mixed_5b.branch1x1'; 'Mixed_6a.branch3x3'",
      err)
  end)

  it("gives the same whatever the batch and the number of threads, and keeps no memory", function()
    local net = inception.new {width = 1 / 8, rng = float.rng(3, "weights")}
    local x = float.rng(4, "pictures"):uniform({5, 75, 75, 3}, -1, 1)
    local before = float.threads()
    float.threads(1)
    local one = net(x):to_bytes()
    float.threads(2)
    assert.is_true(one == net(x):to_bytes())
    float.threads(before)
    collectgarbage()
    local live = core.memory().live
    local features, logits, unbiased = net(x)
    assert.is_true(core.memory().live - live < 4 * 5 * (256 + 2 * 1008) + 4096, core.memory().live - live)
    net.batch = 2
    for i, t in ipairs {net(x)} do
      local whole = ({features, logits, unbiased})[i]
      assert.same(whole:shape(), t:shape())
      assert.near(0, (t - whole):abs():max():item(), 1e-5)
    end
    assert.same({{0, 256}, {0, 1008}}, {net(x:narrow(1, 1, 0)):shape(), select(2, net(x:narrow(1, 1, 0))):shape()})
  end)

  it("gives the features of earlier layers", function()
    local net = inception.new {width = 1 / 16, batch = 1}
    local x = float.rng(5, "pictures"):uniform({2, 83, 79, 3}, -1, 1)
    local taps = net:taps(x)
    for name, n in pairs {maxpool1 = 4, maxpool2 = 12, Mixed_6e = 48, Mixed_7c = 128} do
      assert.same({2, n}, taps[name]:shape(), name)
    end
    assert.near(0, (taps.Mixed_7c - net(x)):abs():max():item(), 1e-6)
    net:trace(x:narrow(1, 2, 1), function(name, y)
      if name == "maxpool2" then assert.near(0, (taps.maxpool2[2] - y:mean({1, 2, 3})):abs():max():item(), 1e-5) end
    end)
  end)
end)

describe("inception.preprocess", function()
  -- The rule of TensorFlow 1 for a table of lines.
  local function legacy(lines, i, j)
    local function at(n, k)
      local s = k * n / 299
      local lo = math.floor(s)
      return lo, math.min(lo + 1, n - 1), s - lo
    end
    local y0, y1, fy = at(#lines, i)
    local x0, x1, fx = at(#lines[1], j)
    local function line(y) return lines[y + 1][x0 + 1] + fx * (lines[y + 1][x1 + 1] - lines[y + 1][x0 + 1]) end
    return ((line(y0) + fy * (line(y1) - line(y0))) - 128) / 128
  end

  it("resizes bytes as TensorFlow 1 did, and gives grey three channels", function()
    local lines = {{0, 10, 20, 30}, {255, 128, 7, 99}, {64, 65, 1, 254}}
    for _, gan in ipairs {float, double} do
      local y = gan.model.inception.preprocess(gan.tensor(lines, "u8"):reshape {1, 3, 4, 1})
      assert.same({1, 299, 299, 3}, y:shape())
      for _, at in ipairs {{0, 0}, {0, 74}, {0, 298}, {298, 0}, {150, 151}, {298, 298}, {99, 100}, {200, 30}} do
        for c = 1, 3 do assert.near(legacy(lines, at[1], at[2]), y:get(1, at[1] + 1, at[2] + 1, c), 1e-5) end
      end
    end
    local rgb = inception.preprocess(float.tensor({{{{0, 128, 255}}}}, "u8"))
    assert.same({-1, 0, 127 / 128}, {rgb:get(1, 7, 7, 1), rgb:get(1, 7, 7, 2), rgb:get(1, 7, 7, 3)})
  end)

  it("makes bytes of real pictures first: trunc(clamp(127.5 x + 128, 0, 255))", function()
    local list, want = {-1, -0.997, -1.01, 0, 0.003, -0.003, 0.5, 0.999, 1, 5, -7, 0.99999}, {}
    for i, v in ipairs(list) do want[i] = math.floor(math.min(math.max(v * 127.5 + 128, 0), 255)) end
    assert.equal(255, want[9])
    assert.equal(127, want[6])
    local x = float.tensor(list):reshape {#list, 1, 1, 1}
    local rounded = float.tensor(want, "u8"):reshape {#list, 1, 1, 1}
    assert.is_true(inception.preprocess(rounded):to_bytes() == inception.preprocess(x):to_bytes())
    assert.near(-1.01, x:get(3, 1, 1, 1), 1e-6) -- left as it was
  end)

  it("is what net:features does in parts", function()
    local net = inception.new {width = 1 / 16, batch = 2}
    local images = float.rng(6, "pictures"):uniform({3, 9, 8, 1}, -1, 1)
    local features, logits, unbiased = net:features(images)
    local again, same = net(inception.preprocess(images))
    assert.is_true(features:to_bytes() == again:to_bytes())
    assert.is_true(logits:to_bytes() == same:to_bytes())
    assert.same({3, 1008}, unbiased:shape())
  end)

  it("refuses what is no picture", function()
    local net = inception.new {width = 1 / 16}
    local expected = "bad argument #1 'images' (expected u8, or real in [-1,1], (N,H,W,1) or (N,H,W,3), got "
    for _, case in ipairs {
      {float.zeros(2, 8, 8, 2), "real tensor (2,8,8,2))"},
      {core.full({1, 8, 8, 3}, 0, "i32"), "i32 tensor (1,8,8,3))"},
      {float.zeros(8, 8, 3), "real tensor (8,8,3))"},
      {float.zeros(1, 0, 8, 3), "real tensor (1,0,8,3))"},
      {7, "7)"},
    } do
      local err = message(inception.preprocess, case[1])
      assert.is_truthy(err:find("inception.preprocess: " .. expected .. case[2], 1, true), err)
      err = message(net.features, net, case[1])
      assert.is_truthy(err:find(expected .. case[2], 1, true), err)
    end
    local x = float.zeros(2, 8, 8, 3)
    for _, v in ipairs {0 / 0, math.huge} do
      x:set_(v, 2, 3, 4, 1)
      assert.matches(
        "inception_spec.lua:%d+: model.inception.preprocess: bad argument #1 'images' %(numbers that are not finite%)",
        message(inception.preprocess, x))
    end
    assert.matches(
      "inception: bad argument #1 'x' %(expected real %(N,H,W,3%), H and W at least 75, usually 299, "
        .. "got real tensor %(1,64,75,3%)%)",
      message(net, float.zeros(1, 64, 75, 3)))
    assert.matches("trace: bad argument #1 'x'", message(net.trace, net, 3))
    assert.matches("model.inception.new: option 'width': expected a number in", message(inception.new, {width = 0}))
    assert.matches("model.inception.new: unknown option 'with' %(did you mean 'width'%?%)",
      message(inception.new, {with = 1}))
    assert.matches("model.inception.load: option 'batch': expected an integer in 1..4096, got 0",
      message(inception.load, {}, {batch = 0}))
    assert.matches("model.inception.load: bad argument #1 'state' %(expected a table of tensors, got nil%)",
      message(inception.load))
    assert.matches("model.inception.layers: option 'size': expected an integer >= 75, got 74",
      message(inception.layers, {size = 74}))
  end)
end)
