-- conv2d and conv_transpose2d: the op with the layer's options and bias; shape() agrees with what comes out.
local gan = require "gan"
local core = require "gan.core"
local nn = gan.nn

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

-- Each is also tried with conv2d, without output_padding.
local options = {
  {kernel = 1}, {kernel = 3, padding = 1}, {kernel = 4, stride = 2, padding = 1}, {kernel = {3, 2}, stride = {1, 2}},
  {kernel = 2, dilation = {2, 1}, bias = false}, {kernel = 3, stride = 2, padding = {1, 0}, output_padding = 1},
  {kernel = 3, padding = 1, groups = 3},
}

local function built(class, o, ci, co)
  local opt = {ci, co}
  for k, v in pairs(o) do if k ~= "output_padding" or class == nn.conv_transpose2d then opt[k] = v end end
  return class(opt)
end

describe("conv", function()
  for _, name in ipairs {"conv2d", "conv_transpose2d"} do
    it(name .. " is the op plus the bias, of the shape it says", function()
      for _, o in ipairs(options) do
        local layer, x = built(nn[name], o, 3, o.groups and 6 or 5), gan.randn(2, 7, 6, 3)
        local y = layer(x)
        assert.same(layer:shape {7, 6, 3}, table.move(y:shape(), 2, 4, 1, {}))
        local z = gan.ops[name](x, layer.weight, {
          stride = o.stride, padding = o.padding, dilation = o.dilation, groups = o.groups,
          output_padding = name == "conv_transpose2d" and o.output_padding or nil,
        })
        if layer.bias then z = z + layer.bias end
        assert.same(z:to_table(), y:to_table())
        assert.equal(o.bias == false, layer.bias == nil)
        assert.is_true(y:requires_grad())
      end
    end)

    it(name .. " takes an engine", function()
      local x, seen = gan.randn(2, 12, 12, 16), {}
      for i, engine in ipairs {"direct", "winograd2", "winograd4"} do
        local layer = nn[name] {16, 16, kernel = 3, padding = 1, engine = engine, rng = gan.rng(1)}
        local op = gan.ops[name](x, layer.weight, {padding = 1, engine = engine}) + layer.bias
        seen[i] = layer(x):to_bytes()
        assert.equal(op:to_bytes(), seen[i])
        assert.equal(("%s 16 -> 16, 3x3, padding 1, %s"):format(name, engine), layer:describe())
      end
      assert.is_true(seen[1] ~= seen[2] and seen[2] ~= seen[3])
      assert.matches("option 'engine': expected 'auto', 'direct', 'winograd2' or 'winograd4', got string 'fast'",
        message(nn[name], {3, 4, kernel = 3, engine = "fast"}))
    end)

    it(name .. " names wrong options and inputs", function()
      local class = nn[name]
      assert.matches("nn." .. name .. ": option 'kernel': expected an integer >= 1 or a pair", message(class, {3, 4}))
      assert.matches("option 'kernel': expected an integer >= 1 or a pair {height, width} of them, got 0",
        message(class, {3, 4, kernel = 0}))
      assert.matches("option 'stride': expected an integer >= 1 or a pair {height, width} of them, got table",
        message(class, {3, 4, kernel = 1, stride = {1, 2, 3}}))
      assert.matches("option 'padding': expected an integer >= 0",
        message(class, {3, 4, kernel = 1, padding = {0, -1}}))
      assert.matches("option 'dilation': expected an integer", message(class, {3, 4, kernel = 1, dilation = 0 / 0}))
      assert.matches("unknown option 'output_paddin'", message(class, {3, 4, kernel = 1, output_paddin = 0}))
      assert.matches("expected real %(N,H,W,3%), got real tensor %(1,5,5,4%)",
        message(class {3, 4, kernel = 1}, gan.zeros(1, 5, 5, 4)))
      assert.matches("expected input %(H,W,3%), got %(5,5,4%)",
        message(class.shape, class {3, 4, kernel = 1}, {5, 5, 4}))
      assert.matches("option 'groups': expected a number that divides Ci = 6 and Co = 8, got 3",
        message(class, {6, 8, kernel = 1, groups = 3}))
      assert.matches("option 'groups': expected an integer", message(class, {6, 8, kernel = 1, groups = 0}))
      assert.matches("expected real %(N,H,W,6%), got real tensor %(1,5,5,3%)",
        message(class {6, 8, kernel = 1, groups = 2}, gan.zeros(1, 5, 5, 3)))
    end)
  end

  it("has kernels (Kh,Kw,Ci,Co), and (Kh,Kw,Co,Ci) where transposed", function()
    assert.same({4, 2, 3, 5}, nn.conv2d {3, 5, kernel = {4, 2}}.weight:shape())
    local layer = nn.conv_transpose2d {3, 5, kernel = {4, 2}}
    assert.same({4, 2, 5, 3}, layer.weight:shape())
    assert.same({4, 2, 3, 5}, core.shape(layer:kernel()))
    assert.is_true(core.same_storage(layer.weight, layer:kernel()))
    assert.equal(4 * 2 * 3 * 5 + 5, layer:count())
  end)

  it("has a kernel for each group, drawn by its own channels", function()
    local layer = nn.conv2d {64, 96, kernel = 3, groups = 4}
    assert.same({3, 3, 16, 96}, layer.weight:shape())
    assert.same({3, 3, 16, 4, 24}, core.shape(layer:kernel()))
    local transposed = nn.conv_transpose2d {64, 96, kernel = 3, groups = 4}
    assert.same({3, 3, 24, 64}, transposed.weight:shape())
    assert.same({3, 3, 16, 4, 24}, core.shape(transposed:kernel()))
    for _, l in ipairs {layer, transposed} do
      local bound = 1 / math.sqrt(3 * 3 * 16)
      for _, t in ipairs {l.weight, l.bias} do
        local largest = t:detach():abs():max():item()
        assert.is_true(largest <= bound and largest > 0.9 * bound)
      end
      assert.is_true(core.same_storage(l.weight, l:kernel()))
      assert.matches("64 %-> 96, 3x3, groups 4$", l:describe())
      nn.initial.he_normal(l)
      assert.near(math.sqrt(2 / (3 * 3 * 16)), l.weight:detach():var():sqrt():item(), 2e-3)
      nn.initial.xavier_normal(l)
      assert.near(math.sqrt(2 / (3 * 3 * (16 + 24))), l.weight:detach():var():sqrt():item(), 2e-3)
      nn.initial.orthogonal(l)
      for i = 1, 4 do
        local m = l:kernel():detach():narrow(4, i, 1):reshape {144, 24}
        local eye = gan.zeros(24, 24)
        for j = 1, 24 do core.set_(eye, 1, j, j) end
        assert.is_true((gan.matmul(m:transpose(), m) - eye):abs():max():item() < 1e-5)
      end
    end
    local depthwise = nn.conv2d {5, 5, kernel = 4, groups = 5}
    assert.same({4, 4, 1, 5}, depthwise.weight:shape())
    assert.same({1, 1, 5}, depthwise:shape {4, 4, 5})
  end)

  it("takes normalisers with groups: a length for each output, sigma of outputs by all else", function()
    local x = gan.randn(2, 5, 5, 6)
    local layer = nn.conv2d {6, 4, kernel = 3, groups = 2, bias = false}
    local before = layer(x)
    nn.weight_norm(layer)
    assert.same({4}, layer.norm.gain:shape())
    assert.is_true((layer(x) - before):abs():max():item() < 1e-5)
    layer = nn.conv2d {6, 4, kernel = 3, groups = 2, bias = false}
    before = layer(x)
    nn.spectral_norm(layer, {iterations = 200})
    local m = layer.weight:detach():reshape {27, 4}
    local square = gan.matmul(m:transpose(), m)
    local v = gan.ones(4, 1)
    for _ = 1, 200 do
      v = gan.matmul(square, v)
      v = v / v:norm()
    end
    local sigma = gan.matmul(m, v):norm():item()
    assert.is_true((layer(x) * sigma - before):abs():max():item() < 1e-4)
  end)

  it("refuses what gives no result, naming the layer", function()
    assert.matches("option 'output_padding': expected less than the stride 2, got 2",
      message(nn.conv_transpose2d, {1, 1, kernel = 3, stride = 2, output_padding = 2}))
    local net = nn.chain {
      nn.conv_transpose2d {1, 1, kernel = 2, padding = 1},
      nn.conv2d {1, 1, kernel = {2, 3}, padding = 1, dilation = 2},
    }
    assert.matches("nn.conv_transpose2d %(layer 1%): the result for an input of %(1,2%) would have size %(0,1%)",
      message(net, gan.zeros(1, 1, 2, 1)))
    assert.matches("nn.conv2d %(layer 2%): the kernel 3x5 %(with dilation%) is larger than the padded input %(3,3%)",
      message(net, gan.zeros(1, 2, 2, 1)))
    assert.matches("the result for an input of %(1,1%) would have size %(0,0%)", message(function()
      return (nn.conv_transpose2d {1, 1, kernel = 2, padding = 1}:shape {1, 1, 1})
    end))
  end)

  it("describes what is not usual", function()
    assert.equal("conv2d 3 -> 5, 4x2, stride 2, padding 1x0, dilation 3, no bias",
      nn.conv2d {3, 5, kernel = {4, 2}, stride = 2, padding = {1, 0}, dilation = 3, bias = false}:describe())
    assert.equal("conv_transpose2d 3 -> 5, 3x3, stride 2, output_padding 1",
      nn.conv_transpose2d {3, 5, kernel = 3, stride = 2, output_padding = 1}:describe())
  end)
end)
