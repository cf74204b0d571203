-- Runs busted in this very interpreter (Debian's `busted` may start another Lua); its arguments are busted's.
local file = ... or "spec"
if not file:find("^%-") and not io.open(file) then
  io.stderr:write(("no such spec: %s\n"):format(file))
  os.exit(1)
end
require "busted.runner" { standalone = false }
