-- CIFAR's sets, binary and in their Python form: planes to pixels, order of the batches, what is wrong with a file.
local core = require "gan.core"
local data = require "gan.data"
local files = require "spec.support.files"
local lfs = require "lfs"
local p = require "spec.support.pickled"

-- A record: its label, then planes of one value each.
local function record(label, r, g, b)
  return string.char(label) .. string.char(r):rep(1024) .. string.char(g):rep(1024) .. string.char(b):rep(1024)
end

describe("CIFAR-10", function()
  local dir
  before_each(function() dir = files.folder() end)
  after_each(function() files.remove(dir) end)

  local function put(name, bytes) return files.write(dir .. "/" .. name, bytes) end

  it("opens the batches in the order of their numbers", function()
    put("data_batch_10.bin", record(9, 3, 3, 3))
    put("data_batch_2.bin", record(4, 2, 2, 2))
    put("data_batch_1.bin", record(3, 1, 20, 255) .. record(0, 9, 8, 7))
    put("test_batch.bin", record(1, 5, 5, 5))
    local set = assert(data.open(dir))
    assert.same({4, 32, 32, 3}, core.shape(set.images))
    assert.same({3, 0, 4, 9}, core.to_table(set.labels))
    assert.same({1, 20, 255}, core.to_table(set:image(1))[32][1])
    assert.same({9, 8, 7}, core.to_table(set:image(2))[1][32])
    assert.equal("cat", set.classes[set.labels:get(1) + 1])
    assert.matches("%(CIFAR%-10%): 4 images of 32x32, colour, 10 classes: airplane", set:describe())
    assert.equal(1, assert(data.open(dir, {split = "test"})).n)
    local small = assert(data.open(dir, {limit = 3, size = 8, channels = 1}))
    assert.same({3, 8, 8, 1}, core.shape(small.images))
    assert.same({2}, core.to_table(small:image(3))[8][8])
    assert.equal(2, assert(data.open(dir .. "/data_batch_1.bin")).n)
  end)

  it("interleaves planes pixel by pixel", function()
    local planes = {}
    for i = 0, 3071 do planes[i + 1] = string.char((i * 7 + i // 1024) % 256) end
    put("data_batch_1.bin", "\0" .. table.concat(planes))
    local t = core.to_table(assert(data.open(dir)):image(1))
    for _, at in ipairs {{1, 1}, {5, 9}, {32, 32}} do
      for k = 0, 2 do
        local i = k * 1024 + (at[1] - 1) * 32 + at[2] - 1
        assert.equal((i * 7 + i // 1024) % 256, t[at[1]][at[2]][k + 1])
      end
    end
  end)

  it("takes the archive's own folder and names", function()
    lfs.mkdir(dir .. "/cifar-10-batches-bin")
    put("cifar-10-batches-bin/data_batch_1.bin", record(1, 1, 1, 1))
    put("cifar-10-batches-bin/batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n")
    assert.equal("b", assert(data.open(dir)).classes[2])
  end)

  -- A batch of the Python form: labels, and one grey value for each picture.
  local function batch(labels, values, o)
    o = o or {}
    local list, values_of = {}, {}
    for i, y in ipairs(labels) do list[i], values_of[i] = p.int(y), string.char(values[i]):rep(3072) end
    local fields = {p.str "data", p.array("u1", {#labels, 3072}, o.data or table.concat(values_of), o),
      p.str(o.key or "labels"), p.list(table.unpack(list)), p.str "batch_label", p.str "training batch 1 of 5"}
    if o.coarse then
      for i, y in ipairs(o.coarse) do list[i] = p.int(y) end
      fields[#fields + 1] = p.str "coarse_labels" .. p.list(table.unpack(list))
    end
    return p.pickle(p.dict(table.unpack(fields)))
  end

  it("reads the Python form as data", function()
    lfs.mkdir(dir .. "/cifar-10-batches-py")
    for i, o in ipairs {{}, {latin = true}, {protocol4 = true, module = "numpy._core.multiarray"}} do
      put("cifar-10-batches-py/data_batch_" .. i, batch({i, 0}, {i, 200 + i}, o))
    end
    put("cifar-10-batches-py/test_batch", batch({9}, {7}))
    local set = assert(data.open(dir))
    assert.same({6, 32, 32, 3}, core.shape(set.images))
    assert.same({1, 0, 2, 0, 3, 0}, core.to_table(set.labels))
    assert.same({{1, 1, 1}, {203, 203, 203}}, {core.to_table(set:image(1))[1][1], core.to_table(set:image(6))[32][32]})
    assert.same({"CIFAR-10", "train", {"train", "test"}, "truck"}, {set.format, set.split, set.splits, set.classes[10]})
    assert.same(set:fingerprint(), assert(data.open(dir, {cache = 1})):fingerprint()) -- read twice
    assert.equal(1, assert(data.open(dir, {split = "test"})).n)
    assert.same({1, 0, 2}, core.to_table(assert(data.open(dir, {limit = 3})).labels))
    local names = {}
    for k = 1, 12 do names[k] = p.str("kind " .. k) end
    put("cifar-10-batches-py/batches.meta", p.pickle(p.dict(p.str "label_names", p.list(table.unpack(names)))))
    assert.same({"kind 1", 12}, {assert(data.open(dir)).classes[1], #data.open(dir).classes})
    set = assert(data.open(dir .. "/cifar-10-batches-py/data_batch_2"))
    assert.same({2, "kind 12"}, {set.n, set.classes[12]})
    put("cifar-10-batches-py/batches.meta", "\x80\2cos\nsystem\n.")
    assert.equal("airplane", assert(data.open(dir)).classes[1])
  end)

  it("interleaves the planes of the Python form", function()
    local planes = ("\1"):rep(1024) .. ("\2"):rep(1024) .. ("\3"):rep(1023) .. "\4"
    put("data_batch_1", batch({0}, {0}, {data = planes}))
    local t = core.to_table(assert(data.open(dir)):image(1))
    assert.same({{1, 2, 3}, {1, 2, 4}}, {t[1][1], t[32][32]})
  end)

  it("reads CIFAR-100 in both forms: fine labels, and coarse ones beside them", function()
    local function record2(coarse, fine, v) return string.char(coarse, fine) .. string.char(v):rep(3072) end
    for _, sub in ipairs {"/cifar-100-binary", "/cifar-100-python"} do lfs.mkdir(dir .. sub) end
    put("cifar-100-binary/train.bin", record2(11, 99, 1) .. record2(4, 0, 2))
    put("cifar-100-binary/test.bin", record2(4, 3, 3))
    put("cifar-100-python/train", batch({99, 0}, {1, 2}, {key = "fine_labels", coarse = {11, 4}}))
    put("cifar-100-python/test", batch({3}, {3}, {key = "fine_labels", coarse = {4}}))
    local fine, coarse, lines = {}, {}, {}
    for k = 1, 100 do fine[k], lines[k] = p.str("f" .. k), "f" .. k end
    for k = 1, 20 do coarse[k] = p.str("c" .. k) end
    put("cifar-100-binary/fine_label_names.txt", table.concat(lines, "\n") .. "\n")
    put("cifar-100-binary/coarse_label_names.txt", table.concat({table.unpack(lines, 1, 20)}, "\n"):gsub("f", "c"))
    put("cifar-100-python/meta", p.pickle(p.dict(p.str "fine_label_names", p.list(table.unpack(fine)),
      p.str "coarse_label_names", p.list(table.unpack(coarse)))))
    for _, sub in ipairs {"/cifar-100-binary", "/cifar-100-python"} do
      local set = assert(data.open(dir .. sub))
      assert.same({"CIFAR-100", 2, 100, "f100", "c12"},
        {set.format, set.n, #set.classes, set.classes[100], set.coarse_classes[12]})
      assert.same({{99, 0}, {11, 4}}, {core.to_table(set.labels), core.to_table(set.coarse)})
      assert.same({2, 2, 2}, core.to_table(set:image(2))[9][9])
      assert.same({"train", "test"}, set.splits)
      assert.same({3}, core.to_table(assert(data.open(dir .. sub, {split = "test"})).labels))
      assert.same({4}, core.to_table(assert(data.open(dir .. sub, {limit = 1})).coarse)) -- of class 0
    end
    assert.equal(2, assert(data.open(dir)).n) -- both forms are the same set
    assert.equal("CIFAR-100", assert(data.open(dir .. "/cifar-100-binary/train.bin")).format)
    put("data_batch_1.bin", record(1, 1, 1, 1))
    local set, message = data.open(dir)
    assert.is_nil(set)
    assert.matches("holds several sets %(give the folder of one: ", message)
    os.remove(dir .. "/data_batch_1.bin")
    os.remove(dir .. "/cifar-100-binary/fine_label_names.txt")
    assert.equal("99", assert(data.open(dir)).classes[100])
  end)

  it("refuses pickles that are no batches", function()
    local function refused(pattern, bytes)
      put("data_batch_1", bytes)
      local set, message = data.open(dir)
      assert.is_nil(set)
      assert.truthy(message:find(pattern, 1, true), message)
      assert.equal(dir .. "/data_batch_1: ", message:sub(1, #dir + 15))
    end
    refused("no batch of CIFAR-10 (expected a dictionary with 'data', an array u1 (N,3072))", p.pickle "N")
    refused("an array u1 (N,3072)", p.pickle(p.dict(p.str "data", p.array("u1", {3, 3}, "123456789"))))
    refused("an array u1 (N,3072)", p.pickle(p.dict(p.str "data", p.array("u1", {3072}, ("1"):rep(3072)))))
    refused("expected 'labels', a list of 1 integers",
      p.pickle(p.dict(p.str "data", p.array("u1", {1, 3072}, ("1"):rep(3072)))))
    refused("expected 'labels', a list of 2 integers",
      p.pickle(p.dict(p.str "data", p.array("u1", {2, 3072}, ("1"):rep(6144)), p.str "labels", p.list("K\1", "N"))))
    refused("label 10 in record 2 (expected 0 to 9)", batch({1, 10}, {1, 1}))
    refused("label -1 in record 1 (expected 0 to 9)", batch({-1, 1}, {1, 1}))
    refused("global 'os.system' is refused", p.pickle(p.call("os", "system", p.str "ls")))
    refused("the pickle ends too early", batch({1}, {1}):sub(1, -9))
    put("data_batch_1", "text")
    assert.is_nil((data.open(dir)))
  end)

  it("refuses what is wrong", function()
    local function refused(pattern, opt)
      local set, message = data.open(dir, opt)
      assert.is_nil(set)
      assert.matches(pattern, message)
      assert.is_nil(message:find "\n")
    end
    put("data_batch_1.bin", record(1, 1, 1, 1):sub(1, -2))
    refused "data_batch_1.bin: 3072 bytes is not a number of CIFAR%-10 records of 3073 bytes"
    put("data_batch_1.bin", "")
    refused "data_batch_1.bin: 0 bytes"
    put("data_batch_1.bin", record(1, 1, 1, 1) .. record(10, 1, 1, 1))
    refused "data_batch_1.bin: label 10 in record 2 %(expected 0 to 9%)"
    refused("no test_batch.bin in it %(split 'test'; there is: train%)", {split = "test"})
  end)
end)
