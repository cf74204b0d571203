--- Records ops that touch tracked tensors, and differentiates what was recorded, to any order.
--
-- A tracked tensor carries a node. The graph is made of nodes, not tensors: a node keeps only the argument values that
-- some rule of its op reads, so what nobody reads can be collected. Ops are defined as lua/gan/README.md says.
-- @module gan.autograd
local core = require "gan.core"
local check = require "gan.check"

local M = {}

--- Holds the definitions of all ops: name -> table.
M.registry = {}

local F = {} -- public functions by name: the engine itself needs add, sum_to and alias
local seq = 0
local get_node, set_node, get_shape, get_version = core.node, core.set_node, core.shape, core.version
local tracked, with = core.tracked, core.with_recording

local function same(a, b)
  if #a ~= #b then return false end
  for i = 1, #a do if a[i] ~= b[i] then return false end end
  return true
end

-- Returns which arguments (0: the output) must be kept so that the rules of the tracked arguments can run: i -> true.
local function keeps(def, inputs, n)
  local keep = {}
  if def.compose or not def.reads then -- all arguments; the output too, except where a definition stands for it
    for i = 1, n do keep[i] = true end
    keep[0] = not def.compose
    return keep
  end
  for i = 1, n do
    if inputs[i] then
      for _, k in ipairs(def.reads[i] or {}) do keep[k] = true end
    end
  end
  return keep
end

-- Copies a table of options (and the plain tables in it): the caller may change his own before the rule runs.
local function frozen(v, depth)
  if type(v) ~= "table" or depth == 0 or getmetatable(v) then return v end
  local copy = {}
  for k, x in next, v do copy[k] = frozen(x, depth - 1) end
  return copy
end

-- Gives y, the result of an op, its node. Returns y and the other results.
-- inputs: argument number -> node, of the tracked arguments.
local function record(def, inputs, args, y, ...)
  if not core.is_tensor(y) or core.dtype(y) ~= "real" then
    return check.fail(def.name, "forward must return a real tensor, got %s", check.found(y))
  end
  -- A user's forward may return one of its arguments, or what recorded ops made: their nodes must stay what they are.
  if get_node(y) then y = core.alias(y) end
  local n = args.n
  local keep = keeps(def, inputs, n)
  local node = {op = def, inputs = inputs, shapes = {}, versions = {}, args = {n = n}, yshape = get_shape(y)}
  seq = seq + 1
  node.seq = seq
  for i = 1, n do
    local a = args[i]
    if core.is_tensor(a) then
      node.shapes[i] = get_shape(a)
      if keep[i] then
        node.args[i], node.versions[i] = a, get_version(a)
      end
    else
      node.args[i] = frozen(a, 3)
    end
  end
  if keep[0] then node.y, node.versions[0] = y, get_version(y) end
  if select("#", ...) > 0 then node.aux = {...} end
  set_node(y, node)
  return y, ...
end

local fields = {}
for name in ("name forward grad reads compose again nondiff cases bad method private builtin"):gmatch "%a+" do
  fields[name] = true
end

