-- What nets are told of places: layouts and maps, of batches, of sets and of files; and that recipes which are told of
-- them do not depend on the order of blocks.
local core = require "gan.core"
local gan = require "gan"
local inside = require "spec.support.inside"
local temp = require "spec.support.temp"

local places = gan.model.places

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

describe("places:", function()
  teardown(temp.clean)

  it("layouts, as batches have boxes", function()
    local set = gan.data.shapes {count = 40, size = 16}
    local condition = places.layouts(set)
    assert.same({3, 16, 16}, {condition.most, condition.height, condition.width})
    assert.equal(set.box_classes, condition.classes)
    local loader <close> = gan.data.batches(set, {batch = 40, annotations = {"boxes"}})
    local _, _, rows, _, beside = loader()
    local y, keys = condition:of(beside)
    assert.same({40, 3, 5}, y:shape())
    local images, all = places.of(set, condition)
    assert.same(core.to_table(core.gather_rows(all, rows)), y:to_table())
    assert.same({40, 16, 16, 3}, images:shape())
    assert.equal("number", type(keys[1])) -- no texts to be written beneath pictures
    local twice = select(2, condition:of {boxes = gan.ones(2, 1, 4), box_classes = gan.tensor({{1}, {1}}, "i32")})
    assert.equal(twice[1], twice[2])
    assert.matches("'set' %(expected a data set with boxes", message(places.layouts, gan.data.fake {}))
  end)

  it("maps of classes; of objects without classes, ground and object", function()
    local set = gan.data.shapes {count = 12, size = 16}
    local condition = places.maps(set)
    assert.same({"ground", "circle"}, {condition.classes[1], condition.classes[2]})
    local loader <close> = gan.data.batches(set, {batch = 12, annotations = {"mask"}, mask_kind = "class"})
    local _, _, rows, _, beside = loader()
    local y = condition:of(beside)
    assert.equal(y, beside.mask)
    assert.same(core.to_table(core.gather_rows(select(2, places.of(set, condition)), rows)), y:to_table())
    local cells = {n = 1, height = 1, width = 4, mask = print, mask_kind = "instance"}
    condition = places.maps(cells)
    assert.same({"ground", "object"}, condition.classes)
    assert.same({{{0, 1, 1, 255}}}, condition:of({mask = gan.tensor({{{0, 1, 254, 255}}}, "u8")}):to_table())
    assert.matches("'set' %(expected a data set with masks", message(places.maps, gan.data.fake {}))
  end)

  it("come back from a checkpoint, and take nothing else", function()
    local condition = places.layouts(gan.data.shapes {count = 40, size = 16})
    local state = condition:state()
    local again = assert(places.again(state))
    assert.same(state, again:state())
    condition:load(state)
    assert.is_true(again.places)
    local maps = places.maps(gan.data.shapes {count = 4, size = 16})
    assert.matches("of another condition", message(maps.load, maps, state))
    for change, words in pairs {
      [{classes = 0}] = "classes: expected a list of names", [{classes = {1}}] = "classes: expected a list of names",
      [{most = 0}] = "most: expected a count of objects", [{height = 1.5}] = "expected the height and width of images",
    } do
      local t = {}
      for k, v in pairs(state) do t[k] = v end
      for k, v in pairs(change) do t[k] = v end
      local none, why = places.again(t)
      assert.is_nil(none)
      assert.equal(words, why)
    end
    local file = temp.write(temp.dir() .. "/a.json", '{"objects": [{"class": "star", "box": [0, 0, 1, 0.5]}]}')
    local y = assert(condition:read {file, file})
    assert.same({2, 3, 5}, y:shape())
    assert.same({3, 0, 0, 16, 8}, y:to_table()[2][1])
    assert.matches("no.json", select(2, condition:read {"no.json"}))
  end)

  for name, words in pairs {layout_to_image = "--size 32 --batch 8 ", mask_to_image = "--size 32 --batch 4 ",
    pix2pix = "--size 16 --batch 8 "} do
    it(name .. " ends in the same bytes whichever block comes first", function()
      local dir, start, bytes = temp.dir(), gan.train.run, {}
      for i, order in ipairs {{1, 2}, {2, 1}} do
        gan.train.run = function(spec)
          local run = start(spec)
          local train = run.train
          run.train = function(self, own)
            own.block_order = order
            return train(self, own)
          end
          return run
        end
        local code, out, err = inside.run(("experiments/%s.lua"):format(name),
          ("%s--limit 32 --ngf 2 --ndf 2 --steps 3 --blocks 2 --snap 0 --name %d --outdir %s"):format(words, i, dir))
        gan.train.run = start
        assert.same({0, ""}, {code, err}, out)
        bytes[i] = temp.read(("%s/%d/checkpoint_last.safetensors"):format(dir, i))
      end
      assert.is_true(bytes[1] == bytes[2])
    end)
  end
end)
