-- A second, complete instance of the library over gan.core64 (real = double), beside the float one: its modules are
-- loaded with a `require` of their own. double.require "gan.nn" gives any module of it; other fields are those of the
-- facade.
local loaded = {["gan.wait"] = require "gan.wait", ["gan.core"] = require "gan.core64"}
local env = setmetatable({}, {__index = _G})

function env.require(name)
  if not name:match "^gan" then return require(name) end
  if loaded[name] == nil then
    local path = assert(package.searchpath(name, package.path))
    local result = assert(loadfile(path, "t", env))(name, path)
    loaded[name] = result == nil and true or result
  end
  return loaded[name]
end

local gan = env.require "gan"
return setmetatable({require = env.require}, {__index = gan})