--- Defines a differentiable function, a built-in op or a user's own.
-- lua/gan/README.md, "The op table", explains the fields.
-- @function gan.op
-- @tparam table def  its fields:
-- @tparam string def.name  one word, for errors
-- @tparam function def.forward  `forward(a, b, ...)` -> result, and what rules read besides
-- @tparam table|function def.grad  a rule for each argument, or one for all
-- @tparam[opt] table def.reads  which arguments each rule reads (default: all)
-- @tparam[opt] function def.compose  the definition in other ops
-- @tparam[opt=false] boolean def.nondiff  never recorded
-- @treturn function  the public function
-- @raise if a field is unknown, `name` or `forward` is missing, or there is none of `grad`, `compose`, `nondiff`
function M.op(def)
  if type(def) ~= "table" or type(def.name) ~= "string" then
    return check.fail("op", "expected a table with a field 'name'")
  end
  for field in pairs(def) do
    if not fields[field] then
      return check.fail("op", "%s: unknown field '%s'%s", def.name, tostring(field),
        check.hint(field, check.names(fields)))
    end
  end
  local forward = def.forward
  if forward == nil then
    return check.fail("op", "%s: field 'forward' is nil (a core function that is not registered? "
      .. "csrc/bind/families.def, b_*.c)", def.name)
  end
  if type(forward) ~= "function" then
    return check.fail("op", "%s: field 'forward': expected a function, got %s", def.name, check.found(forward))
  end
  if not (def.nondiff or def.grad or def.compose) then
    return check.fail("op", "%s: one of the fields 'grad', 'compose', 'nondiff' is needed", def.name)
  end
  local function f(...)
    local inputs = tracked(...)
    if inputs then return record(def, inputs, table.pack(...), forward(...)) end
    return forward(...)
  end
  if def.nondiff then f = forward end
  def.call = f
  if not def.private then M.registry[def.name] = def end
  F[def.name] = f
  return f
end

--- Runs `f(...)` without recording, and returns what it returns.
-- This holds for the coroutine that calls it, until f ends, however it ends: where f yields, others go on recording,
-- and so does a coroutine that f starts.
-- @function gan.no_grad
-- @tparam function|Module f  called at once
-- @tparam any ...  its arguments
-- @treturn any  its results
-- @raise if f can not be called, and whatever f raises
-- @usage local images = gan.no_grad(G, z)
function M.no_grad(f, ...)
  if not check.callable(f) then return check.expected("no_grad", 1, "f", "a function or a net", f) end
  return with(false, f, ...)
end

--- Returns true while the running coroutine records its ops: unless it has itself called no_grad.
-- Cannot fail.
-- @treturn boolean
M.is_recording = core.recording

--- Marks a tensor as a leaf, whose gradient may be asked for. A tensor that is tracked stays what it is.
-- @function gan.nn.parameter
-- @tparam Tensor t  real, any shape
-- @tparam[opt=true] boolean flag  false: t, a leaf, is tracked no longer; optimisers that know it must be made anew
-- @treturn Tensor  t's shape: t itself
-- @raise if t is no real tensor; with false, if it was computed from others
function M.requires_grad_(t, flag)
  check.real("requires_grad_", 1, "t", t)
  if flag == false then
    local node = get_node(t)
    if node and not node.leaf then
      return check.fail("requires_grad_", "only a leaf can be untracked; t:detach() is a view without the graph")
    end
    set_node(t, nil)
  elseif not get_node(t) then set_node(t, {leaf = true, yshape = get_shape(t), seq = 0}) end
  return t
end

--- Returns true if a tensor is tracked: a marked leaf, or computed from one.
-- @tparam Tensor t  any shape
-- @treturn boolean
-- @raise if t is no tensor
function M.requires_grad(t) return get_node(t) ~= nil end

--- Returns a view of t without the graph.
-- @function gan.detach
-- @tparam Tensor t  any shape
-- @treturn Tensor  t's shape; shares t's memory
-- @raise if t is no tensor
function M.detach(t)
  if not core.is_tensor(t) then return check.expected("detach", 1, "t", "a tensor", t) end
  return core.alias(t)
end

-- Returns the arguments of a node for its rule. Raises if one was changed since.
local function saved_args(node)
  if node.freed then
    return check.fail("grad", "the graph of '%s' was already used by grad; "
      .. "pass {retain_graph = true} to the first call", node.op.name)
  end
  for i, version in pairs(node.versions) do
    local t = i == 0 and node.y or node.args[i]
    if t and get_version(t) ~= version then
      return check.fail("grad", "%s of '%s' was changed in place after it was used (version %d, now %d): "
        .. "compute the result again after the update",
        i == 0 and "the result" or "argument #" .. i, node.op.name, version, get_version(t))
    end
  end
  return node.args
end

