-- Locales with a decimal comma for a process of its own: LOCPATH=DIR, os.setlocale(NAME).
local temp = require "spec.support.temp"

local M = {}

--- Makes one that has a decimal comma and else is C's, as glibc reads it. Made by hand: no system need have it.
-- @tparam string dir where
-- @treturn string its name; os.setlocale takes it for "numeric" alone
function M.comma(dir)
  local head, data, offsets = 8 + 6 * 4, "", {}
  for _, s in ipairs {",\0", "\0", "\0\0\0\0", ("<I4"):pack(0x2c), ("<I4"):pack(0), "UTF-8\0"} do
    if #s == 4 then data = data .. ("\0"):rep(-(head + #data) % 4) end
    offsets[#offsets + 1], data = head + #data, data .. s
  end
  assert(require("lfs").mkdir(dir .. "/xx_XX"))
  temp.write(dir .. "/xx_XX/LC_NUMERIC", ("<I4I4I4I4I4I4I4I4"):pack(0x20031114, 6, table.unpack(offsets)) .. data)
  return "xx_XX"
end

--- Makes the German one, which has a decimal comma, and puts `a` before `B`.
-- @tparam string dir where
-- @treturn string its name; nil where the system has not the sources of its locales
function M.german(dir)
  local name = "de_DE.UTF-8"
  local made = os.execute(("LC_ALL=C localedef -i de_DE -f UTF-8 %s/%s >/dev/null 2>&1"):format(dir, name))
  return made and name or nil
end

return M
