-- Animated PNG files: the golden file byte by byte, frames that read back, equal frames, and what cannot be joined.
local core = require "gan.core"
local gan = require "gan"
local temp = require "spec.support.temp"

local animation = gan.show.animation

local function bytes(hex)
  return (hex:gsub("%s", ""):gsub("%x%x", function(x) return string.char(tonumber(x, 16)) end))
end

local function chunk(kind, body)
  return (">I4"):pack(#body) .. kind .. body .. (">I4"):pack(core.crc32(kind .. body))
end

local SIGNATURE, HEADER = "\137PNG\r\n\26\n", (">I4I4BBBBB"):pack(2, 2, 8, 2, 0, 0, 0)
local function png(body, header)
  return SIGNATURE .. chunk("IHDR", header or HEADER) .. chunk("tEXt", "x") .. chunk("IDAT", body:sub(1, 9))
    .. chunk("IDAT", body:sub(10)) .. chunk("IEND", "")
end
local one = bytes "7801010e00f1ff00ff000000ff00000000ffffffff1fee05fb"
local two = bytes "7801010e00f1ff00000000ffff000000ffffff00ff1fee05fb"

local GOLDEN = bytes [[
89504e470d0a1a0a 0000000d4948445200000002000000020802000000fdd49a73 000000086163544c0000000200000000f38d9370
0000001a6663544c0000000000000002000000020000000000000000006403e8000001558f1d
0000001949444154 7801010e00f1ff00ff000000ff00000000ffffffff1fee05fb deddec2b
0000001a6663544c0000000100000002000000020000000000000000006403e800009a2665c9
0000001d66644154000000027801010e00f1ff00000000ffff000000ffffff00ff1fee05fb c1fd21a2 0000000049454e44ae426082]]

-- The frames of an animated file, each as a PNG file of its own, and how long each stays.
local function frames_of(file)
  local at, header, list, last, pauses = 9, nil, {}, -1, {}
  while at < #file do
    local n, kind = (">I4c4"):unpack(file, at)
    local body = file:sub(at + 8, at + 7 + n)
    assert.equal((">I4"):unpack(file, at + 8 + n), core.crc32(kind .. body))
    if kind == "IHDR" then header = body end
    if kind == "fcTL" or kind == "fdAT" then
      local sequence = (">I4"):unpack(body)
      assert.equal(last + 1, sequence)
      last = sequence
    end
    if kind == "fcTL" then pauses[#pauses + 1] = (">I2"):unpack(body, 21) end
    if kind == "IDAT" then list[#list + 1] = png(body, header) end
    if kind == "fdAT" then list[#list + 1] = png(body:sub(5), header) end
    at = at + 12 + n
  end
  return list, pauses
end

describe("animation", function()
  teardown(temp.clean)

  it("joins PNG files to the golden one", function()
    local file, n = animation.join({png(one), png(two)}, {fps = 10})
    assert.equal(2, n)
    assert.equal(219, #file)
    assert.is_true(file == GOLDEN)
  end)

  it("shows each frame exactly, and equal ones once", function()
    local rng, pictures = gan.rng(1), {}
    for i = 1, 4 do pictures[i] = gan.show.grid(rng:uniform({4, 5, 7, 3}, -1, 1)) end
    table.insert(pictures, 3, pictures[2])
    local path = temp.dir() .. "/a.png"
    local ok, n = animation.save(path, pictures, {fps = 8, hold = 2})
    assert.is_true(ok)
    assert.equal(4, n)
    local list, pauses = frames_of(temp.read(path))
    assert.same({125, 250, 125, 2125}, pauses)
    for i, at in ipairs {1, 2, 4, 5} do
      assert.equal(pictures[at]:to_bytes(), core.image_decode(list[i], 0, 255, 255, 255, true):to_bytes())
    end
    -- A program that knows no animation shows the first.
    assert.equal(pictures[1]:to_bytes(), assert(gan.data.image.read(path)):to_bytes())
    for _, c in ipairs {1, 3} do assert(animation.save(path, {core.full({3, 4, c}, 7, "u8")})) end
  end)

  it("says what cannot be joined", function()
    for _, case in ipairs {
      {{png(one), "x"}, "frame 2: no PNG file"}, {{png(one):sub(1, 60)}, "frame 1: damaged, or cut off"},
      {{SIGNATURE}, "frame 1: damaged, or cut off"}, {{SIGNATURE .. chunk("PLTE", "abc") .. chunk("IEND", "")},
        "frame 1: a palette"},
      {{png(one), png(two, (">I4I4BBBBB"):pack(2, 3, 8, 2, 0, 0, 0))}, "frame 2: is 2x3, the first is 2x2, or another "
        .. "kind of picture"},
    } do
      local file, message = animation.join(case[1])
      assert.is_nil(file)
      assert.equal(case[2], message)
    end
    local a, b = core.full({3, 4, 1}, 7, "u8"), core.full({3, 5, 1}, 7, "u8")
    assert.same({nil, "x.png: frame 2: is 5x3, the first is 4x3, or another kind of picture"},
      {animation.save("x.png", {a, b})})
    assert.is_nil((animation.save("x.gif", {a})))
    assert.error_matches(function() animation.save("x.png", {}) end, "#2 'frames' %(expected a list of pictures")
    assert.error_matches(function() animation.join {} end, "#1 'pngs' %(expected a list of PNG files")
    assert.error_matches(function() animation.join({png(one)}, {fps = 0}) end, "option 'fps'")
  end)
end)
