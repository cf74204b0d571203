--- Provides the matrix product, batched.
-- @module gan.ops.matmul
local core = require "gan.core"
local autograd = require "gan.autograd"
local shape = require "gan.ops.shape"

local M = {}

--- Multiplies matrices. Leading dimensions broadcast; transposed views are read where they lie.
-- @function gan.matmul
-- @tparam Tensor a  (...,m,k), at least 2 dimensions
-- @tparam Tensor b  (...,k,n), at least 2 dimensions
-- @treturn Tensor  (...,m,n)
-- @raise if a dimension is missing, the inner sizes differ, or the leading ones do not broadcast
M.matmul = autograd.op {name = "matmul", forward = core.matmul, reads = {{2}, {1}},
  cases = function(s) return {
    {s:randn(2, 3), s:randn(3, 4)},
    {shape.transpose(s:randn(3, 2)), shape.transpose(s:randn(4, 3))},
    {s:randn(2, 2, 3), s:randn(3, 2)},
    {s:randn(2, 1, 2, 3), s:randn(3, 3, 2)},
    {s:randn(2, 1), s:randn(1, 2)},
  } end,
  bad = function(s) return {
    {s:randn(3), s:randn(3, 2), match = "#1 'a' (expected at least 2 dimensions"},
    {s:randn(2, 3), s:randn(3), match = "#2 'b' (expected at least 2 dimensions"},
    {s:randn(2, 3), s:randn(2, 3), match = "#2 'b' (expected (...,3,*) to match a (2,3), got (2,3))"},
    {s:randn(2, 2, 3), s:randn(3, 3, 1), match = "broadcast with a (2,2,3), got (3,3,1)"},
    {s:randn(2, 3), 2, match = "#2 'b' (expected a real tensor, got 2)"},
  } end,
  grad = {
    function(g, _, _, b) return M.matmul(g, shape.transpose(b)) end,
    function(g, _, a) return M.matmul(shape.transpose(a), g) end,
  }}

return M
