-- Annotations come with their images: moved alike, the same for any thread count and after a resume.
local gan = require "gan"
local core = require "gan.core"
local json = require "gan.file.json"
local threads = require "spec.support.threads"

local annotations = gan.data.annotations

-- A set of h x w images, each its own mask in grey: pixels of box 1 are 100, those of box 2 200.
local function masked(n, h, w)
  local boxes, masks, images, rng = {}, {}, {}, core.rng(3, "annotations")
  for i, v in ipairs(core.to_table(rng:integer({n, 4}, 0, 1000))) do
    local x0, y0 = v[1] % (w - 4), v[2] % (h - 4)
    boxes[i] = {
      {class = 4, x0 = x0, y0 = y0, x1 = x0 + 2, y1 = y0 + 3, id = 1},
      {class = 6, x0 = x0 + 2, y0 = y0, x1 = x0 + 4, y1 = y0 + 4, id = 2},
    }
    masks[i], images[i] = {}, {}
    for y = 1, h do
      masks[i][y], images[i][y] = {}, {}
      for x = 1, w do
        local id = 0
        for _, b in ipairs(boxes[i]) do
          if x > b.x0 and x <= b.x1 and y > b.y0 and y <= b.y1 then id = b.id end
        end
        masks[i][y][x], images[i][y][x] = id, {100 * id}
      end
    end
  end
  local all = core.tensor(masks, "u8")
  return gan.data.set.new {
    images = core.tensor(images, "u8"), source = "masked", format = "drawn", mask_kind = "instance",
    boxes = function(_, i) return boxes[i] end,
    mask = function(_, i) return core.reshape(core.narrow(all, 1, i, 1), {h, w}) end,
    captions = function(_, i) return {("%d on the left"):format(i), ("Right of %d"):format(i), "3", "4", "5"} end,
  }
end

