-- Arrays of NumPy inside of pickles, as Python 2 and 3 write them; what is refused; damage.
local ndarray = require "gan.file.ndarray"
local damage = require "spec.support.damage"
local p = require "spec.support.pickled"
local temp = require "spec.support.temp"

describe("file.ndarray", function()
  local dir
  setup(function() dir = temp.dir() end)
  teardown(temp.clean)

  local function load(value) return ndarray.load(temp.write(dir .. "/a.pkl", p.pickle(value))) end

  it("reads arrays of both Pythons", function()
    local bytes = "\0\127\128\255\1\2"
    for _, o in ipairs {
      {}, {module = "numpy._core.multiarray"}, {latin = true}, {protocol4 = true}, {fortran = true},
    } do
      local v = assert(load(p.dict(p.str "data", p.array("u1", {2, 3}, bytes, o), p.str "n", "K\2")))
      local a = v.index.data
      assert.same({"array", "u1", {2, 3}, bytes, o.fortran or false},
        {a.kind, a.format, a.shape, a.bytes, a.fortran})
      assert.equal(2, v.index.n)
    end
    local wide = assert(load(p.array("f8", {1}, ("<d"):pack(1.5), {order = "<"})))
    assert.same({"f8", ("<d"):pack(1.5)}, {wide.format, wide.bytes})
  end)

  it("skips and names other values", function()
    local v, skipped = load(p.list(p.array("u1", {1}, "a"), p.call("a", "b")))
    assert.equal("a", v[1].bytes)
    assert.same({"a.b"}, {table.unpack(skipped)})
    local path = dir .. "/a.pkl"
    assert.same({nil, path .. ": global 'os.system' is refused: only data is read, nothing is executed"},
      {load(p.call("os", "system", p.str "ls"))})
  end)

  it("refuses what is wrong", function()
    for i, c in ipairs {
      {p.array("u1", {2, 3}, "abc"), "an array (2,3) of 3 bytes (expected 6)"},
      {p.array("f8", {1}, "12345678", {order = ">"}), "of type '>f8' (expected f2"},
      {p.array("O", {1}, "12345678"), "of type '|O'"},
      {p.array("u1", {-1}, ""), "without a shape"},
      {p.array("u1", {1 << 30, 1 << 30}, ""), "expected a smaller shape"},
      {p.call("numpy.core.multiarray", "_reconstruct") .. "Nb", "holds no plain bytes"},
      {p.call("numpy.core.multiarray", "_reconstruct") .. p.tuple("K\1", "K\1\x85", "N", "N", p.str "a") .. "b",
        "holds no plain bytes"},
      {p.call("numpy", "dtype", p.str "u1") .. "Nb", "a damaged type"},
      {p.call("numpy", "dtype", "K\1"), "a type of NumPy without a name"},
      {p.call("_codecs", "encode", "K\1"), "no text in Latin-1"},
      {p.call("_codecs", "encode", p.str "a", p.str "rot13"), "no text in Latin-1"},
      {p.call("_codecs", "encode", p.str "\xff"), "no text in Latin-1"},
      {p.call("_codecs", "encode", p.str "\xe2\x82\xac"), "beyond Latin-1"},
    } do
      local v, message = load(c[1])
      assert.is_nil(v, i)
      assert.equal(dir .. "/a.pkl: ", message:sub(1, #dir + 8))
      assert.truthy(message:find(c[2], 1, true), i .. message)
    end
    assert.is_nil((ndarray.load(dir .. "/missing")))
  end)

  it("survives damage", function()
    local array = p.array("u1", {2, 3}, "abcdef", {latin = true})
    local whole = p.pickle(p.dict(p.str "data", array, "K\1", p.call("a", "b")))
    damage.each(whole, function(bytes, what)
      local v, message = ndarray.load(temp.write(dir .. "/d.pkl", bytes))
      assert.is_true(v ~= nil or type(message) == "string", what)
    end)
  end)
end)
