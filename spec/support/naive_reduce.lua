-- Slow references in plain Lua numbers: groups(values, shape, axes) lists, for every result in row-major order, the
-- values that are reduced into it; the rest are functions of one such list.
local M = {}

function M.groups(values, shape, axes)
  local reduced, nd = {}, #shape
  for _, a in ipairs(axes) do reduced[a > 0 and a or nd + 1 + a] = true end
  local out = {}
  local count = 1
  for a = 1, nd do if not reduced[a] then count = count * shape[a] end end
  for i = 1, count do out[i] = {} end
  local function walk(a, at, to)
    if a > nd then
      table.insert(out[to + 1], values[at + 1])
      return
    end
    for i = 0, shape[a] - 1 do
      walk(a + 1, at * shape[a] + i, reduced[a] and to or to * shape[a] + i)
    end
  end
  walk(1, 0, 0)
  return out
end

function M.sum(list)
  local s = 0
  for _, v in ipairs(list) do s = s + v end
  return s
end

function M.mean(list) return M.sum(list) / #list end

function M.var(list)
  local m, s = M.mean(list), 0
  for _, v in ipairs(list) do s = s + (v - m) ^ 2 end
  return s / #list
end

function M.norm(list)
  local s = 0
  for _, v in ipairs(list) do s = s + v * v end
  return math.sqrt(s)
end

function M.max(list) return math.max(table.unpack(list)) end
function M.min(list) return math.min(table.unpack(list)) end

function M.argmax(list)
  local best = 1
  for i, v in ipairs(list) do if v > list[best] then best = i end end
  return best - 1
end

function M.argmin(list)
  local best = 1
  for i, v in ipairs(list) do if v < list[best] then best = i end end
  return best - 1
end

function M.logsumexp(list)
  local s = 0
  for _, v in ipairs(list) do s = s + math.exp(v) end
  return math.log(s)
end

return M
