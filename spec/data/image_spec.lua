-- Pictures: crop and resize, into sets, without memory, writing. (Formats: spec/codec.)
local core = require "gan.core"
local data = require "gan.data"
local files = require "spec.support.files"
local pictures = require "spec.support.pictures"

local function decode(bytes, channels, r, g, b)
  return core.to_table(assert(core.image_decode(bytes, channels, r, g, b)))
end

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
    assert.equal("text, no picture", message)
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
    local turned = pictures.with_app1(files.jpeg.colour, "Exif\0\0" .. pictures.exif(6))
    local function zero() return 0 end
    local calls = {
      function() return core.image_decode(png) end,
      function() return core.image_decode(files.jpeg.progressive) end,
      function() return core.image_decode(files.jpeg.grey, 3) end,
      function() return core.image_decode(pictures.jpeg_ink) end,
      function() return core.image_decode(turned) end,
      function() return core.image_decode(pictures.webp.alpha) end,
      function() return core.image_decode(pictures.gif {h = 3, w = 3, interlaced = true, value = zero}) end,
      function() return core.image_decode(pictures.tiff {h = 3, w = 3, samples = 3, bits = 16, value = zero}) end,
      function() return core.image_decode(pictures.tiff_lzw) end,
      function() return core.image_decode(pictures.bmp {h = 3, w = 3, bits = 24, value = zero}) end,
      function() return core.image_decode("P5 1 1 255 x") end,
      function() return core.image_load_(slots, 1, turned, 1, 2, 3, "pad") end,
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
    assert.equal(dir .. "/c.png: text, no picture", message)
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
