--- gan.data.text: captions as numbers, by words of a vocabulary or by characters.
--
--     local vocabulary = assert(gan.data.text.vocabulary(captions))        -- of the training split alone
--     local ids, lengths, unknown = vocabulary:ids {"a red circle left of a blue square"}
--
-- @module gan.data.text
local core = require "gan.core"
local budget = require "gan.file.budget"
local check = require "gan.check"

local option = check.option

local M = {}

-- ---- code points ----

-- Capitals -> small letters, as ranges of code points: first, last, step, distance.
local CAPITALS = {
  {0x41, 0x5A, 1, 32}, {0xC0, 0xD6, 1, 32}, {0xD8, 0xDE, 1, 32},
  {0x100, 0x12E, 2, 1}, {0x132, 0x136, 2, 1}, {0x139, 0x147, 2, 1}, {0x14A, 0x176, 2, 1}, {0x179, 0x17D, 2, 1},
  {0x386, 0x386, 1, 38}, {0x388, 0x38A, 1, 37}, {0x38C, 0x38C, 1, 64}, {0x38E, 0x38F, 1, 63},
  {0x391, 0x3A1, 1, 32}, {0x3A3, 0x3AB, 1, 32},
  {0x400, 0x40F, 1, 80}, {0x410, 0x42F, 1, 32},
}
local small = {}
for _, r in ipairs(CAPITALS) do for c = r[1], r[2], r[3] do small[c] = c + r[4] end end

-- What separates words from U+00C0 on: signs, punctuation, symbols.
local SEPARATORS = {
  {0xD7, 0xD7}, {0xF7, 0xF7}, {0x2000, 0x206F}, {0x2190, 0x2BFF}, {0x3000, 0x303F}, {0xFE00, 0xFE0F},
  {0x1F000, 0x1FAFF},
}

local function is_letter(c)
  if c < 0xC0 then return c >= 97 and c <= 122 or c >= 48 and c <= 57 or c == 95 end
  for _, r in ipairs(SEPARATORS) do if c >= r[1] and c <= r[2] then return false end end
  return true
end

-- Returns nothing, or what is wrong with a text's bytes.
local function fault(text)
  local length, at = utf8.len(text)
  return not length and ("byte %d is not UTF-8"):format(at) or nil
end

