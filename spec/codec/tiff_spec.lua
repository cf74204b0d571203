-- TIFF: grey and colour of 8 and 16 bits, transparency, orientation, and what is wrong with a file.
local core = require "gan.core"
local decoded = require "spec.support.decoded"
local pictures = require "spec.support.pictures"

local built = table.concat(core.image_kinds(), " "):find "TIFF"

local decode, refused = decoded.pixels, decoded.refused

describe("TIFF", function()
  local function ramp(y, x, k) return (y * 37 + x * 11 + k * 71) & 255 end

  if not built then
    it("is refused by a build without libtiff", function()
      local bytes = pictures.tiff {h = 1, w = 1, samples = 1, value = ramp}
      refused(bytes, "this build reads no TIFF %(libtiff was not there")
    end)
    return
  end

  it("decodes grey and colour of 8 bits", function()
    for _, samples in ipairs {1, 3} do
      local bytes = pictures.tiff {h = 7, w = 5, samples = samples, value = ramp}
      local t = decode(bytes)
      for y = 1, 7 do
        for x = 1, 5 do
          for k = 1, samples do assert.equal(ramp(y - 1, x - 1, k - 1), t[y][x][k]) end
        end
      end
      assert.same({7, 5, samples, "TIFF", false, 8}, {core.image_info(bytes)})
    end
    local function value(_, x) return x * 55 end
    local inverted = pictures.tiff {h = 1, w = 2, samples = 1, photometric = 0, value = value}
    assert.same({{{255}, {200}}}, decode(inverted))
  end)

  it("rounds 16 bits, and tells the largest sample", function()
    local function wide(_, x) return ({[0] = 0, 256, 32768, 2000})[x] end
    for _, samples in ipairs {1, 3} do
      local bytes = pictures.tiff {h = 1, w = 4, bits = 16, samples = samples, value = wide}
      local t = decode(bytes, 1)
      assert.same({{{0}, {1}, {128}, {8}}}, t) -- 256/257 = 0.996, 32768/257 = 127.5, 2000/257 = 7.8
      local slots = core.full({1, 1, 4, 1}, 0, "u8")
      assert.same({1, 4, samples, "TIFF", false, false, 16, 32768}, {core.image_load_(slots, 1, bytes)})
      core.image_load_(slots, 1, bytes, 0, 0, 0, "crop", true, 2000)
      assert.same({{{0}, {33}, {255}, {255}}}, core.to_table(slots)[1]) -- 256*255/2000 = 32.6
    end
    local function low() return 256 end
    local inverted = pictures.tiff {h = 1, w = 1, bits = 16, samples = 1, photometric = 0, value = low}
    assert.same({{{254}}}, decode(inverted))
  end)

  it("lays transparency over the background, multiplied into the colours or not", function()
    for bits, top in pairs {[8] = 255, [16] = 65535} do
      local function half(_, _, k) return k == 3 and (top + 1) // 2 or top * 100 // 255 end
      local bytes = pictures.tiff {h = 1, w = 1, bits = bits, samples = 4, extra = 2, value = half}
      for k = 1, 3 do assert.near(177, decode(bytes)[1][1][k], 1) end -- 100*128/255 + 255*127/255 = 177.2
      local multiplied = pictures.tiff {h = 1, w = 1, bits = bits, samples = 4, extra = 1, value = half}
      for k = 1, 3 do assert.near(227, decode(multiplied)[1][1][k], 1) end -- 100 + 255*127/255 = 227
    end
  end)

  it("is turned as its orientation says", function()
    local function value(y, x) return y * 3 + x end
    local bytes = pictures.tiff {h = 2, w = 3, samples = 1, orientation = 6, value = value}
    assert.same({3, 2, 1, "TIFF", true, 8}, {core.image_info(bytes)})
    assert.same({{{3}, {0}}, {{4}, {1}}, {{5}, {2}}}, decode(bytes))
    assert.same({{{0}, {1}, {2}}, {{3}, {4}, {5}}}, core.to_table(core.image_decode(bytes, 0, 0, 0, 0, false)))
  end)

  it("decodes what is compressed", function()
    for _, bytes in ipairs {pictures.tiff_lzw, pictures.tiff_deflate} do
      local t = decode(bytes)
      assert.same({8, 16, {200, 30, 30}, {20, 60, 220}}, {#t, #t[1], t[8][8], t[1][9]})
    end
    local t = decode(pictures.tiff_jpeg)
    for k = 1, 3 do assert.near(({200, 30, 30})[k], t[1][1][k], 4) end
  end)

  it("refuses what is cut off or impossible", function()
    local good = pictures.tiff {h = 7, w = 5, samples = 3, value = ramp}
    for n = 4, #good - 12 do refused(good:sub(1, n), "TIFF") end
    refused(pictures.tiff {h = 2, w = 2, samples = 1, format = 3, bits = 32, value = ramp}, "no unsigned integers")
    refused(pictures.tiff {h = 0, w = 2, samples = 1, value = ramp}, "TIFF")
    local wide = good:gsub("\0\1\4\0\1\0\0\0\5\0\0\0", "\0\1\4\0\1\0\0\0\7\7\7\7")
    refused(wide, "size of 7 x 117901063 pixels")
  end)
end)
