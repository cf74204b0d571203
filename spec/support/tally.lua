-- busted helper: the last line of a run is `N passed, N failed`, and the exit code is 0 only if nothing failed.
local busted = require "busted"

local passed, failed, skipped = 0, 0, 0

busted.subscribe({"test", "end"}, function(_, _, status)
  if status == "success" then
    passed = passed + 1
  elseif status == "pending" then
    skipped = skipped + 1
  else
    failed = failed + 1
  end
  return nil, true
end)

-- A file that does not load, or a setup that raises, belongs to no test; those of tests are counted above.
local function broken(element)
  if element.descriptor ~= "it" then failed = failed + 1 end
  return nil, true
end
busted.subscribe({"error"}, broken)
busted.subscribe({"failure"}, broken)

busted.subscribe({"exit"}, function()
  local also = skipped > 0 and (", %d skipped"):format(skipped) or ""
  if passed + failed == 0 then io.write("no test was run\n") end
  io.write(("%d passed, %d failed%s\n"):format(passed, failed, also))
  io.flush()
  if failed > 0 or passed == 0 then os.exit(1) end -- busted's own code is the count, and 256 failures would read as 0
  return nil, true
end)
