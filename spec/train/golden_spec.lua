-- Ten DCGAN steps agree with PyTorch's (spec/golden/make_dcgan.py made the file): losses, final weights, running
-- statistics. GOLDEN=FILE tries another file that the script made, for example one of a 64x64 net.
local double = require "spec.support.double"
local float = require "gan"
local golden = require "spec.support.golden"

-- Name -> tensor of what the script calls so; convolution kernels as views (Kh,Kw,Ci,Co).
local function arrays(G, D)
  local named, order = {}, {}
  local function add(name, tensor)
    named[name] = tensor
    order[#order + 1] = name
  end
  for prefix, net in pairs {["G."] = G, ["D."] = D} do
    local convs, norms = 0, 0
    net:apply(function(layer)
      if layer.kind == "conv2d" or layer.kind == "conv_transpose2d" then
        convs = convs + 1
        add(("%sconv%d.weight"):format(prefix, convs), layer:kernel())
      elseif layer.kind == "batch_norm" then
        norms = norms + 1
        local name = ("%snorm%d."):format(prefix, norms)
        add(name .. "scale", layer.gamma)
        add(name .. "shift", layer.beta)
        add(name .. "mean", layer.running_mean)
        add(name .. "var", layer.running_var)
      end
    end)
  end
  return named, order
end

local function start(gan, net, random)
  net:apply(function(layer)
    local function set(tensor, scale, shift)
      gan.no_grad(function() tensor:copy_(random(gan, tensor:shape(), scale, shift)) end)
    end
    if layer.kind == "conv2d" or layer.kind == "conv_transpose2d" then
      set(layer:kernel(), 0.05)
    elseif layer.kind == "batch_norm" then
      set(layer.gamma, 0.05, 1)
      set(layer.beta, 0.05)
    end
  end)
end

-- Losses of each step, the final arrays, and how far those are from where they began.
local function train(gan, o, steps)
  local random, loss = golden.lcg(1), gan.loss.logistic {}
  local G = gan.model.dcgan.generator {size = o.size, channels = o.channels, z = o.z, ngf = o.ngf}
  local D = gan.model.dcgan.discriminator {size = o.size, channels = o.channels, ndf = o.ndf}
  start(gan, G, random)
  start(gan, D, random)
  local opt_g = gan.optim.adam(G:params(), {lr = o.lr, beta1 = 0.5, beta2 = 0.999, eps = 1e-8})
  local opt_d = gan.optim.adam(D:params(), {lr = o.lr, beta1 = 0.5, beta2 = 0.999, eps = 1e-8})
  local losses = {}
  for i = 1, steps do
    local real = random(gan, {o.batch, o.size, o.size, o.channels}, 1 / math.sqrt(3))
    local fake = G(random(gan, {o.batch, o.z}))
    local loss_d = loss.critic(D(real), D(fake:detach()))
    opt_d:step(gan.grad(loss_d, opt_d.params))
    local loss_g = loss.generator(D(fake))
    opt_g:step(gan.grad(loss_g, opt_g.params))
    losses[i] = {loss_d:item(), loss_g:item()}
  end
  return losses, arrays(G, D)
end

local function flat(t, out)
  if type(t) ~= "table" then
    out[#out + 1] = t
  else
    for _, v in ipairs(t) do flat(v, out) end
  end
  return out
end

-- The largest absolute difference, and where.
local function worst(named, final)
  local most, where = 0, "nowhere"
  for name, expected in pairs(final) do
    local got = flat(assert(named[name], name):detach():contiguous():to_table(), {})
    assert.equal(#expected, #got, name)
    for i, v in ipairs(expected) do
      local d = math.abs(got[i] - v)
      if d > most or d ~= d then most, where = d, ("%s[%d]: expected %.9g, got %.9g"):format(name, i, v, got[i]) end
    end
  end
  return most, where
end

-- The same for losses, relative.
local function worst_loss(losses, expected)
  local most, where = 0, "nowhere"
  for i, pair in ipairs(expected) do
    for k, name in ipairs {"D", "G"} do
      local d = math.abs(losses[i][k] - pair[k]) / math.abs(pair[k])
      if d > most or d ~= d then
        most, where = d, ("step %d, loss of %s: expected %.9g, got %.9g"):format(i, name, pair[k], losses[i][k])
      end
    end
  end
  return most, where
end

describe("ten DCGAN steps", function()
  local want = golden.read(os.getenv "GOLDEN" or "dcgan")

  -- The issue asks for 1e-4 and 1e-3; PyTorch's own float run is within 2e-7 of its double run, and an Adam step is
  -- 2e-4.
  for _, case in ipairs {{"float", float, 1e-5, 1e-5}, {"double", double, 1e-8, 1e-8}} do
    it("agree with PyTorch in " .. case[1], function()
      local gan, rel, abs = case[2], case[3], case[4]
      local losses, named, order = train(gan, want.options, #want.losses)
      for _, name in ipairs(order) do assert.is_truthy(want.final[name], name) end
      local loss_err, loss_where = worst_loss(losses, want.losses)
      local err, where = worst(named, want.final)
      if os.getenv "GOLDEN" then
        print(("\n%s: losses differ by at most %.2g (relative), arrays by %.2g"):format(case[1], loss_err, err))
      end
      assert.is_true(loss_err < rel, loss_where)
      assert.is_true(err < abs, where)
    end)
  end
end)
