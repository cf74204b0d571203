-- Captions as numbers: words, vocabularies, characters; what is saved; what is refused.
local gan = require "gan"
local budget = require "gan.file.budget"
local text = gan.data.text

local function message(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return err
end

local EXAMPLE = {"A red circle", "a blue ring", "Red moon (on a blue square)", "the red star"}

describe("words", function()
  it("are longest runs of letters and digits, in small letters", function()
    assert.same({"self", "made", "café", "n", "5"}, text.words "self-made café n°5")
    assert.same({"a_b", "c3"}, text.words "  A_b,C3!")
    assert.same({}, text.words " .,;-!? × ÷ … → 🙂 　")
    assert.same({"àþ", "ß", "ā", "ł", "ž", "ƀ"}, text.words "ÀÞ ß Ā Ł Ž ƀ")
    assert.same({"İ", "Ÿ", "ı", "ĸ", "ŉ"}, text.words "İ Ÿ ı ĸ ŉ")
    assert.same({"αωϊ", "άέίόύώ"}, text.words "ΑΩΪ ΆΈΊΌΎΏ")
    assert.same({"ая", "ѐџ", "日本"}, text.words "АЯ ЀЏ 日本")
  end)

  it("are of UTF-8", function()
    local list, why = text.words "ab\xff"
    assert.is_nil(list)
    assert.equal("byte 3 is not UTF-8", why)
    assert.equal("byte 1 is not UTF-8", select(2, text.words "\xed\xa0\x80")) -- half a surrogate pair
    assert.matches("data.text.words: bad argument #1 'text' %(expected a string, got 3%)", message(text.words, 3))
  end)
end)

describe("vocabulary", function()
  it("has the worked ids", function()
    local v = assert(text.vocabulary(EXAMPLE))
    assert.same({"a", "red", "blue", "circle", "moon", "on", "ring", "square", "star", "the"}, v.words)
    assert.equal(14, v.size)
    local ids, lengths, unknown = v:ids {"A green ring, red!", "blue"}
    assert.same({{4, 1, 10, 5}, {6, 0, 0, 0}}, ids:to_table())
    assert.same({4, 1}, lengths:to_table())
    assert.same({"green"}, unknown)
    v = assert(text.vocabulary(EXAMPLE, {min_count = 2, markers = true}))
    assert.same({"a", "red", "blue"}, v.words)
    ids, lengths, unknown = v:ids {"A green ring, red!"}
    assert.same({{2, 4, 1, 1, 5, 3}}, ids:to_table())
    assert.same({6}, lengths:to_table())
    assert.same({"green", "ring"}, unknown)
  end)

  it("cuts long captions at their end, and makes an unknown word of an empty one", function()
    local v = assert(text.vocabulary(EXAMPLE, {max_words = 2}))
    local ids, lengths = v:ids {"the red star", "", "a"}
    assert.same({{13, 5}, {1, 0}, {4, 0}}, ids:to_table())
    assert.same({2, 1, 1}, lengths:to_table())
  end)

  it("drops what is rare where there are many words", function()
    local captions, line = {}, ("a "):rep(1000)
    for i = 1, 100 do captions[i] = line end
    captions[101] = "b b b b c c c c c"
    assert.same({"a", "c"}, text.vocabulary(captions).words)
    captions[1] = "a"
    assert.same({"a", "c", "b"}, text.vocabulary(captions).words)
  end)

  it("is a text, and is read from it", function()
    local v = assert(text.vocabulary(EXAMPLE, {min_count = 2}))
    assert.equal("<pad>\t0\n<unk>\t0\n<s>\t0\n</s>\t0\na\t3\nred\t3\nblue\t2\n", v:text())
    local w = assert(text.parse(v:text(), {max_words = 7}))
    assert.equal(v:text(), w:text())
    assert.equal(7, w.max_words)
    assert.same(v:ids {"blue red"}:to_table(), w:ids {"blue red"}:to_table())
    local other = assert(text.vocabulary {"x"})
    assert.equal(other, other:load(v:state()))
    assert.equal(v:text(), other:text())
    assert.same({{6, 5, 1}}, other:ids {"blue red x"}:to_table())
  end)

  it("names unknown words, with the nearest", function()
    local v = assert(text.vocabulary(EXAMPLE))
    assert.is_nil(v:message {})
    assert.equal("2 words not in the vocabulary, taken as <unk>: 'circel' (did you mean 'circle'?), 'elephant'",
      v:message(select(3, v:ids {"a circel, elephant circel"})))
    local many = {}
    for i = 1, 12 do many[i] = "w" .. i end
    assert.matches("^12 words .*'w10', %.%.%.$", v:message(many))
  end)

  it("refuses what is none", function()
    local head = "<pad>\t0\n<unk>\t0\n<s>\t0\n</s>\t0\n"
    for bad, why in pairs {
      [""] = "line 1: expected a word, a tab and a count", ["<pad>\t0\n"] = "expected <pad>, <unk>, <s> and </s>",
      ["<unk>\t0\n"] = "line 1: expected <pad>, got '<unk>'", [head .. "a\n"] = "line 5: expected a word, a tab",
      [head .. "a\t1\na\t1\n"] = "line 6: 'a' stands there twice",
      [head .. "A\t1\n"] = "line 5: 'A' is no word in small letters", [head .. "a b\t1\n"] = "line 5: 'a b' is no word",
      [head .. "\xff\t1\n"] = "line 5: '.*' is no word", [head .. "a\t-1\n"] = "line 5: expected a word",
      [head .. "a\t" .. ("9"):rep(16)] = "line 5: expected a word",
      [("a"):rep(budget.VOCABULARY + 1)] = "a vocabulary of 4194305 bytes, more than 4194304",
    } do
      local v, found = text.parse(bad)
      assert.is_nil(v)
      assert.matches(why, found)
      assert.matches("Vocabulary:load: " .. why, message(function()
        return text.vocabulary {"a"}:load {text = bad, markers = false, max_words = 3}
      end))
    end
    assert.matches("Vocabulary:load: expected the state of a vocabulary, got table",
      message(function() return text.vocabulary {"a"}:load {} end))
    assert.equal("caption 2: byte 2 is not UTF-8", select(2, text.vocabulary {"a", "b\xff"}))
    assert.equal("caption 1: byte 1 is not UTF-8", select(2, text.vocabulary {"a"}:ids {"\xff"}))
    assert.matches("data.text.vocabulary: bad argument #1 'captions' %(expected a list of strings, got string 'a'",
      message(text.vocabulary, "a"))
    assert.matches("'captions%[2%]' %(expected a string, got 3%)", message(text.vocabulary, {"a", 3}))
    assert.matches("Vocabulary:ids: there is no caption", message(function() return text.vocabulary {"a"}:ids {} end))
    assert.matches("option 'min_count'", message(text.vocabulary, {"a"}, {min_count = 0}))
    assert.matches("unknown option 'min'", message(text.vocabulary, {"a"}, {min = 0}))
  end)
end)

describe("characters", function()
  it("have the authors' numbers", function()
    assert.same({{1, 60, 2, 70, 3, 41, 0, 0}}, text.characters({"a-b c!é"}, 8):to_table())
    assert.same({{1, 26}, {27, 36}, {70, 0}}, text.characters({"AZ", "09zz", " "}, 2):to_table())
    assert.same({{69, 55, 38, 46, 47}}, text.characters({"}&,/\\"}, 5):to_table())
    assert.same({1, 128}, text.characters {"a"}:shape())
  end)

  it("name what is wrong", function()
    assert.equal("caption 1: byte 2 is not UTF-8", select(2, text.characters {"a\xff"}))
    assert.matches("data.text.characters: there is no caption", message(text.characters, {}))
    assert.matches("'length' %(expected an integer in 1..1048576, got 0", message(text.characters, {"a"}, 0))
  end)
end)
