-- Sets of bare pixels: on disk they are the same images as in memory.
local core = require "gan.core"
local data = require "gan.data"
local files = require "spec.support.files"

local function range(n)
  local out = {}
  for i = 0, n - 1 do out[i + 1] = string.char(i * 37 % 251) end
  return table.concat(out)
end

describe("data.pixels", function()
  local dir
  before_each(function() dir = files.folder() end)
  after_each(function() files.remove(dir) end)

  it("leaves what is more than the cache on disk", function()
    local cifar = ""
    for y = 0, 4 do cifar = cifar .. string.char(y % 3) .. range(3072 + y):sub(-3072) end
    files.write(dir .. "/train-labels-idx1-ubyte", files.idx_labels(5, "\0\1\0\2\0"))
    for name, bytes in pairs {
      ["train-images-idx3-ubyte"] = files.idx_images(5, 6, 4, range(120)),
      ["data_batch_1.bin"] = cifar,
      ["a.npy"] = files.npy("|u1", "(5, 4, 6, 3)", range(360)),
      ["b.npy"] = files.npy("|u1", "(5, 3, 4, 6)", range(360)),
      ["c.npz"] = files.zip {{name = "x.npy", data = files.npy("|u1", "(5, 4, 6)", range(120))}},
      ["d.npz"] = files.zip {{name = "x.npy", data = files.npy("|u1", "(5, 4, 6)", range(120)), deflated = true}},
      ["e-images-idx3-ubyte.gz"] = core.gzip(files.idx_images(5, 6, 4, range(120))),
    } do
      local path = files.write(dir .. "/" .. name, bytes)
      for _, o in ipairs {{}, {limit = 3}, {size = 8}, {size = 3, channels = 1, fit = "stretch"}, {channels = 3}} do
        local memory = assert(data.open(path, o))
        o.cache = 1
        local disk = assert(data.open(path, o))
        if name:find "^[de][.-]" then assert.truthy(disk.images, name) else assert.is_nil(disk.images, name) end
        assert.same(memory:fingerprint(), disk:fingerprint())
        assert.equal(memory:describe(), disk:describe())
        local rows = {2, 0, 2, 1}
        assert.equal(core.to_bytes(memory:rows(rows)), core.to_bytes(disk:rows(rows)), name)
      end
    end
  end)

  it("refuses what ends too early, also where bad files may be left out", function()
    local path = files.write(dir .. "/train-images-idx3-ubyte", files.idx_images(5, 6, 4, range(119)))
    for _, skip_bad in ipairs {false, true} do
      local set, message = data.open(path, {cache = 1, skip_bad = skip_bad})
      assert.is_nil(set)
      assert.equal(path, message:sub(1, #path))
    end
  end)

  it("says that images were enlarged", function()
    local path = files.write(dir .. "/train-images-idx3-ubyte", files.idx_images(5, 6, 4, range(120)))
    local line = "all pictures enlarged from 6x4 to 8x8, which interpolates (--fit pad does not)"
    assert.same({line}, assert(data.open(path, {size = 8})).notes)
    assert.same({}, assert(data.open(path, {size = 8, fit = "pad"})).notes)
    assert.same({}, assert(data.open(path, {size = 4})).notes)
  end)
end)
