-- Data that come in parts, opened as one set.
local core = require "gan.core"
local data = require "gan.data"
local files = require "spec.support.files"
local lfs = require "lfs"

describe("split all", function()
  local dir
  before_each(function() dir = files.folder() end)
  after_each(function() files.remove(dir) end)

  local function all(o)
    o = o or {}
    o.split = "all"
    return assert(data.open(dir, o))
  end

  local function idx(train, test, labels)
    files.write(dir .. "/train-images-idx3-ubyte", files.idx_images(#train, 1, 1, train))
    files.write(dir .. "/train-labels-idx1-ubyte", files.idx_labels(#train, labels[1]))
    files.write(dir .. "/t10k-images-idx3-ubyte", files.idx_images(#test, 1, 1, test))
    if labels[2] then files.write(dir .. "/t10k-labels-idx1-ubyte", files.idx_labels(#test, labels[2])) end
  end

  it("has the images of one behind those of the other, with their labels", function()
    idx("abcd", "xyz", {"\0\1\1\1", "\3\0\1"})
    local set = all()
    assert.same({7, "all", {"train", "test"}, 4}, {set.n, set.split, set.splits, #set.classes})
    assert.equal("abcdxyz", core.to_bytes(set:rows {0, 1, 2, 3, 4, 5, 6}))
    assert.same({0, 1, 1, 1, 3, 0, 1}, core.to_table(set.labels))
    assert.same("splits train, test together", set.notes[1])
    local same = data.set.new {images = set.images, labels = set.labels}
    assert.same(same:fingerprint(), set:fingerprint())
    -- a file of one part stands for the set that it is of
    assert.same(set:fingerprint(), data.open(dir .. "/t10k-images-idx3-ubyte", {split = "all"}):fingerprint())
    os.remove(dir .. "/t10k-images-idx3-ubyte")
    assert.equal(4, all().n)
  end)

  it("limits the whole, as many of each class", function()
    idx("abcdef", "uvwxyz", {"\0\0\0\0\1\1", "\1\1\2\0\0\2"})
    for limit = 1, 13 do
      local set = all {limit = limit}
      local whole = all()
      local want = require("gan.data.limit").rows(12, limit, core.to_table(whole.labels))
      local text = {}
      for i, row in ipairs(want) do text[i] = ("abcdefuvwxyz"):sub(row, row) end
      assert.equal(table.concat(text), core.to_bytes(set.images))
    end
  end)

  it("has no classes where a part has none, and says so", function()
    idx("ab", "z", {"\0\1"})
    local set = all()
    assert.same({3, nil}, {set.n, set.labels})
    assert.equal("no classes: test has none", set.notes[#set.notes])
  end)

  it("reads what is beyond the cache from disk, with the same bytes", function()
    local dataset, labels = {}, {}
    for i = 1, 30 do dataset[i], labels[i] = string.char(i):rep(64), string.char(i % 3) end
    files.write(dir .. "/train-images-idx3-ubyte", files.idx_images(20, 8, 8, table.concat(dataset, "", 1, 20)))
    files.write(dir .. "/train-labels-idx1-ubyte", files.idx_labels(20, table.concat(labels, "", 1, 20)))
    files.write(dir .. "/t10k-images-idx3-ubyte", files.idx_images(10, 8, 8, table.concat(dataset, "", 21)))
    files.write(dir .. "/t10k-labels-idx1-ubyte", files.idx_labels(10, table.concat(labels, "", 21)))
    local whole = all()
    for _, cache in ipairs {20 * 64, 10 * 64} do -- one part is in memory, none is
      for _, limit in ipairs {30, 7} do
        local set, want = all {cache = cache, limit = limit}, all {limit = limit}
        if limit == 30 then assert.is_nil(set.images) end
        assert.same(want:fingerprint(), set:fingerprint())
        assert.same(want:subset({3, 0}):fingerprint(), set:subset({3, 0}):fingerprint())
        local a, b = data.batches(want, {batch = 3, mirror = true}), data.batches(set, {batch = 3, mirror = true})
        for _ = 1, 12 do assert.equal(core.to_bytes((a())), core.to_bytes((b()))) end
        assert.same({0, 8, 8, 1}, core.shape(set:rows {}))
      end
    end
    assert.equal(core.to_bytes(whole:rows {29, 0, 20, 0}), core.to_bytes(all({cache = 700}):rows {29, 0, 20, 0}))
  end)

  it("opens folders, grey and colour together", function()
    for _, name in ipairs {"/train", "/train/a", "/train/b", "/val", "/val/b", "/test", "/test/a"} do
      lfs.mkdir(dir .. name)
    end
    files.write(dir .. "/train/a/1.png", files.plain(4, 1, 1, 1))
    files.write(dir .. "/train/b/2.png", files.plain(4, 2, 2, 2))
    files.write(dir .. "/val/b/3.png", files.plain(4, 3, 3, 3))
    files.write(dir .. "/test/a/4.png",
      files.png {h = 4, w = 4, colour = 0, value = function() return 4 end})
    local set = all()
    assert.same({4, {"a", "b"}, {"train", "val", "test"}, {0, 1, 1, 0}, 3}, {set.n, set.classes, set.splits,
      core.to_table(set.labels), set.channels})
    for i = 1, 4 do assert.equal(string.char(i):rep(48), core.to_bytes(set:image(i))) end
    assert.same("val: no picture of the class a", set.notes[2])
  end)

  it("opens CIFAR with its coarse labels", function()
    local record = function(fine, coarse, c) return string.char(coarse, fine) .. string.char(c):rep(3072) end
    files.write(dir .. "/train.bin", record(3, 1, 10) .. record(4, 2, 20))
    files.write(dir .. "/test.bin", record(5, 7, 30))
    local set = all()
    assert.same({3, {3, 4, 5}, {1, 2, 7}}, {set.n, core.to_table(set.labels), core.to_table(set.coarse)})
    assert.same({2, 7}, core.to_table(set:subset({1, 2}).coarse))
    assert.equal(string.char(30):rep(3072), core.to_bytes(set:image(3)))
  end)

  it("says where parts do not fit together, and takes what has no parts as it is", function()
    files.write(dir .. "/train-images-idx3-ubyte", files.idx_images(1, 1, 2, "ab"))
    files.write(dir .. "/t10k-images-idx3-ubyte", files.idx_images(1, 2, 2, "abcd"))
    assert.same({nil, dir .. ": the images of train are 1x2, those of test 2x2 (height x width); give --size"},
      {data.open(dir, {split = "all"})})
    assert.equal(2, all({size = 2}).n)
    files.write(dir .. "/t10k-images-idx3-ubyte", "\0\0\8\3")
    local set, message = data.open(dir, {split = "all"})
    assert.is_nil(set)
    assert.truthy(message:find("t10k-images-idx3-ubyte: truncated IDX header", 1, true), message)
    assert.equal(12, assert(data.open("fake", {split = "all", count = 12, size = 4})).n)
    assert.equal(1, assert(data.open(dir .. "/train-images-idx3-ubyte", {split = "train"})).n)
  end)

  it("has the annotations that all of them have", function()
    local parts, whole = require "gan.data.parts", data.shapes {count = 9, size = 16}
    local function open(_, o)
      local part = whole:subset(o.split == "test" and {4, 5, 6, 7, 8} or {0, 1, 2, 3})
      part.splits, part.split = {"train", "test"}, o.split or "train"
      if o.split == "test" then part.captions = nil end
      return part
    end
    local set = assert(parts.open(open, "shapes", {cache = 1 << 20}))
    assert.equal(9, set.n)
    assert.equal(core.to_bytes(whole.attributes), core.to_bytes(set.attributes))
    for i = 1, 9 do
      assert.same(whole:boxes(i), set:boxes(i))
      assert.equal(core.to_bytes(whole:mask(i)), core.to_bytes(set:mask(i)))
    end
    assert.same({whole.box_classes, whole.mask_classes, "instance", false},
      {set.box_classes, set.mask_classes, set.mask_kind, set.mirrors})
    assert.is_nil(set.captions)
    assert.equal("no captions: not all splits have the same", set.notes[#set.notes])
    whole.box_classes = nil
    assert.is_truthy(parts.open(open, "shapes", {cache = 1 << 20}).boxes)
  end)
end)
