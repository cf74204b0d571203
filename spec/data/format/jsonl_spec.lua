-- metadata.jsonl as Hugging Face's imagefolder has it.
local annotated = require "spec.support.annotated"
local core = require "gan.core"
local data = require "gan.data"
local files = require "spec.support.files"
local json = require "gan.file.json"

describe("metadata.jsonl", function()
  local dir
  before_each(function() dir = annotated.pictures(files.folder()) end)
  after_each(function() files.remove(dir) end)

  local function line(i)
    local bbox, names = {}, {}
    for k, b in ipairs(annotated.boxes[i]) do
      bbox[k], names[k] = {b.x0, b.y0, b.x1 - b.x0, b.y1 - b.y0}, b.class
    end
    return json.encode {
      file_name = annotated.names[i], text = annotated.captions[i], label = i,
      objects = {bbox = bbox[1] and bbox or json.list, categories = names[1] and names or json.list},
    }
  end

  it("gives captions, labels and boxes", function()
    files.write(dir .. "/metadata.jsonl", ("%s\n%s\n\n%s\n"):format(line(1), line(2), line(3)))
    local set = annotated.same(assert(data.open(dir)))
    assert.same({{0, 1, 2}, {"1", "2", "3"}}, {core.to_table(set.labels), set.classes})
    files.write(dir .. "/metadata.jsonl", line(1))
    set = assert(data.open(dir .. "/metadata.jsonl"))
    assert.equal(1, set.n)
    assert.equal("2 pictures are not listed, left out:\n  b.png\n  c.png", set.notes[1])
  end)

  it("lies in splits", function()
    annotated.pictures(dir .. "/train")
    annotated.pictures(dir .. "/test")
    files.write(dir .. "/train/metadata.jsonl", line(1) .. "\n" .. line(2))
    files.write(dir .. "/test/metadata.jsonl", line(3))
    assert.same({2, 1}, {data.open(dir).n, data.open(dir, {split = "test"}).n})
  end)

  it("is refused with all that is wrong", function()
    files.write(dir .. "/metadata.jsonl", table.concat({
      line(1), line(1), "{", "7", '{"file_name": "../x.png"}', '{"file_name": "b.png", "text": 7}',
      '{"file_name": "c.png", "objects": {"bbox": [[1, 2, 3]]}}', '{"file_name": "d.png", "label": {"a": 1}}',
      '{"file_name": "e.png", "objects": {"bbox": [[1, 2, 3, 4]], "category": []}}',
    }, "\n"))
    local set, message = data.open(dir)
    assert.is_nil(set)
    for _, want in ipairs {
      "8 problems", "metadata.jsonl:2: a.png is listed twice (first in metadata.jsonl:1)", "metadata.jsonl:3: ",
      "metadata.jsonl:4: no object", "metadata.jsonl:5: no path 'file_name' below the file",
      "metadata.jsonl:6: the text is neither", "metadata.jsonl:7: box 1 is no list of x, y, width and height",
      "metadata.jsonl:9: 'objects' has 1 boxes and 0 categories", "d.png: cannot open",
    } do assert.is_truthy(message:find(want, 1, true), message) end
  end)
end)
