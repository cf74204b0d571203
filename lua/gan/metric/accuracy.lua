--- Accuracy of a classifier, of all rows and of each class; the classification accuracy score's last step.
-- @module gan.metric.accuracy
local core = require "gan.core"
local check = require "gan.check"
local input = require "gan.metric.input"

local accuracy = {}
accuracy.__index = accuracy

--- Adds a classifier's answers.
-- @tparam Tensor logits real (N,Y), finite
-- @tparam Tensor labels i32 (N), each 0..Y-1
function accuracy:add(logits, labels)
  input.rows("accuracy", 1, "logits", logits, self.classes)
  local n, classes = core.size(logits, 1), core.size(logits, 2)
  if not core.is_tensor(labels) or core.dtype(labels) ~= "i32" or core.dim(labels) ~= 1 or core.size(labels, 1) ~= n then
    return check.expected("accuracy", 2, "labels", ("an i32 tensor (%d), a label for each row"):format(n), labels)
  end
  local want = core.to_table(labels)
  for i, y in ipairs(want) do
    if y < 0 or y >= classes then
      return check.fail("accuracy", "bad argument #2 'labels' (expected labels in 0..%d, got %d in row %d)", classes - 1, y, i)
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

--- The part of rows whose largest logit stands at their label (the first of equals counts).
-- @treturn number in [0,1]
-- @treturn table protocol: metric, value, deviation (the estimate's standard error), n_real, classes; per_class: a list, false where no row has
--   the class; lowest: the least of them
-- @raise if there are no rows
function accuracy:value()
  input.enough("accuracy", "logits", self.n, 1, "a share")
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

--- Top-1 accuracy. With a classifier that was trained on generated pictures and is asked about real ones it is the classification accuracy score:
-- give `name = "cas"`.
-- Source: Ravuri and Vinyals 2019, arXiv:1905.10887, sec. 3.
-- @tparam[opt] table opt name = "accuracy": what the protocol calls it; classes: Y (default: that of the first batch)
-- @treturn table add(logits, labels), value()
return function(opt)
  opt = check.options("accuracy", opt, {name = "accuracy", classes = check.none})
  if type(opt.name) ~= "string" then return check.expected("accuracy", 1, "name", "a string", opt.name) end
  local classes = opt.classes and check.int("accuracy", 1, "classes", opt.classes, 1, 1 << 24)
  return setmetatable({name = opt.name, classes = classes, n = 0, rows = {}, right = {}}, accuracy)
end
