-- Makes the tensors of ops' cases (registry_spec) from one seeded stream: s:randn(2,3), s:uniform(lo,hi,2,3),
-- s:integer(lo,hi,2,3).
return function(core, seed)
  local rng = core.rng(seed or 1, "cases")
  local s = {rng = rng, core = core}
  function s:randn(...) return self.rng:normal({...}) end
  function s:uniform(lo, hi, ...) return self.rng:uniform({...}, lo, hi) end
  function s:integer(lo, hi, ...) return self.rng:integer({...}, lo, hi) end
  -- the same values as every second element of a wider buffer
  function s.strided(x)
    local shape = core.shape(x)
    local nd = #shape
    if nd == 0 then return core.clone(x) end
    local n = shape[nd]
    shape[nd] = 2 * n
    local view = core.narrow(core.full(shape, 0, core.dtype(x)), nd, 1, n, n > 0 and 2 or 1)
    core.copy_(view, x)
    return view
  end
  return s
end
