-- Tables of pictures: RFC 4180's rules, what columns mean, what is refused.
local annotated = require "spec.support.annotated"
local core = require "gan.core"
local data = require "gan.data"
local files = require "spec.support.files"
local format = require "gan.data.format.table"

describe("tables", function()
  local dir
  before_each(function() dir = annotated.pictures(files.folder()) end)
  after_each(function() files.remove(dir) end)

  local function refused(want, name, text)
    local set, message = data.open(files.write(dir .. "/" .. name, text))
    assert.is_nil(set)
    assert.matches(want, message)
  end

  it("take CSV apart as RFC 4180 says", function()
    for text, want in pairs {
      ['a,"b ""c"" d",e'] = {{"a", 'b "c" d', "e"}}, ["a,,b"] = {{"a", "", "b"}}, ["a, b ,"] = {{"a", " b ", ""}},
      ['x,"l1\nl2",y\r\nz'] = {{"x", "l1\nl2", "y"}, {"z"}}, ['a,b"c,d'] = {{"a", 'b"c', "d"}},
      ["\n\na\n\n"] = {{"a"}}, [""] = {}, ['"a","b"\r\n"c",d'] = {{"a", "b"}, {"c", "d"}},
    } do
      local got = assert(format.csv(text))
      for _, record in ipairs(got) do record.line = nil end
      assert.same(want, got)
    end
    assert.same({nil, "line 1: something behind a closing quote (expected a comma)"}, {format.csv '"a" b,c'})
    assert.same({nil, "line 2: a quote that is not closed"}, {format.csv 'a\nb,"c\nd'})
    assert.equal(4, format.csv('a\n"b\nc"\nd')[3].line)
    assert.same({{'"a', 'b"', line = 1}, {"", "c", line = 3}}, format.tsv '"a\tb"\n\n\tc\r\n')
  end)

  it("give captions, labels and attributes", function()
    local text = "\xef\xbb\xbf" .. "file,label,caption,furry,other\r\n"
      .. "b.png,dog,a dog and a cat,0,x\r\na.png,cat,a cat,1,y\r\n"
      .. 'a.png,cat,"one ""small"" cat, left",1,z\r\nc.png,cat,nothing,1,\r\n'
    local set = assert(data.open(files.write(dir .. "/x.csv", text)))
    assert.same({{1, 0, 0}, {"cat", "dog"}}, {core.to_table(set.labels), set.classes})
    assert.same({{{0}, {1}, {1}}, {"furry"}}, {core.to_table(set.attributes), set.attribute_names})
    assert.same({annotated.captions[2], annotated.captions[1]}, {set:captions(1), set:captions(2)})
    assert.same({"x.csv: columns not used: other"}, set.notes)
    files.write(dir .. "/captions.tsv", 'file\tname\na.png\ta cat\nb.png\ta dog and a cat\nc.png\tnothing\n'
      .. 'a.png\tone "small" cat, left\n')
    annotated.same(assert(data.open(dir)))
  end)

  it("know splits", function()
    local path = files.write(dir .. "/labels.csv", "path,split,label\na.png,train,x\nb.png,test,y\nc.png,train,x\n")
    assert.equal(2, data.open(path).n)
    assert.same({1, {1}}, {data.open(dir, {split = "test"}).n, core.to_table(data.open(dir, {split = "test"}).labels)})
    assert.equal(3, data.open(dir, {split = "all"}).n)
  end)

  it("are refused with all that is wrong", function()
    refused("x.csv: no column 'file' %(there is: a, b%)", "x.csv", "a,b\nc,d\n")
    refused("x.csv: line 2: a quote that is not closed", "x.csv", 'file\n"a\n')
    refused(": 4 problems.*\n  x.csv:2: 2 fields %(expected 1, as the header has%)\n"
      .. "  x.csv:3: '../a.png' is no path below the table\n  x.csv:4: '/a.png' is no path below the table\n"
      .. "  x.csv:5: d.png: cannot open", "x.csv", "file\na.png,7\n../a.png\n/a.png\nd.png\nb.png\n")
    refused("x.tsv:2: 'dev' is no split", "x.tsv", "file\tsplit\na.png\tdev\n")
    refused("x.csv:3: other attributes than in an earlier row", "x.csv", "file,hat\na.png,1\na.png,0\n")
    refused("no pictures in it", "x.csv", "file\n")
    local set = assert(data.open(files.write(dir .. "/x.csv", "file\na.png\nd.png\n"), {skip_bad = true}))
    assert.equal(1, set.n)
  end)
end)
