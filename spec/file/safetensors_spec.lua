-- Checkpoints: round trips, bytes as the safetensors format says, damage of every kind, a full disk.
local gan = require "gan"
local core = require "gan.core"
local checkpoint = require "gan.file.safetensors"
local double = require "spec.support.double"
local temp = require "spec.support.temp"

local function bytes_of(t) return core.to_bytes(t) end

local function pack(header, data) return ("<I8"):pack(#header) .. header .. data end

describe("file.safetensors", function()
  local dir
  setup(function() dir = temp.dir() end)
  teardown(temp.clean)
  after_each(function() core.file_fail_after(nil) end)

  it("gives back what it was given", function()
    local rng = gan.rng(1, "checkpoint")
    local tree = {
      G = {["1.weight"] = rng:normal {3, 4}, ["1.bias"] = rng:normal {4}},
      list = {rng:normal {2}, rng:normal {}, {rng:normal {1, 0, 2}}},
      ids = rng:integer({5}, -9, 9), pixels = gan.tensor({1, 2, 255}, "u8"), view = rng:normal({3, 4}):permute {2, 1},
      rng = {z = {-1, math.maxinteger, math.mininteger}},
      numbers = {half = 0.5, one = 1.0, tiny = 5e-324, third = 1 / 3, inf = 1 / 0, minus = -1 / 0, big = 1e300},
      strings = {a = "plain", b = "12", c = "true", d = 'with "quotes"\n\\ and \1 \xff', e = "", f = "-1.5e3",
        g = '"x"', h = "nan", ["i.j"] = "k"},
      yes = true, no = false,
    }
    local path = dir .. "/round.safetensors"
    assert.is_true(checkpoint.save(path, tree))
    local back = assert(checkpoint.load(path))
    local function compare(a, b, where)
      if core.is_tensor(a) then
        assert.same(core.shape(a), core.shape(b), where)
        assert.equal(core.dtype(a), core.dtype(b), where)
        assert.equal(bytes_of(a), bytes_of(b), where)
      elseif type(a) == "table" then
        for k, v in pairs(a) do compare(v, b[k], where .. "." .. tostring(k)) end
        for k in pairs(b) do assert.is_not_nil(a[k], where .. " has more: " .. tostring(k)) end
      else
        assert.equal(a, b, where)
        assert.equal(math.type(a), math.type(b), where)
      end
    end
    compare(tree, back, "tree")
    assert.is_true(checkpoint.save(dir .. "/again.safetensors", back))
    assert.equal(temp.read(path), temp.read(dir .. "/again.safetensors"))
  end)

  it("writes a header without lone surrogates, whatever bytes a string has", function()
    local path = dir .. "/bytes.safetensors"
    assert.is_true(checkpoint.save(path, {s = "a\xff", t = "\xed\xa0\x80", u = "é"}))
    local text = temp.read(path)
    assert.is_truthy(utf8.len(text:sub(9)))
    assert.is_truthy(text:find('"s":"\\"a\\\\udcff\\""', 1, true), text)
    assert.same({s = "a\xff", t = "\xed\xa0\x80", u = "é"}, checkpoint.load(path))
  end)

  it("is not hurt by a writer of the same path that failed, or comes late", function()
    local path = dir .. "/twice.safetensors"
    local v = gan.rng(1):normal({10, 20}):permute {2, 1} -- writing it needs a copy
    collectgarbage "stop" -- only to know when the failed writer is collected
    core.memory_fail_after(1, 2)
    local ok = pcall(checkpoint.save, path, {v = v})
    core.memory_fail_after(0)
    assert.is_false(ok)
    local second = assert(core.file_create(path))
    assert(second:write "new contents")
    collectgarbage "restart"
    collectgarbage()
    assert.same({true}, {second:commit()})
    assert.equal("new contents", temp.read(path))
    local early, late = assert(core.file_create(path)), assert(core.file_create(path))
    assert(early:write "early")
    assert(late:write "late")
    assert.is_true(early:commit())
    assert.equal("early", temp.read(path))
    assert.is_true(late:commit())
    assert.equal("late", temp.read(path))
    early, late = assert(core.file_create(path)), assert(core.file_create(path))
    early:close()
    assert.is_true(late:commit())
    assert.equal("", temp.read(path))
  end)

  it("keeps NaN, and an empty tree", function()
    assert.is_true(checkpoint.save(dir .. "/nan", {x = 0 / 0}))
    local x = checkpoint.load(dir .. "/nan").x
    assert.is_true(x ~= x)
    assert.is_true(checkpoint.save(dir .. "/empty", {}))
    assert.same({}, checkpoint.load(dir .. "/empty"))
    local tree = {a = {}, b = {{}, {c = {}}}, text = "{}", ["d.e"] = {}}
    assert.is_true(checkpoint.save(dir .. "/empty", tree))
    assert.same(tree, checkpoint.load(dir .. "/empty"))
  end)

  it("writes the bytes that the format says", function()
    local path = dir .. "/golden"
    assert.is_true(checkpoint.save(path,
      {b = {gan.tensor {1, -2}}, a = gan.tensor({{7}}, "i32"), u = gan.tensor({1, 2, 3}, "u8"), step = 12}))
    local header = '{"__metadata__":{"gan.crc32":"%s","gan.crc32.header":"00000000","step":"12"},'
      .. '"a":{"dtype":"I32","shape":[1,1],"data_offsets":[0,4]},'
      .. '"b.1":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},'
      .. '"u":{"dtype":"U8","shape":[3],"data_offsets":[12,15]}}'
    local data, sums = {("<i4"):pack(7), ("<ff"):pack(1, -2), "\1\2\3"}, {}
    for i, bytes in ipairs(data) do sums[i] = ("%08x"):format(core.crc32(bytes)) end
    header = header:format(table.concat(sums, " "))
    header = header .. (" "):rep(-#header % 8)
    header = header:gsub("00000000", ("%08x"):format(core.crc32(pack(header, ""))))
    assert.equal(pack(header, table.concat(data)), temp.read(path))
  end)

  it("notices every flipped bit, and bytes that are missing or too many", function()
    local path = dir .. "/flips"
    local tree = {G = {["1.weight"] = gan.rng(1):normal {2, 3}, ["1.bias"] = gan.zeros(2)}, step = 4, name = "x",
      ids = gan.tensor({1}, "i32")}
    assert.is_true(checkpoint.save(path, tree))
    local whole, tried = temp.read(path), 0
    local start = 8 + ("<I8"):unpack(whole)
    local messages = {}
    local function refused(bytes, what)
      local back, message = checkpoint.load(temp.write(path, bytes))
      assert.is_nil(back, what)
      messages[message:gsub("^.*/flips: ", "")] = true
      tried = tried + 1
      return message
    end
    for at = 1, #whole do
      for bit = 0, 7 do
        local message = refused(whole:sub(1, at - 1) .. string.char(whole:byte(at) ~ 1 << bit) .. whole:sub(at + 1),
          ("byte %d, bit %d"):format(at, bit))
        if at > start then assert.matches("tensor '[%w.]+' is damaged %(its checksum differs%)$", message) end
      end
    end
    for n = 0, #whole - 1 do refused(whole:sub(1, n), "cut to " .. n) end
    for n = 1, 16 do refused(whole .. ("\0"):rep(n), n .. " more") end
    for _, what in ipairs {
      "tensor 'G.1.weight' is damaged (its checksum differs)", "tensor 'ids' is damaged (its checksum differs)",
      "the header is damaged (its checksum differs)", "the header is damaged (checksums are missing)",
    } do
      assert.is_true(messages[what], what)
    end
    assert.equal(9 * #whole + 16, tried)
    temp.write(path, whole)
    local back, notice = checkpoint.load(path)
    assert.same({4, nil}, {back.step, notice})
    local only = function(name) return name == "step" end -- what is not read is not looked at
    temp.write(path, whole:sub(1, -2) .. "\xff")
    assert.equal(4, checkpoint.load(path, only).step)
  end)

  it("notices damage whatever the precision that reads", function()
    local path, twin = dir .. "/wide", double.require "gan.file.safetensors"
    for _, case in ipairs {{checkpoint.save, gan.ones, twin.load}, {twin.save, double.ones, checkpoint.load}} do
      local save, ones, load = table.unpack(case)
      assert.is_true(save(path, {x = ones(3), n = 1}))
      assert.is_truthy(load(path))
      local bytes = temp.read(path)
      temp.write(path, bytes:sub(1, -2) .. "\x3e")
      assert.matches("tensor 'x' is damaged", select(2, load(path)))
    end
  end)

  it("reads what has no checksums, with a notice", function()
    local path = temp.write(dir .. "/old", pack('{"__metadata__":{"step":"12"}}  ', ""))
    assert.same({{step = 12}, path .. ": has no checksums, as an older version wrote it: damage would go unnoticed"},
      {checkpoint.load(path)})
  end)

  it("keeps f64 tensors apart from reals", function()
    local path = dir .. "/statistics"
    assert.is_true(checkpoint.save(path, {mu = gan.tensor({0.1, 1e300}, "f64"), net = {w = gan.ones(2)}, n = 3}))
    local tree = assert(checkpoint.load(path))
    assert.equal("f64", tree.mu:dtype())
    assert.same({0.1, 1e300}, tree.mu:to_table())
    assert.equal("real", tree.net.w:dtype())
    assert.same({1, 1}, tree.net.w:to_table())
    local wide = assert(double.require("gan.file.safetensors").load(path)) -- where reals are doubles, too
    assert.equal("f64", wide.mu:dtype())
    assert.equal("real", wide.net.w:dtype())
    wide.mu = wide.net.w
    assert.is_true(double.require("gan.file.safetensors").save(path, wide))
    assert.equal("real", checkpoint.load(path).mu:dtype())
  end)

  it("converts between the precisions", function()
    local save64 = double.require("gan.file.safetensors").save
    assert.is_true(save64(dir .. "/f64", {x = double.tensor {0.1, 0.2, 0.3}}))
    local x = checkpoint.load(dir .. "/f64").x
    assert.equal(bytes_of(gan.tensor {0.1, 0.2, 0.3}), bytes_of(x))
    assert.is_true(checkpoint.save(dir .. "/f32", {x = gan.rng(2):normal {10000}}))
    local y = assert(double.require("gan.file.safetensors").load(dir .. "/f32")).x
    assert.equal(gan.rng(2):normal({10000}):get(9999), y:get(9999))
  end)

  it("reads what other programs write", function()
    local parts, data, at = {}, {}, 0
    for i, c in ipairs {
      {"F16", "\0\x3c\0\xc0", "real", {1, -2}},
      {"BF16", "\x80\x3f\0\xc0", "real", {1, -2}},
      {"I64", ("<i8i8"):pack(-9, 1 << 30), "i32", {-9, 1 << 30}},
      {"I16", ("<i2i2"):pack(-9, 9), "i32", {-9, 9}},
      {"I8", "\xf7\9", "i32", {-9, 9}},
      {"BOOL", "\0\1", "u8", {0, 1}},
      {"F32", ("<ff"):pack(1, -2), "real", {1, -2}},
    } do
      parts[i] = ('"%s":{"dtype":"%s","shape":[2],"data_offsets":[%d,%d]}'):format(c[1], c[1], at, at + #c[2])
      data[i], at = c[2], at + #c[2]
      local tree = assert(checkpoint.load(temp.write(dir .. "/other",
        pack("{" .. table.concat(parts, ",") .. "}", table.concat(data)))))
      assert.equal(c[3], core.dtype(tree[c[1]]))
      assert.same(c[4], core.to_table(tree[c[1]]), c[1])
    end
  end)

  it("reads only what is wanted", function()
    checkpoint.save(dir .. "/some", {G = {w = gan.ones(3)}, D = {w = gan.zeros(4)}, step = 3, options = "x"})
    local tree = checkpoint.load(dir .. "/some", function(name) return name:find "^D%." or name == "step" end)
    assert.is_nil(tree.G)
    assert.is_nil(tree.options)
    assert.equal(3, tree.step)
    assert.equal(4, tree.D.w:numel())
  end)

  it("refuses trees that it cannot keep", function()
    for _, case in ipairs {
      {{a = print}, "at 'a', got function"}, {{[1.5] = 1}, "keys must be strings or integers, got 1.5"},
      {{["a.b"] = 1, a = {b = 2}}, "two entries would be called 'a.b'"}, {7, "expected a table"},
      {{["gan.paths"] = "x"}, "gan.paths"}, {{["gan.crc32"] = "x"}, "gan.crc32"},
    } do
      local ok, message = pcall(checkpoint.save, dir .. "/never", case[1])
      assert.is_false(ok)
      assert.is_truthy(message:find(case[2], 1, true), message)
      assert.is_truthy(message:find("safetensors_spec.lua", 1, true), message)
    end
    local loop = {}
    loop.loop = loop
    assert.has_error(function() checkpoint.save(dir .. "/never", loop) end)
    assert.is_nil(io.open(dir .. "/never"))
  end)

  it("names the file and what is wrong with it", function()
    local one = '"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}'
    local data = ("\0"):rep(8)
    local huge = '{"a":{"dtype":"F32","shape":[1099511627776,1099511627776],"data_offsets":[0,8]}}'
    local cases = {
      {"", "found 0 bytes"},
      {"abc", "found 3 bytes"},
      {"PK\3\4 this is a zip file", "not a safetensors file"},
      {("<I8"):pack(1 << 62) .. "{}", "expected a header of 2 to 2 bytes"},
      {("<i8"):pack(-8) .. "{}", "found length -8"},
      {pack("{]", ""), "expected a JSON header"},
      {pack("12", ""), "found no object"},
      {pack("{" .. one .. "}", "\0\0\0"), "expected 8 bytes of data, found 3"},
      {pack("{" .. one .. "}", data .. "x"), "expected 8 bytes of data, found 9"},
      {pack("{" .. one .. "," .. one .. "}", data), "name 'a' stands twice"},
      {pack("{" .. one:gsub("F32", "U64") .. "}", data),
        "tensor 'a': expected dtype F16, BF16, F32, F64, I8, I16, I32, I64, U8 or BOOL, found string 'U64'"},
      {pack("{" .. one:gsub("0,8", "0,7") .. "}", data),
        "tensor 'a': expected 8 bytes for F32 (2), found data_offsets 0 to 7"},
      {pack("{" .. one:gsub("0,8", "8,16") .. "}", data), "tensor 'a': expected data at offset 0, found 8"},
      {pack("{" .. one:gsub("0,8", "-8,0") .. "}", data), "found -8"},
      {pack("{" .. one:gsub("%[2%]", "[-2]") .. "}", data), "sizes >= 0"},
      {pack("{" .. one:gsub("%[2%]", "[1.5]") .. "}", data), "sizes >= 0"},
      {pack("{" .. one:gsub("%[2%]", "null") .. "}", data), "expected shape and data_offsets"},
      {pack(huge, data), "expected a smaller shape"},
      {pack((huge:gsub("%[", "[0,", 1):gsub("0,8", "0,0")), ""), "expected a smaller shape"},
      {pack('{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}', ("<i8"):pack(1 << 31)),
        "tensor 'a': element 1 does not fit i32"},
      {pack("{" .. one:gsub("0,8", "0,4,8") .. "}", data), "two data_offsets"},
      {pack('{"a":7}', ""), "expected an object"},
      {pack('{"__metadata__":{"a":1}}', ""), "expected a string"},
      {pack('{"__metadata__":7}', ""), "expected an object"},
      {pack('{"__metadata__":{"a.b":"1"},' .. one .. "}", data), "does not fit beside the others"},
      {pack('{"__metadata__":{"gan.paths":"7"}}', ""), "expected an object"},
      {pack(("["):rep(5000), ""), "expected a JSON header"},
    }
    for i, case in ipairs(cases) do
      local path = temp.write(dir .. "/bad", case[1])
      local tree, message = checkpoint.load(path)
      assert.is_nil(tree, i)
      assert.equal(path .. ": ", message:sub(1, #path + 2))
      assert.is_truthy(message:find(case[2], 1, true), i .. " " .. message)
      assert.is_nil(message:find "\n")
    end
    for path, text in pairs {
      [dir .. "/missing"] = "No such file", [dir] = "Is a directory", ["/dev/null"] = "not a regular file",
    } do
      local tree, message = checkpoint.load(path)
      assert.is_nil(tree)
      assert.equal(path .. ": cannot read: ", message:sub(1, #path + 15))
      assert.is_truthy(message:find(text, 1, true), message)
    end
  end)

  it("survives every truncation and any flipped byte of the header", function()
    local path = dir .. "/whole"
    checkpoint.save(path, {G = {["1.w"] = gan.ones(2, 3)}, ids = gan.tensor({1, 2}, "i32"), step = 4, name = "x"})
    local whole = temp.read(path)
    for n = 0, #whole - 1 do
      temp.write(dir .. "/cut", whole:sub(1, n))
      assert.is_nil((checkpoint.load(dir .. "/cut")), n)
    end
    for at = 1, #whole - 32 do
      for _, c in ipairs {"\0", "9"} do
        temp.write(dir .. "/flip", whole:sub(1, at - 1) .. c .. whole:sub(at + 1))
        local tree, message = checkpoint.load(dir .. "/flip")
        assert.is_true(type(tree) == "table" or type(message) == "string")
      end
    end
  end)

  it("leaves the old file alone when the disk is full", function()
    local path = dir .. "/kept"
    local tree = {w = gan.ones(1000)}
    assert.is_true(checkpoint.save(path, tree))
    local old, before = temp.read(path), temp.list(dir)
    for _, n in ipairs {0, 1, 100, 1000, #old - 1} do
      core.file_fail_after(n)
      local ok, message = checkpoint.save(path, {w = gan.zeros(1000)})
      assert.is_nil(ok)
      assert.equal(path .. ": cannot write: No space left on device", message)
      assert.equal(old, temp.read(path))
      assert.same(before, temp.list(dir))
    end
    core.file_fail_after(#old)
    assert.is_true(checkpoint.save(path, {w = gan.zeros(1000)}))
    assert.not_equal(old, temp.read(path))
  end)

  it("writes no file where there is no directory, nor over a device", function()
    local ok, message = checkpoint.save(dir .. "/no/where", {})
    assert.is_nil(ok)
    assert.is_truthy(message:find "No such file or directory")
    ok, message = checkpoint.save("/dev/null", {})
    assert.is_nil(ok)
    assert.equal("/dev/null: cannot write: not a regular file", message)
    assert.is_nil((checkpoint.save(dir, {})))
  end)

  it("needs no second copy of the weights", function()
    local tree = {w = gan.zeros(1 << 20), v = gan.zeros(1 << 20)}
    collectgarbage()
    local live, heap = gan.memory().live, collectgarbage "count"
    collectgarbage "stop"
    assert.is_true(checkpoint.save(dir .. "/large", tree))
    assert.is_true(collectgarbage "count" - heap < 100)
    collectgarbage "restart"
    assert.equal(live, gan.memory().live)
  end)
end)
