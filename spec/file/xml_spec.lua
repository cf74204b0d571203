-- XML: what is read, and what is refused with line and column.
local gan = require "gan"
local temp = require "spec.support.temp"

local decode = gan.file.xml.decode

describe("XML", function()
  teardown(temp.clean)

  it("is read as a tree", function()
    local t = decode "<?xml version='1.0'?>\n<a x='1'><b> one &amp; <!-- no --> two</b><b/><![CDATA[<c>]]></a>"
    assert.same({tag = "a", text = "<c>", {tag = "b", text = " one &  two"}, {tag = "b", text = ""}}, t)
    assert.same({tag = "a", text = "\u{e9}"}, decode "<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>")
    assert.equal("a", gan.file.xml.read(temp.write(temp.dir() .. "/a.xml", "<a/>")).tag)
    assert.matches("nowhere", select(2, gan.file.xml.read "/nowhere.xml"))
    assert.error_matches(function() decode(7) end, "file.xml.decode: bad argument #1 's' %(expected a string, got 7%)")
  end)

  it("is refused with line and column", function()
    for text, want in pairs {
      [""] = "line 1, column 1: no element found", ["<a>\n <b></a>"] = "line 2, column 7: mismatched tag",
      ["<a>\n\n  &x;</a>"] = "line 3, column 3: undefined entity",
      ["<a>\xff</a>"] = "line 1, column 4: not well%-formed",
      ["<a/><b/>"] = "column 5: junk after document element", ["<a"] = "unclosed token",
      ["<!DOCTYPE a [\n<!ENTITY x 'y'>]><a>&x;</a>"] = "line 2, column %d+: it defines entities, which are not read",
      ["<!DOCTYPE a [<!ENTITY x SYSTEM '/etc/passwd'>]><a>&x;</a>"] = "it defines entities",
      [("<a>"):rep(101)] = "line 1, column 301: more than 100 elements in each other",
    } do
      local t, message = decode(text)
      assert.is_nil(t)
      assert.matches(want, message)
    end
    local lines = {'<!DOCTYPE a [<!ENTITY l0 "lol">'}
    for k = 1, 30 do lines[#lines + 1] = ('<!ENTITY l%d "%s">'):format(k, ("&l%d;"):format(k - 1):rep(10)) end
    local began = os.clock()
    assert.matches("defines entities", select(2, decode(table.concat(lines, "\n") .. "]><a>&l30;</a>")))
    assert.matches("more than 100", select(2, decode(("<a>"):rep(100000))))
    assert.matches("more than 131072 elements", select(2, decode("<a>" .. ("<b/>"):rep(140000) .. "</a>")))
    assert.is_true(os.clock() - began < 10)
  end)
end)
