-- The manual's Markdown, for ldoc (config.ld: format = "manual"): Discount without what it would do to formulas. A star
-- begins a list or is a star (i*stride + a*dilation), a caret is a caret, 1/2 stays 1/2, and `<` opens nothing but
-- ldoc's own tags.
local ok, discount = pcall(require, "discount") -- Debian: lua-discount
local markdown = ok and (type(discount) == "table" and (discount.to_html or discount.compile) or discount)
  or require "ldoc.markdown"

local function plain(line)
  local list, rest = line:match "^(%s*%* )(.*)"
  rest = (rest or line):gsub("%*", "\\*"):gsub("<(/?)(%a*)", function(slash, tag)
    return (tag == "a" or tag == "code") and "<" .. slash .. tag or "&lt;" .. slash .. tag
  end)
  return (list or "") .. rest
end

return function(text)
  local out, code = {}, false -- ldoc has made <pre> of a module's examples already
  for line in (text .. "\n"):gmatch "(.-)\n" do
    code = code or line:find "^<pre" ~= nil
    local indented = line:find "^    " and (#out == 0 or not out[#out]:find "%S" or out[#out]:find "^    ")
    out[#out + 1] = (code or indented) and line or plain(line)
    if line:find "</pre>" then code = false end
  end
  local html = markdown(table.concat(out, "\n"), "nopants", "nosuperscript")
  return type(html) == "table" and html.body or html
end
