-- Reads a page of HTML strictly, as far as ours go: every tag is closed in its place, every attribute quoted, every <
-- and & that is text escaped.
local M = {}

local void = {meta = true, link = true, img = true, input = true, br = true}
local raw = {script = true, style = true}

--- Returns the page's elements in order: {tag =, attribute = value, ...}. Raises where the page is wrong.
function M.read(text)
  local all, open, at = {}, {}, 1
  local function fail(what) error(("%s near: %s"):format(what, text:sub(math.max(1, at - 60), at + 60)), 0) end
  local function check_text(s)
    for entity in s:gmatch "&[^;%s]*;?" do
      if not (entity:find "^&%l+;$" or entity:find "^&#%d+;$") then fail("text has " .. entity) end
    end
    if s:find "[%z\1-\8\11-\31\127]" or not utf8.len(s) then fail "text has a control character" end
  end
  while true do
    local tag = text:find("<", at, true)
    check_text(text:sub(at, (tag or 0) - 1))
    if not tag then break end
    at = tag
    local name = text:match("^</([%w]+)>", at)
    if name then
      if open[#open] ~= name then fail(("</%s> closes %s"):format(name, tostring(open[#open]))) end
      open[#open] = nil
      at = text:find(">", at, true) + 1
    elseif text:find("^<!doctype html>", at) then
      at = at + 15
    else
      name = text:match("^<([%a][%w]*)", at)
      if not name then fail "a < that begins nothing" end
      local e = {tag = name}
      at = at + 1 + #name
      while true do
        at = text:find("[^%s]", at)
        local attribute, value = text:match('^([%w-]+)="([^"<]*)"', at)
        if attribute then
          check_text(value)
          if e[attribute] then fail("twice: " .. attribute) end
          e[attribute] = value
          at = at + #attribute + #value + 3
        elseif text:find("^[%w-]+", at) then
          attribute = text:match("^[%w-]+", at)
          e[attribute] = ""
          at = at + #attribute
        elseif text:find("^/?>", at) then
          local closed = text:sub(at, at) == "/"
          at = at + (closed and 2 or 1)
          if not (closed or void[name]) then open[#open + 1] = name end
          break
        else
          fail "an attribute that is none"
        end
      end
      all[#all + 1] = e
      if raw[name] then
        local stop = text:find("</" .. name .. ">", at, true) or fail "no end"
        e.text = text:sub(at, stop - 1)
        at = stop
      end
    end
  end
  if open[1] then fail("open: " .. open[#open]) end
  return all
end

--- Lists what a page asks of other places: sources and links that are no part of it, and what styles and scripts name.
function M.outside(text, all)
  local found = {}
  for _, e in ipairs(all) do
    for _, attribute in ipairs {"src", "href", "srcset", "action", "poster", "data", "background"} do
      local v = e[attribute]
      if v and not v:find "^data:" and not v:find "^#" then found[#found + 1] = ("%s %s"):format(attribute, v) end
    end
    for _, word in ipairs {"url%(", "@import", "fetch%(", "XMLHttpRequest", "import%("} do
      if (e.text or e.style or ""):find(word) then found[#found + 1] = word end
    end
  end
  if text:find "https?://" then found[#found + 1] = text:match "https?://[^%s\"'<]*" end
  return found
end

return M
