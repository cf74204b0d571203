-- WebP: lossy and lossless, transparency, orientation, animations, and what is wrong with a file.
local core = require "gan.core"
local decoded = require "spec.support.decoded"
local pictures = require "spec.support.pictures"

local decode = decoded.pixels
local red, blue = {200, 30, 30}, {20, 60, 220}

describe("WebP", function()
  it("decodes without loss", function()
    local t = decode(pictures.webp.lossless)
    assert.same({8, 16}, {#t, #t[1]})
    for y = 1, 8 do
      for x = 1, 16 do assert.same(x <= 8 and red or blue, t[y][x]) end
    end
    assert.same({8, 16, 3, "WebP", false, 8}, {core.image_info(pictures.webp.lossless)})
  end)

  it("decodes with loss", function()
    local t = decode(pictures.webp.lossy)
    for k = 1, 3 do
      assert.near(red[k], t[4][2][k], 4)
      assert.near(blue[k], t[4][15][k], 4)
    end
  end)

  it("lays transparency over the background", function()
    assert.equal(4, (select(3, core.image_info(pictures.webp.alpha))))
    local t = decode(pictures.webp.alpha, 0, 255, 255, 255)
    assert.same({{255, 255, 255}, {177, 182, 187}, red}, {t[1][1], t[1][2], t[1][3]}) -- 100*128/255 + 255*127/255
    assert.same({1, 2, 3}, decode(pictures.webp.alpha, 0, 1, 2, 3)[1][1])
  end)

  it("is turned as its EXIF chunk says", function()
    for _, prefix in ipairs {"", "Exif\0\0"} do
      local bytes = pictures.webp_exif(prefix .. pictures.exif(6, true))
      assert.same({16, 8, 3, "WebP", true, 8}, {core.image_info(bytes)})
      local t = decode(bytes)
      assert.same({red, blue}, {t[1][1], t[16][8]})
      assert.same({8, 16, 3, "WebP", false, 8}, {core.image_info(bytes, false)})
    end
  end)

  it("takes the first frame of an animation, on its canvas", function()
    local t = decode(pictures.webp_animation(8, 16, 0, 0))
    assert.same({red, blue}, {t[1][1], t[8][16]})
    t = decode(pictures.webp_animation(12, 20, 2, 4), 3, 1, 2, 3)
    assert.same({12, 20}, {#t, #t[1]})
    assert.same({{1, 2, 3}, {1, 2, 3}, red, blue, {1, 2, 3}, {1, 2, 3}},
      {t[2][5], t[3][4], t[3][5], t[10][20], t[11][20], t[1][1]})
    local image, message = core.image_decode(pictures.webp_animation(8, 16, 2, 0)) -- the frame sticks out
    assert.is_nil(image)
    assert.matches("WebP", message)
  end)

  it("refuses what is cut off anywhere, and what is no picture inside", function()
    for _, good in pairs(pictures.webp) do
      for n = 12, #good - 1 do
        local image, message = core.image_decode(good:sub(1, n))
        assert.is_nil(image)
        assert.matches("^truncated WebP", message)
      end
      assert.is_truthy(core.image_decode(good .. "left over"))
    end
    local lossless = pictures.webp.lossless
    for _, bad in ipairs {
      (lossless:gsub("VP8L", "VP8Q")), (lossless:gsub("\x2f\x0f", "\x2e\x0f")),
      pictures.riff("RIFF", "WEBP" .. pictures.riff("VP8L", "\x2f\xff\xff\xff\xff\7")),
    } do
      local image, message = core.image_decode(bad)
      assert.is_nil(image)
      assert.matches("WebP", message)
    end
  end)
end)
