-- Every op of the registry: its cases against compose, gradients to order 2 in double (dense and strided arguments),
-- float against double, errors that begin with the op's name, memory back where it was. An op without cases fails.
local gan = require "gan"
local double = require "spec.support.double"
local maker = require "spec.support.cases"

local float_core, core = require "gan.core", double.require "gan.core"
local float_registry, autograd = require("gan.autograd").registry, double.require "gan.autograd"
local registry = autograd.registry
local _, _ = gan.ops, double.ops -- loads every op

local function is_real(c, v) return c.is_tensor(v) and c.dtype(v) == "real" end

local function count(case)
  local n = 0
  for k in pairs(case) do if math.type(k) == "integer" and k > n then n = k end end
  return n
end

-- The tensors of a case that are differentiated, and a function of them.
local function as_function(def, case)
  local n, xs, at = count(case), {}, {}
  local wrt = case.wrt
  if not wrt then
    wrt = {}
    for i = 1, n do if is_real(core, case[i]) then wrt[#wrt + 1] = i end end
  end
  for _, i in ipairs(wrt) do xs[#xs + 1], at[#at + 1] = core.clone(case[i]), i end
  local function f(...)
    local args = table.move(case, 1, n, 1, {})
    for j, i in ipairs(at) do args[i] = (select(j, ...)) end
    return (def.call(table.unpack(args, 1, n)))
  end
  return f, xs
end

-- f's square: its second derivative tells a linear op's rule that drops the tape from one that does not.
local function squared(f)
  return function(...)
    local y = f(...)
    return registry.mul.call(y, y)
  end
end

local function max_difference(c, a, b)
  local d = c.to_table(c.reshape(c.abs(c.sub(a, b)), {-1}))
  local worst = 0
  for _, v in ipairs(d) do worst = v == v and math.max(worst, v) or math.huge end
  return worst
end

local function strided_case(s, case)
  local out = {}
  for k, v in pairs(case) do out[k] = is_real(core, v) and s.strided(v) or v end
  return out
end

local names = {}
for name in pairs(registry) do names[#names + 1] = name end
table.sort(names)

describe("registry", function()
  for _, name in ipairs(names) do
    local def = registry[name]
    describe(name, function()
      it("has cases", function() assert.is_function(def.cases) end)
      if not def.cases then return end

      it("agrees with its definition", function()
        local s = maker(core)
        for _, case in ipairs(def.cases(s)) do
          local n = count(case)
          local y = def.call(table.unpack(case, 1, n))
          assert.is_true(core.is_tensor(y))
          if def.compose then
            local z = def.compose(table.unpack(case, 1, n))
            assert.same(core.shape(z), core.shape(y))
            assert.is_true(max_difference(core, y, z) < 1e-9)
          end
        end
      end)

      it("gives the same for strided arguments", function()
        local s = maker(core)
        for _, case in ipairs(def.cases(s)) do
          local n, strided = count(case), strided_case(s, case)
          local y, z = def.call(table.unpack(case, 1, n)), def.call(table.unpack(strided, 1, n))
          assert.same(core.to_table(y), core.to_table(z))
        end
      end)

      if not def.nondiff then
        for order = 1, 2 do
          it("has the gradient of order " .. order, function()
            local s = maker(core)
            for i, case in ipairs(def.cases(s)) do
              if order <= (case.order or 2) then
                for _, c in ipairs {case, strided_case(s, case)} do
                  local f, xs = as_function(def, c)
                  if order == 2 then f = squared(f) end
                  local ok, why = autograd.gradcheck(f, xs, {order = order, tol = case.tol})
                  assert(ok, ("case %d%s: %s"):format(i, c == case and "" or " (strided)", why))
                end
              end
            end
          end)
        end
      end

      it("agrees between float and double", function()
        local fdef = float_registry[name]
        local fcases, dcases = fdef.cases(maker(float_core)), def.cases(maker(core))
        for i, fcase in ipairs(fcases) do
          local fy = fdef.call(table.unpack(fcase, 1, count(fcase)))
          local dy = def.call(table.unpack(dcases[i], 1, count(dcases[i])))
          assert.same(core.shape(dy), float_core.shape(fy))
          local a = float_core.to_table(float_core.reshape(fy, {-1}))
          for j, v in ipairs(core.to_table(core.reshape(dy, {-1}))) do
            assert.is_true(math.abs(a[j] - v) <= 1e-4 * (1 + math.abs(v)),
              ("element %d: %g, in double %g"):format(j, a[j], v))
          end
        end
      end)

      it("names what is wrong", function()
        assert.is_function(def.bad, "no wrong input")
        for _, case in ipairs(def.bad(maker(core))) do
          local ok, err = pcall(def.call, table.unpack(case, 1, count(case)))
          assert.is_false(ok, "accepted: " .. tostring(case.match))
          assert.truthy(tostring(err):find("registry_spec.lua:%d+: "), "blames another line: " .. tostring(err))
          assert.equal(name, tostring(err):match "registry_spec.lua:%d+: ([%w_]+): ", "names another op")
          assert.truthy(tostring(err):find(case.match, 1, true),
            ("expected '%s' in: %s"):format(case.match, tostring(err)))
        end
      end)

      it("knows a missing argument", function()
        for _, case in ipairs(def.cases(maker(core))) do
          for n = 0, count(case) - 1 do
            local ok, err = pcall(def.call, table.unpack(case, 1, n))
            assert.falsy(not ok and tostring(err):find("got string", 1, true), err)
          end
        end
      end)

      it("gives its memory back", function()
        local function once()
          for _, case in ipairs(def.cases(maker(core))) do
            local f, xs = as_function(def, case)
            if not def.nondiff and #xs > 0 then
              for _, x in ipairs(xs) do autograd.requires_grad_(x) end
              local y = f(table.unpack(xs))
              if core.node(y) then autograd.grad(y, xs, {seed = core.full(core.shape(y), 1), allow_unused = true}) end
            end
          end
        end
        once()
        collectgarbage() collectgarbage()
        local before = core.memory().live
        once()
        collectgarbage() collectgarbage()
        assert.equal(before, core.memory().live)
      end)
    end)
  end
end)
