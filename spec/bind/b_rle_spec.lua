-- Runs of masks: COCO's texts, polygons by COCO's rule, painting by nearest pixels; what is refused.
local core = require "gan.core"

local function pack(list) return ("I4"):rep(#list):pack(table.unpack(list)) end
local function unpack_runs(s)
  local out = {}
  for i = 1, #s, 4 do out[#out + 1] = ("I4"):unpack(s, i) end
  return out
end
local function numbers(text)
  local out = {}
  for v in text:gmatch "[%d.-]+" do out[#out + 1] = tonumber(v) end
  return out
end
local function points(list) return ("d"):rep(#list):pack(table.unpack(list)) end

describe("runs of masks", function()
  it("have COCO's text", function()
    for text, counts in pairs {
      ["2111"] = "2 1 1 2", ["4"] = "4", ["04"] = "0 4", ["231N"] = "2 3 1 1", ["7o?P`0"] = "7 511 512",
      ["T35o2000]6"] = "100 5 95 5 95 5 300", ["Xo0d03]O]n0"] = "1000 20 3 1 976",
    } do
      local runs = pack(numbers(counts))
      assert.equal(text, core.rle_encode(runs))
      assert.same(numbers(counts), unpack_runs(assert(core.rle_decode(text))))
    end
    local public = "WRQR14oT20K?D5M0O7I6K3M005K3M004L0N4N001O02N001N2O0001O2N00001O02N0000N3O0000002N00001O000O1O10"
      .. "00000000001O00000N20000000O01000000000000N2000O10O1000N20O10000N200000O01000000N11000000000000N20000"
      .. "000000O3N00001O2N001O0N3O002M2O002M3L7J101H>A_SbS3"
    local runs = assert(core.rle_decode(public))
    assert.equal(245, #public)
    assert.equal(public, core.rle_encode(runs))
    local list = unpack_runs(runs)
    assert.equal(235, #list)
    assert.same({1115207, 4, 2207, 4, 2202, 19}, table.move(list, 1, 6, 1, {}))
    assert.same({17, 3264761}, {list[234], list[235]})
    local pixels, area, x0, y0, x1, y1 = core.rle_measure(runs, 2211)
    assert.same({2211 * 2097, 6718, 504, 842, 504 + 117, 842 + 75}, {pixels, area, x0, y0, x1, y1})
    for _, v in ipairs {0, 1, 15, 16, 31, 32, 1 << 20, (1 << 31) - 1} do
      local some = pack {v, 1, v, 2, 0, v}
      assert.equal(some, core.rle_decode(core.rle_encode(some)))
    end
    for text, at in pairs {["2\n"] = 2, ["11~"] = 3, ["1o"] = 3, ["1oooooooo0"] = 9, ["n"] = 2, ["@1"] = 1} do
      local got, message = core.rle_decode(text)
      assert.is_nil(got)
      assert.equal("runs that go wrong at character " .. at, message)
    end
  end)

  it("are those of polygons, by COCO's rule", function()
    for _, case in ipairs {
      {"1 1 1 3 4 3 4 1", 5, 6, "6 2 3 2 3 2 12", "6230009", 6, "1 1 3 2"},
      {"0 0 4 0 0 4", 4, 4, "0 3 1 2 2 1 7", "031O1O5", 6, "0 0 3 3"},
      {".5 .5 .5 2.5 2.5 2.5 2.5 .5", 4, 4, "5 2 2 2 5", "52203", 4, "1 1 2 2"},
      {".4 .4 .4 2.6 2.6 2.6 2.6 .4", 4, 4, "0 3 1 3 1 3 5", "0310004", 9, "0 0 3 3"},
      {"0 0 4 4 4 0 0 4", 4, 4, "0 3 2 1 3 1 2 3 1", "032N10O2O", 8, "0 0 4 3"},
      {"1 0 5 3 2 5", 5, 6, "5 2 4 4 2 2 11", "5242NN9", 8, "1 0 3 5"},
      {"3 1 8 1 8 6 3 6", 5, 5, "16 4 1 4", "`0410", 8, "3 1 2 4"},
    } do
      local runs = assert(core.rle_polygon(points(numbers(case[1])), case[2], case[3]))
      assert.same(numbers(case[4]), unpack_runs(runs))
      assert.equal(case[5], core.rle_encode(runs))
      local pixels, area, x0, y0, x1, y1 = core.rle_measure(runs, case[2])
      assert.same({case[2] * case[3], case[6]}, {pixels, area})
      assert.same(numbers(case[7]), {x0, y0, x1 - x0, y1 - y0})
    end
    local rng = core.rng(1, "rle")
    for _, v in ipairs(core.to_table(rng:integer({50, 4}, 0, 9))) do
      local x0, y0, x1, y1 = v[1], v[2], v[1] + v[3], v[2] + v[4]
      local runs = assert(core.rle_polygon(points {x0, y0, x1, y0, x1, y1, x0, y1}, 12, 14))
      local mask = core.full({12, 14}, 0, "u8")
      core.rle_paint_(mask, runs, 12, 14, 1, {0, 0, 12, 14}, {0, 0, 12, 14})
      for y, row in ipairs(core.to_table(mask)) do
        for x, got in ipairs(row) do
          local inside = x > x0 and x <= x1 and y > y0 and y <= y1
          assert.equal(inside and 1 or 0, got)
        end
      end
    end
    for message, list in pairs {
      ["a polygon of fewer than 3 points"] = {1, 1, 2, 2},
      ["a polygon with an odd count of numbers"] = {1, 1, 2, 2, 3, 3, 4},
      ["a polygon with a number beyond +-65536"] = {1, 1, 2, 2, 3, 1 / 0},
    } do assert.same({nil, message}, {core.rle_polygon(points(list), 4, 4)}) end
    assert.is_nil((core.rle_polygon(points {0, 0 / 0, 1, 1, 2, 2}, 4, 4)))
    local far = {}
    for k = 1, 200 do
      far[#far + 1] = k % 2 * 65536
      far[#far + 1] = 0
    end
    assert.same({nil, "a polygon whose outline is too long"}, {core.rle_polygon(points(far), 4, 4)})
  end)

  it("come from masks and go into masks", function()
    local rng = core.rng(2, "rle")
    for _ = 1, 20 do
      local mask = core.to(rng:integer({7, 9}, 0, 1), "u8")
      local runs = core.rle_of(mask)
      assert.equal(63, (core.rle_measure(runs, 7)))
      local back = core.full({7, 9}, 0, "u8")
      core.rle_paint_(back, core.rle_decode(core.rle_encode(runs)), 7, 9, 1, {0, 0, 7, 9}, {0, 0, 7, 9})
      assert.equal(core.to_bytes(mask), core.to_bytes(back))
      local half = core.full({6, 5}, 9, "u8")
      core.rle_paint_(half, runs, 7, 9, 1, {1, 2, 6, 7}, {1, 1, 3, 4})
      local from = core.to_table(mask)
      for y, row in ipairs(core.to_table(half)) do
        for x, got in ipairs(row) do
          local sy, sx = (2 * (y - 2) + 1) * 6 // 6 + 1, (2 * (x - 2) + 1) * 7 // 8 + 2
          local there = y >= 2 and y <= 4 and x >= 2 and x <= 5 and from[sy + 1][sx + 1] == 1
          assert.equal(there and 1 or 9, got)
        end
      end
    end
    assert.same({3, 1, 2}, unpack_runs(core.rle_of(core.tensor({{0, 0, 0}, {0, 5, 0}}, "u8"))))
    assert.same({0, 0, 0, 0, 0}, {select(2, core.rle_measure(pack {4}, 2))})
  end)

  it("unite and intersect", function()
    local a, b = pack {2, 3, 1, 1, 2}, pack {0, 4, 2, 2, 1}
    assert.same({0, 5, 1, 2, 1}, unpack_runs(core.rle_merge(a, b)))
    assert.same({2, 2, 2, 1, 2}, unpack_runs(core.rle_merge(a, b, true)))
  end)

  it("check what they are given", function()
    assert.error_matches(function() core.rle_encode "abc" end, "'runs' %(expected runs")
    assert.error_matches(function() core.rle_polygon("abc", 4, 4) end, "'points' %(expected a text of doubles")
    local mask, runs = core.full({4, 4}, 0, "u8"), pack {16}
    for _, w in ipairs {{1, 0, 4, 4}, {0, 0, 0, 4}, {0, 0, 4}, {-1, 0, 4, 4}} do
      assert.error_matches(function() core.rle_paint_(mask, runs, 4, 4, 1, w, {0, 0, 4, 4}) end, "'window'")
      assert.error_matches(function() core.rle_paint_(mask, runs, 4, 4, 1, {0, 0, 4, 4}, w) end, "'place'")
    end
  end)
end)
