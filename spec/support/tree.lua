-- The checkout as specs that read its sources see it: files of a folder and below, their text, and an empty list of
-- findings.
local assert = require "luassert"
local lfs = require "lfs"
local temp = require "spec.support.temp"

local M = {read = temp.read}

--- Tells whether there is a file or folder.
function M.exists(path) return lfs.attributes(path, "mode") ~= nil end

--- Returns the paths below a folder whose names match a pattern, sorted; hidden files and folders are passed over.
function M.files(root, pattern, out)
  out = out or {}
  if not M.exists(root) then return out end
  for name in lfs.dir(root) do
    local path = root .. "/" .. name
    if name:sub(1, 1) ~= "." then
      if lfs.attributes(path, "mode") == "directory" then M.files(path, pattern, out)
      elseif name:find(pattern) then out[#out + 1] = path end
    end
  end
  table.sort(out)
  return out
end

--- Asserts that nothing was found: the sorted list of findings is the message.
function M.clean(found)
  table.sort(found)
  assert.equal("", table.concat(found, "\n"))
end

return M
