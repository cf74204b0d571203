-- Layouts: parameter counts, order and absence of objects, what each critic sees, losses, threads and states, options.
local gan = require "gan"
local double = require "spec.support.double"
local golden = require "spec.support.golden"
local paired = require "spec.support.paired"
local layout = gan.model.layout

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

local function make(seed, library)
  library = library or gan
  local common = {classes = 4, channels = 2}
  local function with(opt)
    for k, v in pairs(common) do opt[k] = v end
    return opt
  end
  local model = library.model.layout
  return model.generator(with {ngf = 2, z_image = 3, z_object = 2, code = 3, spread = 4, rng = library.rng(seed, "G")}),
    model.discriminator(with {ndf = 4, rng = library.rng(seed, "D")})
end

-- The logits of both critics.
local function both(D, x, objects) return D:judge_images(x, objects), (D:judge_objects(x, objects)) end

local function example(library)
  return library.tensor {
    {{1, 2, 3, 20, 25}, {3, 15, 4, 31, 14}, {-1, 0, 0, 0, 0}},
    {{0, 0, 0, 32, 32}, {-1, 5, 5, 9, 9}, {2, 20, 20, 30, 31}},
  }
end

describe("layout", function()
  it("has the parameters counted by hand", function()
    local quick = function() end
    assert.equal(941315, layout.generator {classes = 8, init = quick}:count())
    assert.equal(977379, layout.generator {classes = 8, size = 64, init = quick}:count())
    local D = layout.discriminator {classes = 8, init = quick}
    assert.equal(667329, D.image:count())
    assert.equal(166081, D.object:count())
    assert.equal(2765249, layout.discriminator {classes = 8, size = 64, init = quick}.image:count())
  end)

  it("makes and judges images and their objects", function()
    local rng = gan.rng(5)
    local G, D = paired.hold(make, {z = rng:normal {2, 9}, real = rng:uniform({2, 32, 32, 2}, -1, 1),
      condition = example(gan), judge = both})
    assert.same({32, 32, 2}, G:shape {9})
    assert.same({}, D:shape {32, 32, 2})
    assert.same({2}, D(gan.zeros(2, 32, 32, 2), example(gan)):shape())
    local objects, classes = D:judge_objects(gan.zeros(2, 32, 32, 2), example(gan))
    assert.same({4}, objects:shape())
    assert.same({1, 3, 0, 2}, classes:to_table())
    local _, other = make(3)
    local swapped = gan.cat {example(gan):narrow(1, 2, 1), example(gan):narrow(1, 1, 1)}
    assert.is_true(paired.minds(other, rng:uniform({2, 32, 32, 2}, -1, 1), example(gan), swapped, both) > 0.1)
  end)

  it("does not care for the order of objects, nor for absent ones", function()
    local G, D = make(1, double)
    local rng = double.rng(2)
    local z, objects = rng:normal {2, 9}, example(double)
    local x = G(z, objects)
    local order = double.tensor({2, 0, 1}, "i32")
    local function reordered(t)
      return double.gather_rows(t:permute {2, 1, 3}, order):permute({2, 1, 3}):contiguous()
    end
    local z2 = double.cat({z:narrow(2, 1, 3), reordered(z:narrow(2, 4, 6):contiguous():reshape {2, 3, 2})
      :reshape {2, 6}}, 2)
    local x2 = G(z2, reordered(objects))
    golden.near(x:reshape {-1}:to_table(), x2)
    D:eval()
    local a, b = both(D, x, objects)
    local a2, b2 = both(D, x, reordered(objects))
    golden.near(a:to_table(), a2)
    golden.near({b:sum():item()}, b2:sum())
    local moved = objects:clone()
    moved[1][3]:copy_(double.tensor {-1, 3, 3, 30, 30})
    golden.near(x:reshape {-1}:to_table(), G(z, moved))
    local more = double.cat({objects, double.full({2, 1, 5}, -1)}, 2)
    golden.near(x:reshape {-1}:to_table(), G(double.cat({z, rng:normal {2, 2}}, 2), more))
  end)

  it("judges each object as its own class, or as another", function()
    local _, D = make(1)
    D:eval()
    local x = gan.rng(1):uniform({2, 32, 32, 2}, -1, 1)
    local own = D:judge_objects(x, example(gan))
    golden.near(own:to_table(), (D:judge_objects(x, example(gan), gan.tensor({1, 3, 0, 2}, "i32"))))
    local other = D:judge_objects(x, example(gan), gan.tensor({0, 3, 0, 2}, "i32"))
    assert.is_true(own:get(1) ~= other:get(1) and own:get(2) == other:get(2))
    -- what lies outside of the box and an eighth of its size around is not seen
    local y = x:clone()
    y[2]:copy_(gan.zeros(32, 32, 2))
    local third = D:judge_objects(y, example(gan))
    assert.is_true(third:get(2) == own:get(2) and third:get(3) ~= own:get(3))
    -- the first one's is (2, 3, 20, 25): with what is around, (-.25, .25, 22.25, 27.75)
    y = x:clone():requires_grad_()
    local g = gan.grad(D:judge_objects(y, example(gan))[1], {y})[1][1]:abs():sum(3)
    local columns, rows = g:sum(1):to_table(), g:sum(2):to_table()
    assert.is_true(columns[23] > 0 and columns[24] == 0 and columns[32] == 0 and columns[1] > 0)
    assert.is_true(rows[28] > 0 and rows[29] == 0)
  end)

  it("has the worked losses", function()
    local hinge = double.loss.hinge()
    local r, f = double.tensor {1.2, -.3}, double.tensor {-.5, .4}
    local s, g = double.tensor {.8, -1.5, 2}, double.tensor {.1, -2, -.6}
    golden.near({1.6}, hinge.critic(r, f))
    local head = double.nn.projection_head {3, 2}:load {
      ["psi.weight"] = double.tensor {{.1}, {.2}, {-.3}}, ["psi.bias"] = double.tensor {.05},
      ["classes.weight"] = double.tensor {{.5, 0, 1}, {-.2, .4, .3}},
    }
    golden.near({1.4, -.75}, head(double.tensor {{2, -1, .5}, {2, -1, .5}}, double.tensor({0, 1}, "i32")))
    golden.near({1.4}, hinge.critic(s, g))
    golden.near({.8833333333}, hinge.generator(f) + hinge.generator(g))
    golden.near({1.2523649742}, double.loss.logistic().critic(r, f))
    golden.near({1.1694181922}, double.loss.logistic().critic(s, g))
  end)

  it("has gradients to order two", function()
    local G, D = make(1, double)
    D:eval()
    local z, objects = double.rng(3):normal {2, 9}, example(double)
    assert(double.gradcheck(function(codes)
      local a, b = both(D, G(codes, objects), objects)
      return a:sum() + b:sum()
    end, {z, G.objects.weight}, {order = 1}))
    local x = double.full({2, 32, 32, 2}, 0.1)
    assert(double.gradcheck(function(scale)
      local a, b = both(D, x * scale, objects)
      return (a * a):sum() + (b * b):sum()
    end, {double.full({1}, 0.7), D.object[1].weight}, {order = 2}))
  end)

  it("joins boxes and classes as batches have them", function()
    local all = example(gan)
    local boxes, classes = all:narrow(3, 2, 4), all:narrow(3, 1, 1):contiguous():reshape({2, 3}):to "i32"
    assert.same(all:to_table(), layout.join(boxes, classes):to_table())
    assert.matches("model.layout.join: bad argument #2 'classes' %(expected i32 %(2,3%), got real",
      message(layout.join, boxes, all))
    assert.matches("#1 'boxes' %(expected %(N,K,4%)", message(layout.join, all, classes))
    assert.matches("#1 'boxes' %(expected a real tensor", message(layout.join))
  end)

  it("names what is wrong", function()
    local G, D = make(1)
    local x = gan.zeros(2, 32, 32, 2)
    assert.matches(" layout_generator: bad argument #2 'layout' %(expected real %(2,K,5%): class, x0, y0, x1, y1 of "
      .. "each object, got nil", message(G, gan.zeros(2, 9)))
    assert.matches("bad argument #1 'z' %(expected %(2,9%): 3 numbers of the image and 2 of each of 3 objects, got "
      .. "real tensor %(2,8%)", message(G, gan.zeros(2, 8), example(gan)))
    assert.matches("bad argument #2 'layout'", message(D, x, gan.zeros(1, 3, 5)))
    assert.matches("it has no object", message(both, D, x, gan.full({2, 3, 5}, -1)))
    assert.matches("expected images of 32x32", message(D, gan.zeros(2, 16, 16, 2), example(gan)))
    assert.matches("expected indices in 0..3, got 7", message(G, gan.zeros(2, 5), gan.full({2, 1, 5}, 7)))
    assert.matches("option 'classes': expected an integer", message(layout.generator, {}))
    assert.matches("option 'size': expected 32, 64 or 128", message(layout.discriminator, {classes = 2, size = 16}))
  end)
end)
