-- Archives of pictures: the same as a folder of them; stylegan's dataset.json; what is refused; damage.
local core = require "gan.core"
local data = require "gan.data"
local damage = require "spec.support.damage"
local files = require "spec.support.files"
local lfs = require "lfs"

local function plain(v) return files.plain(2, v, v, v) end

describe("zip archives of pictures", function()
  local dir
  before_each(function() dir = files.folder() end)
  after_each(function() files.remove(dir) end)

  -- From name, bytes, name, bytes, ...
  local function archive(...)
    local members, list = {}, {...}
    for i = 1, #list, 2 do
      members[#members + 1] = {name = list[i], data = list[i + 1], deflated = i % 4 == 1} -- every other one
    end
    return files.write(dir .. "/a.zip", files.zip(members))
  end

  local function first_values(set)
    local out = {}
    for i = 1, set.n do out[i] = core.to_table(set:image(i))[1][1][1] end
    return out
  end

  local function refused(text, path, opt)
    local set, message = data.open(path, opt)
    assert.is_nil(set)
    assert.truthy(message:find(text, 1, true), message)
    assert.equal(path .. ": ", message:sub(1, #path + 2))
  end

  it("have their folders as classes", function()
    local path = archive("dogs/b.png", plain(1), "cats/", "", "cats/a.png", plain(2), "cats/c.PNG", plain(3),
      "__MACOSX/cats/._a.png", "rubbish", ".hidden/x.png", plain(9), "notes.txt", "hello", "cats/d", plain(4))
    local set = assert(data.open(path))
    assert.same({2, 3, 4, 1}, first_values(set))
    assert.same({{0, 0, 0, 1}, {"cats", "dogs"}}, {core.to_table(set.labels), set.classes})
    assert.matches("a.zip %(zip%): 4 images of 2x2, colour, 2 classes: cats dogs", set:describe())
    assert.matches("1 .txt", set:describe())
    assert.same({2, 1}, first_values(assert(data.open(path, {limit = 2}))))
    assert.same({1, 4, 4, 1}, core.shape(assert(data.open(path, {size = 4, channels = 1, limit = 1})):rows {0}))
  end)

  it("are the same as the folder that they unpack to", function()
    local names = {"1/a.png", "10/b.png", "2/c.png", "2/d.png"}
    local list = {}
    for i, name in ipairs(names) do
      local folder = dir .. "/all/" .. name:match "^[^/]+"
      lfs.mkdir(dir .. "/all")
      lfs.mkdir(folder)
      files.write(dir .. "/all/" .. name, plain(i))
      list[#list + 1] = name
      list[#list + 1] = plain(i)
    end
    local a, b = assert(data.open(archive(table.unpack(list)))), assert(data.open(dir .. "/all"))
    assert.same(b:fingerprint(), a:fingerprint())
    assert.same({"1", "2", "10"}, a.classes)
    assert.same(b.classes, a.classes)
    for i = 1, #list, 2 do list[i] = "all/" .. list[i] end -- a folder that all lie in says nothing
    assert.same(b:fingerprint(), assert(data.open(archive(table.unpack(list)))):fingerprint())
    for i = 1, #list, 2 do list[i] = list[i]:gsub("/", "\\") end -- as some programs on Windows write
    assert.same(b:fingerprint(), assert(data.open(archive(table.unpack(list)))):fingerprint())
  end)

  it("have pictures in the order of a folder's, whatever bytes come before the one between folders", function()
    local list = {}
    for i, name in ipairs {"cats/a.png", "cats (1)/b.png", "cats-2/c.png", "cats.png"} do
      local folder = name:match "^(.*)/"
      if folder then lfs.mkdir(dir .. "/" .. folder) end
      files.write(dir .. "/" .. name, plain(i))
      list[#list + 1] = name
      list[#list + 1] = plain(i)
    end
    local b = assert(data.open(dir))
    local a = assert(data.open(archive(table.unpack(list))))
    assert.same({1, 2, 3, 4}, first_values(a))
    assert.same({first_values(b), b:fingerprint()}, {first_values(a), a:fingerprint()})
  end)

  it("count names that lead out of the archive", function()
    local set = assert(data.open(archive("a/x.png", plain(1), "../a/y.png", plain(2), "a/../z.png", plain(3))))
    assert.same({{1}, {"left out: 2 names with .. in the path"}}, {first_values(set), set.notes})
  end)

  it("have splits", function()
    local path = archive("train/cats/a.png", plain(1), "train/dogs/b.png", plain(2), "val/dogs/c.png", plain(3))
    local set = assert(data.open(path))
    assert.same({{1, 2}, "train", {"train", "val"}}, {first_values(set), set.split, set.splits})
    set = assert(data.open(path, {split = "val"}))
    assert.same({{3}, {1}}, {first_values(set), core.to_table(set.labels)})
    refused("no split 'test'", path, {split = "test"})
    refused("has no splits", archive("cats/a.png", plain(1)), {split = "test"})
  end)

  local function json(labels) return '{"labels": ' .. labels .. "}" end

  it("take stylegan's labels, from archives and folders", function()
    local text = json '[["00000/img00000001.png", 3], ["00000/img00000000.png", 0], ["00001/img00000002.png", 3.0]]'
    local a, b, c = plain(1), plain(2), plain(3)
    local path = archive("00000/img00000000.png", a, "00000/img00000001.png", b, "00001/img00000002.png", c,
      "dataset.json", text)
    local folder = dir .. "/all"
    for _, name in ipairs {folder, folder .. "/00000", folder .. "/00001"} do lfs.mkdir(name) end
    files.write(folder .. "/00000/img00000000.png", a)
    files.write(folder .. "/00000/img00000001.png", b)
    files.write(folder .. "/00001/img00000002.png", c)
    files.write(folder .. "/dataset.json", text)
    for _, at in ipairs {path, folder} do
      local set = assert(data.open(at))
      assert.same({{0, 3, 3}, {"0", "1", "2", "3"}}, {core.to_table(set.labels), set.classes})
      assert.is_nil(set:describe():find("json", 1, true))
      assert.same({{1, 2}, {0, 3}}, {first_values(data.open(at, {limit = 2})),
        core.to_table(data.open(at, {limit = 2}).labels)})
    end
  end)

  it("say why labels of dataset.json are not used; folders are no classes beside it", function()
    for labels, why in pairs {
      [json "null"] = "dataset.json has no labels; there are no classes",
      ["{}"] = "dataset.json has no labels",
      [json "[]"] = "dataset.json has no labels",
      ["[]"] = "dataset.json has no labels",
      ["7"] = "dataset.json has no labels",
      [json '[["0/a.png", [0.5, 1.5]], ["1/b.png", [0.5]]]'] = "has no name with a list of 2 numbers as entry 2",
      [json '[["0/a.png", [0.5, 1.5]], ["1/b.png", 3]]'] = "has no name with a list of 2 numbers as entry 2",
      [json '[["0/a.png", 1]]'] = "dataset.json labels 1 of 2 pictures: they are not used; there are no classes",
      [json '[["0/a.png", 0], ["1/b.png", -1]]'] = "has no name with an integer from 0 to 65535 as entry 2",
      [json '[["0/a.png", 0.5]]'] = "as entry 1 of its labels",
      [json '[["0/a.png"]]'] = "as entry 1 of its labels",
      [json '[7]'] = "as entry 1 of its labels",
      ["{"] = "dataset.json is no JSON",
    } do
      local set = assert(data.open(archive("0/a.png", plain(1), "1/b.png", plain(2), "dataset.json", labels)))
      assert.is_nil(set.labels)
      assert.equal(2, set.n)
      assert.truthy(set:describe():find(why, 1, true), set:describe())
    end
    local vectors = json '[["1/b.png", [0.5, 1]], ["0/a.png", [0, 2]]]'
    local with = assert(data.open(archive("0/a.png", plain(1), "1/b.png", plain(2), "dataset.json", vectors)))
    assert.same({{{0, 2}, {0.5, 1}}, {"0", "1"}}, {core.to_table(with.attributes), with.attribute_names})
    assert.is_nil(with.labels)
    local from_1 = json '[["0/a.png", 1], ["1/b.png", 2]]'
    local set = assert(data.open(archive("0/a.png", plain(1), "1/b.png", plain(2), "dataset.json", from_1)))
    assert.same({{0, 1}, {"1", "2"}}, {core.to_table(set.labels), set.classes})
  end)

  it("say that 16-bit pictures use a part of their range, and stretch it, as folders do", function()
    local function deep(most)
      return files.png {h = 2, w = 2, colour = 0, depth = 16, value = function(y, x) return (y * 2 + x) * most // 3 end}
    end
    local eight = files.png {h = 2, w = 2, colour = 0, value = function(y, x) return (y * 2 + x) * 10 end}
    local function both(...)
      local list = {...}
      lfs.mkdir(dir .. "/all")
      for i = 1, #list, 2 do files.write(dir .. "/all/" .. list[i], list[i + 1]) end
      return {archive(...), dir .. "/all"}
    end
    local function values(set, i) return {core.to_bytes(set:image(i)):byte(1, -1)} end
    for _, path in ipairs(both("a.png", deep(2000), "b.png", deep(4095))) do
      local set = assert(data.open(path))
      local dark = "16-bit pictures use 6 % of their range: they are dark"
      assert.same({dark .. " (--stretch-range makes the largest value white)"}, set.notes)
      assert.same({{0, 3, 5, 8}, {0, 5, 11, 16}}, {values(set, 1), values(set, 2)})
      for _, cache in ipairs {1 << 20, 1} do
        set = assert(data.open(path, {stretch_range = true, cache = cache}))
        assert.same({"16-bit pictures use 6 % of their range, which is stretched to all of it (--stretch-range)"},
          set.notes)
        assert.same({{0, 41, 83, 125}, {0, 85, 170, 255}}, {values(set, 1), values(set, 2)}) -- one scale for all
      end
    end
    for _, path in ipairs(both("a.png", deep(65535), "b.png", deep(4095))) do
      assert.same({}, assert(data.open(path)).notes)
    end
    for _, path in ipairs(both("a.png", eight, "b.png", eight)) do
      assert.same({"--stretch-range changes nothing: no picture has 16 bits"},
        assert(data.open(path, {stretch_range = true})).notes)
    end
  end)

  it("are refused where something is wrong", function()
    refused("no pictures in it", archive("a.txt", "hello"))
    refused("no pictures in it", files.write(dir .. "/e.zip", files.zip {}))
    refused("another format, or truncated", files.write(dir .. "/b.zip", "PK\3\4 and no more"))
    local path = archive("a.png", plain(1), "b.png", "\x89PNG\r\n\x1a\nrubbish", "c.png", plain(2))
    local set, message = data.open(path)
    assert.is_nil(set)
    assert.truthy(message:find(path .. ": 1 of 3 pictures cannot be read", 1, true), message)
    assert.truthy(message:find("\n  b.png", 1, true), message)
    assert.same({1, 2}, first_values(assert(data.open(path, {skip_bad = true}))))
    assert.same({1, 2}, first_values(assert(data.open(path, {skip_bad = true, limit = 2}))))
    refused("member 'a.png' is encrypted; unpack the archive, and give the folder",
      files.write(dir .. "/c.zip", files.zip {{name = "a.png", data = plain(1), flags = 1}}))
    refused("compression 12", files.write(dir .. "/d.zip", files.zip {{name = "a.png", data = plain(1), method = 12}}))
    for _, deflated in ipairs {false, true} do
      set, message = data.open(files.write(dir .. "/f.zip",
        files.zip {{name = "a.png", data = plain(1), crc = 7, deflated = deflated}}))
      assert.is_nil(set)
      assert.truthy(message:find "checksum", message)
    end
    -- a bomb: what a member claims is compared with what it has
    refused("cannot come from", files.write(dir .. "/g.zip",
      files.zip {{name = "a.png", data = plain(1), deflated = true, size = 0xfffffff0}}))
    refused("member 'a.png' has 2147483647 bytes (a picture has at most 570425344)", files.write(dir .. "/i.zip",
      files.zip {{name = "a.png", data = ("x"):rep(2200000), method = 8, crc = 0, size = 0x7fffffff}}))
    local zeros = ("\0"):rep(1 << 20)
    set, message = data.open(files.write(dir .. "/h.zip", files.zip {{name = "a.png", data = zeros, deflated = true}}))
    assert.is_nil(set)
    assert.is_string(message)
  end)

  it("survive damage: a message or a set", function()
    local whole = files.zip {
      {name = "cats/a.png", data = files.plain(1, 1, 2, 3)},
      {name = "dogs/b.png", data = files.plain(1, 9, 9, 9), deflated = true},
      {name = "dataset.json", data = json '[["cats/a.png", 1], ["dogs/b.png", 0]]'},
    }
    damage.each(whole, function(bytes, what)
      local set, message = data.open(files.write(dir .. "/d.zip", bytes))
      assert.is_true(type(set or message) == (set and "table" or "string"), what)
    end)
  end)
end)
