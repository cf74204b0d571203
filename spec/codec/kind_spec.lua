-- What foreign files are named for in messages.
local core = require "gan.core"

describe("core.image_kind", function()
  local cases = {
    {"JPEG", "\xff\xd8\xff\xe0"}, {"PNG", "\x89PNG\r\n\x1a\n"}, {"WebP", "RIFF\20\0\0\0WEBPVP8 "},
    {"GIF", "GIF89a\1\0"}, {"GIF", "GIF87a"}, {"TIFF", "II*\0\8\0\0\0"}, {"TIFF", "MM\0*\0\0\0\8"},
    {"PNM", "P6\n4 4\n255\n"}, {"PNM", "P2 # made by hand"}, {"BMP", "BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"},
    {"HEIC", "\0\0\0\x18ftypheic"}, {"HEIC", "\0\0\0\x18ftypmif1"}, {"AVIF", "\0\0\0\x18ftypavif"},
    {"PDF", "%PDF-1.4"}, {"ICO", "\0\0\1\0\1\0"}, {"PSD", "8BPS\0\1"}, {"gzip", "\x1f\x8b\8\0"}, {"zip", "PK\3\4\20\0"},
    {"HDF5", "\x89HDF\r\n\x1a\n"}, {"JPEG XL", "\xff\x0a\0"}, {"JPEG 2000", "\xff\x4f\xff\x51"},
    {"NumPy array", "\x93NUMPY\1\0"}, {"pickle", "\x80\2c"}, {"Parquet", "PAR1\21"},
    {"HTML", "<html>404</html>"}, {"HTML", "\n <!DOCTYPE HTML>\n<title>x"}, {"HTML", "<?xml version='1.0'?><html>"},
    {"SVG", "<svg xmlns='x'/>"}, {"SVG", "\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a --><SVG/>"}, {"XML", "<?xml?><a/>"},
    {"git-lfs pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"},
    {"text", "hello"}, {"text", "BM, he said, is no bitmap"}, {"text", "P7 of 9"}, {"text", "Zur\xc3\xbcck\n"},
    {"empty", ""},
  }
  for _, case in ipairs(cases) do
    it(("tells %s from %q"):format(case[1], case[2]), function() assert.equal(case[1], core.image_kind(case[2])) end)
  end

  it("knows nothing of other bytes, and takes bytes only", function()
    for _, bytes in ipairs {"\0", "\1\2\3\4", "\xff\xd8", "RIFF\20\0\0\0WAVEfmt ", "ab\0cd", "a\xffb", "a\xc3b"} do
      assert.is_nil(core.image_kind(bytes))
    end
    assert.error_matches(function() core.image_kind(5) end, "image_kind: bad argument #1 'bytes'")
  end)

  it("never reads past the end", function()
    for _, case in ipairs(cases) do
      for n = 0, #case[2] do core.image_kind(case[2]:sub(1, n)) end
    end
  end)
end)
