-- Sets: rows, subsets, fingerprints, notes.
local gan = require "gan"
local core = require "gan.core"
local files = require "spec.support.files"
local threads = require "spec.support.threads"

local new = gan.data.set.new

-- n pictures of h x w x 1, all bytes of picture i being i - 1.
local function numbered(n, h, w)
  local t = core.full({n, h or 2, w or 3, 1}, 0, "u8")
  for i = 1, n do core.copy_(core.narrow(t, 1, i, 1), core.full({}, i - 1, "u8")) end
  return t
end

describe("a set", function()
  it("gives images by their numbers, from 0", function()
    local set = new {images = numbered(4), source = "mine", format = "tensor"}
    local some = set:rows {3, 0, 3}
    assert.same({"u8", {3, 2, 3, 1}}, {some:dtype(), some:shape()})
    assert.equal(("\3"):rep(6) .. ("\0"):rep(6) .. ("\3"):rep(6), some:to_bytes())
    assert.equal(some:to_bytes(), set:rows(core.tensor({3, 0, 3}, "i32")):to_bytes())
    local every_other = core.tensor({{2, 9}, {1, 9}}, "i32"):narrow(2, 1, 1):reshape {2}
    assert.equal(("\2"):rep(6) .. ("\1"):rep(6), set:rows(every_other):to_bytes())
    assert.same({0, 2, 3, 1}, set:rows({}):shape())
    for _, case in ipairs {
      {{4}, "expected integers in 0..3, got 4 at entry 1"}, {{0, -1}, "expected integers in 0..3, got -1 at entry 2"},
      {{0.5}, "got 0.5 at entry 1"}, {{"1"}, "got string '1' at entry 1"}, {3, "got 3"}, {nil, "got nil"},
      {core.tensor({0, 4}, "i32"), "expected integers in 0..3, got 4 at entry 2"},
      {core.tensor({-1}, "i32"), "got -1 at entry 1"},
      {core.tensor {1}, "expected a list of integers or an i32 tensor (n), got real tensor (1)"},
      {core.tensor({{1}}, "i32"), "got i32 tensor (1,1)"},
    } do
      local ok, message = pcall(set.rows, set, case[1])
      assert.is_false(ok)
      assert.truthy(message:find("rows: bad argument #1 'list' (expected ", 1, true), message)
      assert.truthy(message:find(case[2], 1, true), message)
    end
  end)

  it("may draw its images when they are wanted", function()
    local all, asked = gan.data.shapes {count = 40, size = 16}, 0
    local function drawn(fields)
      fields.n, fields.height, fields.width, fields.channels = 40, 16, 16, 3
      function fields.rows(_, list)
        asked = asked + 1
        assert.same({"i32", 1}, {core.dtype(list), core.dim(list)})
        return all:rows(list)
      end
      return fields
    end
    local set = new(drawn {labels = all.labels, source = "mine", format = "drawn"})
    assert.equal(all:rows({39, 0}):to_bytes(), set:rows({39, 0}):to_bytes())
    assert.equal(all:image(7):to_bytes(), set:image(7):to_bytes())
    assert.same(all:fingerprint(), set:fingerprint())
    assert.equal("mine (drawn): 40 images of 16x16, colour, no classes", set:describe())
    local part = set:subset({5, 3, 9}):subset {2, 0}
    assert.equal(all:rows({9, 5}):to_bytes(), part:rows({0, 1}):to_bytes())
    assert.same({2, all.labels:get(10)}, {part.n, part.labels:get(1)})
    for _, same in ipairs {set, drawn {labels = all.labels}} do -- a set, and a bare table
      local opt = {batch = 8, mirror = true, crop = 2, seed = 3}
      local a, b = gan.data.batches(all, opt), gan.data.batches(same, opt)
      for _ = 1, 12 do
        local x, y = {a()}, {b:next()}
        for k = 1, 4 do assert.equal(x[k]:to_bytes(), y[k]:to_bytes()) end
        assert.same(a:state(), b:state())
      end
    end
    asked = 0
    local want = "rows: bad argument #1 'list' %(expected integers in 0..39, got 40"
    assert.error_matches(function() set:rows {40} end, want)
    assert.equal(0, asked)
    for _, wrong in ipairs {core.full({2, 16, 16, 3}, 0), core.full({2, 16, 16, 1}, 0, "u8"), 7} do
      local bad = new {n = 9, height = 16, width = 16, channels = 3, rows = function() return wrong end}
      want = "method 'rows' of the set: expected u8 tensor %(2,16,16,3%), got"
      assert.error_matches(function() bad:rows {1, 2} end, want)
      assert.error_matches(function() gan.data.batches(bad, {batch = 2})() end, want)
    end
    for _, n in ipairs {-1, 2.5, "4"} do
      local fields = {n = n, height = 16, width = 16, channels = 3, rows = all.rows}
      assert.error_matches(function() new(fields) end, "data.set.new: field 'images': expected an u8 tensor")
      assert.error_matches(function() gan.data.batches(fields, {batch = 1}) end, "data.set.new: field 'images'")
    end
  end)

  it("flips and shifts what belongs to its images alike", function()
    local x = core.batch(core.reshape(core.tensor({0, 51, 102, 153, 204, 255}, "u8"), {1, 2, 3, 1}),
      core.tensor({{1, 1, -1}}, "i32"))
    local got = {}
    for i, v in ipairs(core.to_table(core.reshape(x, {6}))) do got[i] = math.floor((v + 1) * 2.5 + 0.5) end
    assert.same({4, 3, 3, 4, 3, 3}, got)
    local images = core.full({2, 1, 1, 1}, 0, "u8")
    local one = core.full({1, 3}, 0, "i32")
    assert.error_matches(function() core.batch(images, one) end, "'geometry' %(expected %(2,3%)")
    assert.error_matches(function() core.batch(images, core.full({2, 3}, 0)) end, "batch: bad argument #2 'geometry'")
    assert.error_matches(function() core.batch(core.full({2, 1}, 0, "u8"), 1) end, "batch: bad argument #")
  end)

  it("has a fingerprint: the checksum of the images' checksums, then of the labels", function()
    local images, labels = numbered(5), core.tensor({4, 3, 2, 1, 70000}, "i32")
    local packed = ""
    for i = 0, 4 do packed = packed .. ("<I4"):pack(files.crc32(string.char(i):rep(6))) end
    local set = new {images = images, source = "a", format = "tensor"}
    local want = {
      images = 5, height = 2, width = 3, channels = 1, checksum = ("crc32:%08x"):format(files.crc32(packed)),
    }
    assert.same(want, set:fingerprint())
    assert.same(want, set:fingerprint())
    want.checksum = ("crc32:%08x"):format(files.crc32(packed .. ("<i4i4i4i4i4"):pack(4, 3, 2, 1, 70000)))
    assert.same(want, new({images = images, labels = labels, source = "b", format = "x"}):fingerprint())
    assert.equal("crc32:00000000", new({images = core.full({0, 2, 2, 1}, 0, "u8")}):fingerprint().checksum)
  end)

  it("has a fingerprint of its annotations beside that of its images, but for images that are drawn", function()
    local function of(x, caption, natural)
      return new({images = numbered(1), natural = natural, attributes = core.full({1, 2}, x),
        boxes = function() return {{class = 0, x0 = 0, y0 = 0, x1 = x, y1 = 1}} end,
        captions = function() return {"a", caption} end}):fingerprint()
    end
    local a = of(1, "b")
    assert.matches("^crc32:%x+$", a.annotations)
    assert.same(a, of(1, "b"))
    assert.equal(a.checksum, of(1, "c").checksum)
    assert.not_equal(a.annotations, of(1, "c").annotations)
    assert.not_equal(a.annotations, of(2, "b").annotations)
    assert.is_nil(of(1, "b", false).annotations)
    local identity = gan.data.identity
    assert.matches("other annotations of the same images", identity.difference(a, of(1, "c")))
    assert.is_nil(identity.difference(a, of(1, "b")))
  end)

  it("has the same fingerprint for any number of threads", function()
    local shapes = gan.data.shapes {count = 200, size = 16}
    assert.is_true(threads(function(count)
      core.threads(count)
      return core.row_crcs(shapes.images):to_bytes()
    end))
    local a = shapes:fingerprint()
    assert.same(a, gan.data.shapes({count = 200, size = 16}):fingerprint())
    for _, other in ipairs {{count = 199, size = 16}, {count = 200, size = 16, seed = 1}, {count = 200, size = 17}} do
      assert.not_same(a, gan.data.shapes(other):fingerprint())
    end
  end)

  it("gives a part of itself, with its annotations", function()
    local all = gan.data.shapes {count = 9, size = 16}
    for _, list in ipairs {{7, 0, 7}, core.tensor({7, 0, 7}, "i32")} do
      local some = all:subset(list)
      assert.same({3, 16, 3, "shapes", "drawn", false}, {#some, some.size, some.channels, some.source, some.format,
        some.natural})
      for i, from in ipairs {8, 1, 8} do
        assert.equal(all:image(from):to_bytes(), some:image(i):to_bytes())
        assert.equal(all.labels:get(from), some.labels:get(i))
        assert.same(all:captions(from), some:captions(i))
        assert.equal(all.attributes:get(from, 3), some.attributes:get(i, 3))
        assert.same(all:boxes(from), some:boxes(i))
        assert.equal(all:mask(from):to_bytes(), some:mask(i):to_bytes())
      end
      assert.error_matches(function() some:captions(4) end, "captions: bad argument #1 'i'")
      assert.same(all:captions(1), some:subset({1, 1}):captions(2))
      assert.same({all.box_classes, all.mask_kind, false}, {some.box_classes, some.mask_kind, some.mirrors})
    end
    assert.is_nil(new({images = numbered(3)}):subset({1}).labels)
    assert.error_matches(function() all:subset {9} end, "expected integers in 0..8, got 9 at entry 1")
    assert.error_matches(function() all:subset "x" end, "expected a list of integers or an i32 tensor")
  end)

  it("describes itself, with its notes below", function()
    local set = new {images = numbered(2), source = "here", format = "folder", notes = {"2 .heic left out", "1 turned"}}
    assert.equal("here (folder): 2 images of 2x3 (height x width), grey, no classes\n  2 .heic left out\n  1 turned",
      set:describe())
    assert.equal(set:describe(), tostring(set))
    assert.same({"2 .heic left out", "1 turned"}, set:subset({0}).notes)
    assert.same({{}, {}}, {new({images = numbered(2)}).notes, new({images = numbered(2)}).splits})
    assert.matches("8 classes: circle .* moon, 16 attributes, boxes of 8 classes, masks, captions$",
      gan.data.shapes({count = 1}):describe())
    assert.error_matches(function() new {images = numbered(2), attributes = core.full({3, 2}, 0)} end,
      "data.set.new: field 'attributes': expected a real tensor %(2,A%), got real tensor %(3,2%)")
  end)
end)
