-- GIF: interlaced and not, transparency, smaller frames, and what is wrong with a file.
local core = require "gan.core"
local decoded = require "spec.support.decoded"
local pictures = require "spec.support.pictures"

local built = table.concat(core.image_kinds(), " "):find "GIF"

local decode, refused = decoded.pixels, decoded.refused

local palette = {}
for i = 0, 127 do palette[i + 1] = {i * 2, 255 - i, i * 7 & 255} end
local function index(y, x) return (y * 17 + x * 5) % 128 end

describe("GIF", function()
  if not built then
    it("is refused by a build without giflib", function()
      refused(pictures.gif {h = 1, w = 1, value = index}, "this build reads no GIF %(giflib was not there")
    end)
    return
  end

  it("decodes the first frame, interlaced or not", function()
    for _, interlaced in ipairs {false, true} do
      for _, size in ipairs {{13, 9}, {1, 1}, {3, 40}} do
        local bytes = pictures.gif {h = size[1], w = size[2], value = index, palette = palette, interlaced = interlaced}
        local t = decode(bytes)
        for y = 1, size[1] do
          for x = 1, size[2] do assert.same(palette[index(y - 1, x - 1) + 1], t[y][x]) end
        end
        assert.same({size[1], size[2], 3, "GIF", false, 8}, {core.image_info(bytes)})
      end
    end
  end)

  it("is transparent in one colour, and around a smaller frame", function()
    local function value(_, x) return x end
    local t = decode(pictures.gif {h = 1, w = 3, value = value, palette = palette, clear = 1}, 0, 1, 2, 3)
    assert.same({{palette[1], {1, 2, 3}, palette[3]}}, t)
    local bytes = pictures.gif {
      h = 3, w = 3, top = 1, left = 2, height = 1, width = 1, value = index, palette = palette,
    }
    t = decode(bytes, 0, 1, 2, 3)
    local bg = {1, 2, 3}
    assert.same({{bg, bg, bg}, {bg, bg, palette[1]}, {bg, bg, bg}}, t)
    assert.equal(4, (select(3, core.image_info(bytes))))
  end)

  it("refuses what is cut off or impossible", function()
    local good = pictures.gif {h = 13, w = 9, value = index, palette = palette}
    for n = 6, #good - 4 do refused(good:sub(1, n), "GIF") end
    refused(good:sub(1, 500), "^truncated GIF: ends at byte 500")
    refused(pictures.gif {h = 3, w = 3, width = 4, value = index}, "a frame larger than its canvas")
    refused(pictures.gif {h = 3, w = 3, top = 1, value = index}, "a frame larger than its canvas")
    refused(pictures.gif {h = 20000, w = 3, height = 1, value = index}, "size of 20000 x 3 pixels")
    refused("GIF89a" .. string.pack("<I2I2BBB", 4, 4, 0, 0, 0) .. ";", "GIF without a picture")
  end)
end)