-- Computes the vector-Jacobian product of an op's definition at the recorded arguments.
-- compose is replayed, recorded, on aliases of the arguments: they keep the link to the outer graph, and only the inner
-- part is walked. Under create_graph the result is differentiable in the arguments and in gy.
local function grad_through(node, need, gy, create_graph)
  local args = node.args
  local inner, alias, at = {}, {}, {}
  local y = with(true, function()
    for i = 1, args.n do
      inner[i] = args[i]
      if need[i] then
        alias[#alias + 1], at[#at + 1] = F.alias(args[i]), i
        inner[i] = alias[#alias]
      end
    end
    return node.op.compose(table.unpack(inner, 1, args.n))
  end)
  local gs = M.grad(y, alias, {seed = gy, create_graph = create_graph, allow_unused = true})
  local out = {}
  for j, i in ipairs(at) do out[i] = gs[j] end
  return out
end

-- Runs a node's rule. Returns argument number -> gradient, for some or all of `need`.
-- own: the rule may overwrite gy, e.g. with its result.
local function input_grads(node, need, gy, create_graph, own)
  local def, args = node.op, saved_args(node)
  local ctx = {y = node.y, aux = node.aux, shapes = node.shapes, yshape = node.yshape, own = own}
  if def.compose and (create_graph or not def.grad) then
    local gs = create_graph and def.again and {def.again(gy, ctx, need, table.unpack(args, 1, args.n))} or {}
    if next(gs) then return gs end
    return grad_through(node, need, gy, create_graph)
  end
  if type(def.grad) == "function" then return {def.grad(gy, ctx, need, table.unpack(args, 1, args.n))} end
  local out = {}
  for i in pairs(need) do
    local rule = def.grad[i]
    if rule == nil then
      return check.fail("grad", "op '%s' has no derivative with respect to argument #%d", def.name, i)
    end
    if rule then out[i] = rule(gy, ctx, table.unpack(args, 1, args.n)) end
  end
  return out
end

-- Returns the nodes that `root` was made of, in recording order, and which of them lead to a wanted one (node -> true).
-- What was recorded before all wanted ones is not visited.
local function path(root, want)
  local seen, list, stack, first = {[root] = true}, {}, {root}, math.huge
  for node in pairs(want) do first = math.min(first, node.seq) end
  while #stack > 0 do
    local node = table.remove(stack)
    list[#list + 1] = node
    for _, input in pairs(node.inputs or {}) do
      if not seen[input] and input.seq >= first then
        seen[input] = true
        stack[#stack + 1] = input
      end
    end
  end
  table.sort(list, function(a, b) return a.seq < b.seq end)
  local on = {}
  for _, node in ipairs(list) do
    if want[node] then on[node] = true end
    for _, input in pairs(node.inputs or {}) do
      if on[input] then on[node] = true end
    end
  end
  return list, on
end

-- Brings a rule's result to the argument's shape: what broadcasting stretched is summed up.
local function fitted(node, i, gi)
  local shape = node.shapes[i]
  if not core.is_tensor(gi) or core.dtype(gi) ~= "real" then
    return check.fail("grad", "the rule of '%s' for argument #%d must return a real tensor or nil, got %s",
      node.op.name, i, check.found(gi))
  end
  local got = get_shape(gi)
  if same(got, shape) then return gi end
  local lead = #got - #shape
  local fits = lead >= 0
  for d = 1, fits and #shape or 0 do fits = fits and (shape[d] == got[lead + d] or shape[d] == 1) end
  if not fits then
    return check.fail("grad", "the rule of '%s' for argument #%d returned %s, the argument has shape %s",
      node.op.name, i, check.shape_string(got), check.shape_string(shape))
  end
  return F.sum_to(gi, shape)
end

local function free(node)
  node.freed, node.args, node.y, node.aux = true, nil, nil, nil
end

-- Keeps the gradients on their way, by node, and counts the places that hold each. One that was made here and is needed
-- no more gives its memory back at once, unless the result can be differentiated again (transient = false): waiting for
-- the collector would double what a step needs.
local function new_sums(transient)
  local sums, places, born = {}, {}, core.serial()
  local self = {}
  local function hold(t) places[t] = (places[t] or 0) + 1 end
  --- Lets go of a tensor in one place.
  function self.drop(t)
    places[t] = places[t] - 1
    if transient and places[t] <= 0 then core.release_since(t, born) end
  end
  --- Leaves a tensor to the collector: the rule of a user's op has seen or returned it, and may have kept it.
  function self.pin(t) places[t] = math.huge end
  --- Returns true if t is nobody's but that of the one place that holds it.
  function self.sole(t) return transient and places[t] == 1 and core.sole_since(t, born) end
  --- Adds t to a node's gradient. raw: the rule's result that t was made of, or t itself.
  function self.add(node, t, raw)
    local old = sums[node]
    local sum = old and F.add(old, t) or t
    sums[node] = sum
    hold(raw)
    hold(t)
    hold(sum)
    self.drop(t)
    if old then self.drop(old) end
    self.drop(raw)
  end
  --- Takes a node's gradient out, to be dropped by the caller; nil if there is none.
  function self.take(node)
    local t = sums[node]
    sums[node] = nil
    return t
  end
  --- Keeps t for good.
  function self.keep(t)
    hold(t)
    return t
  end
  return self
end

-- Returns the inputs of a node that lie on a path to a wanted one (argument number -> true), or nil.
local function needed(node, on)
  if node.leaf then return nil end
  local need = {}
  for i, input in pairs(node.inputs) do if on[input] then need[i] = true end end
  return next(need) and need
end

-- Adds what a node passes on of its gradient gy to the gradients of its inputs.
local function pass_on(node, need, gy, sums, create_graph)
  local builtin = node.op.builtin
  local own = builtin and sums.sole(gy)
  if not builtin then sums.pin(gy) end
  local args = node.args -- what the rule calls may walk the same graph, and free it
  local gs = input_grads(node, need, gy, create_graph, own)
  for i = 1, args.n do
    local gi = need[i] and gs[i]
    if gi then
      local fit = fitted(node, i, gi)
      if create_graph and get_node(gy) and not get_node(fit) then
        return check.fail("grad", "op '%s' has no second derivative: its rule for argument #%d is not made of "
          .. "recorded ops (write it in ops of gan, or give the op a 'compose')", node.op.name, i)
      end
      if not builtin then sums.pin(gi) end
      sums.add(node.inputs[i], fit, gi)
    end
  end
end

-- Walks the tape from the last node to the first. Returns the gradients of the wanted nodes.
local function backward(root, seed, want, create_graph, keep)
  local list, on = path(root, want)
  local sums, found = new_sums(not create_graph), {}
  sums.add(root, seed, seed)
  for k = #list, 1, -1 do
    local node = list[k]
    local gy, need = sums.take(node), needed(node, on)
    if gy and want[node] then found[node] = sums.keep(gy) end
    if gy and need then
      pass_on(node, need, gy, sums, create_graph)
      if not keep then free(node) end
    end
    if gy then sums.drop(gy) end
    list[k] = nil
  end
  return found
end

--- Adds lists of gradients, entry by entry.
-- They may be of the terms of a loss that were differentiated one after the other, each with its graph alone in memory,
-- or of several batches that make one large one.
-- @function gan.sum_grads
-- @tparam table first  list of tensors, as grad returns
-- @tparam table ...  lists of as many tensors of the same shapes
-- @treturn table  list of tensors of these shapes; of one list, its own
-- @raise naming the list and the entry that differs
function M.sum_grads(first, ...)
  local lists, sums = {first, ...}, {}
  for k, list in ipairs(lists) do
    if type(list) ~= "table" then return check.expected("sum_grads", k, "grads", "a list of tensors", list) end
    if #list ~= #first then
      return check.fail("sum_grads", "list %d: expected %s as in the first, got %d", k,
        check.count(#first, "tensor"), #list)
    end
    for i, g in ipairs(list) do
      check.real("sum_grads", k, ("grads[%d]"):format(i), g)
      local shape, want = check.shape_string(get_shape(g)), check.shape_string(get_shape(first[i]))
      if shape ~= want then
        return check.fail("sum_grads", "entry %d of list %d: expected %s, got %s", i, k, want, shape)
      end
      sums[i] = k == 1 and g or core.add(sums[i], g)
    end
  end
  return sums
end

-- Checks y and the seed; returns the gradient of y to begin with.
local function first_gradient(y, seed)
  local shape = get_shape(y)
  if seed then
    check.real("grad", 3, "seed", seed)
    if same(get_shape(seed), shape) then return seed end
    return check.fail("grad", "seed %s must have the shape of y %s", check.shape_string(get_shape(seed)),
      check.shape_string(shape))
  end
  if core.numel(y) == 1 then return core.full(shape, 1) end
  return check.fail("grad", "y has shape %s; pass a scalar (e.g. its mean) or {seed = gradient of y}",
    check.shape_string(shape))
end

-- Returns the nodes of the tensors in `wrt`, as keys.
local function wanted(wrt, allow_unused)
  local want = {}
  for i, w in ipairs(wrt) do
    check.real("grad", 2, "wrt[" .. i .. "]", w)
    local node = get_node(w)
    if node then
      want[node] = true
    elseif not allow_unused then
      return check.fail("grad", "wrt[%d] %s is not tracked; call requires_grad_() on it before it is used", i,
        check.shape_string(get_shape(w)))
    end
  end
  return want
end

local grad_options = {
  create_graph = check.option.boolean {default = false}, retain_graph = check.option.boolean {},
  seed = check.option.tensor {}, allow_unused = check.option.boolean {default = false},
}

--- Returns the gradients of y with respect to a list of tensors.
-- Only what lies on a path from them to y is visited. Gradients may share memory: clone before changing one in place.
-- @function gan.grad
-- @tparam Tensor y  a scalar; any shape where `seed` is given
-- @tparam table wrt  list of tracked tensors
-- @tparam[opt] table opt
-- @tparam[opt=false] boolean opt.create_graph  the gradients can be differentiated again
-- @tparam[opt] boolean opt.retain_graph  the graph may be used again (default: create_graph)
-- @tparam[opt] Tensor opt.seed  y's shape: gradient of y (default: 1)
-- @tparam[opt=false] boolean opt.allow_unused  a tensor that y does not depend on gets zeros instead of an error
-- @treturn table  list of gradients, in the order and of the shapes of wrt
-- @raise if y is not tracked, a wrt is not part of y's graph, or a needed value was changed in place
function M.grad(y, wrt, opt)
  opt = check.options("grad", opt, grad_options)
  check.real("grad", 1, "y", y)
  if type(wrt) ~= "table" then return check.expected("grad", 2, "wrt", "a list of tensors", wrt) end
  if check.callable(wrt) and type(wrt.params) == "function" then
    return check.fail("grad", "bad argument #2 'wrt' (expected a list of tensors, got a net; net:params() is one)")
  end
  local root, seed = get_node(y), first_gradient(y, opt.seed)
  if not root and not opt.allow_unused then
    return check.fail("grad", "y does not depend on any tracked tensor (mark parameters with requires_grad_, "
      .. "and do not compute y in no_grad)")
  end
  local want, keep = wanted(wrt, opt.allow_unused), opt.retain_graph
  if keep == nil then keep = opt.create_graph end
  local found = root and with(opt.create_graph, backward, root, seed, want, opt.create_graph, keep) or {}
  local out = {}
  for i, w in ipairs(wrt) do
    local g = found[get_node(w)]
    if not g and not opt.allow_unused then
      return check.fail("grad", "y does not depend on wrt[%d] %s; pass {allow_unused = true} to get zeros", i,
        check.shape_string(get_shape(w)))
    end
    out[i] = g or core.full(get_shape(w), 0)
  end
  return out
end

function M.gradcheck(...) return require("gan.autograd.gradcheck").gradcheck(...) end

return M
