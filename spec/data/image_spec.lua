-- Pictures: every kind of PNG and JPEG, what is wrong with a file, transparency, crop and resize, writing.
local core = require "gan.core"
local data = require "gan.data"
local files = require "spec.support.files"

local function decode(bytes, channels, r, g, b)
  return core.to_table(assert(core.image_decode(bytes, channels, r, g, b)))
end

local function refused(bytes, pattern)
  local image, message = core.image_decode(bytes)
  assert.is_nil(image)
  assert.matches(pattern, message)
  assert.is_nil(message:find "\n")
end

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

  it("refuses what is corrupt or cut off, saying where", function()
    local good = files.png {h = 6, w = 6, colour = 2, value = ramp(8)}
    assert.is_truthy(core.image_decode(good))
    for n = 0, #good - 1 do
      local image, message = core.image_decode(good:sub(1, n))
      assert.is_nil(image)
      assert.matches(n == 0 and "empty" or n < 8 and "neither PNG nor JPEG" or "truncated PNG", message)
    end
    for at = 9, #good do -- any one flipped bit is noticed
      local bad = good:sub(1, at - 1) .. string.char(good:byte(at) ~ 16) .. good:sub(at + 1)
      assert.is_nil((core.image_decode(bad)))
    end
    assert.is_truthy(core.image_decode(good .. "left over"))
    refused(good:gsub("\x89PNG", "\x88PNG"), "neither PNG nor JPEG")
    local zlib = files.deflate(("\0" .. ("\7"):rep(18)):rep(6))
    local function with(idat) return files.png {h = 6, w = 6, colour = 2, idat = idat, value = ramp(8)} end
    assert.is_truthy(core.image_decode(with(zlib)))
    refused(with(zlib:sub(1, 60)), "truncated PNG image data %(expected 114 bytes, got 53%)")
    refused(with(zlib:sub(1, -2)), "truncated PNG image data")
    refused(with(zlib:sub(1, -2) .. "\0"), "corrupt PNG image data %(incorrect data check%)")
    refused(with(files.deflate "\0\7"), "truncated PNG image data")
    refused(with("nonsense"), "corrupt PNG image data")
    refused(with(files.deflate(("\5" .. ("\7"):rep(18)):rep(6))), "row filter 5")
    refused(with(files.deflate(("\0"):rep(200000))), "more image data than the 114 bytes")
    refused(files.png {h = 1, w = 1, colour = 3, plte = "abc", value = function() return 1 end},
      "palette index beyond its 1 colours")
    refused(files.png {h = 1, w = 1, colour = 3, value = function() return 0 end}, "no palette")
    refused(files.png {h = 1, w = 1, colour = 3, plte = "ab", value = function() return 0 end}, "palette of 2 bytes")
    refused(files.png {h = 1, w = 1, colour = 3, plte = "abc", trns = "ab", value = function() return 0 end},
      "tRNS of 2 entries for 1")
    refused(files.png {h = 1, w = 1, colour = 0, trns = "a", value = function() return 0 end}, "tRNS of 1 bytes")
    refused(files.png {h = 1, w = 1, colour = 0, before = files.chunk("ABCD", ""), value = function() return 0 end},
      "unknown chunk ABCD")
    refused(files.signature .. files.chunk("IEND", ""), "first chunk is IEND")
    local function header(w, h, depth, colour, interlace)
      local fields = string.pack(">I4I4I1I1I1I1I1", w, h, depth, colour, 0, 0, interlace)
      return files.signature .. files.chunk("IHDR", fields) .. files.chunk("IEND", "")
    end
    refused(header(0, 5, 8, 2, 0), "size of 5 x 0 pixels")
    refused(header(20000, 5, 8, 2, 0), "size of 5 x 20000 pixels")
    refused(header(0xFFFFFFFF, 0xFFFFFFFF, 8, 2, 0), "size of 4294967295 x 4294967295")
    refused(header(16384, 16384, 8, 2, 0), "at most 67108864 in all")
    refused(header(5, 5, 3, 2, 0), "colour type 2 with 3 bits")
    refused(header(5, 5, 8, 5, 0), "colour type 5")
    refused(header(5, 5, 8, 2, 2), "interlace 2")
    refused(header(5, 5, 8, 2, 0), "no image data")
  end)
