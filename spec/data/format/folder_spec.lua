-- Folders of pictures: nesting, classes, sizes, backgrounds, and lists of what cannot be read.
local core = require "gan.core"
local data = require "gan.data"
local files = require "spec.support.files"
local lfs = require "lfs"

describe("folder", function()
  local dir
  before_each(function() dir = files.folder() end)
  after_each(function() files.remove(dir) end)

  local function put(name, bytes)
    local at = dir
    for part in name:gmatch "([^/]+)/" do
      at = at .. "/" .. part
      lfs.mkdir(at)
    end
    return files.write(dir .. "/" .. name, bytes)
  end

  local function refused(pattern, opt)
    local set, message = data.open(dir, opt)
    assert.is_nil(set)
    assert.matches(pattern, message)
    return message
  end

  it("takes pictures at any depth, sub-folders as classes, in byte order", function()
    put("b/two.png", files.plain(4, 2, 0, 0))
    put("b/One.PNG", files.plain(4, 1, 0, 0))
    put("a/deep/er/x", files.plain(4, 5, 0, 0)) -- known by its content
    put("Z/y.jpeg", files.plain(4, 9, 0, 0))    -- whatever its name says
    put("a/notes.txt", "not a picture")
    put(".hidden.png", "junk")
    put(".git/z.png", "junk")
    local set = assert(data.open(dir .. "/"))
    assert.same({"Z", "a/deep/er", "b"}, set.classes)
    local got = {}
    for i = 1, #set do got[i] = {core.to_table(set:image(i))[1][1][1], set.labels:get(i)} end
    table.sort(got, function(p, q) return p[1] < q[1] end)
    assert.same({{1, 2}, {2, 2}, {5, 1}, {9, 0}}, got)
    assert.same(core.to_table(set.images), core.to_table(assert(data.open(dir)).images))
    assert.equal(4, set.size)
    assert.matches("%(folder%): 4 images of 4x4, colour, 3 classes: Z a/deep/er b", set:describe())
  end)

  it("has no classes where all lie in one folder, and '.' for the top beside others", function()
    put("a/1.png", files.plain(2, 0, 0, 0))
    local set = assert(data.open(dir))
    assert.is_nil(set.labels)
    assert.matches("no classes", set:describe())
    put("0.png", files.plain(2, 0, 0, 0))
    assert.same({".", "a"}, assert(data.open(dir)).classes)
  end)

  it("keeps grey sets grey, mixes to colour, obeys channels", function()
    local grey = files.png {h = 2, w = 2, colour = 4, value = function(_, _, k) return k == 0 and 50 or 0 end}
    put("g.png", grey)
    assert.equal(1, assert(data.open(dir)).channels)
    put("c.png", files.plain(2, 90, 90, 90))
    local set = assert(data.open(dir, {background = {10, 20, 30}}))
    assert.equal(3, set.channels)
    assert.same({10, 20, 30}, core.to_table(set:image(2))[1][1])
    assert.same({255, 255, 255}, core.to_table(assert(data.open(dir)):image(2))[1][1])
    assert.same({0, 0, 0}, core.to_table(assert(data.open(dir, {background = "black"})):image(2))[1][1])
    assert.same({1, 2, 255}, core.to_table(assert(data.open(dir, {background = "#0102fF"})):image(2))[1][1])
    assert.same({7}, core.to_table(assert(data.open(dir, {background = 7, channels = 1})):image(2))[1][1])
  end)

  it("widens grey pictures that came before the first with colour", function()
    local function grey(v) return files.png {h = 2, w = 2, colour = 0, value = function() return v end} end
    put("1.png", grey(50))
    put("2.png", grey(60))
    put("3.png", files.plain(2, 1, 2, 3))
    put("4.png", grey(70))
    local set, first = assert(data.open(dir)), {}
    for i = 1, #set do first[i] = core.to_table(set:image(i))[1][1] end
    assert.same({{50, 50, 50}, {60, 60, 60}, {1, 2, 3}, {70, 70, 70}}, first)
    set = assert(data.open(dir, {channels = 1}))
    assert.same({50}, core.to_table(set:image(1))[2][2])
  end)

  it("wants --size where sizes differ, then crops and resizes", function()
    put("a.png", files.plain(4, 8, 8, 8))
    put("b.jpg", files.jpeg.colour)
    local message = refused "pictures differ in size %(.*a.png is 4x4, .*b.jpg is 8x16%); give %-%-size"
    assert.is_nil(message:find "\n")
    local set = assert(data.open(dir, {size = 6}))
    assert.same({2, 6, 6, 3}, core.shape(set.images))
    assert.same({8, 8, 8}, core.to_table(set:image(1))[6][6])
    os.remove(dir .. "/a.png")
    assert.same({1, 8, 16, 3}, core.shape(assert(data.open(dir)).images)) -- all of one size: as they are
  end)

  it("lists all that cannot be read, up to a point", function()
    put("a.png", files.plain(4, 8, 8, 8))
    put("b.png", "junk")
    put("c/d.jpg", files.jpeg.colour:sub(1, -3))
    put("e.png", "")
    local message = refused "3 of 4 pictures cannot be read:\n"
    assert.matches("\n  [^\n]*b.png: neither PNG nor JPEG", message)
    assert.matches("\n  [^\n]*c/d.jpg: truncated JPEG", message)
    assert.matches("\n  [^\n]*e.png: empty file", message)
    for i = 1, 30 do put(("f%02d.png"):format(i), "junk") end
    message = refused "33 of 34 pictures cannot be read"
    assert.matches("\n  and 13 more$", message)
    local _, lines = message:gsub("\n", "")
    assert.equal(21, lines)
  end)

  it("finds what only decoding shows", function()
    put("a.png", files.plain(4, 8, 8, 8))
    put("b.png", files.png {h = 4, w = 4, colour = 2, idat = files.deflate "\0\1", value = function() return 0 end})
    local message = refused "1 of 2 pictures cannot be read:\n"
    assert.matches("b.png: truncated PNG image data", message)
  end)

  it("says so where there is nothing, and follows links without looping", function()
    refused "no PNG or JPEG pictures in it"
    put("sub/readme.txt", "hello")
    refused "no PNG or JPEG pictures in it"
    put("sub/a.png", files.plain(4, 8, 8, 8))
    lfs.link(dir, dir .. "/sub/up", true)
    lfs.link(dir .. "/nowhere", dir .. "/sub/dead.png", true)
    assert.equal(1, assert(data.open(dir)).n)
    refused("no splits", {split = "test"})
  end)

  it("limits", function()
    for i = 1, 5 do put(i .. ".png", files.plain(2, i, 0, 0)) end
    local set = assert(data.open(dir, {limit = 2}))
    assert.equal(2, set.n)
    assert.same({2, 0, 0}, core.to_table(set:image(2))[1][1])
  end)
end)
