-- JPEG: every kind, orientation, ink, smaller versions, and what is wrong with a file.
local core = require "gan.core"
local decoded = require "spec.support.decoded"
local files = require "spec.support.files"
local pictures = require "spec.support.pictures"

local decode, refused = decoded.pixels, decoded.refused

describe("JPEG", function()
  local function near(t, y, x, want)
    for k = 1, #want do assert.is_true(math.abs(t[y][x][k] - want[k]) <= 2) end
  end

  it("decodes baseline, progressive and grey", function()
    for _, kind in ipairs {"colour", "progressive"} do
      local t = decode(files.jpeg[kind])
      assert.same({8, 16}, {#t, #t[1]})
      near(t, 1, 1, {200, 30, 30})
      near(t, 8, 8, {200, 30, 30})
      near(t, 1, 9, {20, 60, 220})
      near(t, 8, 16, {20, 60, 220})
    end
    local t = decode(files.jpeg.grey)
    assert.equal(1, #t[1][1])
    near(t, 1, 1, {81})
    near(t, 8, 16, {66})
    near(decode(files.jpeg.colour, 1), 1, 1, {81})
  end)

  it("decodes arithmetic coding", function()
    local t = decode(files.jpeg.arithmetic)
    near(t, 1, 1, {81})
    near(t, 8, 16, {66})
  end)

  it("mixes ink of four colours, with Adobe's marker and without", function()
    near(decode(pictures.jpeg_ink), 1, 1, {51, 207, 207})
    near(decode((pictures.jpeg_ink:gsub("\xff\xee\0\x0eAdobe.......", ""))), 8, 8, {51, 207, 207})
    assert.same({8, 8, 3, "JPEG", false, 8}, {core.image_info(pictures.jpeg_ink)})
    assert.equal(1, core.shape(core.image_decode(pictures.jpeg_ink, 1))[3])
  end)

  it("is turned as EXIF says", function()
    local red, blue = {200, 30, 30}, {20, 60, 220}
    local corners = { -- top left, top right, bottom left
      {red, blue, red}, {blue, red, blue}, {blue, red, blue}, {red, blue, red},
      {red, red, blue}, {red, red, blue}, {blue, blue, red}, {blue, blue, red},
    }
    for orientation, want in ipairs(corners) do
      local exif = pictures.exif(orientation, orientation % 2 == 0, orientation % 3 == 0 and 4 or 3)
      local bytes = pictures.with_app1(files.jpeg.colour, "Exif\0\0" .. exif)
      local t = decode(bytes)
      near(t, 1, 1, want[1])
      near(t, 1, #t[1], want[2])
      near(t, #t, 1, want[3])
      assert.same({#t, #t[1], 3, "JPEG", orientation > 1, 8}, {core.image_info(bytes)})
      assert.same(orientation > 4 and {16, 8} or {8, 16}, {#t, #t[1]})
    end
    local none = {pictures.exif(9), pictures.exif(0), pictures.exif(6):sub(1, 30), "II*\0\xff\xff\xff\xff", ""}
    for _, exif in ipairs(none) do
      assert.is_false((select(5, core.image_info(pictures.with_app1(files.jpeg.colour, "Exif\0\0" .. exif)))))
    end
    assert.is_false((select(5, core.image_info(pictures.with_app1(files.jpeg.colour, "http\0\0" .. pictures.exif(6))))))
  end)

  it("is made smaller at once, to no less than it is fitted into", function()
    local function value(y, x) return (y * 29 + x * 13) % 200 + 20 end
    local bytes = pictures.jpeg_blocks(24, 32, value)
    for _, fit in ipairs {"crop", "pad", "stretch"} do
      for _, size in ipairs {{24, 32}, {48, 64}, {30, 40}, {24, 24}, {7, 9}, {100, 256}, {192, 256}, {200, 300}} do
        local slots = core.full({1, size[1], size[2], 1}, 0, "u8")
        assert.equal(192, (core.image_load_(slots, 1, bytes, 9, 9, 9, fit)))
        local want = core.to_table(core.image_fit(core.image_decode(bytes), size[1], size[2], fit, 9, 9, 9))
        local got, sum = core.to_table(slots)[1], 0
        for y = 1, size[1] do
          for x = 1, size[2] do sum = sum + math.abs(want[y][x][1] - got[y][x][1]) end
        end
        local limit = (size[1] == 24 or size[1] == 48) and size[2] ~= 24 and 0 or 6 -- whole blocks: the same
        local mean = sum / (size[1] * size[2])
        assert.is_true(mean <= limit, ("%s %dx%d: %g"):format(fit, size[1], size[2], mean))
      end
    end
    local side = core.full({1, 32, 24, 1}, 0, "u8") -- and turned
    core.image_load_(side, 1, pictures.with_app1(bytes, "Exif\0\0" .. pictures.exif(6)))
    local t = core.to_table(side)[1]
    for y = 0, 31 do
      for x = 0, 23 do assert.equal(value(23 - x, y), t[y + 1][x + 1][1]) end
    end
  end)

  it("passes over bytes between its segments", function()
    local app0 = #"\xff\xd8\xff\xe0\0\x10" + 14
    local bytes = files.jpeg.colour:sub(1, app0) .. "rubbish" .. files.jpeg.colour:sub(app0 + 1)
    assert.same(decode(files.jpeg.colour), decode(bytes))
  end)

  it("refuses what is cut off anywhere, and kinds it cannot read", function()
    for _, kind in ipairs {"colour", "progressive", "grey"} do
      local good = files.jpeg[kind]
      for n = 3, #good - 1 do
        local image, message = core.image_decode(good:sub(1, n))
        assert.is_nil(image)
        assert.matches("truncated JPEG", message)
      end
      assert.is_truthy(core.image_decode(good .. "left over"))
    end
    refused("\xff\xd8\xff\xd9", "contains no image")
    refused("\xff\xd8\xffAB", "marker type 0x41")
    local colour = files.jpeg.colour
    refused(colour:gsub("\xff\xc0\0\x11\8", "\xff\xc0\0\x11\12"), "data precision 12")
    refused(colour:gsub("\xff\xc0\0\x11\8", "\xff\xc3\0\x11\8"), "SOF type 0xc3")
    refused(colour:gsub("\xff\xc0\0\x11\8\0\8", "\xff\xc0\0\x11\8\xff\xff"), "size of 65535 x 16 pixels")
    refused(colour:gsub("\xff\xc0\0\x11\8\0\8", "\xff\xc0\0\x11\8\x70\0"), "size of 28672 x 16 pixels")
    refused(colour:gsub("(\xff\xc4\0\x15\0)\1", "%1\3"), "Huffman table")
    refused("\xff\xd8\xff\xc4\0\x15\0" .. ("\0"):rep(15) .. "\200ab" .. "\xff\xd9", "Huffman table")
    local blocks = pictures.jpeg_blocks(4, 4, function(y, x) return y * 16 + x end)
    refused(blocks:sub(1, -8) .. "\xff\xd9", "premature end of data segment")
  end)

  it("refuses scans without end, in time", function()
    local small = pictures.jpeg_bomb(64, 64, 100) -- many scans alone are no harm
    assert.same({{{128}}}, core.to_table(core.image_fit(assert(core.image_decode(small)), 1, 1)))
    local bomb = pictures.jpeg_bomb(4096, 16384, 3000)
    local start = os.clock()
    refused(bomb, "more scans than a picture needs")
    assert.is_true(os.clock() - start < 5)
  end)

  it("survives any damage", function()
    local rng = core.rng(1, "damage")
    for _, kind in ipairs {"colour", "progressive", "grey"} do
      local good = files.jpeg[kind]
      for _ = 1, 150 do
        local v = core.to_table(rng:integer({6}, 0, 1 << 30))
        local bad = good
        for k = 1, 5, 2 do
          local at = v[k] % #good + 1
          bad = bad:sub(1, at - 1) .. string.char(v[k + 1] & 255) .. bad:sub(at + 1)
        end
        local image, message = core.image_decode(bad)
        assert.is_true(image ~= nil or #message > 5)
      end
    end
  end)
end)