-- All that a batch has, as a text.
local function text_of(loader)
  local x, y, rows, moves, beside = loader:next()
  local t = {x:to_bytes(), y and y:to_bytes() or "", rows:to_bytes(), moves:to_bytes()}
  for _, name in ipairs {"attributes", "boxes", "box_classes", "box_ids", "mask"} do
    t[#t + 1] = beside[name] and beside[name]:to_bytes() or "-"
  end
  t[#t + 1] = json.encode(beside.captions or {})
  return table.concat(t, "|")
end

describe("annotations", function()
  it("are listed, and asked for", function()
    local shapes = gan.data.shapes {count = 2, size = 16}
    assert.same({"labels", "attributes", "boxes", "mask", "captions"}, annotations.of(shapes))
    assert.is_true(annotations.needs(shapes, "boxes", "captions"))
    local bare = gan.data.set.new {images = core.full({2, 4, 4, 1}, 0, "u8"), source = "bare"}
    assert.same({nil, "bare: has no boxes, no captions (it has images alone)"},
      {annotations.needs(bare, "boxes", "captions")})
    assert.same({nil, "masked: has no attributes (it has images with boxes, mask, captions)"},
      {annotations.needs(masked(1, 6, 6), "attributes")})
    assert.error_matches(function() annotations.needs(bare, "box") end, "bad argument #2 'kind'")
    assert.error_matches(function() gan.data.batches(bare, {batch = 1, annotations = {"boxes"}}) end,
      "data.batches: bare: has no boxes %(it has images alone%)")
    assert.error_matches(function() gan.data.batches(bare, {batch = 1, annotations = {"box"}}) end, "'annotations'")
    assert.error_matches(function() gan.data.batches(shapes, {batch = 1, annotations = true, mirror = true}) end,
      "'mirror': mirror images of shapes have other annotations")
    assert.is_truthy(gan.data.batches(shapes, {batch = 1, mirror = true})())
    assert.is_nil((select(5, gan.data.batches(shapes, {batch = 1})())))
    assert.is_nil(next((select(5, gan.data.batches(bare, {batch = 1, annotations = true})()))))
  end)

  it("move with their images", function()
    local set = masked(40, 12, 10)
    local loader = gan.data.batches(set, {batch = 8, mirror = true, crop = 3, annotations = true, min_side = 0,
      min_visible = 0})
    local moved = 0
    for _ = 1, 10 do
      local x, _, rows, moves, beside = loader()
      local image, mask = core.to_table(core.image_quantise(x)), core.to_table(beside.mask)
      local boxes, ids = core.to_table(beside.boxes), core.to_table(beside.box_ids)
      for i = 1, 8 do
        local tight = {}
        for r = 1, 12 do
          for c = 1, 10 do
            local id = mask[i][r][c]
            assert.equal(image[i][r][c][1], 100 * id)
            local t = tight[id] or {99, 99, 0, 0}
            tight[id] = {math.min(t[1], c - 1), math.min(t[2], r - 1), math.max(t[3], c), math.max(t[4], r)}
          end
        end
        tight[0] = nil
        for k = 1, 2 do
          if ids[i][k] > 0 then
            assert.same(tight[ids[i][k]], {table.unpack(boxes[i][k])})
            tight[ids[i][k]] = nil
          end
        end
        assert.is_nil(next(tight))
        local caption, row = beside.captions[i], rows:get(i) + 1
        if moves:get(i, 1) == 1 then
          moved = moved + 1
          assert.is_true(caption == row .. " on the right" or caption == "Left of " .. row or #caption == 1, caption)
        else
          assert.is_true(caption == row .. " on the left" or caption == "Right of " .. row or #caption == 1, caption)
        end
      end
    end
    assert.is_true(moved > 20)
  end)

  it("that are hardly visible are left out, and void in masks of instances", function()
    local set = masked(40, 12, 10)
    local loader = gan.data.batches(set, {batch = 40, crop = 6, annotations = {"boxes", "mask"}})
    local _, _, rows, moves, beside = loader()
    local ids, void = core.to_table(beside.box_ids), 0
    for i = 1, 40 do
      local there = {[0] = true}
      for _, id in ipairs(ids[i]) do there[id] = true end
      for _, row in ipairs(core.to_table(beside.mask)[i]) do
        for _, id in ipairs(row) do
          assert.is_true(there[id] or id == 255, id)
          if id == 255 then void = void + 1 end
        end
      end
      for _, b in ipairs(set:boxes(rows:get(i) + 1)) do
        local now = gan.data.geometry.shift(b, 0, moves:get(i, 2), moves:get(i, 3), 12, 10)
        assert.equal(gan.data.geometry.visible(now, gan.data.geometry.area(b)), there[b.id] or false)
      end
    end
    assert.is_true(void > 0)
    local one = select(5, gan.data.batches(set, {batch = 40, annotations = {"boxes", "mask"}, most_boxes = 1})())
    assert.same({40, 1, 4}, one.boxes:shape())
    assert.equal(6, one.box_classes:get(1, 1)) -- the larger one
    local values = {}
    for _, row in ipairs(core.to_table(one.mask)[1]) do for _, id in ipairs(row) do values[id] = true end end
    assert.same({[0] = true, [2] = true, [255] = true}, values)
  end)

  it("give classes in the place of instances", function()
    local set = gan.data.shapes {count = 12, size = 16}
    local function of(kind)
      return select(5, gan.data.batches(set, {batch = 12, annotations = {"mask", "boxes"}, mask_kind = kind})())
    end
    local own, same, classes = of(nil), of "instance", of "class"
    assert.equal(own.mask:to_bytes(), same.mask:to_bytes())
    for i = 1, 12 do
      local map = {[0] = 0}
      for k = 1, core.size(own.box_ids, 2) do
        if own.box_ids:get(i, k) > 0 then map[own.box_ids:get(i, k)] = own.box_classes:get(i, k) + 1 end
      end
      local a, b = core.to_table(own.mask)[i], core.to_table(classes.mask)[i]
      for y = 1, 16 do for x = 1, 16 do assert.equal(map[a[y][x]], b[y][x]) end end
    end
    local flat = gan.data.set.new {
      images = core.full({2, 4, 4, 1}, 0, "u8"), source = "flat", mask_kind = "class",
      mask = function() return core.full({4, 4}, 1, "u8") end,
    }
    assert.error_matches(function() gan.data.batches(flat, {batch = 1, annotations = true, mask_kind = "instance"}) end,
      "'mask_kind': masks of flat do not tell instances %(they have classes%)")
  end)

  it("are the same for any thread count, after a resume, and with another loader", function()
    local set, shapes = masked(30, 12, 10), gan.data.shapes {count = 30, size = 16}
    for _, case in ipairs {{set, {batch = 7, mirror = true, crop = 2, seed = 4}}, {shapes, {batch = 7, seed = 1}}} do
      local opt = case[2]
      opt.annotations = true
      assert.is_true(threads(function(count)
        core.threads(count)
        local loader, out = gan.data.batches(case[1], opt), {}
        for k = 1, 12 do out[k] = text_of(loader) end
        return table.concat(out, "\n")
      end))
      local a, b = gan.data.batches(case[1], opt), gan.data.batches(case[1], opt)
      for _ = 1, 6 do text_of(a) end
      assert(b:load(a:state()))
      for _ = 1, 8 do assert.equal(text_of(a), text_of(b)) end
    end
  end)

  it("of the shards of a batch are those of the batch", function()
    local set, opt = masked(30, 12, 10), {batch = 6, mirror = true, crop = 2, annotations = true}
    local whole = gan.data.batches(set, opt)
    local shards = {}
    for k = 0, 1 do
      opt.shard = {k, 2}
      shards[k + 1] = gan.data.batches(set, opt)
    end
    for _ = 1, 7 do
      local want = select(5, whole())
      local a, b = select(5, shards[1]()), select(5, shards[2]())
      for _, name in ipairs {"boxes", "box_classes", "box_ids", "mask"} do
        assert.equal(want[name]:to_bytes(), a[name]:to_bytes() .. b[name]:to_bytes())
      end
      assert.same(want.captions, table.move(b.captions, 1, 3, 4, a.captions))
    end
  end)

  it("choose one of several captions by seed, epoch and image alone", function()
    local rng = core.rng(0, "data.caption")
    local rows, fives = {}, {}
    for i = 1, 10 do rows[i], fives[i] = i - 1, 5 end
    rows, fives = core.tensor(rows, "i32"), core.tensor(fives, "i32")
    for epoch, want in ipairs {
      {0, 0, 4, 3, 1, 1, 1, 2, 4, 3}, {3, 3, 1, 4, 2, 1, 3, 4, 2, 2}, {3, 1, 3, 1, 0, 4, 3, 1, 4, 1},
    } do
      assert.same(want, core.to_table(rng:choose(epoch - 1, rows, fives)))
    end
    assert.equal(-1, core.item(rng:choose(0, core.tensor({3}, "i32"), core.tensor({0}, "i32"))))
    assert.error_matches(function() rng:choose(0, rows, core.tensor({1}, "i32")) end, "'counts'")
    assert.error_matches(function() rng:choose(-1, rows, fives) end, "'sub'")
    local set = masked(10, 12, 10)
    local loader = gan.data.batches(set, {batch = 10, annotations = {"captions"}})
    for epoch = 0, 2 do
      local _, _, order, _, beside = loader()
      local chosen = core.to_table(rng:choose(epoch, rows, fives))
      for i = 1, 10 do
        local row = order:get(i)
        assert.equal(set:captions(row + 1)[chosen[row + 1] + 1], beside.captions[i])
      end
    end
  end)

  it("that fail make the next call try the same batch again", function()
    local set, broken = masked(6, 12, 10), false
    local own = set.boxes
    set.boxes = function(s, i)
      if broken then error("gone", 0) end
      return own(s, i)
    end
    local a = gan.data.batches(set, {batch = 2, annotations = true})
    local b = gan.data.batches(masked(6, 12, 10), {batch = 2, annotations = true})
    assert.equal(text_of(b), text_of(a))
    broken = true
    assert.error_matches(function() a() end, "gone")
    broken = false
    assert.equal(text_of(b), text_of(a))
  end)
end)
