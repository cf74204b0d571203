-- core.unpack: numbers as foreign files have them, into tensors.
local gan = require "gan"
local core = require "gan.core"
local core64 = require "gan.core64"

local function bytes(s) return core.from_bytes(s, {#s}, "u8") end

describe("unpack", function()
  it("reads floats of every width", function()
    local cases = {
      -- IEEE half: 1, -2, the largest, the smallest subnormal and the largest, zeros, infinities, 1/3 as half has it
      {"f2", ("<I2"):rep(10):pack(0x3c00, 0xc000, 0x7bff, 0x0001, 0x83ff, 0, 0x8000, 0x7c00, 0xfc00, 0x3555),
        {1, -2, 65504, 2 ^ -24, -1023 * 2 ^ -24, 0, 0, 1 / 0, -1 / 0, 1365 / 4096}},
      {"bf2", ("<I2"):rep(5):pack(0x3f80, 0xc040, 0x0001, 0x7f80, 0x3eab), {1, -3, 2 ^ -133, 1 / 0, 171 / 512}},
      {"f4", ("<f"):rep(3):pack(0.5, -1e30, 2 ^ -149), {0.5, ("f"):unpack(("f"):pack(-1e30)), 2 ^ -149}},
      {"f8", ("<d"):rep(3):pack(0.5, -3, 2 ^ 40), {0.5, -3, 2 ^ 40}},
    }
    for _, c in ipairs(cases) do
      for _, lib in ipairs {core, core64} do
        for _, dtype in ipairs {"real", "f64"} do
          local t = assert(lib.unpack(lib.from_bytes(c[2], {#c[2]}, "u8"), c[1], dtype, {#c[3]}))
          assert.equal(dtype, lib.dtype(t))
          assert.same(c[3], lib.to_table(t), c[1])
        end
      end
    end
    assert.equal(0.1, core.item(core.unpack(bytes(("<d"):pack(0.1)), "f8", "f64", {})))
    assert.equal(-1 / 0, 1 / core.item(core.unpack(bytes "\0\x80", "f2", "f64", {}))) -- minus zero
    for _, c in ipairs {{"f2", "\1\x7e"}, {"bf2", "\xc1\x7f"}} do
      local x = core.item(core.unpack(bytes(c[2]), c[1], "real", {}))
      assert.is_true(x ~= x, c[1])
    end
    assert.equal(1 / 0, core.item(core.unpack(bytes(("<d"):pack(1e300)), "f8", "real", {})))
  end)

  it("reads integers and truth values, if they fit", function()
    for _, c in ipairs {
      {"i1", "b", {-128, 127}}, {"i2", "<i2", {-32768, 32767}},
      {"i4", "<i4", {-2147483648, 2147483647}}, {"i8", "<i8", {-2147483648, 2147483647}},
      {"u1", "B", {0, 255}},
    } do
      assert.same(c[3], core.to_table(core.unpack(bytes(c[2]:rep(2):pack(table.unpack(c[3]))), c[1], "i32", {2})), c[1])
    end
    assert.same({0, 1, 1}, core.to_table(core.unpack(bytes "\0\1\7", "b1", "i32", {3})))
    assert.same({0, 1, 1}, core.to_table(core.unpack(bytes "\0\1\7", "b1", "u8", {3})))
    assert.same({0, 200}, core.to_table(core.unpack(bytes(("<i2i2"):pack(0, 200)), "i2", "u8", {2})))
    for _, v in ipairs {2147483648, -2147483649, math.maxinteger, math.mininteger} do
      local t, message = core.unpack(bytes(("<i8i8"):pack(5, v)), "i8", "i32", {2})
      assert.is_nil(t)
      assert.equal("element 2 does not fit i32", message)
    end
    assert.same({nil, "element 1 does not fit u8"}, {core.unpack(bytes "\xff", "i1", "u8", {})})
  end)

  it("reads views: an offset, strides, bytes that are not aligned", function()
    local data = ("<f"):rep(12):pack(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
    local function read(...) return core.to_table(assert(core.unpack(bytes(data), "f4", "real", ...))) end
    assert.same({{0, 1, 2}, {3, 4, 5}}, read {2, 3})
    assert.same({{6, 7, 8}, {9, 10, 11}}, read({2, 3}, 6))
    assert.same({{0, 4}, {1, 5}, {2, 6}}, read({3, 2}, 0, {1, 4}))
    assert.same({1, 4, 7}, read({3}, 1, {3}))
    assert.same({{5, 5}, {5, 5}}, read({2, 2}, 5, {0, 0}))
    assert.same({{{11}}}, read({1, 1, 1}, 11, {1 << 60, 1 << 62, 0})) -- the stride of a size of 1 says nothing
    assert.same({}, read({0, 3}, 1 << 62, {1 << 62, 1 << 62}))
    local odd = core.narrow(bytes("x" .. data), 1, 2, #data)
    assert.same({0, 1, 2}, core.to_table(core.unpack(odd, "f4", "real", {3})))
    local x = gan.rng(1):normal {3, 5, 2, 4}
    local turned = x:permute {3, 1, 4, 2}
    assert.equal(turned:to_bytes(),
      core.to_bytes(core.unpack(bytes(x:to_bytes()), "f4", "real", {2, 3, 4, 5}, 0, {4, 40, 1, 8})))
  end)

  it("refuses elements beyond the bytes", function()
    local data = bytes(("\0"):rep(40))
    for _, c in ipairs {
      {{11}}, {{10}, 1}, {{}, 10}, {{2}, 0, {10}}, {{3, 3}, 0, {4, 1}}, {{3, 3}, 0, {3, 2}},
      {{2}, 0, {math.maxinteger}}, {{}, math.maxinteger}, {{2, 2}, 0, {1 << 62, 1 << 62}}, {{1 << 40}, 0, {1}},
    } do
      local t, message = core.unpack(data, "f4", "real", table.unpack(c))
      assert.is_nil(t)
      assert.equal("elements beyond the 10 that are there", message)
    end
    assert.is_truthy(core.unpack(data, "f4", "real", {3, 3}, 1, {3, 1}))
  end)

  it("names what is called wrongly", function()
    local b = bytes "12345678"
    for _, c in ipairs {
      {{"12345678", "f4", "real", {2}}, "#1 'bytes'"},
      {{b, "f3", "real", {2}}, "#2 'format'"},
      {{b, "f4", "i32", {2}}, "#3 'dtype'"},
      {{b, "i4", "real", {2}}, "#3 'dtype'"},
      {{b, "f4", "f32", {2}}, "#3 'dtype'"},
      {{b, "f4", "real", 2}, "#4 'shape'"},
      {{b, "f4", "real", {2}, -1}, "#5 'first'"},
      {{b, "f4", "real", {2}, 0, {1, 1}}, "#6 'strides'"},
      {{b, "f4", "real", {2}, 0, {-1}}, "#6 'strides'"},
      {{b, "f4", "real", {2}, 0, {0.5}}, "#6 'strides'"},
      {{b, "f4", "real", {2}, 0, 7}, "#6 'strides'"},
    } do
      local ok, message = pcall(core.unpack, table.unpack(c[1]))
      assert.is_false(ok)
      assert.truthy(message:find("unpack: bad argument " .. c[2], 1, true), message)
    end
  end)
end)
