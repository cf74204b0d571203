--- Accuracy of a classifier, of all rows and of each class; the classification accuracy score's last step.
-- @module gan.metric.accuracy
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"

local option = check.option
local NAME = "metric.accuracy"

local accuracy = {}
accuracy.__index = accuracy

--- Takes in a classifier's answers.
-- @tparam Tensor logits  real (N,Y), finite
-- @tparam Tensor labels  i32 (N), each 0..Y-1
-- @treturn table  the metric
-- @raise naming the row that is not finite, or whose label is out of range
function accuracy:add(logits, labels)
  input.rows(NAME, 1, "logits", logits, self.classes)
  local n, classes = core.size(logits, 1), core.size(logits, 2)
  local integers = core.is_tensor(labels) and core.dtype(labels) == "i32"
  if not integers or core.dim(labels) ~= 1 or core.size(labels, 1) ~= n then
    return check.expected(NAME, 2, "labels", ("an i32 tensor (%d), a label for each row"):format(n), labels)
  end
  local want = core.to_table(labels)
  for i, y in ipairs(want) do
    if y < 0 or y >= classes then
      return check.fail(NAME, "bad argument #2 'labels' (expected labels in 0..%d, got %d in row %d)", classes - 1, y,
        i)
    end
  end
  self.classes = classes
  for y = #self.rows + 1, classes do self.rows[y], self.right[y] = 0, 0 end
  if n == 0 then return self end
  for i, y in ipairs(core.to_table(core.argmax(logits, 2))) do
    local c = want[i] + 1
    self.rows[c] = self.rows[c] + 1
    if y == want[i] then self.right[c] = self.right[c] + 1 end
  end
  self.n = self.n + n
  return self
end

--- Returns the part of rows whose largest logit stands at their label; the first of equals counts.
-- @treturn number  in [0,1]
-- @treturn table  protocol: metric, value, deviation (the estimate's standard error), n_real, classes; per_class: a
--   list, false where no row has the class; lowest: the least of them
-- @raise if there are no rows
function accuracy:value()
  input.enough(NAME, "logits", self.n, 1, "a share")
  local right, per_class, lowest = 0, {}, 1
  for c = 1, self.classes do
    right = right + self.right[c]
    per_class[c] = self.rows[c] > 0 and self.right[c] / self.rows[c]
    if per_class[c] then lowest = math.min(lowest, per_class[c]) end
  end
  local p = right / self.n
  return input.answer {
    metric = self.name, value = p, deviation = math.sqrt(p * (1 - p) / self.n), n_real = self.n, classes = self.classes,
    per_class = per_class, lowest = lowest,
  }
end

--- Makes the top-1 accuracy.
-- With a classifier that was trained on generated pictures and is asked about real ones it is the classification
-- accuracy score: give `name = "cas"`.
-- Source: Ravuri and Vinyals 2019, arXiv:1905.10887, sec. 3.
-- @function gan.metric.accuracy
-- @tparam[opt] table opt
-- @tparam[opt="accuracy"] string opt.name  what the protocol calls it
-- @tparam[opt] integer opt.classes  Y; default: that of the first batch
-- @treturn table  `add(logits, labels)`, `value()`
-- @raise if an option is unknown or out of range
return function(opt)
  opt = check.options(NAME, opt, {
    name = option.string {default = "accuracy"}, classes = option.integer {lo = 1, hi = 1 << 24},
  })
  return setmetatable({name = opt.name, classes = opt.classes, n = 0, rows = {}, right = {}}, accuracy)
end
