-- gan.data.open: finding out the format, and what wrong use and foreign files get.
local gan = require "gan"
local files = require "spec.support.files"
local lfs = require "lfs"

local function refused(pattern, path, opt)
  local set, message = gan.data.open(path, opt)
  assert.is_nil(set)
  assert.matches(pattern, message)
  assert.is_nil(message:find "\n")
end

describe("data.open", function()
  local dir
  before_each(function() dir = files.folder() end)
  after_each(function() files.remove(dir) end)

  it("takes no time over a path that is longer than any", function()
    for _, path in ipairs {("["):rep(20000), ("a/"):rep(10000), ("/"):rep(20000) .. "a", (" "):rep(20000) .. ":"} do
      local began = os.clock()
      assert.is_nil((gan.data.open(path)))
      assert.is_true(os.clock() - began < 0.5, path:sub(1, 3))
    end
  end)

  it("says what a path is that it cannot open", function()
    refused("^/nowhere/such/thing: cannot open %(No such file or directory%)$", "/nowhere/such/thing")
    refused("unknown format %(expected IDX, .* or a folder of pictures; "
      .. "the file begins with 01 02 03%)", files.write(dir .. "/a", "\1\2\3"))
    refused("^shape: cannot open %(No such file or directory%) %(did you mean 'shapes'%?%)$", "shape")
    refused("; the file is text%)", files.write(dir .. "/a", "hello"))
    refused("; the file is HTML%)", files.write(dir .. "/a.zip", "<!doctype html><html>"))
    refused("; the file is git%-lfs pointer; git lfs pull fetches it%)",
      files.write(dir .. "/a.npz", "version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 3\n"))
    refused("; the file is empty%)", files.write(dir .. "/b", ""))
    refused("a single picture", files.write(dir .. "/c.png", files.plain(1, 0, 0, 0)))
    refused("a single picture", files.write(dir .. "/d.jpg", files.jpeg.grey))
    refused("neither a file nor a folder %(char device%)", "/dev/null")
    refused("magic 0x00000802", files.write(dir .. "/e", "\0\0\8\2abcdefghijklmnop"))
  end)

  it("says what is near where nothing has the name", function()
    files.write(dir .. "/flowers", "")
    local function near(path, what) refused("cannot open %(.*%) %(" .. what:gsub("[%p]", "%%%0") .. "%)$", path) end
    near(dir .. "/flower", ("did you mean '%s/flowers'?"):format(dir))
    near(dir .. "/flowers/red", dir .. "/flowers is no folder that can be read")
    near(dir .. "x/flowers", ("there is no %sx; did you mean '%s'?"):format(dir, dir))
    near("~/flowers", "shells replace ~ only where a word begins: --data ~/x, not --data=~/x")
    refused("cannot open %(No such file or directory%)$", dir .. "/quite/other")
  end)

  it("takes what lies here before a built-in set of the same name, and says so", function()
    local here = lfs.currentdir()
    finally(function() lfs.chdir(here) end)
    lfs.chdir(dir)
    lfs.mkdir "shapes"
    files.write("shapes/a.png", files.plain(4, 1, 2, 3))
    local set = assert(gan.data.open "shapes")
    assert.equal(1, set.n)
    assert.equal("shapes (folder): 1 image of 4x4, colour, no classes\n"
      .. "  shapes: the folder here, not the built-in set", set:describe())
    assert.equal("drawn", gan.data.shapes {count = 1}.format)
    files.write("fake", files.idx_images(1, 2, 2, "abcd"))
    assert.same({"fake: the file here, not the built-in set"}, assert(gan.data.open "fake").notes)
    assert.error_matches(function() gan.data.open("fake", {seed = 1}) end, "are for the built%-in sets, not for 'fake'")
    files.remove "fake"
    assert.equal("noise", assert(gan.data.open "fake").format)
  end)

  it("asks formats that detect, open and have a text", function()
    assert.equal("IDX, CIFAR-10/100, .npy, .npz, a .zip of pictures, COCO's .json, metadata.jsonl, .csv, .tsv, CelebA, "
      .. "Pascal VOC, pictures beside masks, pictures beside .txt or a folder of pictures", gan.data.formats)
    for _, name in ipairs {
      "idx", "cifar", "array", "zip", "coco", "jsonl", "table", "celeba", "voc", "masks", "captions", "folder",
    } do
      local format = require("gan.data.format." .. name)
      assert.truthy(gan.data.formats:find(format.text, 1, true))
      assert.is_false(format.detect("x", "hello"))
      local set, message = format.open("/no/such/thing", {})
      assert.is_nil(set)
      assert.is_string(message)
    end
  end)

  it("makes a set of images that a script has", function()
    local set = gan.data.set.new {images = gan.zeros(3, 4, 5, 1):to "u8", source = "mine", format = "tensor"}
    assert.equal("mine (tensor): 3 images of 4x5 (height x width), grey, no classes", set:describe())
    assert.equal(2, gan.data.batches(set, {batch = 2})():size(1))
    for found, fields in pairs {["real tensor (3,4)"] = {images = gan.zeros(3, 4)}, ["nil"] = {}} do
      local ok, message = pcall(gan.data.set.new, fields)
      assert.is_false(ok)
      local expected = "data.set.new: field 'images': expected an u8 tensor (N,H,W,C), got "
      assert.truthy(message:find(expected .. found, 1, true), message)
    end
  end)

  it("checks its options", function()
    local function bad(pattern, opt, path)
      assert.error_matches(function() gan.data.open(path or "shapes", opt) end, pattern)
    end
    bad("data.open: unknown option 'sise' %(did you mean 'size'%?%)", {sise = 3})
    bad("expected an integer in 1..16384, got 0", {size = 0})
    bad("got 2.5", {size = 2.5})
    bad("got string 'x'", {limit = "x"})
    bad("expected 1 or 3, got 2", {channels = 2})
    bad("'val', 'test', 'eval' or 'all'", {split = "both"})
    bad("expected 'crop', 'pad' or 'stretch'", {fit = "zoom"})
    bad("expected true or false, got string 'no'", {exif = "no"})
    bad("expected bytes such as 1000000, 500M or 2G, got string '2X'", {cache = "2X"})
    bad("'#rrggbb', got string 'mauve'", {background = "mauve"})
    bad("background", {background = {1, 2}})
    bad("background", {background = {1, 2, 256}})
    bad("background", {background = 0 / 0})
    bad("expected a table of options, got 5", 5)
    bad("expected a path, got string ''", nil, "")
    bad("expected a path", nil, "a\0b")
    bad("are for the built%-in sets", {seed = 1}, dir)
    assert.error_matches(function() gan.data.open() end, "expected a path, got nil")
  end)

  it("knows a place by what it is, not by how it is spelt", function()
    local same = gan.data.same_place
    files.write(dir .. "/a", "x")
    files.write(dir .. "/b", "x")
    lfs.link(dir, dir .. "/link", true)
    for _, path in ipairs {dir .. "/", dir .. "/.", dir .. "/link", dir .. "//link/."} do
      assert.is_true(same(dir, path), path)
    end
    assert.is_true(same(dir .. "/a", dir .. "/link/a"))
    assert.is_false(same(dir .. "/a", dir .. "/b"))
    assert.is_false(same(dir .. "/a", dir))
    assert.is_true(same("shapes", "shapes"))
    assert.is_false(same("shapes", "fake"))
    assert.is_false(same(dir, "shapes"))
  end)

  it("has shapes and noise built in", function()
    local s = assert(gan.data.open("shapes", {count = 5, size = 16, seed = 3}))
    assert.equal("shapes (drawn): 5 images of 16x16, colour, 8 classes: "
      .. "circle square triangle star ring cross heart moon, 16 attributes, boxes of 8 classes, masks, captions",
      s:describe())
    local f = assert(gan.data.open("fake", {limit = 7, size = 8, channels = 1}))
    assert.equal("fake (noise): 7 images of 8x8, grey, 10 classes: 0 1 2 3 4 5 6 7 8 9", tostring(f))
    refused("no splits", "fake", {split = "test"})
    refused("colour only", "shapes", {channels = 1})
    refused("sizes from 16 to 512, not 8", "shapes", {size = 8})
  end)

  it("hands out single images by position", function()
    local f = gan.data.fake {count = 3, size = 4}
    assert.same(f.images:to_table()[3], f:image(3):to_table())
    assert.error_matches(function() f:image(4) end, "image: bad argument #1 'i' %(expected an integer in 1..3, got 4%)")
    assert.error_matches(function() f:image() end, "got nil")
  end)

  it("needs little more than the images' own bytes", function()
    local n = 3000
    files.write(dir .. "/train-images-idx3-ubyte", files.idx_images(n, 28, 28, ("x"):rep(n * 784)))
    collectgarbage()
    local before = gan.memory().live
    local set = assert(gan.data.open(dir, {size = 32}))
    collectgarbage()
    assert.equal(n, set.n)
    assert.is_true(gan.memory().live - before <= 1.2 * n * 1024)
    set = nil -- luacheck: ignore
    collectgarbage()
    assert.equal(before, gan.memory().live)
  end)
end)
