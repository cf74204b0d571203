-- The joint embedding of images and texts: worked numbers of both forms, rows of one group, gradients, wrong input.
local gan = require "spec.support.double"
local golden = require "spec.support.golden"

local joint = gan.loss.joint_embedding

local function images() return gan.tensor({{1, 0}, {.5, 1}, {-1, .5}}):requires_grad_() end
local function texts() return gan.tensor({{.8, .2}, {0, .6}, {.3, -.4}}):requires_grad_() end

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

describe("joint_embedding", function()
  it("has the worked numbers, divided by all pairs", function()
    local v, t = images(), texts()
    local y = joint().embedding(v, t)
    golden.near({1.0444444444}, y)
    local g = gan.grad(y, {v, t})
    golden.near({-.2, -.0222222222, .2444444444, -.3111111111, -.0444444444, .3333333333}, g[1])
    golden.near({-.3333333333, .2777777778, -.2222222222, -.3333333333, .7777777778, 0}, g[2])
    y = joint {symmetric = false}.embedding(v, t)
    golden.near({.4944444444}, y)
    golden.near({-.1444444444, -.0222222222, .1222222222, -.1555555556, .0222222222, .1777777778},
      gan.grad(y, {v})[1])
    golden.near({.55}, joint {symmetric = false}.embedding(t, v))
  end)

  it("has the worked numbers of softmax", function()
    local soft = joint {form = "softmax"}
    golden.near({4.5082422446 + 4.9986653276}, soft.embedding(images(), texts()))
    golden.near({4.5082422446}, joint {form = "softmax", symmetric = false}.embedding(images(), texts()))
  end)

  it("leaves out pairs of one group", function()
    local groups = gan.tensor({5, 7, 5}, "i32")
    -- S = (.8, 0, .3) (.6, .6, -.25) (-.7, .3, -.5); without (1,3) and (3,1)
    golden.near({(.2 + 1 + .15 + 1.8) / 9}, joint {symmetric = false}.embedding(images(), texts(), groups))
    local all = gan.tensor({3, 3, 3}, "i32")
    golden.near({0}, joint().embedding(images(), texts(), all))
    golden.near({0}, joint {form = "softmax"}.embedding(images(), texts(), all))
    local v, t = gan.tensor {{1, 0}, {0, 1}, {1, 0}}, gan.tensor {{1, 0}, {0, 1}, {0, 1}}
    -- cosines (1, 0, 0) (0, 1, 1) (1, 0, 0): row 1 sees itself and column 2, row 2 all, row 3 itself and column 2
    local e = math.exp(10)
    golden.near({(math.log(1 + 1 / e) + math.log(2 + 1 / e) + math.log(2)) / 3},
      joint {form = "softmax", symmetric = false}.embedding(v, t, groups))
  end)

  it("has gradients to order two", function()
    local v, t = gan.rng(1):normal {4, 3}, gan.rng(2):normal {4, 3}
    local groups = gan.tensor({0, 1, 0, 2}, "i32")
    for _, form in ipairs {"hinge", "softmax"} do
      local f = joint {form = form, margin = 0.7, scale = 3}.embedding
      assert(gan.gradcheck(function(a, b) return f(a, b, groups) end, {v, t}, {order = 2}))
    end
  end)

  it("names what is wrong", function()
    local f = joint().embedding
    assert.matches("loss.joint_embedding: expected vectors %(N,D%) of as many images as texts, got real tensor %(3,2%) "
      .. "and real tensor %(2,2%)", message(f, images(), gan.zeros(2, 2)))
    assert.matches("'images' %(expected 2 dimensions", message(f, gan.zeros(3), texts()))
    assert.matches("'texts' %(expected a real tensor, got nil", message(f, images()))
    assert.matches("#3 .groups. %(expected i32 %(3%), got real tensor %(3%)",
      message(f, images(), texts(), gan.zeros(3)))
    assert.matches("option 'form': expected 'hinge' or 'softmax'", message(joint, {form = "cos"}))
    assert.matches("option 'scale': expected a number > 0", message(joint, {scale = 0}))
  end)
end)
