-- Pascal VOC's XML: boxes from 1, inclusive; where the pictures are; what is wrong, all at once.
local annotated = require "spec.support.annotated"
local data = require "gan.data"
local files = require "spec.support.files"
local lfs = require "lfs"

local function object(name, x0, y0, x1, y1)
  return ("<object><name> %s </name><difficult>0</difficult><bndbox><ymin>%s</ymin><xmin>%s</xmin><xmax>%s</xmax>"
    .. "<ymax>%s</ymax></bndbox></object>"):format(name, y0, x0, x1, y1)
end

local function annotation(name, objects, size)
  return ("<annotation>\n<filename>%s</filename><path>C:\\x\\y.png</path>%s%s</annotation>"):format(name,
    size or "<size><width>20</width><height>10</height><depth>3</depth></size>", table.concat(objects))
end

describe("Pascal VOC's XML", function()
  local dir
  before_each(function() dir = files.folder() end)
  after_each(function() files.remove(dir) end)

  local function write(folder)
    lfs.mkdir(folder)
    for i, name in ipairs(annotated.names) do
      local objects = {}
      for k, b in ipairs(annotated.boxes[i]) do objects[k] = object(b.class, b.x0 + 1, b.y0 + 1, b.x1, b.y1) end
      files.write(("%s/%s.xml"):format(folder, name:sub(1, 1)), annotation(name, objects))
    end
  end

  it("gives boxes, from wherever it lies", function()
    annotated.pictures(dir .. "/JPEGImages")
    write(dir .. "/Annotations")
    local set = annotated.same(assert(data.open(dir)))
    assert.same({{class = 0, x0 = 2, y0 = 3, x1 = 7, y1 = 9}}, set:boxes(1))
    assert.same({}, set.notes)
    annotated.pictures(dir .. "/flat")
    write(dir .. "/flat")
    annotated.same(assert(data.open(dir .. "/flat")))
    local below = files.folder()
    lfs.mkdir(below .. "/set")
    annotated.pictures(below .. "/set/images")
    write(below .. "/set/Annotations")
    annotated.same(assert(data.open(below)))
    files.remove(below)
  end)

  it("tells boxes that are none, before they count from 0, and other sizes", function()
    annotated.pictures(dir)
    files.write(dir .. "/a.xml", annotation("nowhere.jpg", {object("cat", 3, 4, 3, 9), object("cat", 0, 1, 21, 10.5)},
      "<size><width>30</width><height>10</height></size>"))
    local set = assert(data.open(dir))
    assert.equal(1, set.n)
    assert.same({{class = 0, x0 = 0, y0 = 0, x1 = 20, y1 = 10}}, set:boxes(1))
    for _, want in ipairs {
      "1 box is empty, left out:", "1 box is partly outside of the picture, cut:",
      "1 picture is of another size:", "a.xml: said to be 10x30, is 10x20 (height x width)",
    } do assert.is_truthy(set:describe():find(want, 1, true), set:describe()) end
  end)

  it("is refused with all that is wrong", function()
    annotated.pictures(dir)
    lfs.mkdir(dir .. "/Annotations")
    local function write_one(name, text) files.write(("%s/Annotations/%s.xml"):format(dir, name), text) end
    write_one("a", annotation("a.png", {"<object><name>cat</name></object>", object("", 1, 1, 2, 2),
      object("cat", 1, 1, "x", 2)}))
    write_one("b", "<annotation>\n<object></annotation>")
    write_one("d", annotation("gone.png", {}))
    write_one("e", "<html/>")
    write_one("f", annotation("a.png", {}))
    write_one("g", "<!DOCTYPE a [<!ENTITY x 'y'>]><annotation>&x;</annotation>")
    write_one("h", ("<annotation>"):rep(200))
    local set, message = data.open(dir)
    assert.is_nil(set)
    for _, want in ipairs {
      "9 problems", "a.xml: object 1, 'cat', has no bndbox", "a.xml: object 2 has no name",
      "a.xml: object 3, 'cat', has no number xmax", "b.xml: line 2, column 11: mismatched tag",
      "d.xml: there is no picture 'gone.png'", "e.xml: <html>, no <annotation>",
      "f.xml: the same picture as a.xml, a.png", "g.xml: line 1, column 25: it defines entities",
      "h.xml: line 1, column 1201: more than 100 elements in each other",
    } do assert.is_truthy(message:find(want, 1, true), message) end
  end)
end)
