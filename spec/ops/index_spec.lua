-- Joining, splitting and picking by index: values by hand. Gradients and memory are registry_spec's business.
local gan = require "gan"
local core = require "gan.core"

local function i32(v) return gan.tensor(v, "i32") end

describe("cat", function()
  it("joins along any axis", function()
    local a, b = gan.tensor {{1, 2}, {3, 4}}, gan.tensor {{5, 6}}
    assert.same({{1, 2}, {3, 4}, {5, 6}}, gan.cat({a, b}):to_table())
    assert.same({{1, 2, 1, 2}, {3, 4, 3, 4}}, gan.cat({a, a}, 2):to_table())
    assert.same({{1, 2, 1, 2}, {3, 4, 3, 4}}, gan.cat({a, a}, -1):to_table())
    assert.same({{1, 3, 5}, {2, 4, 6}}, gan.cat({a:transpose(), b:transpose()}, 2):to_table())
  end)

  it("joins u8 and i32 tensors, and empty ones", function()
    local y = gan.cat {i32 {1, 2}, i32 {3}}
    assert.equal("i32", y:dtype())
    assert.same({1, 2, 3}, y:to_table())
    assert.same({7, 8}, gan.cat({gan.tensor({7}, "u8"), gan.tensor({8}, "u8")}):to_table())
    assert.same({1, 2}, gan.cat({gan.tensor {1}, gan.zeros(0), gan.tensor {2}}):to_table())
    assert.same({0, 5}, gan.cat({gan.zeros(0, 2), gan.zeros(0, 3)}, 2):shape())
  end)

  it("gives each tensor its part of the gradient", function()
    local a, b = gan.tensor({1, 2}):requires_grad_(), gan.tensor({3}):requires_grad_()
    local y = gan.cat {a, gan.tensor {9}, b}
    local ga, gb = table.unpack(gan.grad(y, {a, b}, {seed = gan.tensor {1, 2, 3, 4}}))
    assert.same({1, 2}, ga:to_table())
    assert.same({4}, gb:to_table())
  end)

  it("names what is wrong", function()
    assert.error_matches(function() gan.cat() end, "cat: bad argument #1 'list'")
    assert.error_matches(function() gan.cat {} end, "got 0")
    assert.error_matches(function() gan.cat {gan.zeros(1), 3} end, "'list%[2%]' %(expected a tensor, got 3")
    assert.error_matches(function() gan.cat {gan.zeros(2), i32 {1}} end, "another dtype")
    assert.error_matches(function() gan.cat({gan.zeros(2)}, 2) end, "'axis'")
  end)
end)

describe("stack", function()
  it("joins along a new axis", function()
    local a, b = gan.tensor {1, 2, 3}, gan.tensor {4, 5, 6}
    assert.same({{1, 2, 3}, {4, 5, 6}}, gan.stack({a, b}):to_table())
    assert.same({{1, 4}, {2, 5}, {3, 6}}, gan.stack({a, b}, 2):to_table())
    assert.same({{1, 4}, {2, 5}, {3, 6}}, gan.stack({a, b}, -1):to_table())
    assert.same({1, 2}, gan.stack({gan.tensor(1), gan.tensor(2)}):to_table())
  end)

  it("names what is wrong", function()
    assert.error_matches(function() gan.stack {} end, "stack: bad argument #1 'list'")
    assert.error_matches(function() gan.stack {gan.zeros(2), gan.zeros(3)} end, "'list%[2%]'.*got real tensor %(3%)")
    assert.error_matches(function() gan.stack({gan.zeros(2)}, 3) end, "'axis'")
    assert.error_matches(function() gan.stack({gan.zeros(2)}, 0) end, "'axis'")
    assert.error_matches(function() gan.stack {gan.zeros(1, 1, 1, 1, 1, 1, 1, 1)} end, "no new axis")
  end)
end)

