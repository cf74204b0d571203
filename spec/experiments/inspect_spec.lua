-- inspect.lua: what it prints of a set, the sheet, and what it says of data that cannot be opened.
local annotated = require "spec.support.annotated"
local files = require "spec.support.files"
local inside = require "spec.support.inside"
local temp = require "spec.support.temp"

describe("inspect.lua", function()
  local dir
  setup(function() dir = temp.dir() end)
  teardown(temp.clean)

  local function run(words)
    return inside.run("experiments/inspect.lua", words)
  end

  it("counts what a set has, and draws it", function()
    local code, out = run(("shapes --limit 20 --size 16 --sheet %s/a.svg --threads 1"):format(dir))
    assert.equal(0, code)
    for _, want in ipairs {
      "^shapes %(drawn%): 20 images of 16x16", "\npixels: %d+ to %d+, mean ", "\nlabels: 8 classes\n  circle  +%d+\n",
      "\nattributes: 16, from 0 to 1; their means:\n  circle  +0%.%d+\n",
      "\nboxes: %d+; of an image 1 to %d, median 1; ",
      "\nmasks of objects: of an image 1 to %d, median 1; ground ", "\ncaptions: 20, %d+ of them different; ",
      "\nno image is there twice\nsheet: .*/a.svg\n$",
    } do assert.matches(want, out) end
    assert.matches("^<svg", temp.read(dir .. "/a.svg"))
  end)

  it("finds images that are there twice, and classes in masks", function()
    annotated.pictures(dir .. "/set")
    for _, name in ipairs {"images", "masks"} do annotated.pictures(dir .. "/set/" .. name) end
    for i, name in ipairs(annotated.names) do
      files.write(dir .. "/set/masks/" .. name, files.png {h = 10, w = 20, colour = 0, value = function(y, x)
        return annotated.number(i, y, x)
      end})
    end
    files.write(dir .. "/set/images/z.png", temp.read(dir .. "/set/images/a.png"))
    files.write(dir .. "/set/masks/z.png", temp.read(dir .. "/set/masks/a.png"))
    local code, out = run(("--data %s/set --sheet %s/b.svg"):format(dir, dir))
    assert.equal(0, code)
    assert.matches("\nmasks of classes: numbers beside 0 in an image 0 to 2, median 1; void 0%.0 %%; of all pixels, "
      .. "in %%:\n  0  +%d+%.%d+\n  1  +10%.50\n  2  +22%.00\n", out)
    assert.matches("\n1 image is there twice, counted from 1:\n  4 is 1\n", out)
  end)

  it("lists all problems at once", function()
    annotated.pictures(dir .. "/bad")
    files.write(dir .. "/bad/labels.csv", "file\na.png,1\nx.png\ny.png\n")
    local code, _, err = run(("%s/bad --sheet %s/c.svg"):format(dir, dir))
    assert.equal(1, code)
    for _, want in ipairs {"3 problems", "labels.csv:2: 2 fields", "x.png: cannot open", "y.png: cannot open"} do
      assert.is_truthy(err:find(want, 1, true), err)
    end
    code, _, err = run("")
    assert.equal(1, code)
    assert.matches("the data are missing", err)
    code, _, err = run "shapes --sheet x.png"
    assert.equal(1, code)
    assert.matches("sheets are written as SVG", err)
  end)
end)
