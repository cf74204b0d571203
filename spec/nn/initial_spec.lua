-- Starting values: the table of bounds and deviations, orthogonality, what is written for whole nets.
local gan = require "gan"
local double = require "spec.support.double"
local nn = gan.nn
local initial = nn.initial

-- Mean, deviation, largest absolute value.
local function moments(t)
  t = t:detach()
  return t:mean():item(), t:var():sqrt():item(), t:abs():max():item()
end

local function near(expected, got, relative)
  assert.is_true(math.abs(got - expected) <= relative * math.abs(expected),
    ("expected %.8g, got %.8g"):format(expected, got))
end

describe("initial", function()
  -- shape; bound of Xavier's uniform, deviations of Xavier's normal, He's, He's for slope 0.2
  local rows = {
    {{3, 3, 64, 128}, 0.0589255651, 0.0340206909, 0.0589255651, 0.0577812704},
    {{4, 4, 3, 64}, 0.0748132002, 0.0431934213, 0.2041241452, 0.2001601923},
    {{100, 8192}, 0.0268996097, 0.0155304969, 0.1414213562, 0.1386750490},
  }
  for _, row in ipairs(rows) do
    local shape = row[1]
    it("has the variances for (" .. table.concat(shape, ",") .. ")", function()
      local w, rng = gan.zeros(shape), gan.rng(1, "initial")
      local tolerance = shape[3] == 3 and 0.03 or 0.01 -- 3072 numbers, or many
      local function check(f, opt, bound, std)
        opt.rng = rng
        assert.equal(w, initial[f](w, opt))
        local mean, deviation, worst = moments(w)
        near(std, deviation, tolerance)
        assert.is_true(math.abs(mean) < 0.07 * std)
        if bound then
          assert.is_true(worst <= bound * (1 + 1e-6))
          near(bound, worst, 0.005)
        else
          assert.is_true(worst > 2.5 * std) -- not uniform
        end
      end
      check("xavier_uniform", {}, row[2], row[2] / math.sqrt(3))
      check("xavier_uniform", {gain = 2}, row[2] * 2, row[2] * 2 / math.sqrt(3))
      check("xavier_normal", {}, nil, row[3])
      check("he_normal", {}, nil, row[4])
      check("he_normal", {slope = 0.2}, nil, row[5])
      check("he_uniform", {slope = 0.2}, row[5] * math.sqrt(3), row[5])
      check("normal", {std = 0.3}, nil, 0.3)
      check("uniform", {lo = -0.2, hi = 0.2}, 0.2, 0.2 / math.sqrt(3))
    end)
  end

  it("orthogonal: orthonormal along the shorter side", function()
    local rng = double.rng(2, "orthogonal")
    for _, shape in ipairs {{40, 17}, {17, 40}, {3, 3, 5, 20}, {2, 2, 3, 40}, {1, 1}, {6, 6}} do
      for _, gain in ipairs {1, 1.5} do
        local w = double.nn.initial.orthogonal(double.zeros(shape), {rng = rng, gain = gain})
        local m = w:reshape {-1, shape[#shape]}
        if m:size(1) < m:size(2) then m = m:transpose() end
        local e = double.ops.matmul(m:transpose(), m):to_table()
        for i, line in ipairs(e) do
          for j, v in ipairs(line) do assert.is_true(math.abs(v - (i == j and gain ^ 2 or 0)) < 1e-12) end
        end
      end
    end
    assert.same({0, 3}, double.nn.initial.orthogonal(double.zeros(0, 3)):shape())
  end)

  it("orthogonal: unbiased in sign, as the QR rule makes it", function()
    local positive, rng = 0, gan.rng(3, "sign")
    for _ = 1, 400 do
      if initial.orthogonal(gan.zeros(2, 2), {rng = rng}):get(1, 1) > 0 then positive = positive + 1 end
    end
    -- a positive diagonal of the other factor would bias a Q without it
    assert.is_true(positive > 160 and positive < 240)
  end)

  it("reads a transposed convolution by its own channels", function()
    local layer = nn.conv_transpose2d {32, 8, kernel = 4}
    initial.he_normal(layer, {rng = gan.rng(4, "he")})
    local _, deviation = moments(layer.weight)
    near(math.sqrt(2 / (32 * 16)), deviation, 0.05)
    initial.orthogonal(layer)
    local m = layer.weight:detach():permute {1, 2, 4, 3}:reshape {-1, 8}
    local e = gan.ops.matmul(m:transpose(), m):to_table()
    assert.is_true(math.abs(e[3][3] - 1) < 1e-5 and math.abs(e[3][4]) < 1e-5)
  end)

  it("dcgan: weights, batch norm, biases of a net", function()
    local net = nn.chain {
      nn.conv2d {3, 64, kernel = 4}, nn.batch_norm {2000}, nn.chain {nn.linear {64, 64}}, nn.layer_norm {3},
    }
    net[2].beta:detach():fill_(7)
    assert.equal(net, initial.dcgan(net, {rng = gan.rng(5, "dcgan")}))
    local function check(t, mean, std)
      local m, s = moments(t)
      assert.is_true(math.abs(m - mean) < 0.002)
      near(std, s, 0.06)
    end
    check(net[1].weight, 0, 0.02)
    check(net[3][1].weight, 0, 0.02)
    check(net[2].gamma, 1, 0.02)
    local _, _, worst = moments(gan.ops.cat {net[1].bias, net[3][1].bias, net[2].beta})
    assert.equal(0, worst)
    assert.same({1, 1, 1}, net[4].gamma:to_table())
    check(initial.dcgan(gan.zeros(50, 50)), 0, 0.02)
  end)

  it("fixup: deviations by the number of blocks, their last weights 0", function()
    local nn64, root = double.nn, math.sqrt
    local block = nn64.class "block"
    function block:init(opt)
      self.main = nn64.chain {
        nn64.conv2d {opt[1], opt[2], kernel = 1}, nn64.conv2d {opt[2], 1, kernel = 3},
        nn64.conv2d {1, opt[1], kernel = 1},
      }
    end
    -- the deviations of all weights, from the numbers that were drawn
    local function deviations(net)
      nn64.initial.fixup(net, {rng = double.rng(1, "fixup")})
      local rng, out = double.rng(1, "fixup"), {}
      net:apply(function(layer)
        if not layer.kernel then return end
        local unit = rng:normal(layer.weight:shape()):reshape {-1}:get(1)
        out[#out + 1] = layer.weight:detach():reshape {-1}:get(1) / unit
        if layer.bias then assert.equal(0, layer.bias:abs():max():item()) end
      end)
      return out
    end
    local function net(blocks, width)
      local layers = {nn64.conv2d {3, width, kernel = 1}}
      for _ = 1, blocks do layers[#layers + 1] = block {width, 16} end
      layers[#layers + 1] = nn64.linear {width, 2}
      return nn64.chain(layers)
    end
    local gain = 1.3867504905630728
    for _, case in ipairs {
      {8, 64, 0.103070846881945, 0.06871389792129666, 1 / 8}, {4, 64, 0.12257258446136503, 0.08171505630757668, 1 / 8},
      {8, 768, 0.029753990596446823, 0.06871389792129666, 1 / root(768)}, {1, 4, gain / 2, gain / 12, 1 / 2},
    } do
      local got = deviations(net(case[1], case[2]))
      assert.equal(3 * case[1] + 2, #got)
      assert.near(0.5773502691896258, got[1], 1e-9)
      for i = 2, 3 * case[1], 3 do
        assert.near(case[3], got[i], 1e-9)
        assert.near(case[4], got[i + 1], 1e-9)
        assert.equal(0, got[i + 2])
      end
      assert.near(case[5], got[#got], 1e-9)
    end
  end)

  it("leaves a layer alone whose kernel is no method", function()
    local window = nn.class "window"
    function window:init() self.kernel = 3 end
    local net = nn.chain {window(), nn.linear {1, 1}}
    assert.equal(3, initial.dcgan(net)[1].kernel)
    assert.equal(3, initial.zeros(net)[1].kernel)
  end)

  it("constant and zeros; biases become 0", function()
    local layer = nn.linear {2, 2}
    initial.constant(layer, {value = 3})
    assert.same({{3, 3}, {3, 3}}, layer.weight:to_table())
    assert.same({0, 0}, layer.bias:to_table())
    assert.same({{0, 0}, {0, 0}}, initial.zeros(layer).weight:to_table())
    assert.same({2, 2}, initial.constant(gan.zeros(2), {value = 2}):to_table())
  end)

  it("repeats from a stream, and follows the default one", function()
    local function draw(rng) return initial.he_normal(gan.zeros(3, 3), {rng = rng}):to_table() end
    assert.same(draw(gan.rng(1, "a")), draw(gan.rng(1, "a")))
    gan.seed(3)
    local a = draw()
    gan.seed(3)
    assert.same(a, draw())
  end)

  it("names what is wrong", function()
    local function message(f, ...)
      local ok, err = pcall(f, ...)
      assert.is_false(ok)
      return err
    end
    assert.matches("nn.initial.he_normal: bad argument #1 'target' %(expected a tensor or a layer, got 3%)",
      message(initial.he_normal, 3))
    assert.matches("expected a weight %(Di,Do%) or %(Kh,Kw,Ci,Co%), got real tensor %(3%)",
      message(initial.xavier_normal, gan.zeros(3)))
    for name, f in pairs(initial) do
      assert.matches("nn.initial." .. name .. ": the net has no layer with a weight to draw (a layer needs kernel())",
        message(f, nn.chain {nn.relu {}, nn.layer_norm {2}}), 1, true)
    end
    assert.equal("batch_norm", initial.dcgan(nn.batch_norm {2}).kind) -- its gamma is drawn
    assert.matches("'target' %(expected a real tensor", message(initial.zeros, gan.tensor({1}, "i32")))
    assert.matches("unknown option 'gian' %(did you mean 'gain'%?%)",
      message(initial.orthogonal, gan.zeros(2, 2), {gian = 1}))
    assert.matches("option 'slope': expected a number >= 0", message(initial.he_uniform, gan.zeros(2, 2), {slope = -1}))
    assert.matches("option 'rng': expected a random stream", message(initial.dcgan, gan.zeros(2, 2), {rng = {}}))
    assert.matches("option 'std'", message(initial.normal, gan.zeros(2, 2), {std = "x"}))
  end)
end)
