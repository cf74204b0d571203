-- PNG: every kind, transparency, orientation, and what is wrong with a file.
local core = require "gan.core"
local decoded = require "spec.support.decoded"
local files = require "spec.support.files"
local pictures = require "spec.support.pictures"

local decode, refused = decoded.pixels, decoded.refused

-- The picture that png{value = ramp(depth)} should decode to: samples scaled to 8 bits.
local function ramp(depth)
  local top = (1 << depth) - 1
  return function(y, x, k) return (y * 37 + x * 11 + k * 71 + y * x) * (depth == 16 and 199 or 1) & top end
end
local function expected(h, w, s, depth)
  local f, t = ramp(depth), {}
  for y = 1, h do
    t[y] = {}
    for x = 1, w do
      t[y][x] = {}
      for k = 1, s do t[y][x][k] = math.floor(f(y - 1, x - 1, k - 1) * 255 / ((1 << depth) - 1) + 0.5) end
    end
  end
  return t
end

describe("PNG", function()
  local kinds = {
    {0, 1, "grey"}, {0, 2, "grey"}, {0, 4, "grey"}, {0, 8, "grey"}, {0, 16, "grey"}, {2, 8, "RGB"}, {2, 16, "RGB"},
  }
  for _, kind in ipairs(kinds) do
    for _, interlaced in ipairs {false, true} do
      local what = interlaced and ", interlaced" or ""
      it(("decodes %s of %d bits%s, all filters"):format(kind[3], kind[2], what), function()
        for _, size in ipairs {{7, 13}, {1, 1}, {16, 3}} do
          local h, w = size[1], size[2]
          local bytes = files.png {h = h, w = w, colour = kind[1], depth = kind[2], value = ramp(kind[2]),
            interlaced = interlaced, filter = function(y) return y % 5 end}
          assert.same(expected(h, w, kind[1] == 2 and 3 or 1, kind[2]), decode(bytes))
        end
      end)
    end
  end

  it("decodes the plain kind as libpng does, all filters, the data in one chunk or several", function()
    for colour, samples in pairs {[0] = 1, [2] = 3, [4] = 2, [6] = 4} do
      for _, size in ipairs {{11, 9}, {1, 1}, {1, 40}, {40, 1}} do
        local rng = core.rng(colour, "plain")
        local v = core.to_table(rng:integer({size[1], size[2], samples}, 0, 255))
        local o = {h = size[1], w = size[2], colour = colour, filter = function(y) return y % 5 end}
        function o.value(y, x, k) return v[y + 1][x + 1][k + 1] end
        local plain = files.png(o)
        local at = plain:find "IDAT"
        local n = string.unpack(">I4", plain, at - 4)
        local zlib = plain:sub(at + 4, at + 3 + n)
        o.before = files.chunk("tRNS", "of no right length") -- then it is libpng's
        local want = decode(files.png(o), 0, 1, 2, 3)
        assert.same(want, decode(plain, 0, 1, 2, 3))
        o.before = files.chunk("tEXt", "a\0b")
        for cut = 0, #zlib, 1 + #zlib // 9 do
          o.idat, o.after = zlib:sub(1, cut), files.chunk("IDAT", zlib:sub(cut + 1)) .. files.chunk("tIME", "1234567")
          assert.same(want, decode(files.png(o), 0, 1, 2, 3))
        end
      end
    end
  end)

  it("decodes palettes of 1, 2, 4 and 8 bits", function()
    for _, depth in ipairs {1, 2, 4, 8} do
      local colours = math.min(1 << depth, 200)
      local plte = {}
      for i = 0, colours - 1 do plte[#plte + 1] = string.char(i, 255 - i, i * 7 & 255) end
      local f = function(y, x) return (y * 5 + x * 3) % colours end
      local t = decode(files.png {h = 5, w = 9, colour = 3, depth = depth, value = f, plte = table.concat(plte)})
      for y = 1, 5 do
        for x = 1, 9 do
          local i = f(y - 1, x - 1)
          assert.same({i, 255 - i, i * 7 & 255}, t[y][x])
        end
      end
    end
  end)

  it("lays transparency over the background, in each of its forms", function()
    local function one(o) o.h, o.w = 1, 2; return files.png(o) end
    local grey_alpha = one {colour = 4, value = function(_, x, k) return k == 0 and 100 or x == 0 and 0 or 128 end}
    assert.same({{{255}, {177}}}, decode(grey_alpha)) -- 100*128/255 + 255*127/255 = 177.2
    assert.same({{{10, 20, 30}, {55, 60, 65}}}, decode(grey_alpha, 3, 10, 20, 30))
    assert.same({{{11}, {56}}}, decode(grey_alpha, 1, 11, 11, 11)) -- 50.2 + 5.48 = 55.67
    local rgba = one {colour = 6, depth = 16, value = function(_, x, k) return k == 3 and x * 65535 or 0x8080 end}
    assert.same({{{1, 2, 3}, {128, 128, 128}}}, decode(rgba, 0, 1, 2, 3))
    local index = function(_, x) return x end
    local palette = one {colour = 3, plte = "\x0a\x14\x1e\x28\x32\x3c", trns = "\x00", value = index}
    assert.same({{{255, 255, 255}, {40, 50, 60}}}, decode(palette))
    local grey_key = one {colour = 0, depth = 2, trns = "\0\1", value = index}
    assert.same({{{0}, {7}}}, decode(grey_key, 1, 7, 7, 7))
    local rgb_key = one {colour = 2, trns = "\0\9\0\9\0\9", value = function(_, x) return 9 + x end}
    assert.same({{{1, 2, 3}, {10, 10, 10}}}, decode(rgb_key, 0, 1, 2, 3))
  end)

  it("turns colour into luma and grey into colour", function()
    local rgb = files.plain(1, 250, 100, 40)
    assert.same({{{math.floor(0.299 * 250 + 0.587 * 100 + 0.114 * 40 + 0.5)}}}, decode(rgb, 1))
    local grey = files.png {h = 1, w = 1, colour = 0, value = function() return 77 end}
    assert.same({{{77, 77, 77}}}, decode(grey, 3))
  end)

  it("rounds 16 bits, and tells the largest sample", function()
    local samples = {[0] = 0, 128, 129, 3042, 4095, 65535}
    local bytes = files.png {h = 1, w = 6, colour = 0, depth = 16, value = function(_, x) return samples[x] end}
    assert.same({{{0}, {0}, {1}, {12}, {16}, {255}}}, decode(bytes)) -- v/257: 0, 0.498, 0.502, 11.8, 15.9, 255
    local slots = core.full({1, 1, 6, 1}, 0, "u8")
    assert.same({1, 6, 1, "PNG", false, false, 16, 65535}, {core.image_load_(slots, 1, bytes)})
    core.image_load_(slots, 1, bytes, 0, 0, 0, "crop", true, 4095)
    assert.same({{{0}, {8}, {8}, {189}, {255}, {255}}}, core.to_table(slots)[1]) -- v*255/4095
    local function opaque(_, x, k) return k == 1 and 65535 or x * 7 end
    local alpha = files.png {h = 1, w = 6, colour = 4, depth = 16, value = opaque}
    assert.equal(35, (select(8, core.image_load_(slots, 1, alpha)))) -- alpha does not count
    core.image_load_(slots, 1, alpha, 0, 0, 0, "crop", true, 35)
    assert.same({{{0}, {51}, {102}, {153}, {204}, {255}}}, core.to_table(slots)[1])
  end)

  it("is turned as its eXIf chunk says, before the pixels or behind them", function()
    local function value(y, x) return y * 3 + x end
    local want = { -- of the rows 0 1 2 and 3 4 5
      {{0, 1, 2}, {3, 4, 5}}, {{2, 1, 0}, {5, 4, 3}}, {{5, 4, 3}, {2, 1, 0}}, {{3, 4, 5}, {0, 1, 2}},
      {{0, 3}, {1, 4}, {2, 5}}, {{3, 0}, {4, 1}, {5, 2}}, {{5, 2}, {4, 1}, {3, 0}}, {{2, 5}, {1, 4}, {0, 3}},
    }
    for orientation, rows in ipairs(want) do
      for _, big in ipairs {false, true} do
        local chunk = files.chunk("eXIf", pictures.exif(orientation, big))
        local before, after = not big and chunk, big and chunk
        local bytes = files.png {h = 2, w = 3, colour = 0, value = value, before = before, after = after}
        local t = decode(bytes)
        for y, row in ipairs(rows) do
          for x, v in ipairs(row) do assert.equal(v, t[y][x][1], ("orientation %d"):format(orientation)) end
        end
        local h, w, _, _, turned = core.image_info(bytes)
        assert.same({#rows, #rows[1], orientation > 1}, {h, w, turned})
        h, w, _, _, turned = core.image_info(bytes, false)
        assert.same({2, 3, false}, {h, w, turned})
        assert.same({{{0}, {1}, {2}}, {{3}, {4}, {5}}}, core.to_table(core.image_decode(bytes, 0, 0, 0, 0, false)))
      end
    end
  end)

  it("fits a turned picture as if it were stored upright", function()
    local image = core.to(core.rng(3, "turn"):integer({11, 8, 3}, 0, 255), "u8")
    local t = core.to_table(image)
    local function png(orientation, h, w, f)
      local function value(y, x, k)
        local i, j = f(y, x)
        return t[i + 1][j + 1][k + 1]
      end
      local exif = files.chunk("eXIf", pictures.exif(orientation))
      return files.png {h = h, w = w, colour = 2, value = value, before = exif}
    end
    local stored = { -- where the upright pixel is taken from, by the stored one
      {11, 8, function(y, x) return y, x end}, {11, 8, function(y, x) return y, 7 - x end},
      {11, 8, function(y, x) return 10 - y, 7 - x end}, {11, 8, function(y, x) return 10 - y, x end},
      {8, 11, function(y, x) return x, y end}, {8, 11, function(y, x) return x, 7 - y end},
      {8, 11, function(y, x) return 10 - x, 7 - y end}, {8, 11, function(y, x) return 10 - x, y end},
    }
    for orientation, how in ipairs(stored) do
      local bytes = png(orientation, how[1], how[2], how[3])
      for _, fit in ipairs {"crop", "pad", "stretch"} do
        for _, size in ipairs {{5, 5}, {6, 9}, {16, 13}, {4, 7}} do
          local slots = core.full({1, size[1], size[2], 3}, 0, "u8")
          assert.equal(11, (core.image_load_(slots, 1, bytes, 1, 2, 3, fit)))
          assert.same(core.to_table(core.image_fit(image, size[1], size[2], fit, 1, 2, 3)), core.to_table(slots)[1])
        end
      end
    end
  end)

  it("reads what others read, too: no IEND, transparency that does not belong", function()
    local function zero() return 0 end
    local function one() return 1 end
    local good = files.png {h = 6, w = 6, colour = 2, value = ramp(8)}
    for n = #good - 12, #good do assert.same(decode(good), decode(good:sub(1, n))) end
    local short = files.chunk("tRNS", "ab")
    assert.same(decode(good), decode(files.png {h = 6, w = 6, colour = 2, value = ramp(8), before = short}))
    local function opaque(_, _, k) return k == 3 and 255 or 7 end
    local rgba = {h = 1, w = 1, colour = 6, value = opaque, trns = "\0\7\0\7\0\7"}
    assert.same({{{7, 7, 7}}}, decode(files.png(rgba)))
    local palette = {h = 1, w = 1, colour = 3, plte = "abc", trns = "\0\0", value = zero}
    assert.same({{{97, 98, 99}}}, decode(files.png(palette))) -- libpng passes over a tRNS longer than its palette
    assert.same({{{0, 0, 0}}}, decode(files.png {h = 1, w = 1, colour = 3, plte = "abc", value = one}))
    assert.same({{{0}}}, decode(files.png {h = 1, w = 1, colour = 0, before = files.chunk("abCd", "x"), value = zero}))
  end)

  it("refuses what is corrupt or cut off, saying where", function()
    local good = files.png {h = 6, w = 6, colour = 2, value = ramp(8)}
    assert.is_truthy(core.image_decode(good))
    for n = 0, #good - 13 do
      local image, message = core.image_decode(good:sub(1, n))
      assert.is_nil(image)
      assert.matches(n == 0 and "empty" or n < 8 and "no kind of picture" or "truncated PNG", message)
    end
    for at = 9, #good do -- any one flipped bit is noticed, but for the length of IEND, which may be missing
      local bad = good:sub(1, at - 1) .. string.char(good:byte(at) ~ 16) .. good:sub(at + 1)
      assert.equal(at > #good - 12 and at <= #good - 8, (core.image_decode(bad)) ~= nil)
    end
    assert.is_truthy(core.image_decode(good .. "left over"))
    refused(good:gsub("\x89PNG", "\x88PNG"), "no kind of picture that is known")
    local zlib = files.deflate(("\0" .. ("\7"):rep(18)):rep(6))
    local function with(idat) return files.png {h = 6, w = 6, colour = 2, idat = idat, value = ramp(8)} end
    assert.is_truthy(core.image_decode(with(zlib)))
    refused(with(zlib:sub(1, 60)), "corrupt PNG %(Not enough image data%)")
    refused(with(zlib:sub(1, -2) .. "\0"), "corrupt PNG %(IDAT: incorrect data check%)")
    refused(with(files.deflate "\0\7"), "Not enough image data")
    refused(with("nonsense"), "corrupt PNG %(IDAT: incorrect header check%)")
    refused(with(files.deflate(("\5" .. ("\7"):rep(18)):rep(6))), "bad adaptive filter value")
    refused(files.png {h = 1, w = 1, colour = 3, value = function() return 0 end}, "Missing PLTE")
    refused(files.png {h = 1, w = 1, colour = 3, plte = "ab", value = function() return 0 end}, "PLTE: invalid")
    refused(files.png {h = 1, w = 1, colour = 0, before = files.chunk("ABCD", ""), value = function() return 0 end},
      "ABCD: unhandled critical chunk")
    refused(files.signature .. files.chunk("IEND", ""), "does not begin with a header")
    local function header(w, h, depth, colour, interlace, data)
      local fields = string.pack(">I4I4I1I1I1I1I1", w, h, depth, colour, 0, 0, interlace)
      return files.signature .. files.chunk("IHDR", fields) .. (data and files.chunk("IDAT", data) or "")
        .. files.chunk("IEND", "")
    end
    refused(header(0, 5, 8, 2, 0), "size of 5 x 0 pixels")
    refused(header(20000, 5, 8, 2, 0), "size of 5 x 20000 pixels")
    refused(header(0xFFFFFFFF, 0xFFFFFFFF, 8, 2, 0), "size of 4294967295 x 4294967295")
    refused(header(16384, 16384, 8, 2, 0), "at most 67108864 in all")
    refused(header(5, 5, 3, 2, 0, "x"), "Invalid IHDR data")
    refused(header(5, 5, 8, 5, 0, "x"), "Invalid IHDR data")
    refused(header(5, 5, 8, 2, 2, "x"), "Invalid IHDR data")
    refused(header(5, 5, 8, 2, 0), "no image data")
  end)
end)
