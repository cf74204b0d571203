-- Pickles as data: the opcodes that plain data needs, and that nothing else is done.
local pickle = require "gan.file.pickle"
local p = require "spec.support.pickled"

local function load(bytes, globals, persistent)
  return pickle.guard(pickle.load, pickle.source_of(bytes), globals or {}, persistent)
end

-- A value without what only the reader needs.
local function plain(v)
  if type(v) ~= "table" or v.kind == "none" then return v end
  local out = {}
  if v.kind == "dict" then
    for _, k in ipairs(v.keys) do out[k] = plain(v.index[k]) end
  else
    for i = 1, v.n do out[i] = plain(v[i]) end
  end
  return out
end

describe("file.pickle", function()
  it("reads plain data", function()
    for _, c in ipairs {
      {"N", pickle.none}, {"\x88", true}, {"\x89", false}, {"K\xff", 255}, {"M\xff\xff", 65535},
      {"J\xff\xff\xff\xff", -1}, {"\x8a\0", 0}, {"\x8a\1\xff", -1}, {"\x8a\5\0\0\0\0\1", 1 << 32},
      {"\x8a\8\0\0\0\0\0\0\0\x80", math.mininteger}, {"G\x3f\xf8\0\0\0\0\0\0", 1.5},
      {p.str "h\xc3\xa4", "hä"}, {"U\3abc", "abc"}, {"T\3\0\0\0abc", "abc"}, {p.str "", ""},
      {"B\3\0\0\0abc", "abc"}, {"C\3abc", "abc"}, {"\x8c\3abc", "abc"}, {"\x95\6\0\0\0\0\0\0\0K\7", 7},
      {"\x8d\3\0\0\0\0\0\0\0abc", "abc"}, {"\x8e\3\0\0\0\0\0\0\0abc", "abc"},
      {"\x96\3\0\0\0\0\0\0\0abc", "abc"},
    } do
      local v, message = load(p.pickle(c[1]))
      assert.is_nil(message)
      assert.equal(c[2], v)
    end
    for _, c in ipairs {
      {")", {}}, {"K\1\x85", {1}}, {"K\1K\2\x86", {1, 2}}, {"K\1K\2K\3\x87", {1, 2, 3}}, {"(t", {}},
      {"(K\1K\2K\3K\4t", {1, 2, 3, 4}}, {"]", {}}, {"]K\1a", {1}}, {"](K\1K\2e", {1, 2}}, {"](e", {}}, {"}", {}},
      {"}" .. p.str "a" .. "K\1s", {a = 1}},
      {p.dict(p.str "a", "K\1", "K\7", p.list("K\2", p.dict(p.str "b", "K\3"))), {a = 1, [7] = {2, {b = 3}}}},
      {"}(" .. p.str "a" .. "K\1" .. p.str "a" .. "K\2u", {a = 2}}, {"(K\5q\1h\1t", {5, 5}},
      {"(K\5r\0\1\0\0j\0\1\0\0t", {5, 5}}, {"(K\5\x94K\6\x94h\1h\0t", {5, 6, 6, 5}},
      {"\x8f(K\1K\2\x90", {1, 2}}, {"(K\1K\2\x91", {1, 2}}, {"](K\1(K\2K\3te", {1, {2, 3}}},
    } do
      assert.same(c[2], plain(assert(load(p.pickle(c[1])))))
    end
    assert.equal("K\2", ("K\2")) -- the writer writes bytes
    local keys = assert(load(p.pickle(p.dict(p.str "z", "K\1", p.str "a", "K\2", p.str "z", "K\3")))).keys
    assert.same({"z", "a"}, keys)
  end)

  it("reads ordered dictionaries, by call, and leaves their attributes out", function()
    local globals = {["collections.OrderedDict"] = pickle.ordered_dict}
    local pairs_of = p.call("collections", "OrderedDict", p.list(p.list(p.str "a", "K\1"), p.tuple(p.str "b", "K\2")))
    assert.same({a = 1, b = 2}, plain(assert(load(p.pickle(pairs_of), globals))))
    assert.same({a = 1},
      plain(assert(load(p.pickle(p.ordered(p.str "a", "K\1") .. p.dict(p.str "_metadata", "}") .. "b"), globals))))
    for _, bad in ipairs {p.tuple("K\1"), p.tuple("](K\1e"), p.tuple("]", "]"), p.tuple("](](K\1ee")} do
      local v, message = load(p.pickle(p.global("collections", "OrderedDict") .. bad .. "R"), globals)
      assert.is_nil(v)
      assert.equal("OrderedDict of something else than pairs", message)
    end
  end)

  it("gives tables that hold themselves, without going round", function()
    local v = assert(load(p.pickle "]q\0h\0a"))
    assert.equal(v, v[1])
  end)

  it("calls only what its caller lists", function()
    local called
    local globals = {["a.f"] = function(args) called = args return 7 end, ["a.data"] = true}
    assert.equal(7, (load(p.pickle(p.call("a", "f", "K\1", "K\2")), globals)))
    assert.same({1, 2}, plain(called))
    called = nil
    assert.same({nil, "opcode REDUCE of 'a.data'"}, {load(p.pickle(p.call("a", "data")), globals)})
    assert.same({nil, "global 'a.g' is refused: only data is read, nothing is executed"},
      {load(p.pickle(p.call("a", "g")), globals)})
    assert.same({nil, "opcode REDUCE on no global"}, {load(p.pickle "K\1)R", globals)})
    assert.same({nil, "opcode REDUCE on no tuple"}, {load(p.pickle(p.global("a", "f") .. "]R"), globals)})
    assert.is_nil(called)
    local v = assert(load(p.pickle(p.global("a", "data")), globals))
    assert.equal("a.data", v.name)
  end)

  it("puts opaque values in the place of what it does not know, where it is asked to", function()
    local namespace = "cargparse\nNamespace\n)\x81}" .. p.str "lr" .. "K\1sb"
    local scalar = p.call("numpy", "scalar", p.call("numpy", "dtype", p.str "f8"), p.str "12345678")
    local odd = p.global("a", "L") .. ")R(K\1e(K\1K\2uK\1aK\1K\2s(K\1\x90"
    local bytes = p.pickle("}(" .. p.str "w" .. "K\7" .. p.str "args" .. namespace .. p.str "best" .. scalar ..
      p.str "odd" .. odd .. p.str "new" .. p.global("a", "New") .. ")}\x92" .. "K\1\x85" .. "K\1" ..
      p.global("a", "Key") .. "K\1" .. p.str "last" .. "K\8u")
    local skipped = {}
    local v = assert(pickle.guard(pickle.load, pickle.source_of(bytes), {}, nil, skipped))
    assert.same({"w", "args", "best", "odd", "new", "last"}, v.keys)
    assert.same({7, 8, "opaque", "argparse.Namespace"}, {v.index.w, v.index.last, v.index.args.kind, v.index.args.name})
    assert.same({"numpy.scalar", "a.L", "a.New"}, {v.index.best.name, v.index.odd.name, v.index.new.name})
    local names = {}
    for i, name in ipairs(skipped) do names[i] = name end
    assert.same({"argparse.Namespace", "numpy.scalar", "numpy.dtype", "a.L", "a.New", "a.Key",
      "an entry whose key is a tuple", "an entry whose key is a global 'a.Key'"}, names)
    local evil = p.call("os", "system", p.str "touch /tmp/x")
    assert.equal("opaque", (pickle.guard(pickle.load, pickle.source_of(p.pickle(evil)), {}, nil, {})).kind)
    local known = {["a.f"] = error}
    local called = p.pickle(p.global("a", "f") .. p.global("b", "args") .. "R")
    assert.equal("b.args", pickle.guard(pickle.load, pickle.source_of(called), known, nil, {}).name) -- not called
  end)

  it("refuses hostile pickles by name", function()
    local run = "(" .. p.str "touch /tmp/x"
    for _, c in ipairs {
      {"cos\nsystem\n" .. run .. "tR", "global 'os.system'"},
      {"cposix\nsystem\n" .. run .. "tR", "global 'posix.system'"},
      {p.call("builtins", "eval", p.str "1"), "global 'builtins.eval'"},
      {p.call("__builtin__", "exec", p.str "1"), "global '__builtin__.exec'"},
      {p.call("torch", "load", p.str "x"), "global 'torch.load'"},
      {"c__main__\nNet\n)\x81}b", "global '__main__.Net'"},
      {"(" .. p.str "x" .. "ios\nsystem\n", "opcode INST"},
      {run .. "o", "opcode OBJ"},
      {")\x81", "opcode NEWOBJ"},
      {")}\x92", "opcode NEWOBJ_EX"},
      {p.str "os" .. p.str "system" .. "\x93", "global 'os.system' is refused"},
      {"K\1" .. p.str "system" .. "\x93", "opcode STACK_GLOBAL of no names"},
      {"}}b", "opcode BUILD on a plain dictionary"},
      {"K\1}b", "opcode BUILD on no dict"},
      {"\x82\1", "opcode EXT1"},
      {"\x83\1\0", "opcode EXT2"},
      {"\x84\1\0\0\0", "opcode EXT4"},
      {"Px\n", "opcode PERSID"},
      {"NQ", "opcode BINPERSID"},
      {"I1\n", "opcode INT"},
      {"V1\n", "opcode UNICODE"},
      {"0", "opcode POP"},
      {"N2", "opcode DUP"},
      {"\x8b\0\0\0\0", "opcode LONG4"},
      {"\x97", "opcode NEXT_BUFFER"},
      {"\xff", "opcode 0xff"},
      {"\0", "opcode 0x00"},
      {"ca\27\n\xff\n", "global 'a?.?'"},
    } do
      local v, message = load(p.pickle(c[1]))
      assert.is_nil(v)
      assert.equal(c[2], message:sub(1, #c[2]))
      assert.is_nil(message:find "[\0-\31]")
    end
  end)

  it("refuses what no pickler writes", function()
    for _, c in ipairs {
      {"", "the pickle ends too early"},
      {"\x80", "ends too early"},
      {"\x80\6.", "pickle protocol 6"},
      {".", "ends with 0 values"},
      {"NN.", "ends with 2 values"},
      {"(.", "ends with 0 values"},
      {"N(.", "ends with 1 values"},
      {"K", "ends too early"},
      {"X\xff\xff\xff\xffa", "a string of 4294967295 bytes"},
      {"T\xff\xff\xff\xffa", "a string of -1 bytes"},
      {"X\xff\0\0\0a", "ends too early"},
      {"h\1.", "recalls number 1"},
      {"q\1.", "remembers what is not there"},
      {"(q\1.", "remembers what is not there"},
      {"\x85.", "takes what is not there"},
      {"N(\x85.", "takes what is not there"},
      {"t.", "takes a mark"},
      {"K\1a.", "APPEND on no list"},
      {"K\1K\2a.", "APPEND on no list"},
      {"](K\1s.", "takes"},
      {"}(K\1u.", "key without a value"},
      {"}(NNu.", "key is a none"},
      {"}G\0\0\0\0\0\0\0\0Ns.", "key is a number"},
      {"}]Ns.", "key is a list"},
      {"\x8a\x09123456789.", "an integer of 9 bytes"},
      {"c" .. ("x"):rep(400) .. "\n\n", "a name of more than 300 bytes"},
      {"](K\1u.", "SETITEMS on no dict"},
    } do
      local v, message = load(c[1])
      assert.is_nil(v)
      assert.truthy(message:find(c[2], 1, true), message)
    end
  end)

  it("spends no more than its bounds", function()
    local v, message = load(("N"):rep(2000001))
    assert.is_nil(v)
    assert.equal("a pickle of more than 2000000 steps", message)
    assert.same({nil, "the pickle ends with 0 values"}, {load(("("):rep(100000) .. ".")}) -- marks alone
  end)

  it("reads from pieces of a file", function()
    local bytes = p.pickle(p.list(p.str(("a"):rep(100000)), "K\7", p.str(("b"):rep(70000)))) .. "rest"
    local at, largest = 1, 0
    local src = pickle.source(function(n)
      largest = math.max(largest, n)
      at = at + n
      return bytes:sub(at - n, at - 1)
    end, #bytes)
    local v = assert(pickle.guard(pickle.load, src, {}))
    assert.same({100000, 7, 70000}, {#v[1], v[2], #v[3]})
    assert.equal(#bytes - 4, src:position())
    assert.is_true(largest <= 100000)
    assert.same({nil, "disk on fire"},
      {pickle.guard(pickle.load, pickle.source(function() return nil, "disk on fire" end, 9), {})})
  end)

  it("lets other errors through", function()
    assert.error_matches(function() pickle.guard(error, "mine") end, "mine")
    assert.same({1, nil, 3, n = 3}, table.pack(pickle.guard(function() return 1, nil, 3 end)))
  end)
end)
