-- gan.tensor: constructors, views, indexing, in-place methods, printing, and what wrong use says.
local gan = require "gan"
local core = require "gan.core"

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok, "nothing was raised")
  return tostring(err)
end

describe("tensor", function()
  it("is made from nested tables and gives them back", function()
    local t = gan.tensor {{1, 2, 3}, {4, 5, 6}}
    assert.same({2, 3}, t:shape())
    assert.same({{1, 2, 3}, {4, 5, 6}}, t:to_table())
    assert.equal(6, t:get(2, 3))
    assert.equal(2.5, gan.tensor(2.5):item())
    assert.same({0, 0}, gan.zeros(2):to_table())
    assert.same({{1}, {1}}, gan.ones {2, 1}:to_table())
    assert.same({3, 3}, gan.full({2}, 3, "i32"):to_table())
  end)

  it("has dtypes that convert with rounding and saturation", function()
    local t = gan.tensor {-1.5, 0.4, 0.5, 254.6, 300, 0 / 0}
    assert.same({0, 0, 1, 255, 255, 0}, t:to "u8":to_table())
    assert.same({-2, 0, 0, 255, 300, 0}, t:to "i32":to_table())
    assert.same({7, 255}, gan.tensor({7, 255}, "u8"):to "real":to_table())
    assert.same({2147483647, -2147483648}, gan.tensor {1e12, -1e12}:to "i32":to_table())
  end)

  it("keeps doubles in f64 tensors, which no op computes on", function()
    local t = gan.tensor({{0.1, 2 ^ 53}, {-1e300, 1 / 3}}, "f64")
    assert.equal("f64", t:dtype())
    assert.same({{0.1, 2 ^ 53}, {-1e300, 1 / 3}}, t:to_table())
    assert.same({0.1, -1e300}, t:transpose()[1]:to_table())
    assert.equal(1 / 3, t:get(2, 2))
    assert.equal(0.1, gan.full({}, 0.1, "f64"):item())
    assert.equal(0.1, gan.zeros(2):to "f64":fill_(0.1):get(2))
    t:set_(0.2, 1, 1)
    assert.same({{0.2, 1 / 3}},
      gan.cat {t:narrow(1, 1, 1):narrow(2, 1, 1), t:narrow(1, 2, 1):narrow(2, 2, 1)}:reshape {1, 2}:to_table())
    assert.same({{-1e300, 1 / 3}}, gan.gather_rows(t, gan.tensor({1}, "i32")):to_table())
    assert.equal("[0.5, 2] (2) tensor of f64", tostring(gan.tensor({0.5, 2}, "f64")))
    assert.equal(8, #gan.zeros(1):to "f64":to_bytes())
    assert.equal(0.1, core.from_bytes(gan.full({1}, 0.1, "f64"):to_bytes(), {1}, "f64"):item())
    assert.truthy(message(function() return t + t end):find(
      "expected a real tensor or a number, got f64 tensor (2,2)", 1, true))
  end)

  it("rounds to the nearest on every way into i32 and u8", function()
    local values = {1.7, 2.5, -1.7, 254.5, 0.49, 3e9, -3e9, 0 / 0}
    for dtype, want in pairs {
      i32 = {2, 2, -2, 254, 0, 2147483647, -2147483648, 0},
      u8 = {2, 3, 0, 255, 0, 255, 0, 0},
    } do
      assert.same(want, gan.tensor(values, dtype):to_table())
      assert.same(want, gan.tensor(values, "f64"):to(dtype):to_table())
      local t = gan.zeros(8):to(dtype)
      for i, v in ipairs(values) do
        assert.equal(want[i], gan.full({600}, v, dtype):get(600))
        t:set_(v, i)
      end
      assert.same(want, t:to_table())
    end
  end)

  it("knows each dtype's size and its names in files", function()
    local real = core.real == "double" and {size = 8, float = true, safetensors = "F64", npy = "<f8"}
      or {size = 4, float = true, safetensors = "F32", npy = "<f4"}
    assert.same({
      real = real,
      u8 = {size = 1, float = false, safetensors = "U8", npy = "|u1"},
      i32 = {size = 4, float = false, safetensors = "I32", npy = "<i4"},
      f64 = {size = 8, float = true, safetensors = "F64", npy = "<f8"},
    }, core.dtypes)
    for name, t in pairs(core.dtypes) do assert.equal(2 * t.size, #gan.full({2}, 1, name):to_bytes()) end
  end)

  it("converts f64 both ways", function()
    local t = gan.tensor({-1.5, 0.5, 254.6, 300, 0 / 0, 2147483646.6}, "f64")
    assert.same({-2, 0, 255, 300, 0, 2147483647}, t:to "i32":to_table())
    assert.same({0, 1, 255, 255, 0, 255}, t:to "u8":to_table())
    assert.same({0.5, -3}, gan.tensor {0.5, -3}:to "f64":to_table())
    assert.same({7, -3}, gan.tensor({7, -3}, "i32"):to "f64":to_table())
    assert.same({7, 255}, gan.tensor({7, 255}, "u8"):to "f64":to_table())
    local y = gan.tensor({{1, 2}, {3, 4}}, "f64"):transpose():to "real"
    assert.equal("real", y:dtype())
    assert.same({{1, 3}, {2, 4}}, y:to_table())
    assert.same({{5, 5}, {5, 5}}, y:copy_(gan.full({2}, 5, "f64")):to_table())
    assert.same({1, 1}, gan.full({2}, 0, "f64"):copy_(gan.ones(2)):to_table())
  end)

  it("views share elements, copies do not", function()
    local t = gan.tensor {{1, 2, 3}, {4, 5, 6}}
    local row, column = t[2], t:select(1, 2)
    row:fill_(9)
    assert.same({1, 9}, column:to_table())
    assert.same({{1, 9}, {2, 9}, {3, 9}}, t:transpose():to_table())
    local copy = t:clone()
    t:zero_()
    assert.equal(9, copy:get(2, 1))
    assert.same({{0, 2}}, gan.tensor {{0, 1, 2}}:narrow(2, 1, 2, 2):to_table())
  end)

  it("reshapes without copying where strides allow it", function()
    local t = gan.tensor {{1, 2, 3, 4}, {5, 6, 7, 8}}
    local half = t:narrow(2, 1, 2)
    local v = half:reshape {2, 1, 2, 1}
    v:fill_(0)
    assert.same({{0, 0, 3, 4}, {0, 0, 7, 8}}, t:to_table())
    assert.same({3, 4, 7, 8}, t:narrow(2, 3, 2):reshape {-1}:to_table())
    assert.same({{{3}, {7}}, {{4}, {8}}}, t:narrow(2, 3, 2):transpose():reshape {2, 2, 1}:to_table())
    assert.same({2, 2, 2, 2}, gan.full({1}, 2):expand {4}:reshape {2, 2}:reshape {4}:to_table())
    local numbers = {}
    for i = 1, 24 do numbers[i] = i end
    -- first axis a view, the others not
    local odd = gan.tensor(numbers):reshape {4, 2, 3}:narrow(1, 1, 2, 2):transpose(2, 3)
    assert.same({{1, 4, 2, 5, 3, 6}, {13, 16, 14, 17, 15, 18}}, odd:reshape {2, 6}:to_table())
    assert.same({2, 0}, gan.zeros(3, 0, 2):transpose(1, 3):reshape {2, 0}:shape())
  end)

  it("copies overlapping views as if the source were read first", function()
    local t = gan.tensor {1, 2, 3, 4}
    t:narrow(1, 2, 3):copy_(t:narrow(1, 1, 3))
    assert.same({1, 1, 2, 3}, t:to_table())
    local m = gan.tensor {{1, 2}, {3, 4}}
    m:add_(m:transpose())
    assert.same({{2, 5}, {5, 8}}, m:to_table())
  end)

  it("works with zero elements", function()
    local t = gan.zeros(0, 3)
    assert.equal(0, t:numel())
    assert.same({0, 3}, t:add(gan.ones(3)):shape())
    assert.same({3, 0}, t:transpose():contiguous():shape())
    assert.equal("", t:to_bytes())
  end)

  it("refuses in-place changes of tracked tensors and of expanded ones", function()
    local t = gan.zeros(3):requires_grad_()
    assert.truthy(message(function() t:add_(1) end):find
      "tensor_spec.lua:%d+: add_: in%-place change of a tracked tensor")
    gan.no_grad(function() t:add_(1) end)
    assert.same({1, 1, 1}, t:to_table())
    assert.truthy(message(function() gan.zeros(1):expand {4}:fill_(1) end):find "expanded tensor cannot be written")
  end)

  it("prints values, shape and dtype, long axes shortened", function()
    assert.equal("[[1, 2],\n [3, 4]] (2,2) tensor", tostring(gan.tensor {{1, 2}, {3, 4}}))
    assert.equal("[1, 2] (2) tensor of u8", tostring(gan.tensor({1, 2}, "u8")))
    assert.equal("3.142 () tensor", tostring(gan.tensor(math.pi)))
    assert.equal("[] (0) tensor", tostring(gan.zeros(0)))
    assert.equal("[nan, nan, inf] (3) tensor", tostring(gan.tensor {0 / 0, -(0 / 0), 1 / 0}))
    assert.equal("[[],\n []] (2,0) tensor", tostring(gan.zeros(2, 0)))
  end)

  it("prints 1,000 elements in full, in lines of 100 characters, and of more three at either end", function()
    local row = tostring(gan.full({500}, -0.1234))
    assert.is_nil(row:find("...", 1, true))
    assert.equal(500, select(2, row:gsub("%-0%.1234", "")))
    for line in row:gmatch "[^\n]+" do assert.is_true(#line <= 100 + #" (500) tensor", line) end
    assert.is_nil(tostring(gan.zeros(10, 100)):find("...", 1, true))
    assert.equal("[0, 0, 0, ..., 0, 0, 0] (1001) tensor", tostring(gan.zeros(1001)))
    local batch = tostring(gan.zeros(64, 32, 32, 3))
    assert.equal(258, select(2, batch:gsub("\n", "")))
    assert.truthy(batch:find("[0, 0, 0],\n   ...,\n   [0, 0, 0],", 1, true))
  end)

  it("names operation, argument, both shapes and the user's line", function()
    local x, w = gan.zeros(2, 3), gan.zeros(4)
    assert.truthy(message(function() return x + w end):find(
      "tensor_spec.lua:%d+: add: bad argument #2 'b' %(expected a shape that broadcasts with %(2,3%), got %(4%)%)"))
    assert.truthy(message(function() return x:get(3, 1) end):find(
      "get: bad argument #2 'position' (expected an integer in 1..2, got 3)", 1, true))
    assert.truthy(message(function() return x:reshape {5} end):find("as many elements as (5), got (2,3)", 1, true))
    assert.truthy(message(function() return gan.tensor {{1, 2}, {3}} end):find("ragged table", 1, true))
    assert.truthy(message(function() x.field = 1 end):find("cannot assign field 'field'", 1, true))
    assert.truthy(message(function() return gan.full({2}, 0, "half") end):find(
      "'real', 'u8', 'i32' or 'f64', got string 'half'", 1, true))
  end)

  it("raises instead of asking for impossible memory", function()
    assert.truthy(message(gan.zeros, 1 << 42, 1 << 42):find "too large")
    assert.truthy(message(gan.zeros, 1 << 42):find "out of memory %(requested %d+ bytes; %d+ live, %d+ cached%)")
    core.memory_fail_after(1)
    local t = gan.zeros(10) -- one failure is survived by a collection and a second try
    assert.equal(10, t:numel())
    core.memory_fail_after(0)
  end)

  it("does not let go of memory twice", function()
    local t = gan.zeros(4)
    core.tensor_mt.__gc(t)
    core.tensor_mt.__gc(t)
    assert.truthy(message(function() return t:add(1) end):find "real tensor")
    assert.equal("released tensor", tostring(t))
  end)
end)
