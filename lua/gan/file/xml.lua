--- Reads XML into tables, by expat. No external entity is fetched, none is defined that would grow.
-- @module gan.file.xml
local check = require "gan.check"
local text = require "gan.file.text"
local lxp = require "lxp"

local M = {}

local MOST = 16 << 20       -- bytes of a file
local DEEPEST = 100         -- elements in each other
local ELEMENTS = 1 << 17    -- of a file

--- Reads a text.
-- @tparam string s  XML: UTF-8, or Latin-1 that says so
-- @treturn table  its root: `tag`; `text`, what stands in it directly; its elements, as a list
-- @error with line and column, where it is no XML, defines entities, or has more than 100 elements in each other
-- @raise if s is no string
function M.decode(s)
  if type(s) ~= "string" then return check.expected("file.xml.decode", 1, "s", "a string", s) end
  local stack, root, count, stopped = {}, nil, 0, nil
  local function stop(parser, message)
    if stopped then return end
    local line, column = parser:pos()
    stopped = ("line %d, column %d: %s"):format(line, column, message)
    parser:stop()
  end
  local parser = lxp.new({
    StartElement = function(parser, tag)
      count = count + 1
      if #stack >= DEEPEST then return stop(parser, ("more than %d elements in each other"):format(DEEPEST)) end
      if count > ELEMENTS then return stop(parser, ("more than %d elements"):format(ELEMENTS)) end
      local node, above = {tag = tag, texts = {}}, stack[#stack]
      if above then above[#above + 1] = node else root = node end
      stack[#stack + 1] = node
      return nil
    end,
    EndElement = function()
      local node = table.remove(stack)
      if not node then return end
      node.text, node.texts = table.concat(node.texts), nil
    end,
    CharacterData = function(_, data)
      local node = stack[#stack]
      if node then node.texts[#node.texts + 1] = data end
    end,
    EntityDecl = function(parser) stop(parser, "it defines entities, which are not read") end,
  })
  local ok, message, line, column = parser:parse(s)
  if ok and not stopped then ok, message, line, column = parser:parse() end
  if stopped then
    pcall(parser.close, parser)
    return nil, stopped
  end
  pcall(parser.close, parser)
  if not ok then return nil, ("line %d, column %d: %s"):format(line, column, message) end
  return root
end

--- Reads a file.
-- @tparam string path  of the file
-- @treturn table  as `decode` returns it
-- @error as `decode`; if it cannot be read, or has more than 16 MiB
function M.read(path)
  local s, message = text.read(path, MOST)
  if not s then return nil, message end
  return M.decode(s)
end

return M
