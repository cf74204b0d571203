-- JSON in pieces: the same entries wherever the pieces are cut; what is refused, with line and column.
local core = require "gan.core"
local json = require "gan.file.json"

-- The entries of a text fed in pieces of n bytes, as one list; or nil, message.
local function read(text, n)
  local reader, out = core.json_reader(), {}
  for i = 1, #text, n do
    local list, message = reader:feed(text:sub(i, i + n - 1))
    if not list then return nil, message end
    table.move(list, 1, #list, #out + 1, out)
  end
  local ok, message = reader:finish()
  reader:close()
  return ok and out, message
end

local function doubles(...) return ("d"):rep(select("#", ...)):pack(...) end

describe("a reader of JSON", function()
  it("gives entries one after the other, numbers packed", function()
    local text = '{"info": {"year": 2026, "of": [1, 2.5], "deep": [[1], [2, -3e1]], "none": null, "yes": true},\n'
      .. ' "images": [{"id": 1, "n": "a\\u00e9\\n"}, 7, "x", [1, 2], []], "last": 9007199254740993, "e": {}}'
    local want = {
      "info", {year = 2026, of = doubles(1, 2.5), deep = {doubles(1), doubles(2, -30)}, yes = true},
      "images", {id = 1, n = "a\u{e9}\n"}, "images", 7, "images", "x", "images", doubles(1, 2), "images", {},
      "last", 9007199254740993, "e", {},
    }
    for _, n in ipairs {1, 2, 3, 7, 64, 1000} do assert.same(want, read(text, n)) end
    local rng, words = core.rng(3, "json"), {}
    for i, v in ipairs(core.to_table(rng:integer({200}, -1000, 1000))) do words[i] = {id = v, s = ("é\"\\"):rep(i)} end
    local got = assert(read(json.encode {a = words}, 61))
    for i = 1, 200 do assert.same(words[i], got[2 * i]) end
  end)

  it("says where a text goes wrong", function()
    for text, want in pairs {
      ["[1]"] = "expected an object", ["7"] = "expected an object",
      ["{"] = "line 1, column 1: parse error: premature EOF",
      ['{"a":\n tru}'] = "line 2, column 4: lexical error: invalid string in json text.",
      ['{"a":1}x'] = "trailing garbage", ['{"a":"\xff"}'] = "invalid bytes in UTF8 string",
      ['{"a":[[[1,\n"x"]]]}'] = "line 2, column 3: a list of numbers with something else in it",
      ['{"a":' .. ("1"):rep(500) .. "}"] = "a number of more than 400 digits",
      ['{"a":' .. ('{"a":'):rep(64)] = "more than 64 lists and objects in each other",
    } do
      for _, n in ipairs {5, 60000} do
        local got, message = read(text, n)
        assert.is_nil(got)
        if n > 5 or not want:find "^line" then assert.is_truthy(message:find(want, 1, true), message) end
        assert.matches("^line %d+, column %d+: ", message)
      end
    end
  end)

  it("bounds what it holds", function()
    assert.matches("a text of more than 1 MiB", select(2, read('{"a":"' .. ("x"):rep(3 << 20) .. '"}', 65536)))
    assert.matches("an entry of more than 4194304 values",
      select(2, read('{"a":[[' .. ("[],"):rep(1 << 21) .. '[]]]}', 65536)))
    local text = ("x"):rep(900000)
    assert.same({"a", text, "a", text}, read('{"a":["' .. text .. '","' .. text .. '"]}', 65536))
    local reader = core.json_reader()
    assert.error_matches(function() reader:feed(("x"):rep(70000)) end, "'text'")
    assert.is_nil((reader:feed "x"))
    assert.error_matches(function() reader:feed "x" end, "has failed")
    reader:close()
    assert.error_matches(function() reader:feed "x" end, "is closed")
  end)
end)
