-- Arrays of NumPy: types, orders, headers, what is refused, damage; what is written is what NumPy writes.
local gan = require "gan"
local core = require "gan.core"
local npz = require "gan.file.npz"
local zip = require "gan.file.zip"
local damage = require "spec.support.damage"
local double = require "spec.support.double"
local files = require "spec.support.files"
local temp = require "spec.support.temp"

local npy_text, npy = files.npy_text, files.npy

describe("file.npz", function()
  local dir
  setup(function() dir = temp.dir() end)
  teardown(temp.clean)
  after_each(function() core.file_fail_after(nil) end)

  local function load(arrays, o)
    local members = {}
    for name, bytes in pairs(arrays) do
      members[#members + 1] = {name = name .. ".npy", data = bytes, deflated = o and o.deflated, zip64 = o and o.zip64}
    end
    return npz.load(temp.write(dir .. "/a.npz", files.zip(members)))
  end

  it("reads every type and shape", function()
    local doubles = ("<d"):rep(6):pack(1, 2, 3, 4, 5, 0.1)
    for _, o in ipairs {{}, {deflated = true}, {zip64 = true}} do
      local a = assert(load({
        mu = npy("<f8", "(6,)", doubles),
        sigma = npy("<f8", "(2, 3)", doubles),
        v2 = npy("<f8", "(3, 2, 1)", doubles, false, 2),
        fortran = npy("<f8", "(2, 3)", doubles, true),
        cube = npy("|u1", "(2, 3, 2)", "\0\1\2\3\4\5\6\7\8\9\10\11", true),
        f4 = npy("<f4", "(2,)", ("<ff"):pack(0.1, -2)),
        f2 = npy("<f2", "(1,)", "\0\x3c"),
        i4 = npy("<i4", "(1, 1)", ("<i4"):pack(-7)),
        i8 = npy("<i8", "()", ("<i8"):pack(-2147483648)),
        u1 = npy("|u1", "(2,)", "\0\xff"),
        bool = npy("|b1", "(2,)", "\0\1"),
        none = npy("<f8", "(0, 3)", ""),
        python2 = npy("<f8", "(6L,)", doubles),
        i1 = npy("|i1", "(1,)", "\xff"),
        i2 = npy("<i2", "(1,)", "\xff\xff"),
        ["a/b.c"] = npy("<f8", "(6, )", doubles),
      }, o))
      local function is(name, dtype, value)
        assert.equal(dtype, core.dtype(a[name]), name)
        assert.same(value, core.to_table(a[name]), name)
      end
      is("mu", "f64", {1, 2, 3, 4, 5, 0.1})
      is("sigma", "f64", {{1, 2, 3}, {4, 5, 0.1}})
      is("v2", "f64", {{{1}, {2}}, {{3}, {4}}, {{5}, {0.1}}})
      is("fortran", "f64", {{1, 3, 5}, {2, 4, 0.1}})
      is("cube", "u8", {{{0, 6}, {2, 8}, {4, 10}}, {{1, 7}, {3, 9}, {5, 11}}})
      is("f4", "real", {("f"):unpack(("f"):pack(0.1)), -2})
      is("f2", "real", {1})
      is("i4", "i32", {{-7}})
      is("i8", "i32", -2147483648)
      is("u1", "u8", {0, 255})
      is("bool", "u8", {0, 1})
      is("python2", "f64", {1, 2, 3, 4, 5, 0.1})
      is("i1", "i32", {-1})
      is("i2", "i32", {-1})
      is("a/b.c", "f64", {1, 2, 3, 4, 5, 0.1})
      assert.same({0, 3}, a.none:shape())
    end
    assert.same({}, assert(load {}))
  end)

  it("reads headers in any spelling of the literal", function()
    for _, header in ipairs {
      "{'shape':(1,),'fortran_order':False,'descr':'|u1'}",
      '{"descr": "|u1", "fortran_order": False, "shape": (1,)}   \n',
      " { 'descr' : '<u1' , 'fortran_order' : True , 'shape' : ( 1 , ) , } ",
    } do
      assert.same({7}, core.to_table(assert(load {a = npy_text(header, "\7")}).a))
    end
  end)

  it("leaves out what it cannot read, and says so", function()
    local one = ("<d"):pack(1)
    for i, c in ipairs {
      {npy(">f8", "(1,)", one), "type '>f8' is big-endian (expected little-endian)"},
      {npy(">i4", "(2,)", one), "big-endian"},
      {npy("|O", "(1,)", one), "type '|O': objects of Python are not read"},
      {npy("<U2", "(1,)", one), "type '<U2' (expected f2, f4"},
      {npy("<c8", "(1,)", one), "type '<c8'"},
      {npy("<u8", "(1,)", one), "type '<u8'"},
      {npy("=f8", "(1,)", one), "type '=f8'"},
      {npy("|f8", "(1,)", one), "type '|f8'"},
      {npy("<M8[ns]", "(1,)", one), "type '<M8[ns]'"},
      {npy("<i8", "(1,)", ("<i8"):pack(1 << 31)), "element 1 does not fit i32"},
    } do
      local a, skipped = load {x = c[1], mu = npy("<f8", "(1,)", one)}
      assert.same({1}, core.to_table(a.mu), i)
      assert.is_nil(a.x, i)
      assert.equal(1, #skipped)
      assert.equal("'x': ", skipped[1]:sub(1, 5), i)
      assert.truthy(skipped[1]:find(c[2], 1, true), i .. " " .. skipped[1])
    end
    local path = temp.write(dir .. "/b.npz", files.zip {
      {name = "readme", data = "x"}, {name = "mu.npy", data = npy("<f8", "(1,)", one)},
    })
    local a, skipped = npz.load(path)
    assert.same({1}, core.to_table(a.mu))
    assert.same({"'readme': not an array (.npy)"}, skipped)
    assert.same({}, select(2, load {x = npy("<f8", "(1,)", one)}))
  end)

  it("reads the array of an .npy file, and headers without elements", function()
    local bytes = npy("|u1", "(2, 3)", "\1\2\3\4\5\6", true, 3)
    local path = temp.write(dir .. "/a.npy", bytes)
    assert.same({{1, 3, 5}, {2, 4, 6}}, core.to_table(assert(npz.load_array(path))))
    local h = assert(npz.header(path))
    assert.same({"|u1", {2, 3}, true, #bytes - 6, 1}, {h.descr, h.shape, h.fortran, h.start, h.width})
    for _, deflated in ipairs {false, true} do
      local z = assert(zip.open(temp.write(dir .. "/h.npz", files.zip {
        {name = "a.npy", data = bytes, deflated = deflated},
        {name = "long.npy", data = npy("<U2", "(9000,)", ("abcdefgh"):rep(9000)), deflated = deflated},
        {name = "bad.npy", data = "\x93NUMPY\9\0abcdefgh", deflated = deflated},
      })))
      assert.same(h, npz.header(z.path, z, "a.npy"))
      local text = assert(npz.header(z.path, z, "long.npy"))
      assert.same({"<U2", {9000}}, {text.descr, text.shape})
      assert.is_nil(text.width)
      assert.matches("type '<U2'", text.why)
      assert.same({nil, z.path .. ": 'bad.npy': .npy version 9.0 (expected 1.0 to 3.0)"},
        {npz.header(z.path, z, "bad.npy")})
      assert.same({nil, z.path .. ": no member 'x.npy'"}, {npz.header(z.path, z, "x.npy")})
      z:close()
    end
    for _, c in ipairs {
      {bytes:sub(1, -2), "5 bytes of data (expected 6 for |u1 (2,3))"}, {"", "not an array (.npy)"},
      {npy("<U1", "(1,)", "abcd"), "type '<U1'"}, {npy("<i8", "(1,)", ("<i8"):pack(1 << 40)), "does not fit i32"},
    } do
      temp.write(path, c[1])
      local a, message = npz.load_array(path)
      assert.is_nil(a)
      assert.equal(path .. ": ", message:sub(1, #path + 2))
      assert.truthy(message:find(c[2], 1, true), message)
    end
    assert.is_nil((npz.load_array(dir .. "/missing")))
    assert.is_nil((npz.header(dir .. "/missing")))
  end)

  it("refuses what is wrong, naming file and array", function()
    local one = ("<d"):pack(1)
    local function header(text) return npy_text(text, one) end
    for i, c in ipairs {
      {npy("<f8", "(2,)", one), "8 bytes of data (expected 16 for <f8 (2))"},
      {npy("<f8", "(1,)", one .. "x"), "9 bytes of data (expected 8"},
      {npy("<f8", "(1)", one), "shape: expected a tuple"},
      {npy("<f8", "1", one), "shape: expected a tuple"},
      {npy("<f8", "(-1,)", one), "tuple of sizes"},
      {npy("<f8", "(1,,)", one), "tuple of sizes"},
      {npy("<f8", "(1.5,)", one), "tuple of sizes"},
      {npy("<f8", "(1 << 3,)", one), "tuple of sizes"},
      {npy("<f8", "(" .. ("1,"):rep(9) .. ")", one), "shape of at most 8 sizes"},
      {npy("<f8", "(1099511627776, 1099511627776)", one), "expected a smaller shape"},
      {npy("<f8", "(0, 1099511627776, 1099511627776)", ""), "expected a smaller shape"},
      {npy("<f8", "(99999999999999999999,)", one), "tuple of sizes"},
      {header "{}", "header: descr is missing"},
      {header "os.system('x')", "header: expected a dictionary"},
      {header "", "header: expected a dictionary"},
      {header "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "arrays of records are not read"},
      {header "{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}", "expected True or False"},
      {header "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'x': exit()}", "once each, found 'x'"},
      {header "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", "once each, found 'descr'"},
      {header "{'descr': '<f8' 'fortran_order': False, 'shape': (1,)}", "expected a comma"},
      {header "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)", "header: expected a comma"},
      {npy("<f8", "(1,)", one, false, 4), ".npy version 4.0 (expected 1.0 to 3.0)"},
      {"\x93NUMPY\1\0\xff\xff{", "truncated header"},
      {"\x93NUMPY\1\0\xff\xff{'descr'", "a header of 65535 bytes in a file of"},
      {"\x93NUMPY\2\0\xff\xff\xff\xff{}", "a header of 4294967295 bytes"},
      {"", "not an array"},
      {"\x93NUMPY", "truncated header"},
      {"hello hello hello", "not an array (.npy)"},
    } do
      local a, message = load {x = c[1]}
      assert.is_nil(a, i)
      assert.equal(dir .. "/a.npz: 'x': ", message:sub(1, #dir + 13), i)
      assert.truthy(message:find(c[2], 1, true), i .. " " .. message)
      assert.is_nil(message:find("\n", 1, true))
    end
    local path = temp.write(dir .. "/b.npz", files.zip {{name = "x.npy", data = "x", crc = 7}})
    assert.same({nil, path .. ": member 'x.npy' is damaged (its checksum differs)"}, {npz.load(path)})
    assert.is_nil((npz.load(dir .. "/missing")))
  end)

  it("survives damage: a message or tensors", function()
    local whole = files.zip {{name = "mu.npy", data = npy("<f4", "(2, 1)", ("<ff"):pack(1, 2), true)}}
    damage.each(whole, function(bytes, what)
      local a, message = npz.load(temp.write(dir .. "/d.npz", bytes))
      assert.is_true(type(a or message) == (a and "table" or "string"), what)
    end)
    local inner = npy("<i8", "(2, 1)", ("<i8i8"):pack(1, 2), true) -- under a checksum that is right
    damage.each(inner, function(bytes, what)
      local a, message = load {x = bytes}
      assert.is_true(type(a or message) == (a and "table" or "string"), what)
    end)
  end)

  it("gives back what it wrote", function()
    local rng = gan.rng(3)
    local arrays = {
      mu = core.tensor({0.1, -1e300, 1 / 0}, "f64"),
      x = rng:normal {2, 3},
      turned = rng:normal({2, 3}):transpose(),
      ids = rng:integer({4}, -9, 9),
      pixels = gan.tensor({{1, 255}}, "u8"),
      scalar = core.full({}, 3, "f64"),
      none = gan.zeros(0, 2),
    }
    local path = dir .. "/out.npz"
    assert.is_true(npz.save(path, arrays))
    local back = assert(npz.load(path))
    for name, t in pairs(arrays) do
      assert.equal(core.dtype(t), core.dtype(back[name]), name)
      assert.same(core.shape(t), core.shape(back[name]), name)
      assert.equal(core.to_bytes(t), core.to_bytes(back[name]), name)
    end
    for name in pairs(back) do assert.truthy(arrays[name], name) end
    local bytes = temp.read(path)
    assert.is_true(npz.save(path, back))
    assert.equal(bytes, temp.read(path))
  end)

  it("writes headers as NumPy does", function()
    local path = dir .. "/h.npz"
    for shape, text in pairs {[{}] = "()", [{3}] = "(3,)", [{2, 3}] = "(2, 3)"} do
      assert.is_true(npz.save(path, {a = core.full(shape, 0, "f64")}))
      local data = temp.read(path):sub(31 + #"a.npy")
      local header = ("{'descr': '<f8', 'fortran_order': False, 'shape': %s, }"):format(text)
      assert.equal("\x93NUMPY\1\0\x76\0" .. header .. (" "):rep(117 - #header) .. "\n", data:sub(1, 128))
    end
  end)

  it("reads and writes the doubles of the twin", function()
    local twin = double.require "gan.file.npz"
    local path = dir .. "/twin.npz"
    assert.is_true(twin.save(path, {x = double.tensor {0.1, 0.2}}))
    local x = assert(npz.load(path)).x
    assert.equal("f64", core.dtype(x))
    assert.same({0.1, 0.2}, core.to_table(x))
    npz.save(path, {x = gan.tensor {0.5}})
    assert.equal("real", assert(twin.load(path)).x:dtype())
  end)

  it("refuses wrong use and full disks", function()
    local path = dir .. "/never.npz"
    for _, c in ipairs {
      {7, "a table of tensors"},
      {{7}, "names of 1"},
      {{a = 7}, "tensors, at 'a'"},
      {{[""] = gan.zeros(1)}, "names"},
      {{["a\0"] = gan.zeros(1)}, "names"},
    } do
      local ok, message = pcall(npz.save, path, c[1])
      assert.is_false(ok)
      assert.truthy(message:find("npz.save: bad argument #2 'arrays'", 1, true), message)
      assert.truthy(message:find(c[2], 1, true), message)
    end
    core.file_fail_after(100)
    assert.same({nil, path .. ": cannot write: No space left on device"}, {npz.save(path, {a = gan.zeros(100)})})
    assert.is_nil(io.open(path))
  end)

  it("notices every flipped bit that is of any consequence, in an array's name, too", function()
    local path = dir .. "/flips.npz"
    assert.is_true(npz.save(path, {mu = core.full({2}, 0.5, "f64"), about = core.tensor({1, 2, 3}, "u8")}))
    local whole, refused, same = temp.read(path), 0, 0
    for at = 1, #whole do
      local bit = 1 << (at + at // 8) % 8
      temp.write(path, whole:sub(1, at - 1) .. string.char(whole:byte(at) ~ bit) .. whole:sub(at + 1))
      local arrays = npz.load(path)
      if not arrays then
        refused = refused + 1
      else
        assert.same({{0.5, 0.5}, {1, 2, 3}, 2}, {arrays.mu and core.to_table(arrays.mu),
          arrays.about and core.to_table(arrays.about), #require("gan.check").names(arrays)}, "byte " .. at)
        same = same + 1
      end
    end
    assert.is_true(refused > 4 * same and refused + same == #whole)
  end)

  it("needs no copy of an array as a string", function()
    local path = dir .. "/large.npz"
    local t = core.full({1 << 20}, 1, "f64")
    collectgarbage()
    local heap = collectgarbage "count"
    collectgarbage "stop"
    assert.is_true(npz.save(path, {t = t}))
    local back = assert(npz.load(path)).t
    local grown = collectgarbage "count" - heap
    collectgarbage "restart"
    assert.is_true(grown < 200, grown)
    assert.equal(1, back:get(1 << 20))
  end)
end)
