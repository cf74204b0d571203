-- What formats list becomes a set: boxes and masks fitted as their pictures, all problems told at once.
local annotated = require "spec.support.annotated"
local catalogue = require "gan.data.catalogue"
local core = require "gan.core"
local data = require "gan.data"
local files = require "spec.support.files"

describe("a catalogue", function()
  local dir
  before_each(function() dir = files.folder() end)
  after_each(function() files.remove(dir) end)

  local function options(o)
    local all = {fit = "crop", exif = true, skip_bad = false, cache = 1 << 30, stretch_range = false,
      background = {255, 255, 255}}
    for k, v in pairs(o or {}) do all[k] = v end
    return all
  end

  -- A catalogue of the three pictures; change(record, i) may change each of them.
  local function listed(change)
    annotated.pictures(dir)
    local c = catalogue.new(dir, "list")
    for i, name in ipairs(annotated.names) do
      local record = {path = dir .. "/" .. name, name = name, boxes = {}, captions = annotated.captions[i]}
      for k, b in ipairs(annotated.boxes[i]) do record.boxes[k] = b end
      if change then change(record, i) end
      c:add(record)
    end
    return c
  end

  it("gives boxes and captions as they are", function()
    annotated.same(listed():open(options()))
    local set = annotated.same(listed(function(r)
      r.parts = true
      for k, b in ipairs(r.boxes) do
        r.boxes[k] = {class = b.class, x0 = b.x0 / 20, x1 = b.x1 / 20, y0 = b.y0 / 10, y1 = b.y1 / 10}
      end
    end):open(options()))
    assert.equal(dir .. " (list): 3 images of 10x20 (height x width), colour, no classes, boxes of 2 classes, captions",
      set:describe())
    assert.is_truthy(set:fingerprint().annotations)
  end)

  it("fits boxes as pictures are fitted, and tells which are lost", function()
    local set = listed():open(options {size = 5})
    assert.same({}, set:boxes(1))
    assert.same({{class = 1, x0 = 0, y0 = 0, x1 = 5, y1 = 5}, {class = 0, x0 = 2.5, y0 = 1, x1 = 4.5, y1 = 4}},
      set:boxes(2))
    assert.equal("1 of 3 boxes left out as they are fitted: 1 with less than 2 pixels a side", set.notes[#set.notes])
    set = listed():open(options {size = 10, fit = "pad"})
    assert.same({{class = 1, x0 = 0, y0 = 2, x1 = 10, y1 = 7}, {class = 0, x0 = 5, y0 = 3, x1 = 7, y1 = 6}},
      set:boxes(2))
    set = listed():open(options {size = 10, fit = "stretch"})
    assert.same({class = 0, x0 = 1, y0 = 3, x1 = 3.5, y1 = 9}, set:boxes(1)[1])
  end)

  it("passes over boxes that are none, and tells them", function()
    local set = listed(function(r, i)
      local odd = {
        {class = "cat", x0 = 5, y0 = 5, x1 = 5, y1 = 9}, {class = "cat", x0 = 5, y0 = 5, x1 = 9, y1 = 0 / 0},
        {class = "cat", x0 = 20, y0 = 0, x1 = 30, y1 = 9}, {class = "dog", x0 = -4, y0 = 0, x1 = 8, y1 = 12},
      }
      if i == 3 then r.boxes = odd end
    end):open(options())
    assert.same({{class = 1, x0 = 0, y0 = 0, x1 = 8, y1 = 10}}, set:boxes(3))
    assert.equal("1 box is empty, left out:\n  c.png: box 1, 'cat' (5,5,5,9 of 20x10)", set.notes[1])
    local all = set:describe()
    for _, want in ipairs {
      "1 box is not of finite numbers, left out:", "c.png: box 2, 'cat'", "1 box is outside of the picture, left out:",
      "c.png: box 3, 'cat' (20,0,30,9 of 20x10)", "1 box is partly outside of the picture, cut:",
    } do assert.is_truthy(all:find(want, 1, true), all) end
  end)

  it("tells all that is wrong at once, or leaves it out", function()
    local function wrong()
      local c = listed(function(r, i) if i == 1 then r.path = dir .. "/x.png" end end)
      c:problem(c.records[3], "%s: nonsense", "c.png")
      c:problem(nil, "%s", "line 7: an odd line")
      return c
    end
    local set, message = wrong():open(options())
    assert.is_nil(set)
    assert.matches(": 3 problems, left out by %-%-skip%-bad:\n  c.png: nonsense\n  line 7: an odd line\n"
      .. "  a.png: cannot open", message)
    set = wrong():open(options {skip_bad = true})
    assert.equal(1, set.n)
    assert.equal(2, #set:boxes(1))
    assert.matches("3 problems, left out %(%-%-skip%-bad%):\n  c.png: nonsense", set.notes[1])
    set, message = catalogue.new(dir, "list"):open(options())
    assert.same({nil, dir .. ": no pictures in it"}, {set, message})
  end)

  it("counts classes over all splits, several labels as attributes", function()
    local labels = {{"dog"}, {"cat"}, {"dog"}}
    local function labelled(split)
      return listed(function(r, i) r.labels, r.split = labels[i], split and (i == 3 and "test" or "train") end)
    end
    local set = labelled():open(options())
    assert.same({{1, 0, 1}, {"cat", "dog"}}, {core.to_table(set.labels), set.classes})
    set = labelled(true):open(options {split = "test"})
    assert.same({{1}, {"cat", "dog"}, 1, "test", {"train", "test"}},
      {core.to_table(set.labels), set.classes, set.n, set.split, set.splits})
    assert.equal(2, labelled(true):open(options()).n)
    assert.matches("no split 'val' in it %(there is: train, test%)$",
      select(2, labelled(true):open(options {split = "val"})))
    assert.matches("has no splits", select(2, labelled():open(options {split = "val"})))
    assert.same({1, 0}, core.to_table(labelled():open(options {limit = 2}).labels))
    labels[1] = {"dog", "cat"}
    set = labelled():open(options())
    assert.same({{{1, 1}, {1, 0}, {0, 1}}, {"cat", "dog"}}, {core.to_table(set.attributes), set.attribute_names})
    assert.is_nil(set.labels)
    labels[2] = nil
    labels[1] = {"dog"}
    assert.matches("1 of 3 pictures have no label: there are no classes", labelled():open(options()):describe())
  end)

  it("comes through beyond the cache: the same batches as from memory", function()
    local function text(cache)
      local set = listed(function(r, i)
        files.write(("%s/m%d.png"):format(dir, i), files.png {h = 10, w = 20, colour = 0, value = function(y, x)
          return annotated.number(i, y, x)
        end})
        r.mask = ("%s/m%d.png"):format(dir, i)
      end):open(options {cache = cache, size = 8})
      assert.equal(cache == 0, set.images == nil)
      local loader, out = data.batches(set, {batch = 2, mirror = true, crop = 1, annotations = true}), {}
      for _ = 1, 6 do
        local x, _, rows, moves, beside = loader()
        out[#out + 1] = x:to_bytes() .. rows:to_bytes() .. moves:to_bytes() .. beside.mask:to_bytes()
          .. beside.boxes:to_bytes() .. table.concat(beside.captions, "|")
      end
      local again = data.batches(set, {batch = 2, mirror = true, crop = 1, annotations = true})
      again:load(loader:state())
      assert.equal(select(5, loader()).mask:to_bytes(), select(5, again()).mask:to_bytes())
      return table.concat(out, "\n"), set:fingerprint()
    end
    local a, b = {text(1 << 30)}, {text(0)}
    assert.equal(a[1], b[1])
    assert.equal(a[2].checksum, b[2].checksum)
  end)
end)
