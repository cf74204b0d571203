-- PyTorch's files in both forms: types, views, nesting, what is refused, damage.
local gan = require "gan"
local core = require "gan.core"
local pth = require "gan.file.pth"
local damage = require "spec.support.damage"
local files = require "spec.support.files"
local p = require "spec.support.pickled"
local temp = require "spec.support.temp"

local function floats(...) return ("<f"):rep(select("#", ...)):pack(...) end

describe("file.pth", function()
  local dir
  setup(function() dir = temp.dir() end)
  teardown(temp.clean)

  local function load(bytes, opt) return pth.load(temp.write(dir .. "/a.pth", bytes), opt) end

  -- Both forms of a file: storages are a list of {key, bytes, count}.
  local function forms(value, storages)
    return {zip = p.torch_zip(value, storages), legacy = p.torch_legacy(value, storages)}
  end

  local function refused(bytes, text)
    local state, message = load(bytes)
    assert.is_nil(state)
    assert.equal(dir .. "/a.pth: ", message:sub(1, #dir + 8))
    assert.truthy(message:find(text, 1, true), message)
    assert.is_nil(message:find("\n", 1, true), message)
  end

  it("reads every type", function()
    local kinds = {
      {"Float", floats(1, -2), 2, "real", {1, -2}},
      {"Double", ("<dd"):pack(0.5, -2), 2, "real", {0.5, -2}},
      {"Half", "\0\x3c\0\xc0", 2, "real", {1, -2}},
      {"BFloat16", "\x80\x3f\0\xc0", 2, "real", {1, -2}},
      {"Long", ("<i8i8"):pack(-2147483648, 2147483647), 2, "i32", {-2147483648, 2147483647}},
      {"Int", ("<i4i4"):pack(-5, 6), 2, "i32", {-5, 6}},
      {"Short", ("<i2i2"):pack(-5, 6), 2, "i32", {-5, 6}},
      {"Char", "\xfb\6", 2, "i32", {-5, 6}},
      {"Byte", "\0\xff", 2, "i32", {0, 255}},
      {"Bool", "\0\1", 2, "i32", {0, 1}},
    }
    local items, storages = {}, {}
    for i, k in ipairs(kinds) do
      local key = tostring(i - 1)
      items[#items + 1] = p.str(k[1]) .. p.tensor(p.storage(k[1], key, 2), {2})
      storages[i] = {key, k[2], k[3]}
    end
    for form, bytes in pairs(forms(p.ordered(table.unpack(items)), storages)) do
      local state = assert(load(bytes))
      for _, k in ipairs(kinds) do
        assert.equal(k[4], core.dtype(state[k[1]]), form .. k[1])
        assert.same(k[5], core.to_table(state[k[1]]), form .. k[1])
      end
    end
  end)

  it("reads views, parameters, shared and empty storages", function()
    local s = p.storage("Float", "7", 6)
    local value = p.ordered(
      p.str "w", p.tensor(s, {2, 3}), p.str "t", p.tensor(s, {3, 2}, {1, 3}), p.str "n", p.tensor(s, {2, 2},
        {3, 1}, 1), p.str "one", p.tensor(s, {}, {}, 5),
      p.str "p", p.call("torch._utils", "_rebuild_parameter", p.tensor(s, {6}), p.yes, p.ordered()),
      p.str "old", p.call("torch._utils", "_rebuild_tensor", s, "K\2", "K\2\x85", "K\1\x85"),
      p.str "e", p.tensor(p.storage("Float", "e", 0), {0, 3}))
    for form, bytes in pairs(forms(value, {{"7", floats(0, 1, 2, 3, 4, 5), 6}, {"e", "", 0}})) do
      local state = assert(load(bytes))
      for name, want in pairs {w = {{0, 1, 2}, {3, 4, 5}}, t = {{0, 3}, {1, 4}, {2, 5}}, n = {{1, 2},
        {4, 5}}, one = 5, p = {0, 1, 2, 3, 4, 5}, old = {2, 3}} do
        assert.same(want, core.to_table(state[name]), form .. name)
      end
      assert.same({0, 3}, core.shape(state.e))
      assert.is_true(state.w:is_contiguous() and not core.same_storage(state.w, state.t))
    end
  end)

  it("flattens what is nested, leaves out what is no tensor, picks an entry", function()
    local function t(i) return p.tensor(p.storage("Float", "0", 4), {}, {}, i) end
    local value = p.dict(p.str "epoch", "K\3", p.str "none", "N", p.str "model",
      p.ordered(p.str "conv.weight", t(0), p.str "bias", t(1)) .. p.dict(p.str "_metadata", p.ordered()) .. "b",
      p.str "optimizer", p.dict(p.str "state", p.dict("K\0", p.dict(p.str "step", "K\1", p.str "avg", t(2))),
        p.str "groups", p.list(p.dict(p.str "lr", "G\0\0\0\0\0\0\0\0"), t(3))))
    for _, bytes in pairs(forms(value, {{"0", floats(0, 1, 2, 3), 4}})) do
      local found = {}
      for name, x in pairs(assert(load(bytes))) do found[name] = x:item() end
      assert.same({
        ["model.conv.weight"] = 0, ["model.bias"] = 1, ["optimizer.state.0.avg"] = 2, ["optimizer.groups.1"] = 3,
      }, found)
      local state = assert(load(bytes, {pick = "model"}))
      assert.same({0, 1}, {state["conv.weight"]:item(), state.bias:item()})
      assert.same({nil, dir .. "/a.pth: no entry 'ema' (there are: epoch, none, model, optimizer)"},
        {load(bytes, {pick = "ema"})})
    end
    assert.same({}, assert(load(p.torch_zip "}")))
    assert.error_matches(function() load("", {pik = 1}) end, "unknown option 'pik'")
    assert.error_matches(function() load("", {pick = 1}) end, "'pick'")
  end)

  it("refuses hostile pickles in both forms and executes nothing", function()
    local proof = dir .. "/proof"
    local command = p.str("touch " .. proof)
    for i, c in ipairs {
      {p.call("os", "system", command), "global 'os.system' is refused"},
      {p.call("posix", "system", command), "global 'posix.system'"},
      {p.call("builtins", "eval", command), "global 'builtins.eval'"},
      {p.call("subprocess", "Popen", command), "global 'subprocess.Popen'"},
      {"c__main__\nNet\n)\x81}b", "global '__main__.Net'"},
      {p.str "os" .. p.str "system" .. "\x93" .. command .. "\x85R", "global 'os.system' is refused"},
      {"(" .. command .. "ios\nsystem\n", "opcode INST"},
      {"(cos\nsystem\n" .. command .. "o", "opcode OBJ"},
      {"(" .. command .. "o", "opcode OBJ"},
      {p.dict() .. p.dict() .. "b", "opcode BUILD"},
      {p.call("torch", "FloatStorage", "K\1"), "opcode REDUCE of 'torch.FloatStorage'"},
      {p.call("numpy.core.multiarray", "_reconstruct"), "global 'numpy.core.multiarray._reconstruct'"},
      {p.call("torch._utils", "_rebuild_qtensor"), "_rebuild_qtensor"},
      {p.tensor(p.storage("ComplexFloat", "0", 1), {1}), "global 'torch.ComplexFloatStorage'"},
    } do
      for form, bytes in pairs(forms(c[1], {{"0", "", 0}})) do refused(bytes, c[2]) assert.truthy(form, i) end
    end
    assert.is_nil(io.open(proof))
  end)

  it("skips what stands beside the tensors, names it, and executes nothing", function()
    local proof = dir .. "/proof"
    local x = p.tensor(p.storage("Float", "0", 2), {2})
    local value = p.dict(p.str "args", "cargparse\nNamespace\n)\x81" .. p.dict(p.str "lr", "K\1") .. "b", p.str "x", x,
      p.str "best", p.call("numpy.core.multiarray", "scalar", p.call("numpy", "dtype", p.str "f8"), p.str "12345678"),
      p.str "evil", p.call("os", "system", p.str("touch " .. proof)), p.str "list", p.list("K\1", p.global("a", "B")))
    for form, bytes in pairs(forms(value, {{"0", floats(1, 2), 2}})) do
      local state, skipped = load(bytes)
      assert.same({1, 2}, core.to_table(state.x), form)
      assert.is_nil(next(state, next(state)))
      assert.same({"argparse.Namespace", "numpy.core.multiarray.scalar", "numpy.dtype", "os.system", "a.B"},
        {table.unpack(skipped)})
    end
    assert.is_nil(io.open(proof))
    local complex = p.dict(p.str "a", p.dict(p.str "z", p.tensor(p.storage("ComplexFloat", "1", 1), {1})),
      p.str "b", p.dict(p.str "x", x))
    refused(p.torch_zip(complex, {{"0", floats(1, 2)}}), "global 'torch.ComplexFloatStorage' is refused")
    refused(p.torch_zip(p.dict(p.str "x", x, p.str "q", p.call("torch._utils", "_rebuild_qtensor")),
      {{"0", floats(1, 2)}}), "global 'torch._utils._rebuild_qtensor' is refused")
    local picked = assert(load(p.torch_zip(complex, {{"0", floats(1, 2)}}), {pick = "b"}))
    assert.same({1, 2}, core.to_table(picked.x))
  end)

  it("refuses tensors that their storage does not hold", function()
    local s = p.storage("Float", "0", 6)
    for _, c in ipairs {
      {p.tensor(s, {7}), "a tensor (7) of a storage of 6 elements"},
      {p.tensor(s, {6}, {1}, 1), "tensor 'x': elements beyond the 6"},
      {p.tensor(s, {2}, {6}), "elements beyond"},
      {p.tensor(s, {2}, {-1}), "stride is -1"},
      {p.tensor(s, {-2}, {1}), "size is -2"},
      {p.tensor(s, {1}, {1}, -1), "offset is -1"},
      {p.tensor(s, {2}, {1, 1}), "1 size and 2 strides"},
      {p.tensor(s, {6, 6}, {0, 0}), "of a storage of 6"},
      {p.tensor(s, {0x7fffffff, 0x7fffffff, 0x7fffffff}, {0, 0, 0}), "a smaller shape"},
      {p.tensor(s, {0, 0x7fffffff, 0x7fffffff, 0x7fffffff}), "a smaller shape"},
      {p.tensor(s, {1, 1, 1, 1, 1, 1, 1, 1, 1}), "shape of at most 8 sizes"},
      {p.tensor("K\1", {1}), "a tensor of a number"},
      {p.call("torch._utils", "_rebuild_tensor_v2"), "a tensor of a nil"},
      {p.call("torch._utils", "_rebuild_tensor_v2", s, "K\0", "K\1", "K\1"), "size is a number"},
      {p.call("torch._utils", "_rebuild_parameter", "K\1"), "a parameter of a number"},
      {"NQ", "no storage"},
      {p.tuple(p.str "storage") .. "Q", "no storage"},
      {p.tuple(p.str "storage", "K\1", p.str "0", p.str "cpu", "K\6") .. "Q", "without type"},
      {p.storage("Float", "0", -1), "storage is -1"},
      {p.tuple(p.str "storage", p.global("torch", "FloatStorage"), p.str "0", p.str "cpu", "K\6",
        p.tuple("K\0", "K\3")) .. "Q", "a part of another"},
      {p.list(s, p.storage("Float", "0", 5)), "two types or sizes"},
      {p.list(s, p.storage("Int", "0", 6)), "two types or sizes"},
    } do
      for _, bytes in pairs(forms(p.dict(p.str "x", c[1]), {{"0", floats(0, 1, 2, 3, 4, 5), 6}})) do
        refused(bytes, c[2])
      end
    end
    refused(p.torch_zip(p.tensor(s, {6}), {{"0", floats(0, 1, 2, 3, 4, 5)}}), "a single tensor")
    local long = p.dict(p.str "x", p.tensor(p.storage("Long", "0", 1), {1}))
    for _, bytes in pairs(forms(long, {{"0", ("<i8"):pack(1 << 31), 1}})) do
      refused(bytes, "tensor 'x': element 1 does not fit i32")
    end
  end)

  it("bounds what a small file can ask for", function()
    local laughs, many = "]q\0K\1a", {}
    for i = 1, 20 do laughs = laughs .. "](" .. ("h" .. string.char(i - 1)):rep(10) .. "eq" .. string.char(i) end
    local function x() return p.tensor(p.storage("Float", "0", 4), {4}) end
    for i = 1, 40 do many[i] = i % 2 == 0 and x() or p.str("x" .. i) end
    for _, c in ipairs {
      {"]q\0h\0a", "nested too deeply, or within itself"},
      {"}q\0" .. p.str "x" .. "h\0s", "nested too deeply, or within itself"},
      {("]"):rep(200) .. ("a"):rep(199), "nested too deeply, or within itself"},
      {"(" .. laughs .. "t", "nested too deeply, or within itself"},
      {p.dict(p.str(("n"):rep(1001)), "N"), "a name of more than 1000 bytes"},
      {p.dict(table.unpack(many)), "tensors of 80 elements out of 4 that are stored", true},
      {p.dict(p.str "a.b", x(), p.str "a", p.dict(p.str "b", x())), "two tensors would be called 'a.b'", true},
    } do
      for _, bytes in pairs(forms(c[1], c[3] and {{"0", floats(1, 2, 3, 4), 4}})) do refused(bytes, c[2]) end
    end
  end)

  it("refuses other files, and what is wrong around the pickle", function()
    local value = p.dict(p.str "x", p.tensor(p.storage("Float", "0", 2), {2}))
    local data = floats(1, 2)
    refused("", "not a PyTorch file")
    refused("hello hello hello hello", "not a PyTorch file")
    refused(p.pickle "N", "not a PyTorch file")
    refused(files.zip {{name = "mu.npy", data = "x"}}, "no member data.pkl: not a PyTorch file")
    refused(files.zip {{name = "a/b/data.pkl", data = "x"}}, "no member data.pkl")
    refused(files.zip {{name = "a/data.pkl", data = "N."}, {name = "b/data.pkl", data = "N."}}, "two members data.pkl")
    refused(p.torch_zip(value, {{"0", data}}, {{name = "archive/code/__torch__.py", data = "x"}}),
      "a TorchScript archive")
    refused(p.torch_zip(value, {{"0", data}}, {{name = "archive/constants.pkl", data = "x"}}), "a TorchScript archive")
    refused(files.zip {{name = "a/data.pkl", data = p.pickle(value)}, {name = "a/byteorder", data = "big"}},
      "byte order 'big'")
    refused(p.torch_zip(value, {}), "no member 'archive/data/0'")
    refused(p.torch_zip(value, {{"0", data .. "x"}}), "storage '0' has 9 bytes (expected 8 for 'x')")
    refused(p.torch_zip(value .. ".N", {{"0", data}}), "bytes behind the pickle")
    assert.same({x = {1, 2}}, {x = load(files.zip {{name = "data.pkl", data = p.pickle(value)},
      {name = "data/0", data = data}}).x:to_table()}) -- at the top
    refused(p.torch_legacy(value, {{"0", data, 2}}, {protocol = "K\1"}), "PyTorch's protocol 1 (expected 1001)")
    refused(p.torch_legacy(value, {{"0", data, 2}}, {little = p.no}), "not little-endian")
    refused(p.torch_legacy(value, {{"0", data, 3}}), "storage '0' has 3 elements (the pickle says 2)")
    refused(p.torch_legacy(value, {{"1", data, 2}}), "storage '1' is not what the pickle says")
    refused(p.torch_legacy(value, {{"0", data, 2}, {"0", data, 2}}), "storage '0' is not what the pickle says")
    refused(p.torch_legacy(value, {}), "storage '0' is missing")
    refused(p.torch_legacy(value, {{"0", data:sub(2), 2}}), "storage '0' ends beyond the file")
    refused(p.torch_legacy(value, {{"0", data .. "x", 2}}), "1 byte behind the last storage")
    assert.is_nil((pth.load(dir .. "/missing")))
    assert.is_nil((pth.load(dir)))
  end)

  it("survives damage in both forms: a message or tensors", function()
    local value = p.ordered(p.str "w", p.tensor(p.storage("Half", "0", 2), {2}), p.str "n",
      p.dict("K\7", p.tensor(p.storage("Long", "1", 1), {})))
    for form, bytes in pairs(forms(value, {{"0", "\0\x3c\0\xc0", 2}, {"1", ("<i8"):pack(9), 1}})) do
      assert.equal(9, assert(load(bytes))["n.7"]:item())
      damage.each(bytes, function(damaged, what)
        local state, message = load(damaged)
        assert.is_true(type(state or message) == (state and "table" or "string"), form .. what)
      end)
    end
    damage.each(p.pickle(value), function(damaged, what) -- under a checksum that is right
      local state, message = load(files.zip {
        {name = "a/data.pkl", data = damaged},
        {name = "a/data/0", data = "\0\x3c\0\xc0"},
        {name = "a/data/1", data = ("<i8"):pack(9)},
      })
      assert.is_true(type(state or message) == (state and "table" or "string"), what)
    end)
  end)

  it("holds one storage beside the tensors, and no strings of them", function()
    local items, members = {}, {}
    local data = ("\0"):rep(1 << 20)
    for i = 0, 7 do
      items[i + 1] = p.str("w" .. i) .. p.tensor(p.storage("Float", tostring(i), 1 << 18), {1 << 18})
      members[i + 1] = {tostring(i), data}
    end
    local path = temp.write(dir .. "/large.pth", p.torch_zip(p.dict(table.unpack(items)), members))
    data, members = nil, nil -- luacheck: ignore
    collectgarbage()
    local heap = collectgarbage "count"
    collectgarbage "stop"
    local state = assert(pth.load(path))
    local grown = collectgarbage "count" - heap
    collectgarbage "restart"
    assert.is_true(grown < 300, grown)
    assert.equal(1 << 18, state.w7:numel())
    assert.equal(0, gan.sum(state.w0):item())
  end)
end)
