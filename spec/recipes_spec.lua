-- Follows the recipes of csrc/README.md: the files that they name are all there are to touch.
local lfs = require "lfs"
local tree = require "spec.support.tree"

local read = tree.read

local function exists(path) return lfs.attributes(path, "mode") == "file" end

-- The rows of a recipe's table: {path =, text =}.
local function recipe(readme, title)
  local rows, head = {}, "\n## " .. title .. "\n"
  local section = readme:match(head .. "(.-)\n## ") or readme:match(head .. "(.*)") or ""
  for path, text in section:gmatch "\n| `([^`]+)` |([^\n]*)|" do rows[#rows + 1] = {path = path, text = text} end
  return rows
end

-- A recipe's path or code for the family `name` in place of f.
local function for_family(text, name)
  return (text:gsub("%f[%w]f%f[%W]", name):gsub("_f%f[%W]", "_" .. name):gsub("%f[%w]f_", name .. "_"))
end

-- What is missing where the recipe was followed for the family: files of its own, or its word in a list.
local function missing(rows, name, has, text_of)
  local found = {}
  for _, row in ipairs(rows) do
    local path = for_family(row.path, name)
    if not has(path) then found[#found + 1] = path .. " is not there"
    elseif path == row.path then -- a list
      for code in row.text:gmatch "`([^`]+)`" do
        local word = for_family(code, name)
        if word ~= code and not text_of(path):find(word, 1, true) then
          found[#found + 1] = ("%s lacks %s"):format(path, word)
        end
      end
    end
  end
  return found
end

-- Every source, but for specs.
local function sources(root, out)
  for name in lfs.dir(root) do
    local path = root .. "/" .. name
    if name:sub(1, 1) ~= "." then
      if lfs.attributes(path, "mode") == "directory" then sources(path, out)
      elseif name:find "%.[chd]e?f?$" or name:find "%.lua$" then out[#out + 1] = path end
    end
  end
  return out
end

-- Whether a source names the family as lists and build rules do: its files, opener, line or module.
local function lists(path, text, name)
  if path:find "^lua/gan/ops/" and text:find('"' .. name .. '"', 1, true) then return true end
  for _, pattern in ipairs {
    "gn_open_%s%%f[%%W]", "FAMILY%%(%s%%)", "%%f[%%w]b_%s%%f[%%W]", "%%f[%%w_]%s%%.[ch]%%f[%%W]", "ops[./]%s%%f[^%%w_]",
  } do
    if text:find(pattern:format(name)) then return true end
  end
  return false
end

local function families()
  local names = {}
  for name in read "csrc/bind/families.def":gmatch "\nFAMILY%(([%w_]+)%)" do names[#names + 1] = name end
  return names
end

describe("the recipe of csrc/README.md", function()
  local readme = read "csrc/README.md"
  local kernel, pointwise = recipe(readme, "How to add a kernel"), recipe(readme, "How to add a pointwise function")

  it("for a kernel is told from one that lacks a step", function()
    local table_of_two = "| a | b |\n| `k/f.c` | the `gn_f` |\n| `list` | a word, `\"f\"` |\n"
    local rows = recipe("\n## How\n" .. table_of_two .. "\n## More\n| `x/f.c` | |\n", "How")
    assert.equal(2, #rows)
    local files = {["k/fir.c"] = "", list = '{"fir"}'}
    local function has(path) return files[path] ~= nil end
    local function text_of(path) return files[path] end
    assert.same({}, missing(rows, "fir", has, text_of))
    assert.same({"k/oak.c is not there", 'list lacks "oak"'}, missing(rows, "oak", has, text_of))
    for text, want in pairs {
      ["b_f.c"] = "b_fir.c", ["f_spec.lua"] = "fir_spec.lua", ["gn_open_f(L)"] = "gn_open_fir(L)",
      ["FAMILY(f)"] = "FAMILY(fir)", ["if.c"] = "if.c",
    } do
      assert.equal(want, for_family(text, "fir"))
    end
  end)

  it("for a kernel names every file of a family", function()
    assert.is_true(#kernel >= 7)
    local followed = 0
    for _, name in ipairs(families()) do
      local own = exists("csrc/kernels/" .. name .. ".c") and exists("lua/gan/ops/" .. name .. ".lua")
      if own and name ~= "pointwise" then
        followed = followed + 1
        assert.same({}, missing(kernel, name, exists, read))
      end
    end
    assert.is_true(followed >= 6)
  end)

  it("for a kernel names every place that knows of it", function()
    for _, text in ipairs {
      "void gn_open_fir(lua_State *L);", "FAMILY(fir)", "csrc/bind/b_fir.c", '"kernels/fir.h"', "require 'gan.ops.fir'",
    } do
      assert.is_true(lists("a.c", text, "fir"), text)
    end
    for _, text in ipairs {"gn_open_first(L)", "fir = 1", "b_first.c", "ops.fir_tree(x)", "nn/fir.lua"} do
      assert.is_false(lists("a.c", text, "fir"), text)
    end
    assert.is_true(lists("lua/gan/ops/init.lua", '{"oak", "fir"}', "fir"))
    assert.is_false(lists("lua/gan/nn/init.lua", '{"oak", "fir"}', "fir"))
    local named = {}
    for _, row in ipairs(kernel) do named[for_family(row.path, "minibatch")] = true end
    for _, path in ipairs(sources("lua", sources("csrc", {"Makefile"}))) do
      local unnamed = not named[path] and lists(path, read(path), "minibatch")
      assert.is_false(unnamed, path .. " lists the family minibatch: the recipe does not name it")
    end
  end)

  it("for a pointwise function names every file that knows of it", function()
    assert.equal(2, #pointwise)
    for _, row in ipairs(pointwise) do
      assert.truthy(read(row.path):find "%f[%w_]softplus%f[^%w_]", row.path)
    end
    for _, path in ipairs(sources("csrc", {"Makefile"})) do
      if path ~= pointwise[1].path then
        local text = read(path)
        assert.is_nil(text:find "[\"(]softplus[\",)]", path)
      end
    end
  end)
end)
