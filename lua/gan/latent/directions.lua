--- Finds directions in latent space that mean something: of a generator's weights, of its activations, of labels.
--
-- A direction is a vector of length 1; its sign is such that its largest coordinate is positive. Walked along by
-- gan.latent.along, a strength of 1 is one standard deviation of z. Directions come by their value, falling.
-- @module gan.latent.directions
local core = require "gan.core"
local check = require "gan.check"
local safetensors = require "gan.file.safetensors"
local vectors = require "gan.latent.vectors"

local option = check.option
local combine, dot, length = vectors.combine, vectors.dot, vectors.length

local M = {}

local CLOSE = 1e-6 -- eigenvalues that are closer, relative, have no order and no directions of their own

-- A list of numbers with length 1 and the sign of the house; nil for 0.
local function unit(v)
  local l, k = length(v), 1
  if not (l > 0 and l < math.huge) then return nil end
  for i = 2, #v do if math.abs(v[i]) > math.abs(v[k]) then k = i end end
  return combine((v[k] < 0 and -1 or 1) / l, v, 0, v)
end

-- Eigenvalues, falling, and vectors of a symmetric matrix, a real or f64 tensor.
local function eigen(a)
  local rising, rows = core.eigh(core.dtype(a) == "f64" and a or core.to(a, "f64"))
  rising, rows = core.to_table(rising), core.to_table(rows)
  local values, list, n = {}, {}, #rising
  for i = 1, n do values[i], list[i] = rising[n + 1 - i], rows[n + 1 - i] end
  return values, list
end

