--- Helps to write pages of HTML that are one file each: texts, tables, pictures inside the page.
-- @internal gan.show.html
local check = require "gan.check"

local M = {}

local escapes = {["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;"}

--- Returns a text as HTML shows it, between tags and in attributes. Control characters and bytes that are no UTF-8 are
-- spelt out, so that the page is valid whatever a run is called; line breaks stay.
function M.text(s) return (check.shown(tostring(s), true):gsub("[&<>\"']", escapes)) end

--- Formats as string.format does; what stands for %s is escaped, what stands for %h is HTML already.
function M.format(fmt, ...)
  local values, i = {...}, 0
  fmt = fmt:gsub("%%[%d.]*([%ah%%])", function(kind)
    if kind == "%" then return nil end
    i = i + 1
    if kind == "s" then values[i] = M.text(values[i]) end
    return kind == "h" and "%s" or nil
  end)
  return fmt:format(table.unpack(values))
end

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
local pairs_of = {} -- 12 bits -> two digits
local CHUNK = 3 * 8192 -- bytes at a time: millions of short strings in one list would weigh more than the result

--- Returns bytes in base64. Source: RFC 4648, section 4.
function M.base64(s)
  if not pairs_of[0] then
    for k = 0, 4095 do
      local a, b = k >> 6, k & 63
      pairs_of[k] = DIGITS:sub(a + 1, a + 1) .. DIGITS:sub(b + 1, b + 1)
    end
  end
  local out, whole = {}, #s // 3 * 3
  for first = 1, whole, CHUNK do
    local part, n = {}, 0
    for i = first, math.min(first + CHUNK, whole + 1) - 1, 3 do
      local a, b, c = s:byte(i, i + 2)
      part[n + 1], part[n + 2], n = pairs_of[a << 4 | b >> 4], pairs_of[(b & 15) << 8 | c], n + 2
    end
    out[#out + 1] = table.concat(part)
  end
  local rest = #s - whole
  if rest == 1 then
    out[#out + 1] = pairs_of[s:byte(-1) << 4] .. "=="
  elseif rest == 2 then
    local a, b = s:byte(-2, -1)
    out[#out + 1] = pairs_of[a << 4 | b >> 4] .. pairs_of[(b & 15) << 8]:sub(1, 1) .. "="
  end
  return table.concat(out)
end

--- Returns a PNG file's bytes as the address of a picture inside the page.
function M.png(bytes) return "data:image/png;base64," .. M.base64(bytes) end

--- Returns a JSON text as it may stand in a script element: nothing in it ends the element.
function M.json(text) return (text:gsub("<", "\\u003c")) end

--- Returns a table. rows: lists of texts; head: likewise, or nil. The first cell of a row is its head.
function M.table(rows, head)
  local out = {"<table>"}
  if head then
    out[#out + 1] = "<thead><tr>"
    for _, cell in ipairs(head) do out[#out + 1] = M.format('<th scope="col">%s</th>', cell) end
    out[#out + 1] = "</tr></thead>"
  end
  out[#out + 1] = "<tbody>"
  for _, row in ipairs(rows) do
    local cells = {}
    for c, cell in ipairs(row) do
      cells[c] = M.format(c == 1 and '<th scope="row">%s</th>' or "<td>%s</td>", cell)
    end
    out[#out + 1] = ("<tr>%s</tr>"):format(table.concat(cells))
  end
  out[#out + 1] = "</tbody></table>"
  return table.concat(out)
end

--- Returns a part of a page that is folded, with a name that stays when the page is made anew.
function M.fold(id, title, inside, open)
  return M.format('<details id="%s"%h><summary>%s</summary>%h</details>', id, open and " open" or "", title, inside)
end

return M
