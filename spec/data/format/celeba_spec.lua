-- CelebA's lists.
local annotated = require "spec.support.annotated"
local core = require "gan.core"
local data = require "gan.data"
local files = require "spec.support.files"

describe("CelebA's lists", function()
  local dir
  before_each(function() dir = files.folder() end)
  after_each(function() files.remove(dir) end)

  local function list(text) files.write(dir .. "/list_attr_celeba.txt", text) end

  it("give attributes and splits", function()
    annotated.pictures(dir .. "/img_align_celeba")
    list "3\nBald Smiling \na.png -1  1\nb.png  1 -1\nc.png  1  1\n"
    local set = assert(data.open(dir))
    assert.same({{{0, 1}, {1, 0}, {1, 1}}, {"Bald", "Smiling"}}, {core.to_table(set.attributes), set.attribute_names})
    files.write(dir .. "/list_eval_partition.txt", "a.png 0\nb.png 2\nc.png 1\n")
    assert.same({{1, 0}}, core.to_table(data.open(dir, {split = "test"}).attributes))
    assert.equal(1, data.open(dir).n)
  end)

  it("are refused with all that is wrong", function()
    annotated.pictures(dir)
    list "5\nBald Smiling\na.png -1\nb.png 1 2\nb.png 1 1\nd.png 1 1\n"
    files.write(dir .. "/list_eval_partition.txt", "a.png 0\nb.png 7\nd.png 0\n")
    local set, message = data.open(dir)
    assert.is_nil(set)
    for _, want in ipairs {
      "list_attr_celeba.txt:3: a.png: 1 numbers (expected 2)", "list_attr_celeba.txt:4: b.png: '2' is no 1 or -1",
      "list_attr_celeba.txt:5: b.png: listed twice", "list_attr_celeba.txt:1: says 5 pictures, lists 4",
      "list_eval_partition.txt:2: expected a name and 0, 1 or 2", "d.png: cannot open",
    } do assert.is_truthy(message:find(want, 1, true), message) end
    list "x\n"
    assert.matches("list_attr_celeba.txt:1: expected how many", select(2, data.open(dir)))
  end)
end)
