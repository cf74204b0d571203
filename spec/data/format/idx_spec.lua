-- IDX files: plain and gzip, splits, resizing on the way, and everything that can be wrong with them.
local core = require "gan.core"
local data = require "gan.data"
local files = require "spec.support.files"

local pixels = ""
for i = 0, 4 * 3 * 2 - 1 do pixels = pixels .. string.char(i * 10) end
local images, labels = files.idx_images(4, 3, 2, pixels), files.idx_labels(4, "\2\0\1\2")

describe("IDX", function()
  local dir
  before_each(function() dir = files.folder() end)
  after_each(function() files.remove(dir) end)

  local function put(name, bytes) return files.write(dir .. "/" .. name, bytes) end

  local function refused(pattern, path, opt)
    local set, message = data.open(path or dir, opt)
    assert.is_nil(set)
    assert.matches(pattern, message)
    assert.is_nil(message:find "\n")
    assert.equal(dir, message:sub(1, #dir))
  end

  it("opens a folder, plain or gzip, by split", function()
    put("train-images-idx3-ubyte", images)
    put("train-labels-idx1-ubyte", labels)
    put("t10k-images.idx3-ubyte.gz", core.gzip(files.idx_images(1, 3, 2, ("\7"):rep(6))))
    local set = assert(data.open(dir))
    assert.same({4, 3, 2, 1}, core.shape(set.images))
    assert.same({{{0}, {10}}, {{20}, {30}}, {{40}, {50}}}, core.to_table(set.images)[1])
    assert.same({2, 0, 1, 2}, core.to_table(set.labels))
    assert.same({"0", "1", "2"}, set.classes)
    assert.same({4, 4, 3, 2, 1}, {#set, set.n, set.height, set.width, set.channels})
    assert.is_nil(set.size)
    assert.equal(dir .. " (IDX): 4 images of 3x2 (height x width), grey, 3 classes: 0 1 2\n"
      .. "  split train (there is also test)", set:describe())
    local test = assert(data.open(dir .. "/", {split = "test"}))
    assert.same({1, 3, 2, 1}, core.shape(test.images))
    assert.is_nil(test.labels)
    assert.is_nil(test.classes)
    os.remove(dir .. "/train-images-idx3-ubyte")
    refused "no split 'train' in it %(there is: test%)"
  end)

  it("opens one file with the labels beside it", function()
    local path = put("my-images-idx3.gz", core.gzip(images))
    assert.is_nil(assert(data.open(path)).labels)
    put("my-labels-idx1", labels)
    assert.same({2, 0, 1, 2}, core.to_table(assert(data.open(path)).labels))
    refused("a single file has no splits", path, {split = "test"})
  end)

  it("opens what torchvision leaves, from any folder above", function()
    local lfs = require "lfs"
    for _, sub in ipairs {"", "/MNIST", "/MNIST/raw"} do lfs.mkdir(dir .. sub) end
    put("MNIST/raw/train-images-idx3-ubyte", images)
    put("MNIST/raw/train-images-idx3-ubyte.gz", "what is unpacked beside it is taken")
    put("MNIST/raw/train-labels-idx1-ubyte", labels)
    put("MNIST/raw/t10k-images-idx3-ubyte", files.idx_images(1, 3, 2, ("\7"):rep(6)))
    for _, sub in ipairs {"", "/MNIST", "/MNIST/raw"} do
      local set = assert(data.open(dir .. sub))
      assert.same({2, 0, 1, 2}, core.to_table(set.labels))
      assert.same({"train", {"train", "test"}}, {set.split, set.splits})
      assert.equal(1, assert(data.open(dir .. sub, {split = "test"})).n)
    end
    lfs.mkdir(dir .. "/FashionMNIST")
    lfs.mkdir(dir .. "/FashionMNIST/raw")
    put("FashionMNIST/raw/train-images-idx3-ubyte.gz", core.gzip(images))
    refused "holds several sets %(give the folder of one: MNIST, FashionMNIST%)"
    assert.equal(4, assert(data.open(dir .. "/FashionMNIST")).n)
    files.remove(dir .. "/MNIST")
    assert.equal(4, assert(data.open(dir)).n)
    lfs.mkdir(dir .. "/cifar-10-batches-py")
    refused "holds several sets %(give the folder of one: FashionMNIST, cifar%-10%-batches%-py%)"
  end)

  it("asks for one of EMNIST's parts, whose letters begin with 1", function()
    put("emnist-letters-train-images-idx3-ubyte.gz", core.gzip(images))
    put("emnist-letters-train-labels-idx1-ubyte.gz", core.gzip(files.idx_labels(4, "\2\26\1\2")))
    local set = assert(data.open(dir))
    assert.same({1, 25, 0, 1}, core.to_table(set.labels))
    assert.equal("abcdefghijklmnopqrstuvwxyz", table.concat(set.classes))
    assert.equal("labels 1 to 26 of the file are classes 0 to 25", set.notes[1])
    assert.matches("^no picture of the classes c, d, e, .*, u, v, %.%.%.$", set.notes[2])
    assert.same({{1, 0}, 26}, {core.to_table(assert(data.open(dir, {limit = 2})).labels), #set.classes})
    put("emnist-letters-test-images-idx3-ubyte", files.idx_images(1, 3, 2, ("\7"):rep(6)))
    put("emnist-balanced-train-images-idx3-ubyte", images)
    put("emnist-balanced-train-labels-idx1-ubyte", files.idx_labels(4, "\0\1\11\2"))
    refused("holds several sets %(emnist%-balanced, emnist%-letters%): give the file of images of one, such as .*"
      .. "emnist%-balanced%-train%-images%-idx3%-ubyte")
    local letters = dir .. "/emnist-letters-train-images-idx3-ubyte.gz"
    set = assert(data.open(letters))
    assert.same({"train", {"train", "test"}, 4}, {set.split, set.splits, set.n})
    assert.equal(1, assert(data.open(letters, {split = "test"})).n) -- the file beside it
    local balanced = dir .. "/emnist-balanced-train-images-idx3-ubyte"
    assert.equal("11", assert(data.open(balanced)).classes[12])
    put("emnist-balanced-mapping.txt", "0 48\n1 49\n2 50\r\n11 66\n")
    set = assert(data.open(balanced))
    assert.same({"0", "1", "2", "3", "B"}, {set.classes[1], set.classes[2], set.classes[3], set.classes[4],
      set.classes[12]})
    refused("no split 'test' in it %(there is: train%)", balanced, {split = "test"})
  end)

  it("names classes by their numbers where none is 0", function()
    put("train-images-idx3-ubyte", images)
    put("train-labels-idx1-ubyte", files.idx_labels(4, "\3\1\1\2"))
    local set = assert(data.open(dir))
    assert.same({{2, 0, 0, 1}, {"1", "2", "3"}}, {core.to_table(set.labels), set.classes})
    put("train-labels-idx1-ubyte", files.idx_labels(4, "\3\2\2\2")) -- a class 1 may be missing
    set = assert(data.open(dir))
    assert.same({{3, 2, 2, 2}, {"0", "1", "2", "3"}, {"no picture of the classes 0, 1"}},
      {core.to_table(set.labels), set.classes, set.notes})
  end)

  it("takes the classes of all splits", function()
    put("train-images-idx3-ubyte", images)
    put("train-labels-idx1-ubyte", files.idx_labels(4, "\3\0\1\2"))
    put("t10k-images-idx3-ubyte", files.idx_images(1, 3, 2, ("\7"):rep(6)))
    put("t10k-labels-idx1-ubyte", files.idx_labels(1, "\1"))
    local set = assert(data.open(dir, {split = "test"}))
    assert.same({{1}, {"0", "1", "2", "3"}, {"split test (there is also train)", "no picture of the classes 0, 2, 3"}},
      {core.to_table(set.labels), set.classes, set.notes})
    put("train-labels-idx1-ubyte", "damaged")
    assert.same({"1"}, assert(data.open(dir, {split = "test"})).classes)
  end)

  it("reads QMNIST's rows of numbers", function()
    put("qmnist-train-images-idx3-ubyte.gz", core.gzip(images))
    local function row(y) return (">i4i4i4"):pack(y, 7, -8) end
    local head = (">I4I4I4"):pack(0xc02, 4, 3)
    put("qmnist-train-labels-idx2-int.gz", core.gzip(head .. row(2) .. row(0) .. row(9) .. row(9)))
    local set = assert(data.open(dir))
    assert.same({{2, 0, 9, 9}, 10}, {core.to_table(set.labels), #set.classes})
    assert.same({2, 0, 9, 9},
      core.to_table(assert(data.open(dir .. "/qmnist-train-images-idx3-ubyte.gz")).labels))
    local path = "qmnist-train-labels-idx2-int.gz"
    put(path, head .. row(2) .. row(0) .. row(-1) .. row(9))
    refused "label %-1 of entry 3 %(expected 0 to 65535%)"
    put(path, head .. row(2) .. row(0))
    refused "truncated IDX file %(2 of 4 labels%)"
    put(path, (">I4I4I4"):pack(0xc02, 4, 0))
    refused "0 numbers a label"
    put(path, (">I4I4I4"):pack(0xc02, 4, 900))
    refused "header promises 4 entries %(14400 bytes%)"
    put(path, (">I4I4"):pack(0xc02, 4))
    refused "truncated IDX header %(8 of 12 bytes%)"
  end)

  it("resizes, colours and limits on the way", function()
    put("train-images-idx3-ubyte", images)
    put("train-labels-idx1-ubyte", labels)
    local set = assert(data.open(dir, {size = 2, channels = 3, limit = 3}))
    assert.same({3, 2, 2, 3}, core.shape(set.images))
    assert.same({2, 0, 1}, core.to_table(set.labels))
    assert.same({10, 10, 10}, core.to_table(set:image(1))[1][2]) -- the centre 2x2 of 3x2 begins at its first row
    assert.equal(2, set.size)
    assert.equal(1, assert(data.open(dir, {limit = 1})).n)
  end)

  it("reads many chunks", function()
    local n, h, w = 700, 32, 32
    put("train-images-idx3-ubyte.gz",
      core.gzip(files.idx_images(n, h, w, ("abcdefg"):rep(n * h * w // 7 + 1):sub(1, n * h * w))))
    local set = assert(data.open(dir))
    local bytes = set.images:to_bytes()
    assert.is_true(bytes == ("abcdefg"):rep(n * h * w // 7 + 1):sub(1, n * h * w))
  end)

  it("refuses what is wrong", function()
    local path = dir .. "/train-images-idx3-ubyte"
    local function with(bytes) files.write(path, bytes) end
    with ""
    refused "truncated IDX file %(0 bytes%)"
    with(images:sub(1, 10))
    refused "truncated IDX header %(10 of 16 bytes%)"
    for n = 16, #images - 1 do
      with(images:sub(1, n))
      refused(n < 18 and "."
        or "truncated IDX file %(header says 4 images, data ends in image " .. (n - 16) // 6 + 1 .. "%)")
    end
    with(labels)
    refused "magic 0x00000801 %(expected 0x00000803, images%)"
    with(images .. "x")
    refused "more data than its header says"
    with(files.idx_images(0, 3, 2, ""))
    refused "holds no images"
    with(files.idx_images(4, 0, 2, ""))
    refused "images of 0x2"
    with(files.idx_images(4, 3, 99999, pixels))
    refused "images of 3x99999"
    with(files.idx_images(0xFFFFFFFF, 16384, 16384, pixels)) -- nothing so large is ever allocated
    refused "header promises 4294967295 entries"
    local gz = core.gzip(files.idx_images(400, 3, 2, pixels:rep(100)))
    with(gz:sub(1, #gz // 2))
    refused "truncated gzip file"
    with(gz:sub(1, -5))
    refused "truncated gzip file"
    with(gz:sub(1, -9) .. string.char(gz:byte(-8) ~ 1) .. gz:sub(-7))
    refused "corrupt gzip file"
    with(gz:sub(1, 60) .. string.char(gz:byte(61) ~ 255) .. gz:sub(62))
    refused "gzip file"
    with "\31\139\8\0\0"
    refused "truncated gzip file"
    with(images)
    put("train-labels-idx1-ubyte", files.idx_labels(3, "\0\1\2"))
    refused "train%-labels%-idx1%-ubyte: 3 labels, but .*train%-images%-idx3%-ubyte has 4 images"
    put("train-labels-idx1-ubyte", files.idx_labels(4, "\0\1\2"))
    refused "truncated IDX file %(3 of 4 labels%)"
    put("train-labels-idx1-ubyte", files.idx_labels(4, "\0\1\2\3\4"))
    refused "more data than its header says"
    put("train-labels-idx1-ubyte", images)
    refused "magic 0x00000803 %(expected 0x00000801, labels%)"
    put("train-labels-idx1-ubyte", "")
    refused "truncated"
  end)
end)