end)

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
    refused(files.jpeg.arithmetic, "SOF9")
    refused("\xff\xd8\xff\xd9", "no image data")
    refused("\xff\xd8\xffAB", "marker ff41")
    local colour = files.jpeg.colour
    refused(colour:gsub("\xff\xc0\0\x11\8", "\xff\xc0\0\x11\12"), "12 bits")
    refused(colour:gsub("\xff\xc0\0\x11\8\0\8", "\xff\xc0\0\x11\8\xff\xff"), "size of 65535 x 16 pixels")
    refused(colour:gsub("(\xff\xc4\0\x15\0)\1", "%1\3"), "Huffman table with too many codes of 1 bits")
    refused("\xff\xd8\xff\xc4\0\x15\0" .. ("\0"):rep(15) .. "\200ab" .. "\xff\xd9", "Huffman table of 200 symbols")
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

describe("fitting", function()
  -- By the definition, in floating point: each axis is the mean over the covered area, or linear interpolation.
  local function weights(i, n, m)
    local w = {}
    if n >= m then
      for j = 0, n - 1 do w[j] = math.max(0, math.min((i + 1) * n / m, j + 1) - math.max(i * n / m, j)) * m / n end
    else
      for j = 0, n - 1 do w[j] = 0 end
      local pos = math.max(0, math.min(n - 1, (i + 0.5) * n / m - 0.5))
      local j = math.min(n - 1, math.floor(pos))
      w[j] = 1 - (pos - j)
      if j + 1 < n then w[j + 1] = pos - j end
    end
    return w
  end

  local function slow(t, ho, wo)
    local h, w, out = #t, #t[1], {}
    for y = 0, ho - 1 do
      out[y + 1] = {}
      local wy = weights(y, h, ho)
      for x = 0, wo - 1 do
        local wx, px = weights(x, w, wo), {}
        for k = 1, #t[1][1] do
          local s = 0
          for j = 0, h - 1 do
            for i = 0, w - 1 do s = s + wy[j] * wx[i] * t[j + 1][i + 1][k] end
          end
          px[k] = s
        end
        out[y + 1][x + 1] = px
      end
    end
    return out
  end

  local function picture(h, w, c) return core.to(core.rng(h * w + c, "p"):integer({h, w, c}, 0, 255), "u8") end

  it("shrinks by area, grows by interpolation, rounds to nearest", function()
    for _, case in ipairs {
      {9, 9, 4, 4}, {4, 4, 9, 9}, {5, 5, 5, 5}, {7, 7, 1, 1}, {1, 1, 5, 5}, {28, 28, 32, 32}, {6, 6, 4, 4},
    } do
      for _, c in ipairs {1, 3, 4} do
        local image = picture(case[1], case[2], c)
        local want = slow(core.to_table(image), case[3], case[4])
        local got = core.to_table(core.image_fit(image, case[3], case[4]))
        for y = 1, case[3] do
          for x = 1, case[4] do
            for k = 1, c do
              assert.is_true(math.abs(want[y][x][k] - got[y][x][k]) <= 0.5 + 1e-9,
                ("%d -> %d"):format(case[1], case[3]))
            end
          end
        end
      end
    end
  end)

  it("crops the centre to the aspect", function()
    local function row(...) return {...} end
    local wide = core.tensor({row({1}, {2}, {3}, {4}), row({5}, {6}, {7}, {8})}, "u8")
    assert.same({{{2}, {3}}, {{6}, {7}}}, core.to_table(core.image_fit(wide, 2, 2)))
    local tall = core.reshape(wide, {4, 2, 1})
    assert.same({{{3}, {4}}, {{5}, {6}}}, core.to_table(core.image_fit(tall, 2, 2)))
    assert.same({{{5}}}, core.to_table(core.image_fit(tall, 1, 1))) -- the mean of 3 4 5 6 is 4.5: half goes up
  end)

  it("says what is wrong", function()
    local image = picture(4, 4, 3)
    assert.error_matches(function() core.image_fit(image, 0, 4) end, "image_fit: bad argument #2 'h'")
    assert.error_matches(function() core.image_fit(image, 1 << 40, 4) end, "image_fit: bad argument #2 'h'")
    assert.error_matches(function() core.image_fit(core.full({4, 4, 5}, 0, "u8"), 4, 4) end,
      "bad argument #1 'image'.*%(4,4,5%)")
    assert.error_matches(function() core.image_fit(core.full({0, 4, 3}, 0, "u8"), 4, 4) end,
      "bad argument #1 'image'.*%(0,4,3%)")
    assert.error_matches(function() core.image_fit(core.full({4, 4, 3}, 0), 4, 4) end, "u8")
    assert.error_matches(function() core.image_decode(5) end, "bytes")
    assert.error_matches(function() core.image_decode("x", 2) end, "channels")
    assert.error_matches(function() core.image_decode("x", 1, 256) end, "red")
  end)
end)

