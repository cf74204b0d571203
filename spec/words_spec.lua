-- One word, one meaning: the table "Words" of lua/gan/README.md against the public names, and names that are retired.
local options = require "gan.train.options"
local temp = require "spec.support.temp"
local tree = require "spec.support.tree"

local clean, files = tree.clean, tree.files

-- Word -> the names that may have it.
local function words_of(text)
  local out = {}
  for word, names in text:match "\n## Words\n(.*)":gmatch "\n| (%l+) | [^|]* | ([^|]*)|" do
    out[word] = {}
    for name in names:gmatch "`([%w_]+)`" do out[word][name] = true end
  end
  out.word = nil
  return out
end

-- "snapshots" is the word "snapshot", "saved" is "save".
local function is_word(part, word)
  return part == word or part == word .. "s" or part .. "s" == word or part == word .. "d"
    or part == word:sub(1, -3) .. "pt"
end

-- What of a name has a word that is not its own: a list of texts.
local function strangers(name, words, where)
  local found = {}
  for part in name:gmatch "[^_]+" do
    for word, names in pairs(words) do
      if is_word(part, word) and not names[name] then
        found[#found + 1] = ("%s: '%s' has the word '%s'"):format(where, name, word)
      end
    end
  end
  return found
end

-- The public names that a source defines: functions, methods, documented options and fields; none of internal files.
local function names_of(text)
  local out = {}
  if text:find "\n%-%- @internal" then return out end
  for line in text:gmatch "[^\n]+" do
    local name = line:match "^function [%w_.]+[.:]([%w_]+)%(" or line:match "^%-%- @tparam%S* %S+ %l+%.([%w_]+)"
      or line:match "^%-%- @function [%w_.]+[.:]([%w_]+)"
    if name then out[#out + 1] = name end
  end
  return out
end

-- Pattern -> what it is called now.
local retired = {
  ["run:keep%f[%W]"] = "run:save_with", ["run:kept%f[%W]"] = "run:last_saved", ["run:draw%f[%W]"] = "run:show",
  ["metric%.sample%f[%W]"] = "metric.rows", ["train%.keep%f[%W]"] = "state.part",
  ["%f[%w_]sample = function%(s%)"] = "cases", ["%-%-keep%f[^%w-]"] = "--snapshots",
  ["gan%.train%.loop"] = "gan.game.loop", ["gan%.train%.replay"] = "gan.game.replay",
  ["gan%.train%.grid"] = "gan.show.grid", ["gan%.train%.sample"] = "gan.latent, nn.evaluate",
}

local function old_names(text, where)
  local found = {}
  for pattern, now in pairs(retired) do
    local at = text:match(pattern)
    if at then found[#found + 1] = ("%s: %s is %s now"):format(where, at, now) end
  end
  return found
end

describe("words", function()
  local words = words_of(temp.read "lua/gan/README.md")

  it("reads its table", function()
    for _, word in ipairs {"keep", "save", "snapshot", "sample", "rows", "cases", "draw", "show", "parts", "blocks"} do
      assert.is_table(words[word], word)
    end
    assert.is_true(words.save.save_with)
    assert.is_nil(next(words.keep))
  end)

  it("finds a name that stands in no row, and one that is retired", function()
    assert.same({"x: 'keep_all' has the word 'keep'"}, strangers("keep_all", words, "x"))
    assert.same({"x: 'kept' has the word 'keep'"}, strangers("kept", words, "x"))
    assert.equal(1, #strangers("draw_twice", words, "x"))
    assert.same({}, strangers("save_with", words, "x"))
    assert.same({"keep", "rate", "mean"},
      names_of("function Run:keep(parts)\n-- @tparam[opt=1] number opt.rate  x\n-- @function gan.mean\n"
        .. "local function draw()"))
    assert.same({}, names_of "--- X.\n-- @internal gan.x\nfunction M.keep()")
    assert.same({"x: run:keep is run:save_with now"}, old_names("run:keep {G = G}", "x"))
    assert.equal(1, #old_names("with --keep 3", "x"))
    assert.same({}, old_names("run:save_with {G = G} --keeps", "x"))
  end)

  it("mean one thing in public names", function()
    local found, used = {}, {}
    local function see(name, where)
      used[name] = true
      table.move(strangers(name, words, where), 1, 10, #found + 1, found)
    end
    for _, path in ipairs(files("lua/gan", "%.lua$", {})) do
      local text = temp.read(path)
      for _, name in ipairs(names_of(text)) do see(name, path) end
      for name in text:gmatch "%f[%w_](on_%l+)%f[%W]" do used[name] = true end
      if text:find "function source%.draw" then used.draw = true end -- of an evaluation's sources
      if path:find "/metric/rows%.lua$" then used.rows = true end
      if path:find "/ops/pointwise%.lua$" and text:find "cases = " then used.cases = true end
    end
    for _, o in ipairs(options.training) do see((o[1]:gsub("-", "_")), "--" .. o[1]) end
    clean(found)
    for word, names in pairs(words) do
      for name in pairs(names) do
        assert.is_true(used[name], ("%s: the table's name `%s` is nobody's"):format(word, name))
      end
    end
  end)

  it("are used by their new names everywhere", function()
    local found = {}
    local list = {"README.md", "lua/gan/README.md", "csrc/README.md"}
    files("lua/gan", "%.lua$", files("experiments", "%.[lm][ud]a?$", list))
    for _, path in ipairs(list) do
      table.move(old_names(temp.read(path), path), 1, 20, #found + 1, found)
    end
    clean(found)
  end)
end)