describe("split", function()
  local x = gan.tensor {{1, 2, 3, 4}, {5, 6, 7, 8}}

  it("cuts into equal parts or given sizes, as views", function()
    local parts = x:split(2, 2)
    assert.equal(2, #parts)
    assert.same({{3, 4}, {7, 8}}, parts[2]:to_table())
    assert.is_true(core.same_storage(x, parts[2]))
    local sized = x:split({1, 0, 3}, -1)
    assert.same({2, 0}, sized[2]:shape())
    assert.same({{2, 3, 4}, {6, 7, 8}}, sized[3]:to_table())
    assert.same({{1, 2, 3, 4}}, x:split(2)[1]:to_table())
  end)

  it("names what is wrong", function()
    assert.error_matches(function() x:split(3, 2) end, "split: .*3 does not divide size 4 of axis 2")
    assert.error_matches(function() x:split({1, 2}, 2) end, "sizes add up to 3, axis 2 has 4")
    assert.error_matches(function() x:split({3, 2}, 2) end, "'parts%[2%]'")
    assert.error_matches(function() x:split(2, 0) end, "'axis'")
    assert.error_matches(function() gan.split(3, 2) end, "'x'")
    local _, err = pcall(function() x:split(3, 2) end)
    assert.truthy(err:find("index_spec.lua:%d+: split: "), err) -- busted's matcher hides the place
  end)
end)

describe("rows", function()
  local x = gan.tensor {{1, 2}, {3, 4}, {5, 6}}

  it("are gathered by index from 0, for any dtype and shape of index", function()
    assert.same({{5, 6}, {1, 2}, {5, 6}}, x:gather_rows(i32 {2, 0, 2}):to_table())
    assert.same({{{1, 2}}, {{3, 4}}}, x:gather_rows(i32 {{0}, {1}}):to_table())
    assert.same({3, 4}, gan.embedding(x, i32(1)):to_table())
    assert.same({7, 9}, gan.gather_rows(gan.tensor({9, 8, 7}, "u8"), i32 {2, 0}):to_table())
    assert.same({0, 2}, x:gather_rows(gan.full({0}, 0, "i32")):shape())
  end)

  it("are scattered, those named twice added up", function()
    assert.same({{0, 0}, {3, 4}, {6, 8}}, x:scatter_rows(i32 {2, 1, 2}, 3):to_table())
    assert.same({{0, 0}}, gan.zeros(0, 2):scatter_rows(gan.full({0}, 0, "i32"), 1):to_table())
  end)

  it("give the same bytes with 1 and 2 threads", function()
    local y, idx = gan.rng(1):normal({300, 200}), gan.rng(2):integer({300}, 0, 9)
    local before, out = gan.threads(), {}
    for threads = 1, 2 do
      gan.threads(threads)
      out[threads] = y:scatter_rows(idx, 10):to_bytes() .. y:gather_rows(idx):to_bytes()
    end
    gan.threads(before)
    assert.is_true(out[1] == out[2])
  end)

  it("name the first index out of range", function()
    assert.error_matches(function() x:gather_rows(i32 {0, 3}) end,
      "gather_rows: bad argument #2 'idx' %(expected indices in 0..2, got 3 at element 2%)")
    assert.error_matches(function() x:gather_rows(i32 {0, -2147483648}) end, "got %-2147483648")
    assert.error_matches(function() gan.zeros(0, 2):gather_rows(i32 {0}) end, "got 0 at element 1")
    assert.error_matches(function() x:scatter_rows(i32 {0, 0, 2}, 2) end, "indices in 0..1, got 2 at element 3")
  end)
end)

describe("elements along an axis", function()
  local x = gan.tensor {{1, 2, 3}, {4, 5, 6}}

  it("are taken and put", function()
    assert.same({{3, 1}, {5, 5}}, x:take_along(i32 {{2, 0}, {1, 1}}, 2):to_table())
    assert.same({{4, 2, 6}}, x:take_along(i32 {{1, 0, 1}}, 1):to_table())
    assert.same({{2, 0, 1}, {0, 7, 0}}, gan.tensor({{1, 2}, {3, 4}}):put_along(i32 {{2, 0}, {1, 1}}, 2, 3):to_table())
  end)

  it("become one-hot", function()
    assert.same({{0, 0, 1}, {1, 0, 0}}, gan.one_hot(i32 {2, 0}, 3):to_table())
    assert.same({0, 1}, gan.one_hot(i32(1), 2):to_table())
    assert.same({0, 4}, gan.one_hot(gan.full({0}, 0, "i32"), 4):shape())
  end)
end)
