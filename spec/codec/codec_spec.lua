-- Decoders together: what is said of files that no decoder takes, and, where GAN_CASES names a folder of hard cases
-- with what Pillow reads of them (expected/PATH.png), all of those.
local core = require "gan.core"
local lfs = require "lfs"
local files = require "spec.support.files"
local pictures = require "spec.support.pictures"

describe("a file that no decoder takes", function()
  local kinds = table.concat(core.image_kinds(), ", ")
  for bytes, want in pairs {
    [""] = "empty file", ["<html>404</html>"] = "HTML, no picture", ["hello"] = "text, no picture",
    ["\x1f\x8b\8\0"] = "gzip, no picture", ["PK\3\4\20\0"] = "zip, no picture",
    ["version https://git-lfs.github.com/spec/v1\n"] = "git-lfs pointer, no picture (git lfs pull fetches it)",
    ["\0\0\0\x18ftypheic"] = "HEIC, which is not read (expected one of " .. kinds .. ")",
    ["<svg/>"] = "SVG, which is not read (expected one of " .. kinds .. ")",
    ["\1\2"] = "no kind of picture that is known (2 bytes, first 0x01)",
  } do
    it(("is named for what it is: %s"):format(want), function()
      local image, message = core.image_decode(bytes)
      assert.is_nil(image)
      assert.equal(want, message)
      assert.same({nil, want}, {core.image_info(bytes)})
      assert.same({nil, want}, {core.image_load_(core.full({1, 2, 2, 3}, 0, "u8"), 1, bytes)})
    end)
  end
end)

it("the readable kinds are those that are read", function()
  local made = {
    JPEG = files.jpeg.grey, PNG = files.plain(1, 1, 2, 3), WebP = pictures.webp.lossy, PNM = "P5 1 1 255 x",
    GIF = pictures.gif {h = 1, w = 1, value = function() return 1 end}, TIFF = pictures.tiff_lzw,
    BMP = pictures.bmp {h = 1, w = 1, bits = 24, value = function() return 1 end},
  }
  local read = {}
  for _, kind in ipairs(core.image_kinds()) do
    read[kind] = true
    assert.equal(kind, core.image_kind(made[kind]))
  end
  for kind, bytes in pairs(made) do assert.equal(read[kind] or false, (core.image_decode(bytes)) ~= nil) end
  assert.is_true(read.JPEG and read.PNG and read.WebP and read.BMP and read.PNM)
end)

local cases = os.getenv "GAN_CASES"
if not cases then return end

describe("hard cases", function()
  -- Pillow drops the low byte of 16 bits, and takes a tRNS longer than its palette, which libpng passes over.
  local levels = {["png/rgb16.png"] = 1, ["png/rgba16.png"] = 2}
  local other = {["png/pal_trns_too_long.png"] = true}
  for _, folder in ipairs {"exif", "cmyk", "png", "jpeg", "mixed"} do
    for name in lfs.dir(cases .. "/" .. folder) do
      local path = folder .. "/" .. name
      if name:sub(1, 1) ~= "." and not other[path] then
        it(("%s is as Pillow reads it"):format(path), function()
          local want = assert(core.image_decode(files.read(("%s/expected/%s.png"):format(cases, path))))
          local image = assert(core.image_decode(files.read(cases .. "/" .. path), core.shape(want)[3]))
          assert.same(core.shape(want), core.shape(image))
          local limit = levels[path] or folder == "png" and 0 or 3
          local a, b, most = core.to_bytes(want), core.to_bytes(image), 0
          for i = 1, #a do most = math.max(most, math.abs(a:byte(i) - b:byte(i))) end
          assert.is_true(most <= limit, most .. " levels apart")
        end)
      end
    end
  end
end)
