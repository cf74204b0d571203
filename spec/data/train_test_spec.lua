-- Training and test images: the splits of the files, or a tenth kept back.
local core = require "gan.core"
local data = require "gan.data"
local files = require "spec.support.files"
local text = require "gan.file.text"

describe("data.train_test", function()
  local dir
  before_each(function() dir = files.folder() end)
  after_each(function() files.remove(dir) end)

  it("takes the splits of the files", function()
    files.write(dir .. "/train-images-idx3-ubyte", files.idx_images(2, 1, 1, "ab"))
    files.write(dir .. "/train-labels-idx1-ubyte", files.idx_labels(2, "\0\1"))
    local train, message = data.train_test(dir)
    assert.is_nil(train)
    assert.matches("has no split to test on", message)
    files.write(dir .. "/t10k-images-idx3-ubyte", files.idx_images(3, 1, 1, "cde"))
    train, message = data.train_test(dir)
    assert.is_nil(train)
    assert.equal(dir .. ": the images of the split test have no classes", message)
    files.write(dir .. "/t10k-labels-idx1-ubyte", files.idx_labels(3, "\1\0\1"))
    local test
    train, test = data.train_test(dir, {limit = 2, channels = 3})
    assert.same({2, 2, 3}, {train.n, test.n, test.channels})
    assert.same({0, 1}, core.to_table(train.labels))
    assert.same({1, 0}, core.to_table(test.labels))
  end)

  it("gives the test's labels the training's meaning", function()
    local function set(split, names, labels)
      return data.set.new {images = core.full({#labels, 2, 2, 1}, 7, "u8"), labels = core.tensor(labels, "i32"),
        classes = names, source = "s", split = split, splits = {"train", "val"}}
    end
    local function opened(test_names, labels)
      return require "gan.data.train_test"(function(_, o)
        return o.split == "val" and set("val", test_names, labels) or set("train", {"cat", "dog", "eel"}, {0, 1, 2, 0})
      end, "s", {})
    end
    local _, test = opened({"dog", "eel"}, {0, 1, 1})
    assert.same({1, 2, 2}, core.to_table(test.labels))
    assert.same({"cat", "dog", "eel"}, test.classes)
    _, test = opened({"cat", "dog", "eel"}, {0, 2})
    assert.same({0, 2}, core.to_table(test.labels))
    assert.same({nil, "s: the classes of val are not those of train: there is no class 'emu' among cat dog eel"},
      {opened({"cat", "emu"}, {0, 1})})
  end)

  it("keeps a tenth back, drawn by the seed, with its labels", function()
    local all = data.shapes {count = 45, size = 16}
    local class = {} -- picture -> label
    for i = 1, 45 do class[core.to_bytes(all:image(i))] = core.get(all.labels, i) end
    local train, test = data.train_test("shapes", {limit = 45, size = 16, seed = 3})
    assert.same({41, 4}, {train.n, test.n})
    assert.same({16, 3, 8, "shapes"}, {test.size, test.channels, #test.classes, test.source})
    local seen = 0
    for _, part in ipairs {train, test} do
      for i = 1, part.n do
        local picture = core.to_bytes(part:image(i))
        assert.equal(class[picture], core.get(part.labels, i))
        class[picture], seen = nil, seen + 1
      end
    end
    assert.equal(45, seen)
    local _, again = data.train_test("shapes", {limit = 45, size = 16, seed = 3})
    local _, other = data.train_test("shapes", {limit = 45, size = 16, seed = 4})
    assert.equal(core.to_bytes(test.images), core.to_bytes(again.images))
    assert.not_equal(core.to_bytes(test.images), core.to_bytes(other.images))
  end)

  it("tests on the first of test, val and eval that has classes", function()
    for i, name in ipairs {"train/a/1", "train/b/2", "test/3", "val/a/4", "val/b/5", "eval/a/6"} do
      text.make_folder(dir .. "/" .. name:match "^(.*)/")
      files.write(("%s/%s.png"):format(dir, name), files.plain(2, i, 0, 0))
    end
    local function tested()
      local _, test = assert(data.train_test(dir))
      return test.split, core.to_table(test:image(1))[1][1][1], test.classes
    end
    assert.same({"val", 4, {"a", "b"}}, {tested()})
    files.remove(dir .. "/val")
    assert.same({"eval", 6, {"a", "b"}}, {tested()})
    files.remove(dir .. "/eval")
    assert.same({nil, dir .. ": the images of the split test have no classes"}, {data.train_test(dir)})
  end)

  it("says what is wrong", function()
    for path, what in pairs {[dir .. "/none"] = "cannot open", [dir] = "no pictures in it"} do
      local train, message = data.train_test(path)
      assert.is_nil(train)
      assert.is_truthy(message:find(what, 1, true), message)
    end
    local train, message = data.train_test("shapes", {limit = 9})
    assert.is_nil(train)
    assert.equal("shapes: expected at least 10 images, found 9", message)
    files.write(dir .. "/a.png", files.plain(4, 1, 2, 3))
    train, message = data.train_test(dir)
    assert.is_nil(train)
    assert.equal(dir .. ": the images have no classes", message)
    assert.has_error(function() data.train_test("shapes", {split = "test"}) end)
    assert.has_error(function() data.train_test("shapes", {seed = "x"}) end)
  end)
end)
