--- Finds files of annotations in a folder, by the names and places that they usually have.
-- @internal gan.data.layout
local core = require "gan.core"
local lfs = require "lfs"
local tree = require "gan.data.tree"

local M = {}

local DEEPEST = 32 -- folders in each other

local split_of = {
  {"train", "train"}, {"training", "train"}, {"val", "val"}, {"valid", "val"}, {"validation", "val"},
  {"test", "test"}, {"testing", "test"}, {"eval", "eval"}, {"evaluation", "eval"},
}

--- Tells whether there is a file, or a folder. Cannot fail.
-- @tparam string path  of it
-- @tparam[opt="file"] string mode  or "directory"
-- @treturn boolean
function M.is(path, mode) return lfs.attributes(path, "mode") == (mode or "file") end

--- Finds the first of some files in a folder; or, where it has none of them, in its parts.
-- @tparam string path  of the folder
-- @tparam table names  of files
-- @treturn table  list of `{file =, dir = the folder it is in, split = or nil}`; empty where there is none
function M.find(path, names)
  for _, name in ipairs(names) do
    if M.is(path .. "/" .. name) then return {{file = path .. "/" .. name, dir = path}} end
  end
  local out, there = {}, {}
  for _, split in ipairs(split_of) do
    local dir = path .. "/" .. split[1]
    for _, name in ipairs(there[split[2]] and {} or names) do
      if not there[split[2]] and M.is(dir .. "/" .. name) then
        there[split[2]] = true
        out[#out + 1] = {file = dir .. "/" .. name, dir = dir, split = split[2]}
      end
    end
  end
  return out
end

--- Returns the first of some folders that a folder has; or nil. Cannot fail.
-- @tparam string path  of the folder
-- @tparam table names  in the usual ways of writing them
-- @treturn string  its path
function M.folder(path, names)
  for _, name in ipairs(names) do
    if M.is(path .. "/" .. name, "directory") then return path .. "/" .. name end
  end
  return nil
end

--- Lists the folders in a folder. Cannot fail.
-- @tparam string path  of the folder
-- @treturn table  list of their names
function M.folders(path)
  local names, odd = core.folder(path)
  local out = {}
  for _, name in ipairs(names or {}) do
    if odd[name] and M.is(path .. "/" .. name, "directory") then out[#out + 1] = name end
  end
  return out
end

local function walk(dir, prefix, accept, out, depth)
  local names, odd
  if depth <= DEEPEST then names, odd = core.folder(dir) end
  for _, name in ipairs(names or {}) do
    if name:sub(1, 1) ~= "." then
      local path = dir .. "/" .. name
      if accept(name) then
        out[#out + 1] = {path = path, name = prefix .. name, stem = prefix .. (name:match "^(.+)%.[^.]*$" or name)}
      elseif odd[name] and M.is(path, "directory") then
        walk(path, prefix .. name .. "/", accept, out, depth + 1)
      end
    end
  end
  return out
end

--- Lists the files below a folder whose names are accepted, by the order of names.
-- @tparam string dir  of the folder
-- @tparam[opt] function accept  f(name) -> boolean; default: those that pictures have
-- @treturn table  list of `{path =, name = below the folder, stem = the name without its extension}`
function M.files(dir, accept) return walk(dir, "", accept or tree.is_named, {}, 1) end

--- Joins a path that a file of annotations gives to the folder that it is meant from: "\" stands for "/". nil of one
-- that leads out of the folder, or holds a zero byte.
-- @tparam string dir  of the folder
-- @tparam string path  as it is given
-- @treturn string
function M.join(dir, path)
  path = path:gsub("\\", "/"):gsub("^%./", "")
  if path == "" or path:find "\0" or ("/" .. path .. "/"):find("/../", 1, true) then return nil end
  if path:sub(1, 1) == "/" then return nil end
  return dir .. "/" .. path
end

return M
