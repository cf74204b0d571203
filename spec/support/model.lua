-- What every architecture is held to.
local gan = require "gan"
local core = require "gan.core"
local assert = require "luassert"
local paired = require "spec.support.paired"

local M = {}

local function labels(n, classes) return classes and gan.rng(n, "labels"):integer({n}, 0, classes - 1) or nil end

-- As D sees images, or points, that it judges m at a time: the same one behind itself.
local function packed(x, m)
  local list = {}
  for i = 1, m or 1 do list[i] = x end
  return m and gan.cat(list, -1) or x
end

-- One plain descent step of both players; the two losses.
local function step(G, D, real, z, y, pack)
  local bce = gan.loss.logistic()
  local function down(net, loss)
    local params = net:params()
    for i, g in ipairs(gan.grad(loss, params)) do core.sub_(params[i], core.mul(g, 0.01)) end
    return loss:item()
  end
  local function class_loss(logits)
    if not logits then return 0 end
    return -gan.take_along(gan.log_softmax(logits), y:reshape {-1, 1}, 2):mean()
  end
  local fake = packed(G(z, y), pack)
  local on_real, classes = D(real, y)
  local lossD = down(D, bce.critic(on_real, (D(fake:detach(), y))) + class_loss(classes))
  local on_fake, fake_classes = D(fake, y)
  return lossD, down(G, bce.generator(on_fake) + class_loss(fake_classes))
end

--- Builds G and D for each entry of `cases` and each conditioning, and checks: shapes, and a shape method that tells
-- the same; state loads into a net of another seed; two steps with one thread and two give the same losses; missing
-- labels are an error that names a layer.
-- @tparam table model gan.model.X
-- @tparam table cases list of {G = options, D = options, batch = 4}
function M.hold(model, cases)
  for _, case in ipairs(cases) do
    for _, conditioning in ipairs(case.conditioning or {"none", "concat", "projection", "acgan"}) do
      local classes = conditioning ~= "none" and 3 or nil
      local n, pack = case.batch or 4, case.D.pack
      local function make(seed)
        local function with(opt, name)
          local out = {classes = classes, conditioning = classes and conditioning, rng = gan.rng(seed, name)}
          for k, v in pairs(opt) do out[k] = v end
          return out
        end
        return model.generator(with(case.G, "G")), model.discriminator(with(case.D, "D"))
      end
      local function run(threads)
        gan.threads(threads)
        gan.seed(7)
        local G, D = make(1)
        local z, y = gan.rng(2):normal {n, case.G.z}, labels(n, classes)
        local x, s = G(z, y), G:shape {case.G.z}
        assert.same({n, table.unpack(s)}, x:shape())
        assert.same(case.D.dim and {case.D.dim} or {case.D.size, case.D.size, case.D.channels}, s)
        x = packed(x, pack)
        s[#s] = s[#s] * (pack or 1)
        local logits, class_logits = D(x, y)
        assert.same({n}, logits:shape())
        assert.same({}, D:shape(s))
        assert.same(conditioning == "acgan" and {n, classes} or nil, class_logits and class_logits:shape())
        if classes then
          local ok, err = pcall(G, z)
          assert.is_false(ok)
          assert.matches("nn%.[%w_]+ %(layer G%.[%w.]+%): labels are missing", err)
          ok, err = pcall(D, x)
          assert.equal(conditioning == "acgan", ok)
          if not ok then assert.matches("nn%.[%w_]+ %(layer D%.[%w.]+%): labels are missing", err) end
          ok, err = pcall(G, z, gan.full({n}, 3, "i32"))
          assert.is_false(ok)
          assert.matches("expected labels in 0..2, got 3", err)
        end
        local out = {}
        for i = 1, 2 do
          local real = gan.rng(i, "real"):uniform({n, table.unpack(s)}, -1, 1)
          local a, b = step(G, D, real, gan.rng(i, "z"):normal {n, case.G.z}, y, pack)
          out[#out + 1] = ("%a %a"):format(a, b)
          assert.is_true(a == a and b == b)
        end
        return table.concat(out, " "), G, D
      end
      local G, D, G2, D2 = paired.twins(make, run)
      local z, y = gan.rng(3):normal {n, case.G.z}, labels(n, classes)
      local x, x2 = packed(G(z, y), pack), packed(G2(z, y), pack)
      assert.is_true(x:to_bytes() == x2:to_bytes())
      assert.is_true((D(x, y)):to_bytes() == (D2(x2, y)):to_bytes())
      assert.matches("total", tostring(G))
      assert.is_nil(tostring(D):find("?", 1, true))
    end
  end
end

return M