describe("slots of a set", function()
  it("load_ decodes into place", function()
    local images = core.full({3, 2, 2, 3}, 9, "u8")
    local loaded = {core.image_load_(images, 2, files.plain(5, 1, 2, 3))}
    assert.same({5, 5, 3, "PNG", false, false, 8, 0}, loaded) -- size and channels as the file has them
    local t = core.to_table(images)
    assert.same({9, 9, 9}, t[1][1][1])
    assert.same({1, 2, 3}, t[2][2][2])
    assert.same({9, 9, 9}, t[3][1][1])
    local ok, message = core.image_load_(images, 1, "junk")
    assert.is_nil(ok)
    assert.matches("neither", message)
    assert.error_matches(function() core.image_load_(images, 4, "x") end, "#2 'i'")
    assert.error_matches(function() core.image_load_(core.narrow(images, 2, 1, 1), 1, "x") end, "contiguous")
    assert.error_matches(function() core.image_load_(core.full({3, 2, 2, 2}, 9, "u8"), 1, "x") end, "1 or 3")
    assert.error_matches(function() core.image_load_(core.full({3, 0, 2, 3}, 9, "u8"), 1, "x") end, "pixels a side")
  end)

  it("unpack_ takes records, plain or planar, to grey or colour", function()
    local images = core.full({2, 1, 2, 3}, 0, "u8")
    assert.equal(2, core.image_unpack_(images, 1, "\1\10\11\20\21\30\31" .. "\2\40\41\50\51\60\61", 1, 2, 3, true, 1))
    assert.same({{{{10, 20, 30}, {11, 21, 31}}}, {{{40, 50, 60}, {41, 51, 61}}}}, core.to_table(images))
    core.image_unpack_(images, 2, "\7\8", 1, 2, 1, false, 0)
    assert.same({{{7, 7, 7}, {8, 8, 8}}}, core.to_table(images)[2])
    local grey = core.full({1, 1, 2, 1}, 0, "u8")
    core.image_unpack_(grey, 1, "\0\0\0\255\255\255", 1, 2, 3, false, 0)
    assert.same({{{{0}, {255}}}}, core.to_table(grey))
    assert.equal(0, core.image_unpack_(grey, 1, "", 16384, 16384, 3, true, 0))
    assert.error_matches(function() core.image_unpack_(grey, 1, "abc", 1, 2, 1, false, 0) end,
      "3 bytes are not 0 to 1 records of 2")
    assert.error_matches(function() core.image_unpack_(grey, 1, "abcd", 1, 2, 1, false, 0) end,
      "4 bytes are not 0 to 1 records of 2")
  end)
end)

