-- CIFAR-10 binary files: planes to pixels, order of the batches, and what is wrong with a file.
local core = require "gan.core"
local data = require "gan.data"
local files = require "spec.support.files"

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
    for _, p in ipairs {{1, 1}, {5, 9}, {32, 32}} do
      for k = 0, 2 do
        local i = k * 1024 + (p[1] - 1) * 32 + p[2] - 1
        assert.equal((i * 7 + i // 1024) % 256, t[p[1]][p[2]][k + 1])
      end
    end
  end)

  it("takes the archive's own folder and names", function()
    require "lfs".mkdir(dir .. "/cifar-10-batches-bin")
    put("cifar-10-batches-bin/data_batch_1.bin", record(1, 1, 1, 1))
    put("cifar-10-batches-bin/batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n")
    assert.equal("b", assert(data.open(dir)).classes[2])
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
    refused("no test_batch.bin in it", {split = "test"})
  end)
end)
