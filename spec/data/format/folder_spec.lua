-- Folders of pictures: nesting, classes, sizes, backgrounds, and lists of what cannot be read.
local core = require "gan.core"
local data = require "gan.data"
local files = require "spec.support.files"
local pictures = require "spec.support.pictures"
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
    put("c.png", files.plain(4, 8, 8, 8))
    put("d.png", files.plain(3, 8, 8, 8))
    local message = refused
      "pictures differ in size %(a.png is 4x4, 2 of 4 differ, such as b.jpg of 8x16; height x width%); give %-%-size"
    os.remove(dir .. "/c.png")
    os.remove(dir .. "/d.png")
    assert.is_nil(message:find "\n")
    local set = assert(data.open(dir, {size = 6}))
    assert.same({2, 6, 6, 3}, core.shape(set.images))
    assert.same({8, 8, 8}, core.to_table(set:image(1))[6][6])
    os.remove(dir .. "/a.png")
    assert.same({1, 8, 16, 3}, core.shape(assert(data.open(dir)).images)) -- all of one size: as they are
  end)

  it("lists all that cannot be read, up to a point, or leaves it out and says so", function()
    put("a.png", files.plain(4, 8, 8, 8))
    put("b.png", "<html>moved</html>")
    put("c/d.jpg", files.jpeg.colour:sub(1, -3))
    put("e.png", "")
    local message = refused "3 of 4 pictures cannot be read; %-%-skip%-bad leaves them out:\n"
    assert.matches("\n  [^\n]*b.png: [^\n]*HTML", message)
    assert.matches("\n  [^\n]*c/d.jpg: truncated JPEG", message)
    assert.matches("\n  [^\n]*e.png: empty file", message)
    local set = assert(data.open(dir, {skip_bad = true}))
    assert.equal(1, set.n)
    assert.same({8, 8, 8}, core.to_table(set:image(1))[1][1])
    assert.matches("^3 of 4 pictures cannot be read, left out %(%-%-skip%-bad%):\n  [^\n]*b.png[^\n]*\n", set.notes[1])
    assert.matches("\n  [^\n]*e.png: empty file$", set.notes[1])
    for i = 1, 30 do put(("f%02d.png"):format(i), "junk") end
    message = refused "33 of 34 pictures cannot be read"
    assert.matches("\n  and 13 more$", message)
    local _, lines = message:gsub("\n", "")
    assert.equal(21, lines)
    assert.matches("\n  and 13 more$", assert(data.open(dir, {skip_bad = true})).notes[1])
    os.remove(dir .. "/a.png")
    refused("none of 33 pictures can be read:\n", {skip_bad = true})
    refused "none of 33 pictures can be read:\n"
  end)

  it("finds what only decoding shows", function()
    put("a.png", files.plain(4, 8, 8, 8))
    put("b.png", files.png {h = 4, w = 4, colour = 2, idat = files.deflate "\0\1", value = function() return 0 end})
    local message = refused "1 of 2 pictures cannot be read"
    assert.matches("b.png: [^\n]*PNG", message)
  end)

  it("says what there is where there is no picture", function()
    refused "no pictures in it %(it is empty%)$"
    put("sub/a.heic", "x")
    put("sub/b.HEIC", "x")
    put("c.mp4", "x")
    put("Makefile", "all:")
    lfs.link("nowhere", dir .. "/x.png", true)
    refused("no pictures in it %(it holds 2 .heic, 1 .mp4, 1 dangling link, 1 file without an extension "
      .. "%(HEIC and AVIF: mogrify %-format jpg FILES converts them%)%); give the file itself: " .. dir .. "/c.mp4$")
    refused("no pictures in it", {skip_bad = true})
    files.remove(dir .. "/c.mp4")
    put("sub/x.parquet", "PAR1")
    put("sub/y.npz", "PK")
    refused("; give the file itself: " .. dir .. "/sub/x.parquet$")
  end)

  it("counts by kind what it reads besides PNG and JPEG, and what it passes over", function()
    put("a.PNG", files.plain(2, 1, 1, 1))
    put("b.jfif", files.jpeg.colour)
    put("c.jpe", files.jpeg.colour)
    put("plain", files.plain(2, 1, 1, 1))          -- known by its content
    put("e.webp", files.plain(2, 1, 1, 1))         -- a picture, whatever its name says
    put("P5 is no picture.txt", "P5 is a level of it")
    put("f.mov", "x")
    put("log.7", "x")
    put("empty", "")
    put("none", "P")
    put("list.json", "{}")
    lfs.link("nowhere", dir .. "/g.png", true)
    lfs.link("nowhere", dir .. "/h", true)
    lfs.link(".", dir .. "/here", true)
    os.execute(("mkfifo '%s/pipe'"):format(dir))
    put(".hidden.png", "x")
    put("._b.jpg", "x")
    put(".DS_Store", "x")
    local set = assert(data.open(dir, {size = 2}))
    assert.equal(5, set.n)
    assert.equal("1 .jfif, 1 .jpe, 1 .webp, 1 file without an extension read; left out: 1 .json, 1 .mov, 1 .txt, "
      .. "2 dangling links, 1 empty file, 2 files without an extension, 1 hidden picture, "
      .. "1 link to a folder that is there already, 1 pipe", set.notes[1])
    for i = 1, 12 do put("x." .. ("a"):rep(i), "x") end
    assert.matches("1 .aaaaaaaaaaaa, 1 .json, 1 .mov, 1 .txt, 2 dangling links, 6 of other kinds$",
      assert(data.open(dir, {size = 2})).notes[1])
  end)

  it("reads a picture whatever its name says, and names what is none", function()
    local function red(y, x) return y + x < 0 and 0 or 0xff0000 end
    put("a.jpg", files.plain(2, 7, 8, 9))
    put("b.png", files.jpeg.grey)
    put("c.jpg", pictures.bmp {h = 2, w = 2, bits = 24, value = red})
    put("d.jpeg", "P6 2 2 255\n" .. ("\255\0\0"):rep(4))
    put("e.png", pictures.gif {h = 2, w = 2, palette = {{255, 0, 0}}, value = function() return 0 end})
    local set = assert(data.open(dir, {size = 2, fit = "pad"}))
    assert.same({}, set.notes)
    assert.same({7, 8, 9}, core.to_table(set:image(1))[1][1])
    for i = 3, 5 do assert.same({255, 0, 0}, core.to_table(set:image(i))[2][2]) end
    put("f.jpg", "<!DOCTYPE html><html>404</html>")
    put("g.png", "version https://git-lfs.github.com/spec/v1\noid sha256:0\n")
    put("h.png", "\x1f\x8b\8\0\0\0\0\0")
    put("i.png", "")
    put("j.webp", "some text")
    local message = refused("5 of 10 pictures cannot be read", {size = 2})
    for name, what in pairs {f = "HTML", g = "git%-lfs pointer", h = "gzip", i = "empty", j = "text"} do
      assert.matches("\n  " .. name .. "%.%w+: [^\n]*" .. what, message)
    end
    assert.equal(5, assert(data.open(dir, {size = 2, skip_bad = true})).n)
  end)

  it("reads all of what lies side by side", function()
    local function grey(v) return function() return v end end
    local palette = {}
    for i = 1, 128 do palette[i] = {i - 1, i - 1, i - 1} end
    put("0.png", files.png {h = 2, w = 2, colour = 0, value = grey(10)})
    put("1.PNG", files.png {h = 2, w = 2, colour = 0, value = grey(20)})
    put("2.bmp", pictures.bmp {h = 2, w = 2, bits = 24, value = grey(0x1e1e1e)})
    put("3.gif", pictures.gif {h = 2, w = 2, palette = palette, value = grey(40)})
    put("4.ppm", "P6 2 2 255\n" .. ("\50"):rep(12))
    put("5.tif", pictures.tiff {h = 2, w = 2, samples = 1, value = grey(60)})
    put("6.JFIF", pictures.jpeg_blocks(1, 1, grey(70)))
    put("7.JPE", pictures.jpeg_blocks(1, 1, grey(80)))
    local set = assert(data.open(dir, {size = 2}))
    for i = 1, 8 do assert.is_true(math.abs(core.to_table(set:image(i))[1][1][1] - 10 * i) <= 1, i) end
    assert.same({"1 .bmp, 1 .gif, 1 .jfif, 1 .jpe, 1 .ppm, 1 .tif read"}, set.notes)
  end)

  it("turns photographs upright, and says so", function()
    local upright = pictures.jpeg_blocks(1, 2, function(_, x) return 100 * x end)
    put("a.jpg", upright)
    put("b.jpg", pictures.with_app1(upright, "Exif\0\0" .. pictures.exif(6)))
    local set = assert(data.open(dir, {size = 16, fit = "pad"}))
    assert.same({"1 of 2 pictures turned upright, as EXIF says (--no-exif leaves them as they are)"}, set.notes)
    local rows = core.to_table(set:image(2))
    assert.same({255, 0, 100, 255}, {rows[1][1][1], rows[1][8][1], rows[16][8][1], rows[16][16][1]})
    set = assert(data.open(dir, {exif = false}))
    assert.same({{}, 8, 16}, {set.notes, set.height, set.width})
    refused "pictures differ in size %(a.jpg is 8x16, 1 of 2 differ, such as b.jpg of 16x8; "
  end)

  it("says where 16-bit pictures use a part of their range, and stretches it", function()
    for i, v in ipairs {0, 1000, 4095} do
      put(i .. ".png", files.png {h = 2, w = 2, colour = 0, depth = 16, value = function() return v end})
    end
    local function first(opt)
      local set = assert(data.open(dir, opt))
      return {core.to_table(set:image(2))[1][1][1], core.to_table(set:image(3))[1][1][1]}, set.notes[1]
    end
    local got, note = first {}
    assert.same({4, 16}, got)
    assert.matches("^16%-bit pictures use 6 %% of their range", note)
    got, note = first {stretch_range = true}
    assert.same({62, 255}, got)
    assert.matches("stretched", note)
  end)

  it("lists folders that cannot be opened, or leaves them out", function()
    put("a/x.png", files.plain(2, 1, 1, 1))
    put("b/x.png", files.plain(2, 1, 1, 1))
    local real = core.folder
    finally(function() core.folder = real end)
    function core.folder(path)
      if path == dir .. "/b" then return nil, "Permission denied" end
      return real(path)
    end
    local message = refused "1 folder cannot be read; %-%-skip%-bad leaves them out:\n"
    assert.matches("\n  b: cannot open the folder %(Permission denied%)$", message)
    local set = assert(data.open(dir, {skip_bad = true}))
    assert.same({1, "left out: 1 unreadable folder"}, {set.n, set.notes[1]})
  end)

  it("follows links without looping", function()
    put("sub/a.png", files.plain(4, 8, 8, 8))
    lfs.link(dir, dir .. "/sub/up", true)
    lfs.link(dir .. "/sub/a.png", dir .. "/b.png", true)
    assert.equal(2, assert(data.open(dir)).n)
    refused("has no splits %(train beside val, test or eval in it%)", {split = "test"})
  end)

  it("reads as many as --limit says, others for those that cannot be read", function()
    for _, class in ipairs {"a", "b"} do
      for i = 1, 3 do put(("%s/%d.png"):format(class, i), "rubbish") end
      for i = 4, 9 do put(("%s/%d.png"):format(class, i), files.plain(2, i, 1, 1)) end
    end
    local function reds(set)
      local out = {}
      for i = 1, set.n do out[i] = core.to_table(set:image(i))[1][1][1] end
      return out
    end
    refused("4 of 4 pictures cannot be read; %-%-skip%-bad leaves them out:\n", {limit = 4})
    for _, cache in ipairs {1, 1 << 20} do
      local set = assert(data.open(dir, {limit = 5, skip_bad = true, cache = cache}))
      assert.same({{4, 5, 6, 4, 5}, {0, 0, 0, 1, 1}}, {reds(set), core.to_table(set.labels)})
      assert.matches("^6 of 11 pictures cannot be read, left out", set.notes[1])
      assert.equal(12, assert(data.open(dir, {limit = 20, skip_bad = true, cache = cache})).n)
    end
    put("c/1.png", "rubbish") -- its only one: still a class
    local set = assert(data.open(dir, {limit = 5, skip_bad = true}))
    assert.same({{"a", "b", "c"}, 5}, {set.classes, set.n})
    for _, class in ipairs {"a", "b"} do for i = 4, 9 do put(("%s/%d.png"):format(class, i), "x") end end
    refused("none of 19 pictures can be read:\n  a/1.png: text", {limit = 2, skip_bad = true})
  end)

  it("shows names in one line, whatever bytes they have", function()
    put("a\nb/1.png", files.plain(2, 1, 1, 1))
    put("\27[31mred/2.png", files.plain(2, 1, 1, 1))
    put("\27[31mred/x\ny.png", "rubbish")
    lfs.mkdir(dir .. "/no\tne")
    local message = refused "1 of 3 pictures cannot be read"
    assert.matches(":\n  \\x1b%[31mred/x\\x0ay.png: text, no picture$", message)
    local set = assert(data.open(dir, {skip_bad = true}))
    assert.same({"\27[31mred", "a\nb"}, set.classes)
    assert.matches("2 classes: \\x1b%[31mred a\\x0ab\n", set:describe())
    assert.equal("no picture in no\\x09ne: no class", set.notes[1])
  end)

  it("takes a folder under its own name where links lead to it", function()
    put("b/small/1.png", files.plain(2, 10, 0, 0))
    put("c/2.png", files.plain(2, 20, 0, 0))
    put("e/3.png", files.plain(2, 30, 0, 0))
    put(".store/4.png", files.plain(2, 40, 0, 0))
    lfs.link("b/small", dir .. "/a", true)
    lfs.link("c", dir .. "/0", true)
    lfs.link(".store", dir .. "/d", true) -- no class by its own name
    local set = assert(data.open(dir))
    assert.same({"b/small", "c", "d", "e"}, set.classes)
    assert.same({0, 1, 2, 3}, core.to_table(set.labels))
    for i = 1, 4 do assert.equal(({10, 20, 40, 30})[i], core.to_table(set:image(i))[1][1][1]) end
    assert.same({"left out: 2 links to a folder that is there already"}, set.notes)
  end)

  it("does not follow links to a folder around it", function()
    put("set/a/1.png", files.plain(2, 1, 1, 1))
    put("other/2.png", files.plain(2, 2, 2, 2))
    lfs.link("../..", dir .. "/set/a/up", true)
    lfs.link("../../other", dir .. "/set/a/beside", true)
    local set = assert(data.open(dir .. "/set"))
    assert.same({"a", "a/beside"}, set.classes)
    assert.same({"left out: 1 link to a folder that is there already"}, set.notes)
    lfs.link("set", dir .. "/by", true)
    assert.same(set:fingerprint(), assert(data.open(dir .. "/by")):fingerprint())
  end)

  it("says why folders are no splits that are called so", function()
    put("Test/a/1.png", files.plain(2, 1, 1, 1))
    assert.same({"Test is no split: there is no train beside it"}, assert(data.open(dir)).notes)
    put("valid/a/1.png", files.plain(2, 1, 1, 1))
    local set = assert(data.open(dir))
    assert.same({"Test, valid are no splits: there is no train beside them"}, set.notes)
    assert.same({"Test/a", "valid/a"}, set.classes)
    files.remove(dir .. "/Test")
    files.remove(dir .. "/valid")
    put("train/a/1.png", files.plain(2, 1, 1, 1))
    assert.same({"train is no split: there is no val, test or eval beside it"}, assert(data.open(dir)).notes)
  end)

  it("takes no class and no picture from what programs leave behind", function()
    for i, name in ipairs {"@eaDir", "__MACOSX", ".git", "lost+found", "$RECYCLE.BIN", "System Volume Information"} do
      put(name .. "/" .. i .. ".png", "junk")
    end
    put("a/1.png", files.plain(2, 1, 1, 1))
    put("a/Thumbs.db", "junk")
    put("a/desktop.ini", "junk")
    put("b/2.png", files.plain(2, 1, 1, 1))
    put("b/@eaDir/2.png/SYNOPHOTO_THUMB_M.jpg", "junk")
    local set = assert(data.open(dir))
    assert.same({"a", "b"}, set.classes)
    assert.same({}, set.notes)
  end)

  it("sorts class folders that are numbers as numbers, and others by their bytes", function()
    local function classes(...)
      for _, name in ipairs {...} do put(name .. "/x.png", files.plain(2, tonumber(name) or 0, 0, 0)) end
      return assert(data.open(dir)).classes
    end
    assert.same({"1", "2", "007", "10", "012"}, classes("10", "2", "1", "007", "012"))
    local set = assert(data.open(dir))
    for i = 1, 5 do
      assert.equal(core.to_table(set:image(i))[1][1][1], tonumber(set.classes[set.labels:get(i) + 1]))
    end
    put("x.png", files.plain(2, 1, 1, 1))
    assert.same({".", "1", "2", "007", "10", "012"}, classes())
    assert.same({".", "007", "012", "1", "10", "2", "n2"}, classes "n2")
    assert.same({"x10", "x2"}, (function()
      files.remove(dir)
      lfs.mkdir(dir)
      return classes("x2", "x10")
    end)())
  end)

  it("says which folders have no picture: they are no classes", function()
    put("a/1.png", files.plain(2, 1, 1, 1))
    put("b/x.txt", "x")
    put("c/2.png", files.plain(2, 2, 2, 2))
    put("d/e/y.txt", "x")
    local set = assert(data.open(dir))
    assert.same({"a", "c"}, set.classes)
    assert.same({"left out: 2 .txt", "no picture in b, d/e: no classes"}, set.notes)
    put("d/3.png", "junk")
    set = assert(data.open(dir, {skip_bad = true}))
    assert.same({"a", "c", "d"}, set.classes)
    assert.equal("no picture of the class d", set.notes[#set.notes])
  end)

  describe("with train and others in it", function()
    before_each(function()
      for i, split in ipairs {"train", "VALID", "Testing"} do
        for k, class in ipairs {"cats", "dogs"} do
          put(("%s/%s/%d.png"):format(split, class, i), files.plain(2, 10 * i, k, 0))
        end
      end
    end)

    local function reds(set)
      local out = {}
      for i = 1, #set do out[i] = core.to_table(set:image(i))[1][1][1] end
      return out
    end

    it("has splits, not classes", function()
      local set = assert(data.open(dir))
      assert.same({"cats", "dogs"}, set.classes)
      assert.same({"train", {"train", "val", "test"}}, {set.split, set.splits})
      assert.same({10, 10}, reds(set))
      assert.same({"split train (there is also val, test)"}, set.notes)
      assert.same({20, 20}, reds(assert(data.open(dir, {split = "val"}))))
      assert.same({30, 30}, reds(assert(data.open(dir, {split = "test"}))))
      refused("no split 'eval' in it %(there is: train, val, test%)", {split = "eval"})
      local train, test = data.train_test(dir)
      assert.same({10, 10}, reds(train))
      assert.same({30, 30}, reds(test))
    end)

    it("counts the same classes in each, and says which have no picture there", function()
      put("train/apes/x.png", files.plain(2, 10, 9, 0))
      put("VALID/owls/x.png", files.plain(2, 20, 9, 0))
      for split, none in pairs {train = "owls", val = "apes", test = "es apes, owls"} do
        local set = assert(data.open(dir, {split = split}))
        assert.same({"apes", "cats", "dogs", "owls"}, set.classes)
        assert.matches("^no picture of the class" .. (none:find "^es" and none or " " .. none) .. "$", set.notes[2])
        assert.same(({train = {0, 1, 2}, val = {1, 2, 3}, test = {1, 2}})[split], core.to_table(set.labels))
      end
    end)

    it("says what is in none of them", function()
      put("x.png", files.plain(2, 1, 1, 1))
      put("more/a/x.png", files.plain(2, 1, 1, 1))
      put("more/b/x.png", files.plain(2, 1, 1, 1))
      local set = assert(data.open(dir))
      assert.equal(2, set.n)
      assert.equal("pictures in no split, left out: 1 in the folder itself, 2 in more", set.notes[2])
    end)

    it("has no classes in a split without sub-folders", function()
      put("eval/x.png", files.plain(2, 40, 1, 1))
      local set = assert(data.open(dir, {split = "eval"}))
      assert.same({40}, reds(set))
      assert.is_nil(set.classes or set.labels)
      assert.same({"cats", "dogs"}, assert(data.open(dir)).classes)
    end)

    it("refuses two names of one split, and hints where they are one folder down", function()
      put("val/cats/x.png", files.plain(2, 1, 1, 1))
      refused "the folders VALID and val are both the split 'val'"
      files.remove(dir .. "/val")
      lfs.mkdir(dir .. "/set")
      for _, name in ipairs {"train", "VALID", "Testing"} do os.rename(dir .. "/" .. name, dir .. "/set/" .. name) end
      local set = assert(data.open(dir))
      assert.equal(6, #set.classes)
      assert.equal("train and its like are classes here; to have them as splits, give " .. dir .. "/set", set.notes[1])
      assert.equal(2, #assert(data.open(dir .. "/set")).classes)
    end)

    it("takes them for classes where train is not there, or alone", function()
      os.rename(dir .. "/train", dir .. "/val")
      assert.same({"Testing/cats", "Testing/dogs", "VALID/cats", "VALID/dogs", "val/cats", "val/dogs"},
        assert(data.open(dir)).classes)
      assert.same({}, assert(data.open(dir)).splits)
      for _, name in ipairs {"val", "VALID", "Testing"} do files.remove(dir .. "/" .. name) end
      put("train/x.png", files.plain(2, 1, 1, 1))
      put("bus/x.png", files.plain(2, 1, 1, 1))
      assert.same({"bus", "train"}, assert(data.open(dir)).classes)
    end)
  end)

  it("limits across the classes", function()
    for i = 1, 5 do put("a/" .. i .. ".png", files.plain(2, i, 0, 0)) end
    for i = 1, 2 do put("b/" .. i .. ".png", files.plain(2, 10 + i, 0, 0)) end
    local function reds(limit)
      local set, out = assert(data.open(dir, {limit = limit})), {}
      for i = 1, #set do out[i] = core.to_table(set:image(i))[1][1][1] end
      return out, set
    end
    assert.same({1, 11}, (reds(2)))
    assert.same({1, 2, 11}, (reds(3)))
    assert.same({1, 2, 3, 11, 12}, (reds(5)))
    local _, set = reds(1)
    assert.same({{"a", "b"}, {"no picture of the class b"}}, {set.classes, set.notes})
    files.remove(dir .. "/b")
    assert.same({1, 2}, (reds(2)))
  end)

  it("fits, and says what it did", function()
    put("a.png", files.png {h = 2, w = 4, colour = 0, value = function(_, x) return 50 * x end})
    put("b.png", files.png {h = 4, w = 4, colour = 0, value = function(_, x) return 50 * x end})
    local function first(opt)
      opt.size = 4
      local set = assert(data.open(dir, opt))
      return core.to_table(core.reshape(set:image(1), {4, 4})), set.notes
    end
    local rows, notes = first {}
    assert.equal(rows[1][1], rows[4][1])
    assert.same({"1 of 2 pictures enlarged to 4x4, which interpolates (--fit pad does not)"}, notes)
    rows, notes = first {fit = "pad", background = 7}
    assert.same({{7, 7, 7, 7}, {0, 50, 100, 150}, {0, 50, 100, 150}, {7, 7, 7, 7}}, rows)
    assert.same({}, notes)
    assert.same({255, 255, 255, 255}, first {fit = "pad"}[1])
    rows = first {fit = "stretch"}
    assert.same({0, 50, 100, 150}, rows[1])
    assert.same({0, 50, 100, 150}, rows[4])
  end)
end)
