-- BMP: every depth, header and way of packing, and what is wrong with a file.
local core = require "gan.core"
local decoded = require "spec.support.decoded"
local pictures = require "spec.support.pictures"

local decode, refused = decoded.pixels, decoded.refused

local palette = {{10, 20, 30}, {200, 100, 50}, {0, 255, 0}, {255, 0, 255}}
local function index(y, x) return (y + x) % 2 end

describe("BMP", function()
  it("decodes palettes of 1, 4 and 8 bits, bottom up and top down, with old and new headers", function()
    for _, bits in ipairs {1, 4, 8} do
      for _, header in ipairs {12, 40, 108, 124} do
        for _, top_down in ipairs {false, header > 12 or nil} do
          local t = decode(pictures.bmp {
            h = 3, w = 11, bits = bits, value = index, header = header, top_down = top_down,
            palette = bits == 1 and {palette[1], palette[2]} or palette,
          })
          assert.same({3, 11}, {#t, #t[1]})
          for y = 1, 3 do
            for x = 1, 11 do assert.same(palette[index(y - 1, x - 1) + 1], t[y][x]) end
          end
        end
      end
    end
  end)

  it("takes a palette of greys for grey, and an index beyond it for black", function()
    local function value(_, x) return x end
    local greys = pictures.bmp {h = 1, w = 3, bits = 8, value = value, palette = {{9, 9, 9}, {70, 70, 70}}}
    assert.same({1, 3, 1, "BMP", false, 8}, {core.image_info(greys)})
    assert.same({{{9}, {70}, {0}}}, decode(greys))
  end)

  it("decodes 16, 24 and 32 bits, with masks and without", function()
    local function one(o) o.h, o.w = 1, 1; return decode(pictures.bmp(o), 0, 255, 255, 255)[1][1] end
    local function is(v) return function() return v end end
    assert.same({200, 30, 7}, one {bits = 24, value = is(200 << 16 | 30 << 8 | 7)})
    assert.same({200, 30, 7}, one {bits = 32, value = is(200 << 16 | 30 << 8 | 7)}) -- no alpha without a mask
    assert.same({255, 132, 8}, one {bits = 16, value = is(31 << 10 | 16 << 5 | 1)}) -- 16*255/31 = 131.6, 255/31 = 8.2
    assert.same({255, 130, 8}, one {bits = 16, value = is(31 << 11 | 32 << 5 | 1), masks = {0xf800, 0x7e0, 0x1f}})
    assert.same({7, 30, 200}, one {bits = 32, value = is(200 << 16 | 30 << 8 | 7), masks = {0xff, 0xff00, 0xff0000}})
    local masks = {0xff0000, 0xff00, 0xff, 0xff << 24}
    assert.same({177, 127, 127}, one {bits = 32, header = 124, value = is(128 << 24 | 100 << 16), masks = masks})
  end)

  it("decodes run lengths", function()
    local data = "\3\1\0\3\2\1\0\0\0\0" .. "\0\2\1\1" .. "\2\3" .. "\0\1" -- row 1: 1 1 1 2 1 0; row 2: . 3 3 at (2,1)
    local t = decode(pictures.bmp {h = 3, w = 6, bits = 8, packing = 1, palette = palette, data = data})
    local function row(...)
      local r = {}
      for i, k in ipairs {...} do r[i] = palette[k + 1] end
      return r
    end
    assert.same({row(0, 3, 3, 0, 0, 0), row(0, 0, 0, 0, 0, 0), row(1, 1, 1, 2, 1, 0)}, t)
    t = decode(pictures.bmp {h = 1, w = 8, bits = 4, packing = 2, palette = palette, data = "\3\x12\0\3\x32\x10\0\1"})
    assert.same({row(1, 2, 1, 3, 2, 1, 0, 0)}, t)
    refused(pictures.bmp {h = 1, w = 2, bits = 8, packing = 1, palette = palette, data = "\3\1\0\1"}, "a run beyond")
    refused(pictures.bmp {h = 1, w = 3, bits = 8, packing = 1, palette = palette, data = "\3\1"}, "truncated BMP")
    refused(pictures.bmp {h = 1, w = 9, bits = 8, packing = 1, palette = palette, data = "\0\9\1"}, "truncated BMP")
  end)

  it("refuses what is cut off or impossible", function()
    local good = pictures.bmp {h = 3, w = 5, bits = 4, value = index, palette = palette}
    for n = 18, #good - 1 do refused(good:sub(1, n), "^truncated BMP") end
    refused(pictures.bmp {h = 3, w = 5, bits = 7, value = index}, "7 bits packed in way 0")
    refused(pictures.bmp {h = 3, w = 5, bits = 8, packing = 4, value = index}, "8 bits packed in way 4")
    refused(pictures.bmp {h = 20000, w = 5, bits = 24, data = ""}, "size of 20000 x 5")
    refused(pictures.bmp {h = 16384, w = 16384, bits = 1, data = ""}, "at most 67108864 in all")
    refused(pictures.bmp {h = 1, w = 1, bits = 32, value = index, masks = {0xff, 0xff, 0xff}}, "mask 000000ff")
    refused(pictures.bmp {h = 1, w = 1, bits = 32, value = index, masks = {0xf0f, 0xff0000, 0xf0}}, "mask 00000f0f")
    refused(pictures.bmp {h = 1, w = 1, bits = 32, value = index, masks = {0, 0xff0000, 0xf0}}, "mask 00000000")
    refused((good:gsub("^(BM" .. ("."):rep(12) .. ").", "%1\20")), "unknown header of 20 bytes")
  end)
end)
