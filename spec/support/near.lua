-- near(want, got, tol = 1e-9): raises unless numbers, or nested lists of them (got may be a tensor), agree to
-- tol * (1 + |want|).
local function near(want, got, tol, where)
  tol, where = tol or 1e-9, where or "value"
  if type(got) == "userdata" then got = got:dim() == 0 and got:item() or got:to_table() end
  if type(want) == "table" then
    assert(type(got) == "table" and #want == #got, where .. ": lists of different length")
    for i, w in ipairs(want) do near(w, got[i], tol, ("%s[%d]"):format(where, i)) end
  else
    local close = math.abs(want - got) <= tol * (1 + math.abs(want))
    assert(close, ("%s: expected %.12g, got %.12g"):format(where, want, got))
  end
end

return near
