-- The commands of the READMEs exist: every script, every option that a command gives it, every target of make.
local lfs = require "lfs"
local inside = require "spec.support.inside"
local tree = require "spec.support.tree"

local read = tree.read

local FOLDERS = {"experiments/", "experiments/bench/"}
local READMES = {
  "README.md", "experiments/README.md", "experiments/RESULTS.md", "experiments/bench/README.md", "lua/gan/README.md",
  "csrc/README.md", "experiments/TRUST.md", "spec/torture/README.md",
}

-- The path of a script that a command calls by path, file name or, where `bare`, stem; or nil.
local function script_of(word, bare)
  local stem = word:match "([%w_]+)%.lua$" or bare and word:match "^[%a_][%w_]*$"
  for _, folder in ipairs(stem and FOLDERS or {}) do
    local path = folder .. stem .. ".lua"
    if lfs.attributes(path) and (word == stem or path:sub(-#word) == word) then return path end
  end
end

-- The options that a script's --help lists, as a set.
local function options_of(path)
  local set, _, text = {}, inside.run(path, "--help")
  for name in text:gmatch "%-%-(%a[%w-]*)" do set[name] = true end
  return set
end

-- Commands of a Markdown text: the lines of its code blocks (a backslash goes on) and its code spans.
local function commands(text)
  local out = {}
  text = text:gsub("\n```(%w*)\n(.-)\n```", function(language, block)
    for line in (language == "" and block .. "\n" or ""):gsub("\\\n", " "):gmatch "([^\n]*)\n" do
      out[#out + 1] = line:gsub("%s#.*", ""):gsub("%s+", " "):gsub(" $", "")
    end
    return "\n"
  end)
  for span in text:gmatch "`([^`]+)`" do out[#out + 1] = span:gsub("%s+", " ") end
  return out
end

-- Adds to `found` what is wrong in a command. options: path -> set; targets: set.
local function check(found, readme, command, options, targets)
  local function bad(fmt, ...) found[#found + 1] = ("%s: %s: %s"):format(readme, command, fmt:format(...)) end
  local target = command:match "^make%s+(%l+)"
  if target and not targets[target] then bad("no target %s", target) end
  local called = command:match "^lua5%.4%s+(%S+%.lua)"
  if called and not lfs.attributes(called) then bad("no script %s", called) end
  local word = called or command:match "^%S+"
  local script = word and script_of(word, command:find "%s%-%-" ~= nil)
  if not script and not command:find "^%-%-" and not command:find "^BENCH=" then return end -- of other programs
  for option in (" " .. command):gmatch "[%s\"]%-%-(%a[%w-]*)" do
    local known = script and options[script][option]
    for _, set in pairs(script and {} or options) do known = known or set[option] end
    if not known then bad("%s has no option --%s", script or "no script", option) end
  end
end

describe("READMEs", function()
  local options, targets = {}, {}
  for _, folder in ipairs(FOLDERS) do
    for name in lfs.dir(folder) do
      if name:find "%.lua$" and name ~= "base.lua" and name ~= "bench.lua" then
        options[folder .. name] = options_of(folder .. name)
      end
    end
  end
  for target in ("\n" .. read "Makefile"):gmatch "\n(%l+):" do targets[target] = true end

  it("are told from ones with a wrong command", function()
    local text = "x\n```\na b \\\n--c   # why\n```\n`d --e\nf` `g`\n```lua\n`h`\n```\n"
    assert.same({"a b --c", "d --e f", "g"}, commands(text))
    for command, wrong in pairs {
      ["lua5.4 experiments/dcgan.lua --data PATH --size 64"] = false,
      ["dcgan.lua --sice 64"] = "dcgan.lua has no option --sice",
      ["cgan --ngf 32 --columns 2"] = "cgan.lua has no option --columns", ["cgan --mismatch 0"] = false,
      ["lua5.4 experiments/dcgam.lua"] = "no script experiments/dcgam.lua", ["--gammma"] = "has no option --gammma",
      ["--gamma"] = false, ["make quick"] = false, ["make quik"] = "no target quik", ["conv.lua --errors"] = false,
    } do
      local found = {}
      check(found, "a.md", command, options, targets)
      assert.equal(wrong and 1 or 0, #found, command)
      if wrong then assert.truthy(found[1]:find(wrong, 1, true), found[1]) end
    end
  end)

  it("quote wgan_gp.lua as it is", function()
    local block = read "README.md":match "heart of `wgan_gp.lua`:\n\n```lua\n(.-)```"
    local script = read "experiments/wgan_gp.lua":gsub("%s*%-%-[^\n]*", "")
    for line in block:gsub("%s*%-%-[^\n]*", ""):gmatch "[^\n]+" do
      assert.is_truthy(script:find(line, 1, true), line)
    end
  end)

  for _, readme in ipairs(READMES) do
    it(readme .. " gives commands that exist", function()
      local found = {}
      for _, command in ipairs(commands("\n" .. read(readme))) do check(found, readme, command, options, targets) end
      assert.equal("", table.concat(found, "\n"))
    end)
  end
end)