describe("codecs without memory", function()
  it("raise, leak nothing, and work again", function()
    local image, slots = core.full({20, 20, 3}, 7, "u8"), core.full({1, 8, 8, 3}, 0, "u8")
    local png = core.image_encode(image)
    local calls = {
      function() return core.image_decode(png) end,
      function() return core.image_decode(files.jpeg.progressive) end,
      function() return core.image_decode(files.jpeg.grey, 3) end,
      function() return core.image_load_(slots, 1, png) end,
      function() return core.image_unpack_(slots, 1, ("x"):rep(192), 8, 8, 3, true, 0) end,
      function() return core.image_fit(image, 7, 7) end,
      function() return core.image_encode(image) end,
    }
    for _, f in ipairs(calls) do
      collectgarbage() collectgarbage() -- twice: what other specs left may wait for its finaliser
      local live, failures, n = core.memory().live, 0, 0
      repeat
        n = n + 1
        core.memory_fail_after(n, 1000)
        local ok, message = pcall(f)
        core.memory_fail_after(0)
        if not ok then
          failures = failures + 1
          assert.matches("image_%w+_?: out of memory", message)
        end
      until ok
      assert.is_true(failures > 0)
      assert.is_truthy(f())
      collectgarbage() collectgarbage() -- twice: what other specs left may wait for its finaliser
      assert.equal(live, core.memory().live)
    end
  end)
end)

describe("PNG writing", function()
  it("gives back what was written, any channels", function()
    for c = 1, 4 do
      local image = core.to(core.rng(c, "w"):integer({5, 7, c}, 0, 255), "u8")
      local bytes = core.image_encode(image)
      local h, w, k = core.image_info(bytes)
      assert.same({5, 7, c}, {h, w, k})
      if c % 2 == 1 then assert.same(core.to_table(image), decode(bytes)) end
    end
  end)

  it("goes through files, whole or not at all", function()
    local dir = files.folder()
    finally(function() files.remove(dir) end)
    local image = core.full({3, 3, 3}, 200, "u8")
    local path = dir .. "/a.png"
    assert.is_true(data.image.write(path, image))
    assert.same(core.to_table(image), core.to_table(assert(data.image.read(path))))
    assert.same({3, 3, 1}, core.shape(assert(data.image.read(path, {channels = 1}))))
    assert.same({8, 8, 3}, core.shape(assert(data.image.read(path, {size = 8}))))
    local padded = core.to_table(assert(data.image.read(path, {size = 5, fit = "pad", background = 9})))
    assert.same({{9, 9, 9}, {200, 200, 200}, {9, 9, 9}}, {padded[2][1], padded[2][2], padded[5][5]})
    assert.error_matches(function() data.image.read(path, {size = 5, fit = "squash"}) end, "option 'fit'")
    local ok, message = data.image.write(dir .. "/no/such/a.png", image)
    assert.is_nil(ok)
    assert.matches("no/such/a.png: cannot write: No such file or directory", message)
    ok, message = data.image.read(dir .. "/b.png")
    assert.is_nil(ok)
    assert.equal(dir .. "/b.png: cannot open (No such file or directory)", message)
    files.write(dir .. "/c.png", "hello")
    ok, message = data.image.read(dir .. "/c.png")
    assert.is_nil(ok)
    assert.matches("c.png: neither PNG nor JPEG", message)
    ok, message = data.image.read(dir)
    assert.is_nil(ok)
    assert.matches("Is a directory", message)
    local names = {}
    for name in require "lfs".dir(dir) do names[#names + 1] = name end
    assert.equal(4, #names) -- . .. a.png c.png: no temporary files are left
  end)

  it("reports a full disk and keeps the old file", function()
    local dir = files.folder()
    finally(function()
      core.file_fail_after(nil)
      files.remove(dir)
    end)
    local path = dir .. "/a.png"
    assert.is_true(data.image.write(path, core.full({3, 3, 3}, 1, "u8")))
    local before = files.read(path)
    core.file_fail_after(50)
    local ok, message = data.image.write(path, core.full({30, 30, 3}, 2, "u8"))
    assert.is_nil(ok)
    assert.equal(path .. ": cannot write: No space left on device", message)
    assert.equal(before, files.read(path))
  end)
end)
