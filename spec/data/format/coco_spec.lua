-- COCO's JSON: the same boxes, masks and captions from polygons and both forms of runs; all that is wrong at once.
local annotated = require "spec.support.annotated"
local core = require "gan.core"
local data = require "gan.data"
local files = require "spec.support.files"
local json = require "gan.file.json"
local lfs = require "lfs"

describe("COCO's JSON", function()
  local dir
  before_each(function() dir = files.folder() end)
  after_each(function() files.remove(dir) end)

  -- The runs of a box as a list of counts, column by column.
  local function counts_of(b)
    local mask = {}
    for y = 1, annotated.h do
      mask[y] = {}
      for x = 1, annotated.w do
        mask[y][x] = (x > b.x0 and x <= b.x1 and y > b.y0 and y <= b.y1) and 1 or 0
      end
    end
    local runs, out = core.rle_of(core.tensor(mask, "u8")), {}
    for i = 1, #runs, 4 do out[#out + 1] = ("I4"):unpack(runs, i) end
    return out, core.rle_encode(runs)
  end

  local outlines = {
    polygon = function(b) return {{b.x0, b.y0, b.x1, b.y0, b.x1, b.y1, b.x0, b.y1}} end,
    list = function(b) return {counts = counts_of(b), size = {annotated.h, annotated.w}} end,
    text = function(b) return {counts = select(2, counts_of(b)), size = {annotated.h, annotated.w}} end,
  }

  local function images()
    local out = {}
    for i, name in ipairs(annotated.names) do
      out[i] = {id = 10 * i, file_name = name, width = annotated.w, height = annotated.h}
    end
    return out
  end

  local function objects(how, change)
    local out = {}
    for i, boxes in ipairs(annotated.boxes) do
      for k, b in ipairs(boxes) do
        local v = {
          id = 100 * i + k, image_id = 10 * i, category_id = b.class == "cat" and 3 or 90, iscrowd = 0,
          bbox = {b.x0, b.y0, b.x1 - b.x0, b.y1 - b.y0}, area = (b.x1 - b.x0) * (b.y1 - b.y0),
          segmentation = how and outlines[how](b) or nil,
        }
        if change then change(v) end
        out[#out + 1] = v
      end
    end
    return out
  end

  local function captions()
    local out = {}
    for i, list in ipairs(annotated.captions) do
      for _, caption in ipairs(list) do out[#out + 1] = {id = #out + 1, image_id = 10 * i, caption = caption} end
    end
    return out
  end

  local categories = {{id = 90, name = "dog"}, {id = 3, name = "cat"}}

  local function write(path, annotations, change)
    local t = {images = images(), categories = categories, annotations = annotations, info = {year = 2026}}
    if change then change(t) end
    return files.write(path, json.encode(t))
  end

  local function classes(set)
    local all = select(5, data.batches(set, {batch = 3, annotations = {"mask", "boxes"}, mask_kind = "class"})())
    return core.to_table(all.mask), all
  end

  it("gives the same of polygons and of both forms of runs", function()
    annotated.pictures(dir)
    for how in pairs(outlines) do
      local set = assert(data.open(write(dir .. "/x.json", objects(how))))
      assert.same({"cat", "dog"}, set.box_classes)
      assert.same({"instance", {"ground", "cat", "dog"}}, {set.mask_kind, set.mask_classes})
      local own = set.mask
      set.mask = nil -- of instances; the classes of batches are compared
      annotated.same(set)
      set.mask = own
      local loader = data.batches(set, {batch = 3, annotations = {"mask", "boxes"}, mask_kind = "class"})
      local _, _, rows, _, beside = loader()
      local mask = core.to_table(beside.mask)
      for k = 1, 3 do
        for y = 1, annotated.h do
          for x = 1, annotated.w do
            assert.equal(annotated.number(rows:get(k) + 1, y - 1, x - 1), mask[k][y][x])
          end
        end
      end
      assert.equal(set:mask(2):to_bytes(), set:mask(2):to_bytes())
    end
    local bare = annotated.same(assert(data.open(write(dir .. "/x.json", objects()))))
    assert.is_nil(bare.mask)
    local tight = assert(data.open(write(dir .. "/x.json", objects("text", function(v) v.bbox = nil end))))
    tight.mask = nil
    annotated.same(tight)
  end)

  it("is found by its usual names, with captions and splits", function()
    lfs.mkdir(dir .. "/annotations")
    annotated.pictures(dir .. "/val2017")
    write(dir .. "/annotations/instances_val2017.json", objects())
    write(dir .. "/annotations/captions_val2017.json", captions())
    annotated.same(assert(data.open(dir)))
    annotated.same(assert(data.open(dir .. "/annotations/instances_val2017.json")))
    lfs.mkdir(dir .. "/images")
    annotated.pictures(dir .. "/images/train2017")
    write(dir .. "/annotations/instances_train2017.json", objects(), function(t) t.images[3] = nil end)
    write(dir .. "/annotations/captions_train2017.json", captions())
    local set = assert(data.open(dir))
    assert.same({"train", {"train", "val"}, 3}, {set.split, set.splits, set.n})
    for _, split in ipairs {"train", "valid"} do
      annotated.pictures(dir .. "/" .. split)
      write(("%s/%s/_annotations.coco.json"):format(dir, split), objects())
    end
    files.remove(dir .. "/annotations")
    assert.same({{"train", "val"}, 3}, {data.open(dir, {split = "val"}).splits, data.open(dir).n})
  end)

  it("leaves crowds out of boxes, void in masks, and keeps small objects above large ones", function()
    annotated.pictures(dir)
    local set = assert(data.open(write(dir .. "/x.json", objects("list", function(v)
      if v.id == 201 then v.iscrowd = 1 end
    end))))
    assert.equal(1, #set:boxes(2))
    local mask = core.to_table(set:mask(2))
    assert.same({255, set:boxes(2)[1].id}, {mask[1][1], mask[5][12]})
    set = assert(data.open(write(dir .. "/x.json", objects("list", function(v)
      if v.id == 201 then v.category_id, v.area = 3, 1 end
    end))))
    mask = core.to_table(set:mask(2))
    assert.equal(mask[1][1], mask[5][12]) -- the large one says that it is small
    assert.is_truthy(classes(set))
  end)

  it("fits masks as pictures", function()
    annotated.pictures(dir)
    write(dir .. "/instances.json", objects("polygon"))
    local set = assert(data.open(dir, {size = 10, fit = "pad"}))
    local mask = core.to_table(set:mask(1))
    for y = 1, 10 do
      for x = 1, 10 do
        local inside = y >= 3 and y <= 7
        local want = inside and annotated.number(1, 2 * (y - 3) + 1, 2 * (x - 1) + 1) or 255
        assert.equal(want, mask[y][x])
      end
    end
  end)

  it("is refused with all that is wrong", function()
    annotated.pictures(dir)
    local function refused(wants, annotations, change)
      local set, message = data.open(write(dir .. "/x.json", annotations, change))
      assert.is_nil(set)
      for _, want in ipairs(wants) do assert.is_truthy(message:find(want, 1, true), message) end
    end
    local some = objects("polygon")
    some[1].category_id, some[2].image_id, some[3].id = 7, 70, 201
    refused({"x.json: annotation 201: the id is there twice"}, some)
    some[3].id = 3
    refused({
      "2 problems", "x.json: annotation 101: there is no category 7", "annotations of image 70, which is not listed",
    }, some)
    refused({"image 10: the id is there twice", "category 3: the id is there twice", "image 4 has no file_name"},
      objects(), function(t)
        t.images[4], t.images[5] = {id = 10, file_name = "a.png"}, {id = 4}
        t.categories = {categories[1], categories[2], categories[2]}
      end)
    some = objects("text")
    some[1].segmentation = {counts = "0", size = {9, 20}}
    some[2].segmentation = {counts = "11", size = {10, 20}}
    some[3].segmentation = {counts = "1o", size = {10, 20}}
    refused({
      "annotation 101: runs of 9x20, the image is 10x20 (height x width)",
      "annotation 201: runs of 2 pixels, the image has 200", "annotation 202: runs that go wrong at character 3",
    }, some)
    some = objects()
    some[1].bbox, some[2].bbox, some[3].bbox = nil, {1, 2, 3}, {4, 4, 0, 4}
    refused({"101: neither a bbox nor a segmentation", "201: the bbox is no list of x, y, width and height"}, some)
    refused({"a.png: said to be 10x30, is 10x20"}, objects("polygon"), function(t) t.images[1].width = 30 end)
    refused({"'../a.png' is no path"}, objects(), function(t) t.images[1].file_name = "../a.png" end)
    some = objects("polygon", function(v) v.segmentation[2] = {1, 1, 2, 2} end)
    local set = assert(data.open(write(dir .. "/x.json", some)))
    assert.matches("3 polygons are of fewer than 3 points or an odd count of numbers, left out:", set:describe())
  end)

  it("that is broken is told with line and column", function()
    annotated.pictures(dir)
    for text, want in pairs {
      ['{"images": [\n  {"id": 1,}]}'] = "x.json: line 2, column 12: parse error: invalid object key",
      ['{"images": ['] = "x.json: line 1, column 12: parse error: premature EOF",
      ['{"images": ' .. ("["):rep(1000)] = "more than 64 lists and objects in each other",
      ['{"images": 7, "annotations": {}}'] = "an entry of images is no object",
      ['{"annotations": [' .. ('"%s"'):format(("x"):rep(3 << 20)) .. "]}"] = "a text of more than 1 MiB",
      ["{}"] = "no pictures in it",
    } do
      local set, message = data.open(files.write(dir .. "/x.json", text))
      assert.is_nil(set)
      assert.is_truthy(message:find(want, 1, true), message)
    end
  end)
end)
