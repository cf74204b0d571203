-- Layers that are trained no longer: what of them is a parameter, what moves on, what gets no gradient.
local gan = require "gan"
local core = require "gan.core"

local nn = gan.nn

local function net()
  return nn.chain {
    sections = {3, 6},
    nn.spectral_norm(nn.conv2d {1, 2, kernel = 3, padding = 1}), nn.batch_norm {2}, nn.relu {},
    nn.conv2d {2, 2, kernel = 3, padding = 1}, nn.dropout {p = 0.5}, nn.relu {},
    nn.flatten {}, nn.linear {32, 1}, nn.view {},
  }
end

local function bytes(state)
  local out = {}
  for name, t in pairs(state) do out[name] = core.to_bytes(t) end
  return out
end

describe("nn.freeze", function()
  local x
  before_each(function() x = gan.rng(3):normal {6, 4, 4, 1} end)

  it("takes the parameters of the first sections out, and leaves their names in the state", function()
    local D = net()
    local before, all = bytes(D:state()), #D:names()
    assert.equal(D, nn.freeze(D, {sections = 1}))
    assert.same({"4.bias", "4.weight", "8.bias", "8.weight"}, D:names())
    assert.same(before, bytes(D:state()))
    assert.equal(8, all)
    assert.is_nil(core.node(D[3](D[2](D[1](x))))) -- no graph, so no gradient
    nn.freeze(D, {sections = 2})
    assert.same({"8.bias", "8.weight"}, D:names())
    nn.freeze(D)
    assert.same({}, D:names())
    assert.same(net():names(), nn.freeze(net(), {sections = 0}):names())
  end)

  it("lets gradients through to what is before, and to the picture", function()
    local D = nn.freeze(net(), {sections = 2})
    local image = x:requires_grad_()
    local g = gan.grad(D(image):sum(), {image, D[8].weight})
    assert.is_true(g[1]:abs():sum():item() > 0 and g[2]:abs():sum():item() > 0)
  end)

  it("leaves spectral norm's vectors as they are, and batch norm's statistics to what it sees", function()
    local D, free = nn.freeze(net(), {sections = 1}), net()
    free:load(D:state())
    local u, v, mean = core.to_bytes(D[1].norm.u), core.to_bytes(D[1].norm.v), core.to_bytes(D[2].running_mean)
    local first = core.to_bytes(D[1](x))
    for _ = 1, 3 do
      D(x)
      free(x)
    end
    assert.is_true(u == core.to_bytes(D[1].norm.u) and v == core.to_bytes(D[1].norm.v))
    assert.is_true(first == core.to_bytes(D[1](x)))
    assert.is_false(u == core.to_bytes(free[1].norm.u))
    assert.is_false(mean == core.to_bytes(D[2].running_mean))
    -- normalised by the batch, not by what was recorded
    local y = D[2](D[1](x))
    assert.is_true(math.abs(y:mean():item()) < 1e-5)
    D:eval()
    D:train()
    D(x)
    assert.is_true(u == core.to_bytes(D[1].norm.u))
  end)

  it("leaves gains and biases of norms", function()
    local G = nn.chain {
      nn.linear {3, 4}, nn.batch_norm {4}, nn.relu {}, nn.view {1, 1, 4}, nn.layer_norm {4},
      nn.residual_up {4, 4, classes = 2}, nn.batch_norm {4, affine = false}, nn.self_attention {4},
    }
    nn.freeze(G, {except = "norms"})
    for _, name in ipairs(G:names()) do assert.matches("^[256]%..*[gb][ae][mt]m?a$", name) end
    assert.equal(8, #G:names())
    assert.error_matches(function() nn.freeze(nn.linear {2, 2}, {except = "norms"}) end,
      "nn.freeze: option 'except': the net has no normalisation layer with gamma and beta")
  end)

  it("finds the sections in a virtual batch", function()
    local D = gan.model.dcgan.discriminator {size = 16, channels = 1, ndf = 2, norm = "virtual",
      reference = gan.randn(3, 16, 16, 1)}
    nn.freeze(D, {sections = 1})
    assert.same({"net.3.weight", "net.4.beta", "net.4.gamma", "net.6.weight"}, D:names())
  end)

  it("says what is wrong", function()
    local function says(what, ...)
      local ok, message = pcall(nn.freeze, ...)
      assert.is_false(ok)
      assert.is_truthy(message:find(what, 1, true), message)
    end
    says("nn.freeze: option 'sections': the net has 2 sections, got 3", net(), {sections = 3})
    says("nn.freeze: option 'sections': the net does not say where its sections end (nn.chain {sections = {...}})",
      nn.chain {nn.linear {2, 2}}, {sections = 1})
    says("nn.freeze: option 'sections': expected an integer >= 0, got -1", net(), {sections = -1})
    says("nn.freeze: option 'except': expected", net(), {except = "weights"})
    says("nn.freeze: bad argument #1 'net' (expected a layer, got", {})
    for _, list in ipairs {{2}, {1, 1}, {"1"}, {0}} do
      assert.error_matches(function() nn.chain {sections = list, nn.relu {}} end,
        "nn.chain: option 'sections': expected numbers of layers, ascending, in 1..1, got")
    end
    assert.error_matches(function() gan.grad(x:sum(), {gan.ones(2):requires_grad_():mul(2):requires_grad_(false)}) end,
      "requires_grad_: only a leaf can be untracked; t:detach%(%) is a view without the graph")
  end)
end)
