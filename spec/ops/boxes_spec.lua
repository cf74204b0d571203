-- Boxes: worked numbers of coverage and ROI-align, identities, the adjoint, threads.
local gan = require "gan"
local double = require "spec.support.double"
local golden = require "spec.support.golden"
local same_with_two_threads = require "spec.support.threads"

local op = double.ops

local X = {{1, 0, 2, -1}, {3, 1, 0, 2}, {-2, 4, 1, 0}, {0, 1, -1, 3}}

local function image(rows) return double.tensor(rows):reshape {1, #rows, #rows[1], 1} end

local function align(x, box, options)
  return op.roi_align(x, double.tensor {box}, double.tensor({0}, "i32"), options)
end

describe("box_coverage", function()
  it("has the worked numbers, and the box's area as its sum", function()
    local m = op.box_coverage(double.tensor {{{2, 5, 9, 18, 20}, {-1, 0, 0, 32, 32}}}, {32, 32}, {8, 8})
    assert.same({1, 8, 8, 2}, m:shape())
    local first = m:narrow(4, 1, 1):contiguous():reshape {8, 8}
    golden.near({0, .75, 1, 1, .5, 0, 0, 0}, first[4])
    golden.near({0, 0, .75, 1, 1, 0, 0, 0}, first:transpose():contiguous()[3])
    golden.near({8.9375}, first:sum())
    golden.near({0}, m:narrow(4, 2, 1):sum())
    m = op.box_coverage(double.tensor {{{0, -4, 1, 3, 9}}}, {4, 8}, {4, 8}) -- what is outside does not count
    golden.near({9}, m:sum())
  end)
end)

describe("roi_align", function()
  it("has the worked numbers", function()
    local x = image(X)
    golden.near({.9, .85, 2.08, 1.045}, align(x, {.7, .4, 3.1, 2.8}, {size = 2}))
    golden.near({.8, 1, 2.38, .7}, align(x, {.7, .4, 3.1, 2.8}, {size = 2, samples = 1}))
    golden.near({.9, .85, 2.08, 1.045}, align(x, {1.4, .8, 6.2, 5.6}, {size = 2, scale = .5}))
    golden.near({1, 1.25, -.5, .75}, align(x, {-2, 0, 2, 4}, {size = 2}))
    golden.near({1.25, 1.25, 1.25, 1.25}, align(x, {1, 1, 1, 1}, {size = 2}))
    local ramp = image {{0, 1, 2, 3}, {4, 5, 6, 7}, {8, 9, 10, 11}, {12, 13, 14, 15}}
    golden.near({4.75, 6.25, 8.75, 10.25}, align(ramp, {.5, 1, 3.5, 3}, {size = 2}))
  end)

  it("has the worked gradient", function()
    local x = image(X):requires_grad_()
    local g = double.grad(align(x, {.7, .4, 3.1, 2.8}, {size = 2}), {x},
      {seed = double.tensor({1, 2, -1, .5}):reshape {1, 2, 2, 1}})[1]
    golden.near({.125, .5, .725, .15, .05, .3125, .815, .1725, -.175, -.4375, .21, .0525, 0, 0, 0, 0}, g)
  end)

  it("is the identity for the whole image, constant for a constant, and its gradient the adjoint", function()
    local rng = double.rng(1)
    local x = rng:normal {3, 5, 4, 2}
    local boxes = double.tensor {{0, 0, 4, 5}, {0, 0, 4, 5}}
    local rows = double.tensor({2, 0}, "i32")
    local y = op.roi_align(x, boxes, rows, {size = {5, 4}, samples = 1})
    golden.near(x[3]:reshape {-1}:to_table(), y[1])
    golden.near(x[1]:reshape {-1}:to_table(), y[2])
    boxes = double.cat({rng:uniform({20, 2}, -3, 3), rng:uniform({20, 2}, 3, 9)}, 2)
    rows = rng:integer({20}, 0, 2)
    local inside = double.cat({rng:uniform({20, 2}, 0, 2), rng:uniform({20, 2}, 2, 4)}, 2)
    local flat = op.roi_align(double.full({3, 5, 4, 1}, 7), inside, rows, {size = 3})
    golden.near({7, 7}, double.cat({flat:min():reshape {1}, flat:max():reshape {1}}))
    local o, dy = {size = {3, 2}, samples = 3}, rng:normal {20, 3, 2, 2}
    local up, down = op.roi_align(x, boxes, rows, o), op.roi_align_dx(dy, boxes, rows, o, {3, 5, 4})
    golden.near({(up * dy):sum():item()}, (x * down):sum())
  end)

  it("reads nothing of pixels that have no share", function()
    local x = image {{1, 0 / 0}, {2, 0 / 0}}
    golden.near({1, 2}, align(x, {0, 0, 1, 2}, {size = {2, 1}, samples = 1}))
  end)

  it("has the same bytes with one thread and two", function()
    local function run(threads)
      gan.threads(threads)
      local rng = gan.rng(1, "roi")
      local x = rng:normal {5, 24, 24, 7}:requires_grad_()
      local boxes = gan.cat({rng:uniform({30, 2}, -3, 9), rng:uniform({30, 2}, 9, 30)}, 2)
      local y = gan.roi_align(x, boxes, rng:integer({30}, 0, 4), {size = 8})
      return y:to_bytes() .. gan.grad((y * y):sum(), {x})[1]:to_bytes()
    end
    assert.is_true(same_with_two_threads(run))
  end)
end)
