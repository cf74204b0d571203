--- Chooses which images of a set are used where not all are: as many of each class.
-- @internal gan.data.limit
local M = {}

--- Returns the numbers of the images that are used, ascending.
-- Classes give one image each by turns, their first ones, until there are enough; where a class has no more, the others
-- go on. So the numbers of two classes differ by one at most, and a larger limit only adds images.
-- @tparam integer n  how many images there are
-- @tparam[opt] integer limit  how many are used; default: all
-- @tparam[opt] table labels  list of n integers from 0; nil: the first images
-- @treturn table  list of integers in 1..n
function M.rows(n, limit, labels)
  local rows = {}
  limit = math.min(n, limit or n)
  if limit == n or not labels then
    for i = 1, limit do rows[i] = i end
    return rows
  end
  local count, most = {}, 0 -- of each class
  for i = 1, n do
    local y = labels[i]
    count[y], most = (count[y] or 0) + 1, math.max(most, y)
  end
  local left, turns = limit, 0 -- how many whole turns there are, and what is left for a last one
  repeat
    local giving = 0
    for y = 0, most do if (count[y] or 0) > turns then giving = giving + 1 end end
    if giving > left then break end
    left, turns = left - giving, turns + 1
  until left == 0
  local quota = {}
  for y = 0, most do
    local more = left > 0 and (count[y] or 0) > turns
    quota[y] = turns + (more and 1 or 0)
    if more then left = left - 1 end
  end
  for i = 1, n do
    local y = labels[i]
    if quota[y] > 0 then
      quota[y] = quota[y] - 1
      rows[#rows + 1] = i
    end
  end
  return rows
end

return M
