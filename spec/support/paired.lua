-- What nets of images from conditions are held to: the same bytes with one thread and two, states that load into nets
-- of another seed, and losses that go down by a plain step.
local gan = require "gan"
local core = require "gan.core"
local assert = require "luassert"

local M = {}

local function flat(...)
  local list = {}
  for i, t in ipairs {...} do list[i] = t:reshape {-1} end
  return gan.cat(list)
end

--- Checks that run(threads) -> a text, G, D says the same with one thread and two. Returns G and D, and nets of another
-- seed, make(2), that have taken their states; all of them for drawing, without dropout.
function M.twins(make, run)
  local before = gan.threads()
  local one, G, D = run(1)
  local two = run(2)
  gan.threads(before)
  assert.equal(one, two)
  local G2, D2 = make(2)
  G2:load(G:state())
  D2:load(D:state())
  for _, net in ipairs {G, D, G2, D2} do
    net:eval():apply(function(layer) if layer.kind == "dropout" then layer.p = 0 end end)
  end
  return G, D, G2, D2
end

--- Checks the nets that make(seed) returns. case: z, real, condition; G is called `case.draw(G, z, condition)`, D
-- `case.judge(D, x, condition)`, where these are given.
function M.hold(make, case)
  local loss = gan.loss.hinge()
  local draw = case.draw or function(G, z, condition) return G(z, condition) end
  local judge = case.judge or function(D, x, condition) return D(x, condition) end
  local function run(threads)
    gan.threads(threads)
    gan.seed(7)
    local G, D = make(1)
    local out = {}
    for i = 1, 2 do
      local fake = draw(G, case.z, case.condition)
      assert.same(case.real:shape(), fake:shape())
      local function down(net, l)
        local params = net:params()
        for k, g in ipairs(gan.grad(l, params)) do core.sub_(params[k], core.mul(g, 0.001)) end
        return l:item()
      end
      local a = down(D, loss.critic(flat(judge(D, case.real, case.condition)),
        flat(judge(D, fake:detach(), case.condition))))
      local b = down(G, loss.generator(flat(judge(D, fake, case.condition))))
      assert.is_true(a == a and b == b)
      out[i] = ("%a %a"):format(a, b)
    end
    return table.concat(out, " "), G, D
  end
  local G, D, G2, D2 = M.twins(make, run)
  local x, x2 = draw(G, case.z, case.condition), draw(G2, case.z, case.condition)
  assert.is_true(x:to_bytes() == x2:to_bytes())
  assert.is_true(flat(judge(D, x, case.condition)):to_bytes() == flat(judge(D2, x2, case.condition)):to_bytes())
  assert.matches("total", tostring(G))
  assert.matches("total", tostring(D))
  return G, D
end

--- Returns how much D's logits change, on average, where the condition is another one, after 100 steps of D by Adam on
-- real images with their own conditions and with that other one; judge: as in a case of `hold`.
function M.minds(D, real, own, other, judge)
  local function on(condition)
    if judge then return flat(judge(D, real, condition)) end
    return flat(D(real, condition))
  end
  local opt, loss = gan.optim.adam(D:params(), {lr = 1e-3}), gan.loss.hinge()
  for _ = 1, 100 do opt:step(gan.grad(loss.critic(on(own), on(other)), D:params())) end
  return (on(own) - on(other)):abs():mean():item()
end

return M
