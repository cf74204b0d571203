-- Captions in .txt files of the pictures' names.
local annotated = require "spec.support.annotated"
local data = require "gan.data"
local files = require "spec.support.files"
local lfs = require "lfs"

describe("caption files", function()
  local dir
  before_each(function() dir = files.folder() end)
  after_each(function() files.remove(dir) end)

  local function texts(folder)
    lfs.mkdir(folder)
    for i, list in ipairs(annotated.captions) do
      files.write(("%s/%s.txt"):format(folder, ("abc"):sub(i, i)), "\n" .. table.concat(list, "\r\n\n") .. "\n")
    end
  end

  it("lie beside pictures, or in a folder of their own", function()
    annotated.pictures(dir)
    texts(dir)
    annotated.same(assert(data.open(dir)))
    lfs.mkdir(dir .. "/b")
    annotated.pictures(dir .. "/b/images")
    texts(dir .. "/b/text")
    local set = annotated.same(assert(data.open(dir .. "/b")))
    assert.same({}, set.notes)
    os.remove(dir .. "/b/text/b.txt")
    set = data.open(dir .. "/b")
    assert.same({}, set:captions(2))
    assert.matches("1 picture is without a text:\n    b.png", set:describe())
    assert.matches("1 of 3 pictures have no caption", set:describe())
    local beside = select(5, data.batches(set, {batch = 3, annotations = {"captions"}})())
    assert.equal(3, #beside.captions)
  end)

  it("are no lists of numbers, as YOLO has them", function()
    annotated.pictures(dir)
    for _, name in ipairs {"a", "b", "c"} do files.write(("%s/%s.txt"):format(dir, name), "0 0.5 0.5 0.1 0.25\n") end
    local set = assert(data.open(dir))
    assert.same({"folder"}, {set.format, set.captions})
    assert.matches("left out: 3 .txt", set:describe())
  end)

  it("are refused with all that is wrong", function()
    annotated.pictures(dir .. "/images")
    texts(dir .. "/text")
    files.write(dir .. "/text/z.txt", "gone")
    files.write(dir .. "/text/a.txt", "fine\nb\xff")
    local set, message = data.open(dir)
    assert.is_nil(set)
    assert.matches("2 problems.*\n  a.txt: line 2, byte 2: no UTF%-8\n  z.txt: captions of a picture that is missing",
      message)
  end)
end)
