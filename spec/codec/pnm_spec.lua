-- PBM, PGM and PPM: as text and in bytes, any largest sample, and what is wrong with a file.
local core = require "gan.core"
local decoded = require "spec.support.decoded"

local decode, refused = decoded.pixels, decoded.refused

describe("PNM", function()
  it("decodes text and bytes, with comments", function()
    assert.same({{{0}, {255}, {0}}, {{255}, {255}, {0}}}, decode "P1\n# made by hand\n3 2\n1 01\n0 0 1\n")
    assert.same({{{0}, {102}}}, decode "P2 2 1 5 0 2")
    assert.same({{{255, 0, 51}}}, decode "P3 1#w\n1 5\n5 0 1\n")
    assert.same({{{0}, {255}, {0}, {255}, {255}, {255}, {255}, {255}, {0}}}, decode "P4\n9 1\n\xa0\x80")
    assert.same({{{35}, {10}}}, decode "P5 2 1 255\n#\n") -- the byte behind the blank is a sample, no comment
    assert.same({{{1, 2, 3}, {4, 5, 6}}}, decode "P6 2 1 255 \1\2\3\4\5\6")
  end)

  it("rounds samples of more than 8 bits, and tells the largest", function()
    local bytes = "P5 3 1 65535\n\0\0\1\0\x80\0"
    assert.same({{{0}, {1}, {128}}}, decode(bytes)) -- 256/257 = 0.996, 32768/257 = 127.5
    local slots = core.full({1, 1, 3, 1}, 0, "u8")
    assert.same({1, 3, 1, "PNM", false, false, 16, 32768}, {core.image_load_(slots, 1, bytes)})
    core.image_load_(slots, 1, bytes, 0, 0, 0, "crop", true, 32768)
    assert.same({{{0}, {2}, {255}}}, core.to_table(slots)[1]) -- 256*255/32768 = 1.99
    assert.equal(65535, (select(8, core.image_load_(slots, 1, "P2 1 1 1000 1000"))))
  end)

  it("refuses what is cut off or impossible", function()
    for _, good in ipairs {"P6 2 1 255 \1\2\3\4\5\6", "P5 3 1 65535\n\0\0\1\0\x80\0", "P4\n9 1\n\xa0\x80"} do
      for n = 3, #good - 1 do refused(good:sub(1, n), "^truncated") end
    end
    refused("P2 2 1 5 0", "truncated or corrupt PNM: no number at byte 10")
    refused("P2 2 1 5 0 x", "no number at byte 11")
    refused("P2 2 1 5 0 6", "a sample larger than 5")
    refused("P5 2 1 0 \1\2", "no size and largest sample")
    refused("P5 2 1 65536 \1\2", "no size and largest sample")
    refused("P5 0 1 255 \1\2", "size of 1 x 0 pixels")
    refused("P5 20000 1 255 \1\2", "size of 1 x 20000 pixels")
    refused("P5 16384 16384 255 \1", "at most 67108864 in all")
    refused("P5 99999999999999999999999 1 255 \1", "size of")
  end)
end)
