--- Reads zip archives of pictures, as a folder: inner folders are classes, `train` and its like splits.
-- @internal gan.data.format.zip
local budget = require "gan.file.budget"
local core = require "gan.core"
local stylegan = require "gan.data.stylegan"
local tree = require "gan.data.tree"
local zip = require "gan.file.zip"

local M = {text = "a .zip of pictures"}

local HEAD = 64                       -- bytes that tell what a member is
local MOST = core.picture_budget.file -- bytes of a picture

--- Tells whether a file is a zip archive.
function M.detect(_, head) return head ~= nil and (head:sub(1, 4) == "PK\3\4" or head:sub(1, 4) == "PK\5\6") end

local function is_skipped(t, name)
  for part in name:gmatch "[^/]+" do if t:skips(part) then return true end end
  return false
end

-- The members as a list of {name =, member =}, sorted as a folder's: with / between folders, also where Windows wrote
-- \, and without a folder that all lie in.
local function members_of(z, t)
  local list, slashes, top = {}, false, nil
  for _, member in ipairs(z.names) do slashes = slashes or member:find("/", 1, true) end
  for _, member in ipairs(z.names) do
    local name = (slashes and member or member:gsub("\\", "/")):gsub("^%./", ""):gsub("^/+", "")
    if ("/" .. name .. "/"):find("/../", 1, true) then t:pass "name| with .. in the path"
    elseif name ~= "" and not is_skipped(t, name) then list[#list + 1] = {name = name, member = member}
    end
  end
  for _, m in ipairs(list) do
    local first = m.name:match "^[^/]+/"
    if not first or top and first ~= top then top = nil break end
    top = first
  end
  local keys, by_key = {}, {}
  for _, m in ipairs(list) do
    if top then m.name = m.name:sub(#top + 1) end
    if m.name ~= "" then
      local key = tree.key(m.name)
      if by_key[key] then m.next = by_key[key] else keys[#keys + 1] = key end -- "a" and "./a"
      by_key[key] = m
    end
  end
  core.sort(keys)
  local sorted = {}
  for _, key in ipairs(keys) do
    local m = by_key[key]
    while m do sorted[#sorted + 1], m = m, m.next end
  end
  return sorted
end

local function read(path, z, o)
  local t, asked = tree.new(path), 0
  local function peek(_, member)
    asked = asked + 1
    return asked <= budget.ASKED and z:head(member, HEAD) or nil
  end
  for _, m in ipairs(members_of(z, t)) do
    if m.name:sub(-1) == "/" then
      t:folder(m.name:sub(1, -2))
    elseif m.name == stylegan.NAME then
      local text, message = z:text(m.member, budget.JSON)
      if not text then return nil, message end
      t:labels(stylegan.read(text))
    else
      local dir, base = m.name:match "^(.*)/([^/]*)$"
      local entry = t:add(dir or ".", base or m.name, path, peek, m.member)
      if entry then entry.member = m.member end
    end
  end
  local chosen, found = t:read(o, function(entry)
    entry.offset, entry.bytes, entry.how = z:place(entry.member)
    if not entry.offset then return nil, entry.bytes .. "; unpack the archive, and give the folder" end
    local m = z.members[entry.member]
    if m.size > MOST then
      return z:fail("member '%s' has %d bytes (a picture has at most %d)", m.name, m.size, MOST)
    end
    entry.size, entry.crc = m.size, m.crc
    return true
  end)
  if not chosen then return nil, found end
  return tree.set(chosen, found, o, {source = path, format = "zip"})
end

--- Opens an archive; see gan.data.open. What a member claims to be long is compared with what it has (gan.file.zip)
-- before anything is inflated.
function M.open(path, o)
  local z, message = zip.open(path)
  if not z then return nil, message end
  local s
  s, message = read(path, z, o)
  z:close()
  return s, message
end

return M
