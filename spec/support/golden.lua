-- golden(name): what spec/golden/NAME.json holds.
local cjson = require "cjson"

return function(name)
  local f = assert(io.open(("spec/golden/%s.json"):format(name)))
  local text = f:read "a"
  f:close()
  return cjson.decode(text)
end
