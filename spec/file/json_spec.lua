-- JSON: every number, every string of bytes and every table comes back as it was; other programs read it.
local cjson = require "cjson"
local json = require "gan.file.json"
local safetensors = require "gan.file.safetensors"
local temp = require "spec.support.temp"

local function bits(x) return ("%s %s"):format(math.type(x), string.pack("<n", x):gsub(".", function(c)
  return ("%02x"):format(c:byte())
end)) end

-- Compares numbers in kind and bits; asserts are slow, so there is one for all. Integers are compared as such: a double
-- has 53 of their 64 bits.
local function same_numbers(expected, got)
  local wrong = {}
  for i, x in ipairs(expected) do
    local y = got[i]
    if math.type(x) ~= math.type(y) or x ~= y or math.type(x) == "float" and bits(x) ~= bits(y) then
      wrong[#wrong + 1] = ("%s came back as %s"):format(bits(x), y and bits(y))
    end
  end
  assert.same({}, wrong)
end

local function numbers()
  local list = {
    0, 1, -1, 2 ^ 53 | 0, (2 ^ 53 | 0) + 1, -(2 ^ 53 | 0) - 1, math.maxinteger, math.mininteger, math.maxinteger - 1,
    1790000000123456789, 0.0, -0.0, 1.0, -1.0, 2.0 ^ 53, 2.0 ^ 63, -2.0 ^ 63, 2.0 ^ 64, 0.1, 1 / 3, 5e-324, -5e-324,
    2.2250738585072014e-308, 2.225073858507201e-308, 1.7976931348623157e308, -1e308, 1e15, 1e16, 1e17, 1e22, 1e23,
    123456789012345678.0, 0.30000000000000004, 1e-5, 100000.0, 1e6,
  }
  local draw = math.random
  math.randomseed(1, 2)
  for _ = 1, 500 do
    list[#list + 1] = draw(0)
    list[#list + 1] = draw(0) >> draw(0, 63)
    local x = string.unpack("<d", string.pack("<i8", draw(0)))
    if x - x == 0 then list[#list + 1] = x end
    list[#list + 1] = (draw(0) >> 11) * 2.0 ^ draw(-60, 60)
    list[#list + 1] = math.floor(draw() * 10 ^ draw(0, 17)) / 10 ^ draw(0, 17)
  end
  return list
end

-- Strings of any bytes, many of them nearly UTF-8.
local function strings()
  local list = {
    "", "a", "\0", "\127", '"', "\\", "\\u0041", "\\udc80", "\\\\udcff", "n12", "s", "é", "\u{1F600}", "\xff", "\x80a",
    "a\xc3", "\xed\xa0\x80", "\xed\xb2\x80", "\xf0\x9f\x98", "\xc0\x80", "\xf4\x90\x80\x80", "caf\xe9/\xff\xfe",
    "\u{2028}", "12", "true",
  }
  local pieces = {
    "a", "\\", '"', "u", "\\u", "\\ud83d", "dc80", "\xc3", "\xa9", "\xed", "\xa0", "\x80", "\xf0\x9f", "\x98\x80",
    "\xff", "\n", "é", "\u{10FFFF}", "{", ",", "1", "\0",
  }
  math.randomseed(3, 4)
  for _ = 1, 1500 do
    local out = {}
    for i = 1, math.random(0, 8) do
      out[i] = math.random(3) == 1 and string.char(math.random(0, 255)) or pieces[math.random(#pieces)]
    end
    list[#list + 1] = table.concat(out)
  end
  for b = 0, 255 do list[#list + 1] = string.char(b) end
  return list
end

describe("file.json", function()
  teardown(temp.clean)

  it("gives every number back: integers as integers, floats bit for bit", function()
    local list = numbers()
    same_numbers(list, assert(json.decode(json.encode(list))))
    for i = 1, 100 do same_numbers({list[i]}, {assert(json.decode('{"x": ' .. json.encode(list[i]) .. "}")).x}) end
  end)

  it("writes numbers that another reader takes for the same", function()
    local floats = {}
    for _, x in ipairs(numbers()) do if math.type(x) == "float" then floats[#floats + 1] = x end end
    same_numbers(floats, cjson.decode(json.encode(floats)))
    assert.equal("[1,1.0,-0.0,0.1,1e+300,-9223372036854775808]",
      json.encode {1, 1.0, -0.0, 0.1, 1e300, math.mininteger})
  end)

  it("reads the numbers that others write", function()
    for text, x in pairs {
      ["1"] = 1, ["-0"] = 0, ["1.0"] = 1.0, ["1e2"] = 100.0, ["1E+2"] = 100.0, ["10e-1"] = 1.0,
      ["18446744073709551616"] = 2.0 ^ 64, ["9223372036854775808"] = 2.0 ^ 63,
      ["0.1000000000000000055511151231257827"] = 0.1,
    } do
      same_numbers({x, x}, {json.decode(text), json.decode(" [ " .. text .. " ] ")[1]})
    end
  end)

  it("takes nothing in a string for a number, and nothing else for a string", function()
    local t = {["12"] = "34", n1 = {"n1", "s1", "1,2", '"3"', "\\4\\"}, [""] = "", k = {list = json.list}}
    local back = json.decode(json.encode(t))
    t.k.list = {}
    assert.same(t, back)
    assert.same({1, "\u{1F600}", "a\"b\\", true}, json.decode '[1, "\\ud83d\\ude00", "a\\"b\\\\", true]')
    assert.equal(cjson.null, json.decode "[null]"[1])
  end)

  it("gives every string of bytes back, as a value and as a key", function()
    local wrong = {}
    for _, s in ipairs(strings()) do
      local text = json.encode {[s] = s}
      local back = json.decode(text)
      if not utf8.len(text) or not back or back[s] ~= s then wrong[#wrong + 1] = text end
    end
    assert.same({}, wrong)
    assert.equal('"a\\udcff\\udce9"', json.encode "a\xff\xe9")
  end)

  it("writes what Python reads, the same names by os.fsencode", function()
    if not os.execute "python3 -c 'import json' 2>/dev/null" then return pending "there is no python3" end
    local dir = temp.dir()
    local list, hex = strings(), {}
    for i, s in ipairs(list) do hex[i] = s:gsub(".", function(c) return ("%02x"):format(c:byte()) end) end
    temp.write(dir .. "/strings.json", json.encode(list))
    temp.write(dir .. "/hex.json", json.encode(hex))
    temp.write(dir .. "/numbers.json", json.encode(numbers()))
    temp.write(dir .. "/read.py", [[
import json, struct, sys
d = sys.argv[1]
a, b = json.load(open(d + "/strings.json", encoding="utf-8")), json.load(open(d + "/hex.json"))
bad = [x for x, y in zip(a, b) if x.encode("utf-8", "surrogateescape").hex() != y]
text = open(d + "/numbers.json").read()
x = json.loads(text)
json.dump(x, open(d + "/back.json", "w"))
json.dump(a, open(d + "/back_strings.json", "w"))
print(len(a), len(b), len(bad), len(x))
]])
    local pipe = assert(io.popen(("python3 %s/read.py %s 2>&1"):format(dir, dir)))
    assert.equal(("%d %d 0 %d\n"):format(#list, #list, #numbers()), pipe:read "a")
    pipe:close()
    local back, names = json.decode(temp.read(dir .. "/back.json")), json.decode(temp.read(dir .. "/back_strings.json"))
    same_numbers(numbers(), back)
    assert.equal(table.concat(list, "\n"), table.concat(names, "\n"))
  end)

  it("says what is wrong with what is no JSON", function()
    for _, text in ipairs {
      "", "{", "[1", "[1,]", '{"a":}', "{1:2}", '{"a" 1}', '"abc', "[1]2", "nul", "[-]", "[1-2]",
      "[1..2]", '"\\x"', '"\\ud800"', '"\\udc00"', '[1"a"]', '["a"1]', "[12a]",
      "[+1]", "[-.5]", "[1e]", '{"n1":1,2:3}',
    } do
      local v, message = json.decode(text)
      assert.is_nil(v, text)
      assert.equal("string", type(message), text)
      assert.is_nil(message:find "\n")
      assert.is_nil(message:find "json.lua", message)
    end
    local _, message = json.decode '{"a":1 "b"}'
    assert.equal("Expected comma or object end but found T_STRING at character 8", message)
  end)

  it("keeps all of that in a checkpoint's metadata", function()
    local path = temp.dir() .. "/x"
    local tree = {n = numbers(), s = strings()}
    assert(safetensors.save(path, tree))
    local back = assert(safetensors.load(path))
    same_numbers(tree.n, back.n)
    assert.equal(table.concat(tree.s, "\n"), table.concat(back.s, "\n"))
  end)

  it("writes and reads the same in a locale with a decimal comma", function()
    local dir = temp.dir()
    os.execute(("LC_ALL=C localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 >/dev/null 2>&1"):format(dir))
    -- The locale's folder is read from the environment, so in a process of its own.
    local code = [[
      if not os.setlocale "de_DE.UTF-8" then return print "none" end
      local json, safetensors = require "gan.file.json", require "gan.file.safetensors"
      assert(("%.1f"):format(0.5) == "0,5")
      local plot = {series = {{x = {1, 2, 3}, y = {4, 5, 9}, error = {1, 1, 1}, name = "a"}}}
      local german = require("gan.show.plot").svg(plot)
      os.setlocale "C"
      assert(german == require("gan.show.plot").svg(plot))
      os.setlocale "de_DE.UTF-8"
      local s = json.encode {0.5, -0.0, 1e300, 12, 1.0}
      local t = json.decode(s)
      assert(safetensors.save(arg[1] .. "/x", {x = 0.5, y = 2e-4}))
      os.setlocale "C"
      local back = safetensors.load(arg[1] .. "/x")
      print(s, t[1], back.x, back.y, json.decode(s)[1])
    ]]
    temp.write(dir .. "/locale.lua", code)
    local script = require "spec.support.script"
    local exit, out, err = script.run(dir .. "/locale.lua", dir, {env = "LOCPATH=" .. dir})
    assert.equal(0, exit, err)
    if out == "none\n" then return pending "localedef made no German locale" end
    assert.equal("[0.5,-0.0,1e+300,12,1.0]\t0.5\t0.5\t0.0002\t0.5\n", (out:gsub(",5\t", ".5\t")))
  end)
end)