-- Returns a list of the code points of a text of UTF-8, small letters for capitals.
local function points(text)
  local list = {}
  for _, c in utf8.codes(text) do list[#list + 1] = small[c] or c end
  return list
end

-- Checks a list of strings, each of UTF-8; returns nil and a message where the bytes are something else.
local function check_captions(op, captions)
  if type(captions) ~= "table" or getmetatable(captions) then
    return check.expected(op, 1, "captions", "a list of strings", captions)
  end
  for i = 1, #captions do
    if type(captions[i]) ~= "string" then
      return check.expected(op, 1, ("captions[%d]"):format(i), "a string", captions[i])
    end
    local why = fault(captions[i])
    if why then return nil, ("caption %d: %s"):format(i, why) end
  end
  return true
end

-- ---- words ----

local function words_of(text)
  local list, word = {}, {}
  local function finish()
    if #word > 0 then list[#list + 1] = table.concat(word) end
    word = {}
  end
  for _, c in ipairs(points(text)) do
    if is_letter(c) then word[#word + 1] = utf8.char(c) else finish() end
  end
  finish()
  return list
end

--- Returns the words of a text, in small letters: longest runs of letters, digits and `_`.
-- Letters are those of ASCII, and all of Unicode from U+00C0 on but for punctuation and symbols; small letters are made
-- of Latin, Greek and Cyrillic capitals. Nothing is composed or decomposed.
-- @tparam string text  UTF-8
-- @treturn table  list of strings
-- @error if the text is not UTF-8, with the byte
-- @raise if text is no string
-- @usage gan.data.text.words "A self-made café"  --> {"a", "self", "made", "café"}
function M.words(text)
  if type(text) ~= "string" then return check.expected("data.text.words", 1, "text", "a string", text) end
  local why = fault(text)
  if why then return nil, why end
  return words_of(text)
end

local Vocabulary = {}
Vocabulary.__index = Vocabulary

local SPECIAL = {"<pad>", "<unk>", "<s>", "</s>"} -- 0 to 3
local UNKNOWN, BEGIN, END = 1, 2, 3
local FEW = 100000 -- words of all captions, below which each counts

-- Fills a vocabulary with words, in their order, and how often each was seen.
local function fill(self, words, counts)
  self.words, self.counts, self._id = words, counts, {}
  for i, word in ipairs(words) do self._id[word] = i + #SPECIAL - 1 end
  self.size = #words + #SPECIAL
  return self
end

--- Makes a vocabulary of the words in captions, the most frequent first; equal ones in the order of their bytes.
-- Ids are 0 for padding, 1 for unknown words, 2 and 3 for the begin and the end of a caption, then the words'. Fields:
-- `words` and `counts`, lists; `size`, how many ids there are.
-- @tparam table captions  list of strings, of the training split alone
-- @tparam[opt] table opt
-- @tparam[opt] integer opt.min_count  how often a word must be there (default: 1 in fewer than 100,000 words, else 5)
-- @tparam[opt=false] boolean opt.markers  captions get 2 in front and 3 behind
-- @tparam[opt=32] integer opt.max_words  longer captions are cut at their end
-- @treturn Vocabulary
-- @error if a caption is not UTF-8, with its number and the byte
-- @raise if captions is no list of strings, or an option is unknown or out of range
function M.vocabulary(captions, opt)
  local op = "data.text.vocabulary"
  local fine, message = check_captions(op, captions)
  if not fine then return nil, message end
  opt = check.options(op, opt, {
    min_count = option.integer {lo = 1}, markers = option.boolean {default = false},
    max_words = option.integer {default = 32, lo = 1, hi = 1 << 20},
  })
  local seen, total = {}, 0
  for _, caption in ipairs(captions) do
    for _, word in ipairs(words_of(caption)) do
      seen[word] = (seen[word] or 0) + 1
      total = total + 1
    end
  end
  local least, words, counts = opt.min_count or (total < FEW and 1 or 5), {}, {}
  for word, n in pairs(seen) do if n >= least then words[#words + 1] = word end end
  table.sort(words, function(a, b)
    if seen[a] ~= seen[b] then return seen[a] > seen[b] end
    return core.before(a, b)
  end)
  for i, word in ipairs(words) do counts[i] = seen[word] end
  return fill(setmetatable({markers = opt.markers, max_words = opt.max_words}, Vocabulary), words, counts)
end

-- The ids of one caption; words that are not in the vocabulary are added to `unknown`, in order, each once.
local function caption_ids(self, caption, unknown)
  local list = {}
  for _, word in ipairs(words_of(caption)) do
    if #list == self.max_words then break end
    list[#list + 1] = self._id[word] or UNKNOWN
    if not self._id[word] and not unknown[word] then
      unknown[word] = true
      unknown[#unknown + 1] = word
    end
  end
  if #list == 0 then list[1] = UNKNOWN end
  if self.markers then
    table.insert(list, 1, BEGIN)
    list[#list + 1] = END
  end
  return list
end

--- Returns captions as ids. A caption without words is one unknown word.
-- @tparam table captions  list of strings
-- @treturn Tensor  i32 (N,L), each 0..size-1: L is the longest of them, shorter ones have 0 behind their end
-- @treturn Tensor  i32 (N), their lengths
-- @treturn table  list of the words that are not in the vocabulary, each once
-- @error if a caption is not UTF-8, with its number and the byte
-- @raise if captions is no list of strings, or empty
function Vocabulary:ids(captions)
  local fine, message = check_captions("Vocabulary:ids", captions)
  if not fine then return nil, message end
  if #captions == 0 then return check.fail("Vocabulary:ids", "there is no caption in the list") end
  local rows, lengths, unknown, longest = {}, {}, {}, 0
  for i, caption in ipairs(captions) do
    rows[i] = caption_ids(self, caption, unknown)
    lengths[i] = #rows[i]
    longest = math.max(longest, #rows[i])
  end
  for _, row in ipairs(rows) do for t = #row + 1, longest do row[t] = 0 end end
  local names = table.move(unknown, 1, #unknown, 1, {})
  return core.tensor(rows, "i32"), core.tensor(lengths, "i32"), names
end

--- Returns a message that names words which the vocabulary does not have, and the nearest of those that it has; nil
-- where there are none. Cannot fail.
-- @tparam table unknown  list of words, as `ids` returns
-- @treturn string  any text
function Vocabulary:message(unknown)
  if #unknown == 0 then return nil end
  local list = {}
  for i = 1, math.min(#unknown, 10) do
    local near = check.nearest(unknown[i], self.words)
    list[i] = ("'%s'%s"):format(check.shown(unknown[i]), near and (" (did you mean '%s'?)"):format(near) or "")
  end
  return ("%s not in the vocabulary, taken as <unk>: %s%s"):format(check.count(#unknown, "word"),
    table.concat(list, ", "), #unknown > 10 and ", ..." or "")
end

--- Returns the vocabulary as a text: a line each id, from 0, of the word, a tab, and how often it was seen.
-- @treturn string  any text; gan.data.text.parse reads it
-- @raise if called with a dot
function Vocabulary:text()
  local lines = {}
  for i, special in ipairs(SPECIAL) do lines[i] = special .. "\t0" end
  for i, word in ipairs(self.words) do lines[#SPECIAL + i] = ("%s\t%d"):format(word, self.counts[i]) end
  return table.concat(lines, "\n") .. "\n"
end

-- The words and counts of a vocabulary's text, or nil and a message.
local function parsed(text)
  if #text > budget.VOCABULARY then
    return nil, ("a vocabulary of %d bytes, more than %d"):format(#text, budget.VOCABULARY)
  end
  local words, counts, seen, line = {}, {}, {}, 0
  for entry in (text:gsub("\n$", "") .. "\n"):gmatch "([^\n]*)\n" do
    line = line + 1
    local word, count = entry:match "^([^\t]+)\t(%d+)$"
    local special = SPECIAL[line]
    if not word or #count > 15 then
      return nil, ("line %d: expected a word, a tab and a count"):format(line)
    elseif special and word ~= special then
      return nil, ("line %d: expected %s, got '%s'"):format(line, special, check.shown(word))
    elseif not special and (fault(word) or words_of(word)[1] ~= word) then
      return nil, ("line %d: '%s' is no word in small letters"):format(line, check.shown(word))
    elseif seen[word] then
      return nil, ("line %d: '%s' stands there twice"):format(line, check.shown(word))
    end
    seen[word] = true
    if not special then words[#words + 1], counts[#counts + 1] = word, math.tointeger(tonumber(count)) end
  end
  if line < #SPECIAL then return nil, "expected <pad>, <unk>, <s> and </s> in the first four lines" end
  return words, counts
end

--- Reads what `Vocabulary:text` returned.
-- @tparam string text  the lines
-- @tparam[opt] table opt
-- @tparam[opt=false] boolean opt.markers  as for `vocabulary`
-- @tparam[opt=32] integer opt.max_words  as for `vocabulary`
-- @treturn Vocabulary
-- @error if it is no vocabulary, with the line
-- @raise if text is no string, or an option is unknown or out of range
function M.parse(text, opt)
  if type(text) ~= "string" then return check.expected("data.text.parse", 1, "text", "a string", text) end
  opt = check.options("data.text.parse", opt, {
    markers = option.boolean {default = false}, max_words = option.integer {default = 32, lo = 1, hi = 1 << 20},
  })
  local words, counts = parsed(text)
  if not words then return nil, counts end
  return fill(setmetatable({markers = opt.markers, max_words = opt.max_words}, Vocabulary), words, counts)
end

--- Returns what a run is saved with, for `save_with`. Cannot fail.
-- @treturn table  any values
function Vocabulary:state() return {text = self:text(), markers = self.markers, max_words = self.max_words} end

--- Takes over what `state` returned.
-- @tparam table state  of a vocabulary
-- @treturn Vocabulary  itself
-- @raise if it is no such state
function Vocabulary:load(state)
  local op = "Vocabulary:load"
  if type(state) ~= "table" or type(state.text) ~= "string" or type(state.markers) ~= "boolean"
    or math.type(state.max_words) ~= "integer" or state.max_words < 1 then
    return check.fail(op, "expected the state of a vocabulary, got %s", check.found(state))
  end
  local words, counts = parsed(state.text)
  if not words then return check.fail(op, "%s", counts) end
  self.markers, self.max_words = state.markers, state.max_words
  return fill(self, words, counts)
end

-- ---- characters ----

-- The authors' alphabet, in which the hyphen stands twice: the later place counts.
local ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789-,;.!?:'\"/\\|_@#$%^&*~`+-=<>()[]{} "
local character = {}
for i = 1, #ALPHABET do character[ALPHABET:byte(i)] = i end

--- Returns captions as numbers of characters: 1 to 70, and 0 for those that the alphabet does not have, and behind the
-- end. Capitals are taken as small letters, longer captions are cut.
-- Source: Reed et al. 2016, arXiv:1605.05395, the authors' code.
-- @tparam table captions  list of strings
-- @tparam[opt=128] integer length  L, characters of each
-- @treturn Tensor  i32 (N,L), each 0..70
-- @error if a caption is not UTF-8, with its number and the byte
-- @raise if captions is no list of strings, or empty, or length is no integer >= 1
-- @usage local ids = gan.data.text.characters {"a red circle"}
function M.characters(captions, length)
  local op = "data.text.characters"
  local fine, message = check_captions(op, captions)
  if not fine then return nil, message end
  if #captions == 0 then return check.fail(op, "there is no caption in the list") end
  length = length == nil and 128 or check.int(op, 2, "length", length, 1, 1 << 20)
  local rows = {}
  for i, caption in ipairs(captions) do
    local list, row = points(caption), {}
    for t = 1, length do row[t] = character[list[t] or -1] or 0 end
    rows[i] = row
  end
  return core.tensor(rows, "i32")
end

return M