-- Tells of values which are so close that their directions have no order of their own: pairs of places.
local function close(values, n)
  local out = {}
  for i = 1, n - 1 do
    if values[i] - values[i + 1] <= CLOSE * math.abs(values[1]) then out[#out + 1] = {i, i + 1} end
  end
  return out
end

local function product(a, b) return core.matmul(core.contiguous(core.permute(a, {2, 1})), core.contiguous(b)) end

local function finite(op, i, name, t)
  local bad = core.bad_row(t)
  if bad then return check.fail(op, "bad argument #%d '%s' (row %d holds NaN or an infinity)", i, name, bad) end
  return t
end

-- ---- the generator's first layer ----

-- What a net has to say of how z is mixed first: the weight (R,Z), a row for each number that it makes; or nil, why.
local function first_weight(net, z)
  if net.net then return first_weight(net.net, z) end -- one that was adapted
  for i = 1, #net do
    local layer = net[i]
    if type(layer) == "table" and layer.linear then layer = layer.linear end -- a learned basis
    if type(layer) == "table" and layer[1] and not layer.weight then return first_weight(layer, z) end
    local weight = type(layer) == "table" and layer.weight
    if weight then
      local nd, kind = core.dim(weight), layer.kind or "?"
      local w
      if nd == 2 and layer.output_axis == 2 then
        w = core.permute(weight, {2, 1})
      elseif nd == 4 and layer.output_axis == 3 then
        w = core.reshape(core.contiguous(weight), {core.numel(weight) // core.size(weight, 4), core.size(weight, 4)})
      end
      if not w then return nil, ("its first layer with a weight is a %s"):format(kind) end
      if core.size(w, 2) < z then
        return nil, ("its first layer takes %s, z has %d"):format(check.count(core.size(w, 2), "number"), z)
      end
      return core.clone(core.narrow(w, 2, 1, z))
    end
  end
  return nil, "it has no layer with a weight"
end

--- Returns the weight of a generator's first layer, linear or transposed convolution, as a matrix.
-- Coordinates behind the first Z are labels (nn.label_concat), and left out.
-- @tparam Module G  a chain, as the generators of gan.model are
-- @tparam integer z  Z
-- @treturn Tensor  real (R,Z): a row for each number that the layer makes of z
-- @raise if G is no net, or has no such layer
function M.weight(G, z)
  local op = "latent.directions.weight"
  if type(G) ~= "table" or not G.state then return check.expected(op, 1, "G", "a generator (gan.model)", G) end
  check.int(op, 2, "z", z, 1)
  local w, why = first_weight(G, z)
  if w then return w end
  return check.fail(op, "the generator has no linear first layer: %s; principal directions of a chain's activations, "
    .. "and separators of classes, need none", why)
end

--- Finds the directions that a first layer lets through most: the eigenvectors of W'W, W's rows scaled to length 1.
-- The scaling makes the result independent of a norm behind the layer, and of spectral norm.
-- Source: Shen & Zhou 2021, arXiv:2007.06600, eq. 6.  Differs: sorted; the sign is fixed; values that a random matrix
-- of the shape would have, too, are marked (Marchenko & Pastur 1967).
-- @tparam Tensor w  real (R,Z), as of `weight`
-- @tparam[opt] table opt
-- @tparam[opt] integer opt.count  K, from 1 to Z; default: Z
-- @tparam[opt=true] boolean opt.scaled  false: W as it is
-- @treturn table  `directions` (K,Z), `values` (a list), `floor` (the largest value that a random matrix has; nil
--   without scaling), `above` (how many are above it), `close` (pairs of neighbours with no order of their own),
--   `method`
-- @raise if w is no matrix, is 0 or not finite, or an option is unknown or out of range
function M.sefa(w, opt)
  local op = "latent.directions.sefa"
  check.real(op, 1, "w", w, 2)
  opt = check.options(op, opt, {count = option.integer {lo = 1}, scaled = option.boolean {default = true}})
  finite(op, 1, "w", w)
  local rows, z, n = core.to_table(w), core.size(w, 2), 0
  for i, row in ipairs(rows) do
    local l = length(row)
    if l > 0 then n = n + 1 end
    if opt.scaled then rows[i] = combine(1 / math.max(l, 1e-12), row, 0, row) end
  end
  if n == 0 then return check.fail(op, "the weight is 0") end
  local a = core.tensor(rows)
  local values, list = eigen(product(a, a))
  local k, directions = math.min(opt.count or z, z), {}
  for i = 1, k do directions[i] = unit(list[i]) end
  local out = {
    directions = core.tensor(directions), values = table.move(values, 1, k, 1, {}), method = "sefa",
    close = close(values, k),
  }
  if opt.scaled then
    out.floor, out.above = n / z * (1 + math.sqrt(z / n)) ^ 2, 0
    for _, v in ipairs(out.values) do if v > out.floor then out.above = out.above + 1 end end
  end
  return out
end

--- Finds the directions of z along which a layer's activations vary most: their principal components, each taken back
-- to z by least squares.
--
--     x_ik = v_k . (a_i - mean) / s_k,   u_k = 1/N sum_i x_ik z_i
--
-- |u_k|^2, the share, says how much of component k is linear in z: below 0.2 the direction will not show it.
-- Source: Härkönen et al. 2020, arXiv:2004.02546, sec. 2.2.  Differs: of the same samples, where the least squares need
-- no solver.
-- @tparam Tensor z  real (N,Z): normal
-- @tparam Tensor activations  real (N,F) of these z, N <= 8192 where F > N
-- @tparam[opt] table opt
-- @tparam[opt=10] integer opt.count  K at most; fewer where the activations have fewer components
-- @treturn table  `directions` (K,Z), `values` (a list, variances with divisor N), `shares` (a list), `components`
--   (K,F), `mean` (F), `close`, `method`
-- @raise if a tensor is of another shape or not finite, the activations do not vary, or an option is wrong
function M.principal(z, activations, opt)
  local op = "latent.directions.principal"
  check.real(op, 1, "z", z, 2)
  check.real(op, 2, "activations", activations, 2)
  opt = check.options(op, opt, {count = option.integer {default = 10, lo = 1}})
  finite(op, 1, "z", z)
  finite(op, 2, "activations", activations)
  local n, f = core.size(activations, 1), core.size(activations, 2)
  if core.size(z, 1) ~= n then
    return check.expected(op, 2, "activations", ("%d rows, as z"):format(core.size(z, 1)), activations)
  end
  if math.min(n, f) > 8192 then return check.fail(op, "at most 8192 rows or 8192 features, got %d and %d", n, f) end
  local mean = core.mean(activations, 1, true)
  local a = core.sub(activations, mean)
  local wide = f > n -- then the small matrix is that of the rows
  local values, list = eigen(wide and core.matmul(a, core.contiguous(core.permute(a, {2, 1}))) or product(a, a))
  local largest, out = values[1], {values = {}, shares = {}, method = "principal"}
  if largest <= 0 then return check.fail(op, "the activations do not vary with z") end
  local directions, components, floor = {}, {}, 1e-7 * largest * math.sqrt(math.max(n, f))
  for k = 1, math.min(opt.count, #values) do
    if values[k] <= floor then break end
    local s = math.sqrt(values[k] / n)
    local g, v, x = list[k] -- x: the component's coordinate of each row
    if wide then
      v = core.matmul(core.tensor {g}, a)
      v = core.mul(v, 1 / math.sqrt(values[k]))
      x = core.mul(core.tensor {g}, math.sqrt(n))
    else
      v = core.tensor {g}
      x = core.mul(core.matmul(v, core.contiguous(core.permute(a, {2, 1}))), 1 / s)
    end
    local u = core.to_table(core.mul(core.matmul(x, core.contiguous(z)), 1 / n))[1]
    local d = unit(u)
    if d then
      local sign = dot(d, u) < 0 and -1 or 1
      directions[#directions + 1], components[#components + 1] = d, core.to_table(core.mul(v, sign))[1]
      out.values[#out.values + 1], out.shares[#out.shares + 1] = s * s, dot(u, u)
    end
  end
  out.directions, out.components = core.tensor(directions), core.tensor(components)
  out.mean, out.close = core.reshape(mean, {f}), close(out.values, #out.values)
  return out
end

-- ---- separators of classes ----

-- Solves a x = b by Cholesky's decomposition; nil where a is not positive definite.
local function solve(a, b)
  local n, l, y = #a, {}, {}
  for i = 1, n do
    l[i] = {}
    for j = 1, i do
      local sum = a[i][j]
      for k = 1, j - 1 do sum = sum - l[i][k] * l[j][k] end
      if i == j then
        if sum ~= sum or sum <= 1e-12 * a[i][i] then return nil end -- NaN, too
        l[i][i] = math.sqrt(sum)
      else l[i][j] = sum / l[j][j] end
    end
  end
  for i = 1, n do
    local sum = b[i]
    for k = 1, i - 1 do sum = sum - l[i][k] * y[k] end
    y[i] = sum / l[i][i]
  end
  for i = n, 1, -1 do
    local sum = y[i]
    for k = i + 1, n do sum = sum - l[k][i] * y[k] end
    y[i] = sum / l[i][i]
  end
  return y
end

-- The columns of weighted sums of outer products, sum_i s_i r_i r_i', as lists: in the tensors' precision.
local function gram(rows, s)
  local scaled = {}
  for i, row in ipairs(rows) do scaled[i] = combine(s[i], row, 0, row) end
  return core.to_table(product(core.tensor(rows), core.tensor(scaled)))
end

local function regularised(a, lambda, n)
  for i = 1, n do a[i][i] = a[i][i] + lambda end
  return a
end

local function difference(rows, y, n1)
  local d, n = combine(0, rows[1], 0, rows[1]), #rows
  for i, row in ipairs(rows) do
    local s = y[i] == 1 and 1 / n1 or -1 / (n - n1)
    for k = 1, #row do d[k] = d[k] + s * row[k] end
  end
  return d
end

local function ridge(rows, y, n1, lambda)
  local n, z = #rows, #rows[1]
  local mean, right, centred, s = combine(0, rows[1], 0, rows[1]), {}, {}, {}
  for _, row in ipairs(rows) do mean = combine(1, mean, 1 / n, row) end
  for k = 1, z do right[k] = 0 end
  local of_y = (2 * n1 - n) / n
  for i, row in ipairs(rows) do
    centred[i], s[i] = combine(1, row, -1, mean), 1 / n
    local t = (y[i] == 1 and 1 or -1) - of_y
    for k = 1, z do right[k] = right[k] + t * centred[i][k] / n end
  end
  return solve(regularised(gram(centred, s), lambda, z), right)
end

local STEP, ROUNDS = 1e-10, 50

-- Newton's method from 0 on the mean cross entropy + lambda / 2 |w|^2; the bias is free.
local function logistic(rows, y, lambda, rounds)
  local n, z, wide, w = #rows, #rows[1], {}, {}
  for i, row in ipairs(rows) do
    wide[i] = table.move(row, 1, z, 1, {})
    wide[i][z + 1] = 1
  end
  for k = 1, z + 1 do w[k] = 0 end
  local last = math.huge
  for _ = 1, rounds or ROUNDS do
    local right, s = {}, {}
    for k = 1, z do right[k] = lambda * w[k] end
    right[z + 1] = 0
    for i, row in ipairs(wide) do
      local p = 1 / (1 + math.exp(-dot(w, row)))
      s[i] = p * (1 - p) / n
      local e = (p - y[i]) / n
      for k = 1, z + 1 do right[k] = right[k] + e * row[k] end
    end
    local step = solve(regularised(gram(wide, s), lambda, z), right)
    if not step then break end
    w = combine(1, w, -1, step)
    local size = length(step)
    if size < STEP or size < 1e-6 and size >= last then break end
    last = size
  end
  local loss = lambda / 2 * dot(table.move(w, 1, z, 1, {}), table.move(w, 1, z, 1, {}))
  for i, row in ipairs(wide) do
    local l = dot(w, row)
    loss = loss + (math.max(l, 0) - l * y[i] + math.log(1 + math.exp(-math.abs(l)))) / n
  end
  return table.move(w, 1, z, 1, {}), w[z + 1], loss
end

local methods = option.word {"difference", "logistic", "ridge", default = "difference"}
local lambda_kind = option.number {default = 0.01, lo = 0}

-- The labels of rows, as a list.
local function labels_of(op, z, labels)
  check.real(op, 1, "z", z, 2)
  finite(op, 1, "z", z)
  local own = core.is_tensor(labels) and core.dtype(labels) == "i32" and core.dim(labels) == 1
  if not own or core.size(labels, 1) ~= core.size(z, 1) then
    return check.expected(op, 2, "labels", ("i32 labels (%d)"):format(core.size(z, 1)), labels)
  end
  return core.to_table(labels)
end

local function separate(op, rows, labels, class, o)
  local y, n1 = {}, 0
  for i, label in ipairs(labels) do
    y[i] = label == class and 1 or 0
    n1 = n1 + y[i]
  end
  local n0 = #rows - n1
  if n1 == 0 or n0 == 0 then return nil, {n = n1} end
  local d = difference(rows, y, n1)
  local w, bias, loss = d, nil, nil
  if o.method == "logistic" then w, bias, loss = logistic(rows, y, o.lambda, o.rounds)
  elseif o.method == "ridge" then w = ridge(rows, y, n1, o.lambda) end
  local l = w and length(w) or 0
  if not (l > 0 and l < math.huge) then
    return check.fail(op, "class %d: no direction separates it; take lambda > 0", class)
  end
  return combine(1 / l, w, 0, w), {n = n1, w = w, bias = bias, loss = loss,
    ratio = length(d) / math.sqrt(#d * (1 / n1 + 1 / n0))}
end

--- Finds the direction of z that leads into a class: from all other rows to those of the class.
--
--     difference  E[z | class] - E[z | other]: of normal z the direction of the linear discriminant
--     logistic    minimises the mean cross entropy + lambda / 2 |w|^2, the bias free, by Newton's method
--     ridge       (Z'Z / n + lambda) w = Z'y / n, centred, y = 1 and -1
--
-- The ratio is that of the difference to what as many random rows would give: below 2 there is no direction. The sign
-- is towards the class.
-- @tparam Tensor z  real (N,Z): normal
-- @tparam Tensor labels  i32 (N): what a classifier says of G(z)
-- @tparam[opt] table opt
-- @tparam[opt=1] integer opt.class  the label
-- @tparam[opt="difference"] string opt.method  "difference", "logistic" or "ridge"
-- @tparam[opt=0.01] number opt.lambda  >= 0, of the last two
-- @tparam[opt=50] integer opt.rounds  of Newton's method at most
-- @treturn Tensor  real (Z), length 1
-- @treturn table  `ratio`, `n` (rows of the class), `w` (real (Z), before it gets length 1); of logistic `bias`, `loss`
-- @raise if no row, or each, is of the class, or an argument is wrong
function M.separator(z, labels, opt)
  local op = "latent.directions.separator"
  local list = labels_of(op, z, labels)
  opt = check.options(op, opt, {
    class = option.integer {default = 1}, method = methods, lambda = lambda_kind,
    rounds = option.integer {default = ROUNDS, lo = 1},
  })
  local u, about = separate(op, core.to_table(z), list, opt.class, opt)
  if not u then
    return check.fail(op, "%d of %s are of class %d: there is nothing to separate", about.n, check.count(#list, "row"),
      opt.class)
  end
  about.w = core.tensor(about.w)
  return core.tensor(u), about
end

--- Finds such a direction for each class, one against the rest; those without a row, or with all, are left out.
-- @tparam Tensor z  real (N,Z): normal
-- @tparam Tensor labels  i32 (N)
-- @tparam table classes  list of their names, from label 0
-- @tparam[opt] table opt
-- @tparam[opt="difference"] string opt.method  as for `separator`
-- @tparam[opt=0.01] number opt.lambda  likewise
-- @treturn table  `directions` (K,Z), `values` (a list: the ratios of `separator`), `names`, `method`, `above` (how
--   many have a ratio of 2 or more), by value, falling
-- @raise if all rows are of one class, or an argument is wrong
function M.separators(z, labels, classes, opt)
  local op = "latent.directions.separators"
  local list = labels_of(op, z, labels)
  if type(classes) ~= "table" or #classes == 0 then
    return check.expected(op, 3, "classes", "a list of names", classes)
  end
  opt = check.options(op, opt, {method = methods, lambda = lambda_kind})
  local rows, found = core.to_table(z), {}
  for i, name in ipairs(classes) do
    local u, about = separate(op, rows, list, i - 1, opt)
    if u then found[#found + 1] = {u = u, ratio = about.ratio, name = name, at = i} end
  end
  if #found == 0 then return check.fail(op, "all rows are of one class: there is nothing to separate") end
  table.sort(found, function(a, b)
    if a.ratio ~= b.ratio then return a.ratio > b.ratio end
    return a.at < b.at
  end)
  local out, directions = {values = {}, names = {}, method = opt.method, above = 0}, {}
  for i, e in ipairs(found) do
    directions[i], out.values[i], out.names[i] = e.u, e.ratio, e.name
    if e.ratio >= 2 then out.above = out.above + 1 end
  end
  out.directions = core.tensor(directions)
  return out
end

--- Returns the part of a direction that is at right angles to others: it changes what these do not.
--
--     w - C (C'C)^-1 C'w, scaled to length 1; the columns of C are the others
--
-- Source: Shen et al. 2020, arXiv:1907.10786, sec. 3.1.
-- @tparam table|Tensor w  list of Z numbers, or real (Z)
-- @tparam Tensor others  real (K,Z)
-- @treturn table|Tensor  as w
-- @raise if the others depend on each other, or w on them, or an argument is wrong
function M.orthogonal(w, others)
  local op = "latent.directions.orthogonal"
  local _, back = vectors.read(op, 1, "w", w)
  local v = vectors.one(op, 1, "w", w)
  check.real(op, 2, "others", others, 2)
  local c, a, b = vectors.read(op, 2, "others", others), {}, {}
  if #c[1] ~= #v then
    return check.expected(op, 2, "others", ("directions of %s"):format(check.count(#v, "number")), others)
  end
  for i, p in ipairs(c) do
    a[i], b[i] = {}, dot(p, v)
    for j, q in ipairs(c) do a[i][j] = dot(p, q) end
  end
  local x = solve(a, b)
  if not x then return check.fail(op, "bad argument #2 'others' (they depend on each other)") end
  local out = v
  for i, p in ipairs(c) do out = combine(1, out, -x[i], p) end
  local l = length(out)
  if l <= 1e-6 * length(v) then return check.fail(op, "bad argument #1 'w' (it lies in the span of the others)") end
  return back {combine(1 / l, out, 0, out)}
end

-- ---- what directions do ----

--- Measures how much a picture changes along each direction: the mean over some z of rms(G(z + u/2) - G(z - u/2)).
-- @tparam function draw  f(z real (N,Z)) -> images (N,...) in [-1,1]
-- @tparam Tensor directions  real (K,Z)
-- @tparam Tensor z  real (N,Z): where it is measured; 64 are enough
-- @treturn table  list of K numbers, in levels of 0..255
-- @raise if an argument is wrong; what draw raises
function M.effects(draw, directions, z)
  local op = "latent.directions.effects"
  if not check.callable(draw) then return check.expected(op, 1, "draw", "a function", draw) end
  check.real(op, 2, "directions", directions, 2)
  check.real(op, 3, "z", z, 2)
  if core.size(z, 2) ~= core.size(directions, 2) then
    return check.expected(op, 3, "z", ("vectors of %s"):format(check.count(core.size(directions, 2), "number")), z)
  end
  local out, n = {}, core.size(z, 1)
  for k = 1, core.size(directions, 1) do
    local half = core.mul(core.narrow(directions, 1, k, 1), 0.5)
    local a, b = draw(core.add(z, half)), draw(core.sub(z, half))
    local width = core.numel(a) // n
    local d = core.reshape(core.contiguous(core.sub(a, b)), {n, width})
    local sum = 0
    for _, v in ipairs(core.to_table(core.mean(core.mul(d, d), 2))) do sum = sum + math.sqrt(v) end
    out[k] = 127.5 * sum / n
  end
  return out
end

-- ---- files ----

--- Writes directions to a file (safetensors), all or nothing.
-- @tparam string path  of the file
-- @tparam table found  `directions` (K,Z), `values` (K numbers), `names` (K texts), `method`; perhaps `effects`
--   (K numbers), `run` (a text), `step`
-- @treturn boolean  true
-- @error if it cannot be written
-- @raise if a field is missing or does not fit the others
function M.save(path, found)
  local op = "latent.directions.save"
  if type(path) ~= "string" then return check.expected(op, 1, "path", "a path", path) end
  if type(found) ~= "table" then return check.expected(op, 2, "found", "directions, as sefa finds them", found) end
  check.real(op, 2, "found.directions", found.directions, 2)
  local k, tree = core.size(found.directions, 1), {kind = "directions", directions = found.directions}
  for _, name in ipairs {"values", "names", "effects"} do
    local v = found[name]
    if type(v) ~= "table" and (v ~= nil or name ~= "effects") or v and #v ~= k then
      return check.expected(op, 2, "found." .. name, ("a list of %d"):format(k), v)
    end
    if v then tree[name] = name == "names" and v or core.tensor(v) end
  end
  for _, name in ipairs {"method", "run", "step"} do tree[name] = found[name] end
  return safetensors.save(path, tree)
end

--- Reads directions that `save` wrote.
-- @tparam string path  of the file
-- @tparam[opt] integer z  Z, if it is known
-- @treturn table  the fields of `save`
-- @error naming the file, if it is damaged, holds no directions, or those of vectors of another length
-- @raise if path is no string
function M.load(path, z)
  if type(path) ~= "string" then return check.expected("latent.directions.load", 1, "path", "a path", path) end
  local tree, message = safetensors.load(path)
  if not tree then return nil, message end
  local d = tree.directions
  local own = tree.kind == "directions" and core.is_tensor(d) and core.dtype(d) == "real" and core.dim(d) == 2
    and core.size(d, 1) > 0
  if not own then return nil, path .. ": expected directions, as experiments/directions.lua writes them" end
  if z and core.size(d, 2) ~= z then
    return nil, ("%s: directions of %s, the run's z has %d"):format(path, check.count(core.size(d, 2), "number"), z)
  end
  local k = core.size(d, 1)
  local out = {directions = d, method = tree.method, run = tree.run, step = tree.step, names = tree.names}
  for _, name in ipairs {"values", "effects"} do
    local v = tree[name]
    if v and not (core.is_tensor(v) and core.dtype(v) == "real" and core.dim(v) == 1 and core.size(v, 1) == k) then
      return nil, ("%s: '%s' does not fit the directions"):format(path, name)
    end
    out[name] = v and core.to_table(v)
  end
  local names = type(out.names) == "table" and #out.names == k
  for i = 1, names and k or 0 do names = names and type(out.names[i]) == "string" end
  if not names or not out.values then return nil, path .. ": directions without names or values" end
  return out
end

return M
