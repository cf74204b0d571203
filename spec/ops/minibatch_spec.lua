-- Minibatch discrimination's sums over pairs: worked numbers, their gradient, threads, degenerate batches.
local gan = require "gan"
local double = require "spec.support.double"
local golden = require "spec.support.golden"
local same_with_two_threads = require "spec.support.threads"

local function example() return double.tensor {{{1, 0}, {.5, -.5}}, {{0, 2}, {1, 0}}, {{1, 2}, {1.5, -.5}}} end

describe("minibatch_similarity", function()
  it("has the worked numbers", function()
    golden.near({0.1851223516, 0.7357588823, 0.4176665095, 0.7357588823, 0.5032147244, 0.7357588823},
      double.ops.minibatch_similarity(example()))
  end)

  it("has the worked gradient", function()
    local m = example():requires_grad_()
    local o = double.ops.minibatch_similarity(m)
    local g = double.grad(o, {m}, {seed = double.tensor {{1, 0}, {0, 0}, {0, 0}}})[1]
    golden.near({-0.0497870684, 0.1851223516, 0, 0, 0.0497870684, -0.0497870684, 0, 0, 0, -0.1353352832, 0, 0}, g)
  end)

  it("does not care for the order, is N - 1 for equal elements and 0 for distant ones", function()
    local m = double.rng(1):normal {5, 3, 2}
    local order = double.tensor({3, 0, 4, 1, 2}, "i32")
    local f, rows = double.ops.minibatch_similarity, double.ops.gather_rows
    golden.near(rows(f(m), order):reshape {-1}:to_table(), f(rows(m, order)))
    golden.near({3, 3, 3, 3}, f(double.ones(4, 1, 2)))
    golden.near({0, 0}, f(double.tensor {{{0}}, {{1e6}}}))
    golden.near({0, 0}, f(double.zeros(1, 2, 3)))
    assert.same({0, 2}, f(double.zeros(0, 2, 3)):shape())
  end)

  it("has the same bytes with one thread and two", function()
    local function run(threads)
      gan.threads(threads)
      local m = gan.rng(1, "pairs"):normal {40, 70, 3}:requires_grad_()
      local o = gan.ops.minibatch_similarity(m)
      return o:to_bytes() .. gan.grad(o, {m}, {seed = gan.rng(2):normal(o:shape())})[1]:to_bytes()
    end
    assert.is_true(same_with_two_threads(run))
  end)

  it("shows NaN", function()
    local o = gan.ops.minibatch_similarity(gan.tensor {{{0 / 0}}, {{1}}}):to_table()
    assert.is_true(o[1][1] ~= o[1][1] and o[2][1] ~= o[2][1])
  end)
end)
