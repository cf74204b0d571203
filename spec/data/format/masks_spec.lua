-- Pictures beside masks: grey, palette, few bits, 16 bits, VOC's colours; sizes that differ.
local annotated = require "spec.support.annotated"
local core = require "gan.core"
local data = require "gan.data"
local files = require "spec.support.files"
local lfs = require "lfs"

describe("masks", function()
  local dir
  before_each(function()
    dir = files.folder()
    annotated.pictures(dir .. "/images")
  end)
  after_each(function() files.remove(dir) end)

  local function masks(folder, o)
    lfs.mkdir(dir .. "/" .. folder)
    for i, name in ipairs(annotated.names) do
      local value = o.number or annotated.number
      files.write(("%s/%s/%s"):format(dir, folder, name), files.png {
        h = o.h or 10, w = 20, colour = o.colour or 0, depth = o.depth, plte = o.plte,
        value = function(y, x, k) return value(i, y, x, k) end,
      })
    end
  end

  it("are numbers, however PNG has them", function()
    local palette = "\0\0\0\128\0\0\0\128\0\128\128\0"
    local voc = {[0] = {[0] = 0, 0, 0}, {[0] = 128, 0, 0}, {[0] = 0, 128, 0}}
    for _, o in ipairs {
      {}, {depth = 2}, {depth = 4}, {colour = 3, plte = palette}, {colour = 3, depth = 2, plte = palette},
      {colour = 4, number = function(i, y, x, k) return k == 0 and annotated.number(i, y, x) or 9 end},
      {colour = 2, number = function(i, y, x, k) return voc[annotated.number(i, y, x)][k] end},
      {colour = 6, number = function(i, y, x, k) return (voc[annotated.number(i, y, x)])[k] or 77 end},
    } do
      masks("masks", o)
      local set = annotated.same(assert(data.open(dir)))
      assert.same({"class", {"0", "1", "2"}}, {set.mask_kind, set.mask_classes})
    end
    files.write(dir .. "/classes.txt", "ground\ncat\ndog\n")
    assert.same({"ground", "cat", "dog"}, data.open(dir).mask_classes)
  end)

  it("of VOC's palette have its 256 numbers", function()
    local number = {[1] = "128,0,0", [2] = "0,128,0", [3] = "128,128,0", [4] = "0,0,128", [8] = "64,0,0",
      [15] = "192,128,128", [20] = "0,64,128", [254] = "96,224,192"}
    for v, rgb in pairs(number) do
      local c = {}
      for part in rgb:gmatch "%d+" do c[#c + 1] = tonumber(part) end
      masks("masks", {colour = 2, number = function(_, _, _, k) return c[k + 1] end})
      assert.equal(v, core.to_table(data.open(dir):mask(1))[1][1])
    end
  end)

  it("of 16 bits count objects as they come; of 0 and 255 alone are 0 and 1", function()
    masks("instances", {depth = 16, number = function(_, y, x) return y < 5 and 0 or x < 7 and 60000 or 300 end})
    local set = assert(data.open(dir))
    assert.equal("instance", set.mask_kind)
    local m = core.to_table(set:mask(1))
    assert.same({0, 1, 2}, {m[1][1], m[6][1], m[6][8]})
    masks("instances", {depth = 16, number = function(_, y, x) return y * 20 + x + 1 end})
    assert.is_truthy(data.open(dir))
    files.write(dir .. "/instances/a.png", files.png {h = 10, w = 30, colour = 0, depth = 16,
      value = function(y, x) return y * 30 + x + 1 end})
    assert.matches("a mask of more than 254 objects", select(2, data.open(dir)))
    masks("masks", {number = function(_, y) return y < 5 and 0 or 255 end})
    set = assert(data.open(dir))
    assert.same({0, 1}, {set:mask(1):get(1, 1), set:mask(1):get(6, 1)})
    assert.matches("masks of 0 and 255 alone: 255 is class 1, not void", set:describe())
  end)

  it("are fitted by their nearest pixels, the border of a padded picture is void", function()
    masks("masks", {number = function(_, _, x) return x end})
    local function row(o) return core.to_table(data.open(dir, o):mask(1))[3] end
    assert.same({6, 8, 11, 13}, row {size = 4}) -- the window begins at 5: floor(2.5 (j + 1/2))
    assert.same({2, 7, 12, 17}, row {size = 4, fit = "stretch"})
    local set = data.open(dir, {size = 8, fit = "pad"})
    assert.same({255, 255, 1, 1, 1, 1, 255, 255}, (function()
      local column = {}
      for y, r in ipairs(core.to_table(set:mask(1))) do column[y] = r[1] end
      return column
    end)())
    assert.is_nil((next(set.notes)))
  end)

  it("are refused with all that is wrong", function()
    masks("masks", {})
    files.write(dir .. "/masks/a.png", files.png {h = 9, w = 20, colour = 0, value = function() return 1 end})
    files.write(dir .. "/masks/b.png", files.png {h = 10, w = 20, colour = 2, value = function() return 1 end})
    local message = select(2, data.open(dir))
    assert.matches("b.png: its mask b.png: a mask with the colour %(1,1,1%), which is none of Pascal VOC's palette",
      message)
    files.write(dir .. "/masks/b.png", files.jpeg.grey)
    assert.matches("b.png: its mask b.png: JPEG, no mask %(PNG keeps numbers as they are%)", select(2, data.open(dir)))
    os.remove(dir .. "/masks/b.png")
    files.write(dir .. "/masks/z.png", files.plain(2, 0, 0, 0))
    assert.matches("2 problems.*\n  b.png: no mask b.png in masks\n  a.png: its mask", select(2, data.open(dir)))
    local set, why = data.open(dir, {skip_bad = true})
    assert.is_truthy(set, why)
    assert.equal(1, set.n)
    assert.matches("a.png: its mask a.png is 9x20, the picture 10x20 %(height x width%)", set:describe())
    assert.matches("1 mask is without a picture, left out:\n    z.png", set:describe())
  end)
end)
