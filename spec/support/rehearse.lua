-- Runs a spec's tests without busted and without caring what comes of them: they are here for what they call.
local assert = require "luassert"
local tree = require "spec.support.tree"

local M = {}

-- Specs whose tests call nothing that others do not, read sources, start processes, or are about the whole process.
local dull = {
  "^spec/experiments/", "^spec/doc_", "^spec/layout_", "^spec/words_", "^spec/readme_", "^spec/recipes_",
  "^spec/install_", "^spec/fuzz_", "^spec/torture_", "^spec/memory_", "^spec/registry_",
}

--- Lists the specs that are worth it.
function M.specs()
  local list = {}
  for _, path in ipairs(tree.files("spec", "_spec%.lua$")) do
    local wanted = true
    for _, pattern in ipairs(dull) do wanted = wanted and not path:find(pattern) end
    if wanted then list[#list + 1] = path end
  end
  return list
end

--- Reads a spec. Returns a list of its tests, functions without arguments: each sets up, runs and tears down by itself.
function M.tests(path)
  local tests, scopes = {}, {}

  local function all(kind, order, most)
    for i = 1, most do
      local scope = scopes[order and i or most + 1 - i]
      for _, f in ipairs(scope and scope[kind] or {}) do pcall(f) end
    end
  end

  local words = {assert = assert, pending = function() end}
  function words.describe(_, f)
    scopes[#scopes + 1] = {setup = {}, teardown = {}, before_each = {}, after_each = {}}
    pcall(f)
    scopes[#scopes] = nil
  end
  for _, kind in ipairs {"setup", "teardown", "before_each", "after_each"} do
    words[kind] = function(f) if scopes[1] then table.insert(scopes[#scopes][kind], f) end end
  end
  function words.it(_, f)
    local own = table.move(scopes, 1, #scopes, 1, {})
    tests[#tests + 1] = function()
      local before, after = scopes, {}
      scopes = own
      all("setup", true, #own)
      all("before_each", true, #own)
      words.finally = function(g) after[#after + 1] = g end
      local ok, message = pcall(f)
      for _, g in ipairs(after) do pcall(g) end
      all("after_each", false, #own)
      all("teardown", false, #own)
      scopes = before
      return ok, message
    end
  end

  local chunk = loadfile(path, "t", setmetatable(words, {__index = _G}))
  if chunk then pcall(chunk) end
  return tests
end

return M
