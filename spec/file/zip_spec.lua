-- Zip archives: members of both kinds, zip64, what is refused, damage of every kind, writing.
local gan = require "gan"
local core = require "gan.core"
local zip = require "gan.file.zip"
local damage = require "spec.support.damage"
local files = require "spec.support.files"
local temp = require "spec.support.temp"

describe("crc32", function()
  it("is the checksum of the format", function()
    assert.equal(0xcbf43926, (core.crc32 "123456789"))
    assert.same({0, 0}, {core.crc32 ""})
    assert.same({0xcbf43926, 4}, {core.crc32("6789", (core.crc32 "12345"))})
    local t = gan.tensor({{1, 2}, {3, 4}}, "i32")
    assert.same({files.crc32(t:to_bytes()), 16}, {core.crc32(t)})
    assert.same({files.crc32(t:transpose():to_bytes()), 16}, {core.crc32(t:transpose())})
    assert.same({7, 0}, {core.crc32(core.full({0}, 0, "u8"), 7)})
    for _, args in ipairs {{}, {7}, {"x", -1}, {"x", 1 << 32}, {{}}} do
      assert.error_matches(function() core.crc32(table.unpack(args)) end, "crc32: bad argument")
    end
  end)
end)

describe("inflate", function()
  local function bytes(s) return core.from_bytes(s, {#s}, "u8") end
  local function raw(s) return core.gzip(s):sub(11, -9) end -- without the frame of gzip

  it("gives back what was deflated", function()
    local rng = gan.rng(1)
    for _, s in ipairs {"", "a", ("abc"):rep(10000), rng:integer({70000}, 0, 255):to("u8"):to_bytes()} do
      assert.is_true(s == core.to_bytes(assert(core.inflate(bytes(raw(s)), #s))))
    end
  end)

  it("refuses another size, and damage", function()
    local s = ("abcdefg"):rep(100)
    local packed = raw(s)
    for _, c in ipairs {
      {packed, #s - 1, "more bytes than promised"},
      {packed, 0, "more bytes than promised"},
      {packed, #s + 1, "fewer bytes than promised"},
      {packed .. "x", #s, "more data than the deflate stream has"},
      {packed:sub(1, -2), #s, "truncated deflate data"},
      {"", 0, "truncated deflate data"},
      {"\xff\xff", 10, "corrupt deflate data"},
      {raw "", 1, "fewer bytes than promised"},
    } do
      local t, message = core.inflate(bytes(c[1]), c[2])
      assert.is_nil(t)
      assert.equal(c[3], message)
    end
    assert.equal("abcdefgabc", core.to_bytes(assert(core.inflate(bytes(packed:sub(1, 12)), 10, true)))) -- a part
    assert.equal("", core.to_bytes(assert(core.inflate(bytes "", 0, true))))
    assert.same({nil, "truncated deflate data"}, {core.inflate(bytes(packed:sub(1, 3)), 10, true)})
    assert.same({nil, "fewer bytes than promised"}, {core.inflate(bytes(packed), #s + 1, true)})
    assert.error_matches(function() core.inflate("x", 1) end, "inflate: bad argument #1 'bytes'")
    assert.error_matches(function() core.inflate(bytes "x", -1) end, "inflate: bad argument #2 'size'")
  end)
end)

describe("file.zip", function()
  local dir
  setup(function() dir = temp.dir() end)
  teardown(temp.clean)
  after_each(function() core.file_fail_after(nil) end)

  local function put(bytes) return temp.write(dir .. "/a.zip", bytes) end

  it("finds a member's bytes, and reads its first ones", function()
    for _, deflated in ipairs {false, true} do
      local data = ("0123456789"):rep(9000)
      local z = assert(zip.open(put(files.zip {
        {name = "a", data = data, deflated = deflated}, {name = "b", data = "x", flags = 1},
        {name = "c", data = data, crc = 7, deflated = deflated},
      })))
      local start, packed, how = z:place "a"
      assert.equal(deflated and "deflate" or "stored", how)
      local bytes = temp.read(z.path):sub(start + 1, start + packed)
      assert.equal(data, deflated and core.to_bytes(assert(core.inflate(core.from_bytes(bytes, {#bytes}, "u8"), #data)))
        or bytes)
      assert.equal(data:sub(1, 70000), z:head("a", 70000))
      assert.equal(data, z:head("a", 1 << 20))
      assert.equal("01", z:head("c", 2)) -- no checksum is compared
      assert.equal("", z:head("a", 0))
      assert.same({nil, z.path .. ": member 'b' is encrypted"}, {z:place "b"})
      assert.same({nil, z.path .. ": no member 'd'"}, {z:head("d", 1)})
      assert.same({nil, z.path .. ": no member 'd'"}, {z:place "d"})
      z:close()
    end
  end)

  -- Everything in an archive: name -> bytes; or nil, message.
  local function contents(path)
    local z, message = zip.open(path)
    if not z then return nil, message end
    local all, t = {}
    for _, name in ipairs(z.names) do
      t, message = z:read(name)
      if not t then
        z:close()
        return nil, message
      end
      all[name] = core.to_bytes(t)
    end
    z:close()
    return all
  end

  it("reads stored and deflated members", function()
    local long = ("0123456789"):rep(20000)
    local members = {{name = "a", data = "hello"}, {name = "b/c", data = long, deflated = true}, {name = "", data = ""},
      {name = "e", data = "", deflated = true}}
    for _, o in ipairs {{}, {comment = "a comment PK\5\6, and more"}, {end64 = true}, {end64 = true, comment = "x"}} do
      local all = assert(contents(put(files.zip(members, o))))
      assert.equal("hello", all.a)
      assert.is_true(long == all["b/c"])
      assert.equal("", all[""])
      assert.equal("", all.e)
    end
    local z = assert(zip.open(put(files.zip(members))))
    assert.same({"a", "b/c", "", "e"}, z.names)
    assert.equal(5, z.members.a.size)
    assert.equal("hello", z:text("a", 5))
    assert.same({nil, z.path .. ": member 'a' has 5 bytes (expected at most 4)"}, {z:text("a", 4)})
    assert.same({nil, z.path .. ": no member 'q'"}, {z:read "q"})
    assert.same({nil, z.path .. ": no member 'q'"}, {z:text("q", 9)})
    z:close()
    z:close()
    assert.same({}, assert(contents(put(files.zip {}))))
  end)

  it("reads zip64 sizes", function()
    for _, deflated in ipairs {false, true} do
      local all = assert(contents(put(files.zip({{name = "a", data = "hello", zip64 = true, deflated = deflated},
        {name = "b", data = "x", zip64 = true}}, {end64 = true}))))
      assert.same({a = "hello", b = "x"}, all)
    end
  end)

  it("reads what real deflate made", function()
    local s = ("mu and sigma "):rep(1000)
    local m = {name = "a", data = core.gzip(s):sub(11, -9), method = 8, crc = files.crc32(s), size = #s}
    assert.is_true(s == assert(contents(put(files.zip {m}))).a)
  end)

  it("refuses what is wrong, naming file and member", function()
    local a, b = {name = "a", data = "hello"}, {name = "b", data = "12345678"}
    local function with(changes)
      local m = {}
      for k, v in pairs(b) do m[k] = v end
      for k, v in pairs(changes) do m[k] = v end
      return files.zip {a, m}
    end
    local good = files.zip {a, b}
    for i, c in ipairs {
      {"", "no end of a zip archive"},
      {"PK\3\4", "no end of a zip archive"},
      {("x"):rep(100000), "no end of a zip archive"},
      {good .. "x", "no end of a zip archive"},
      {"x" .. good, "damaged list of members"},
      {good:sub(2), "damaged list of members"},
      {files.zip({a, b}, {count = 3}), "an archive in several parts"},
      {with {crc = 1}, "member 'b' is damaged (its checksum differs)"},
      {with {flags = 1}, "member 'b' is encrypted"},
      {with {method = 12}, "member 'b': compression 12"},
      {with {method = 8}, "member 'b': "},
      {with {size = 9}, "member 'b': stored as 8 instead of 9 bytes"},
      {with {packed = 9}, "outside of the archive"},
      {with {offset = 1}, "overlaps another"},
      {with {offset = 0}, "member 'a' overlaps another"},
      {with {list_name = "c"}, "member 'c': its header is not as the list says"},
      {with {list_name = "a"}, "member 'a' is there twice"},
      {with {name = "b\0c"}, "member 2: a zero byte in its name"},
      {with {offset = 0xfffffff0}, "member 'b': 8 bytes at 4294967280 outside of the archive"},
      {with {zip64 = true, size = -1}, "outside of the archive"},
      {with {zip64 = true, offset = math.maxinteger}, "outside of the archive"},
      {with {zip64 = true, packed = math.maxinteger}, "outside of the archive"},
      {with {deflated = true, zip64 = true, size = 1 << 40}, "member 'b': 1099511627776 bytes cannot come from 13"},
      {with {deflated = true, size = 9}, "member 'b': fewer bytes than promised"},
      {with {deflated = true, size = 7}, "member 'b': more bytes than promised"},
      {with {size = 0xffffffff}, "member 'b': no zip64 sizes"},
      {good:sub(1, 28) .. "\8\0" .. good:sub(31), "member 'a' overlaps another"},
    } do
      local path = put(c[1])
      local all, message = contents(path)
      assert.is_nil(all, i)
      assert.equal(path .. ": ", message:sub(1, #path + 2))
      assert.truthy(message:find(c[2], 1, true), i .. " " .. message)
    end
    assert.is_nil((zip.open(put(with {offset = 0})))) -- seen in the list alone
    for path, text in pairs {[dir .. "/missing"] = "No such file", [dir] = "Is a directory"} do
      local z, message = zip.open(path)
      assert.is_nil(z)
      assert.truthy(message:find(text, 1, true), message)
    end
  end)

  it("survives damage: a message or the members", function()
    local members = {
      {name = "a", data = "hello hello"},
      {name = "b", data = "12345678", deflated = true},
      {name = "c", data = "c", zip64 = true},
    }
    damage.each(files.zip(members, {end64 = true}), function(bytes, what)
      local all, message = contents(put(bytes))
      assert.is_true(type(all or message) == (all and "table" or "string"), what)
      for _, m in ipairs(members) do
        if all and all[m.name] then assert.equal(m.data, all[m.name], what) end -- the checksum saw to it
      end
    end)
  end)

  it("writes the bytes that the format says", function()
    local path = dir .. "/out.zip"
    local members = {
      {name = "t", parts = {"head", gan.tensor({1, 2}, "i32"), gan.tensor({{1, 2}, {3, 4}}, "u8"):transpose()}},
      {name = "é/x", parts = {}},
    }
    assert.is_true(zip.save(path, members))
    local bytes = temp.read(path)
    local data = "head" .. ("<i4i4"):pack(1, 2) .. "\1\3\2\4"
    local fields = ("<I2I2I2I2I2I4I4I4I2I2"):pack(20, 0x800, 0, 0, 0x21, files.crc32(data), 16, 16, 1, 0)
    assert.equal("PK\3\4" .. fields .. "t" .. data, bytes:sub(1, 47))
    assert.same({t = data, ["é/x"] = ""}, contents(path))
    assert.is_true(zip.save(path, members))
    assert.equal(bytes, temp.read(path))
    assert.is_true(zip.save(path, {}))
    assert.equal(files.zip {}, temp.read(path))
  end)

  it("leaves the old file alone when the disk is full", function()
    local path = temp.write(dir .. "/kept.zip", "old")
    local before = temp.list(dir)
    core.file_fail_after(50)
    assert.same({nil, path .. ": cannot write: No space left on device"},
      {zip.save(path, {{name = "a", parts = {gan.zeros(100)}}})})
    assert.equal("old", temp.read(path))
    assert.same(before, temp.list(dir))
    core.file_fail_after(nil)
    assert.is_nil((zip.save(dir .. "/no/where", {})))
    assert.error_matches(function() zip.save(path, 7) end, "#2 'members'")
    assert.error_matches(function() zip.save(path, {7}) end, "#2 'members'")
    assert.error_matches(function() zip.save(path, {{name = "", parts = {}}}) end, "names of 1 to 65535 bytes")
    assert.error_matches(function() zip.save(path, {{name = "x", parts = {7}}}) end, "crc32")
  end)
end)
