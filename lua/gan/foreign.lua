--- Words of PyTorch, Torch7 and NumPy that gan does not have, and what to write here: for errors, after "there is no
-- 'x': ".
--
-- What differs by a letter or by capitals alone (nn.Linear) needs no entry: the nearest name is suggested.
-- @internal gan.foreign
local gradients = "gan.grad(loss, net:params()) returns the gradients, optimiser:step(gradients) takes them"
local on_cpu = "all tensors lie in the computer's memory: leave it out"
local learn = "gan.grad takes gradients, and an optimiser of gan.optim steps"
local stream = "gan.rng(seed):%s(shape) makes a new tensor"
local as_real = "x:to() makes real numbers, x:to 'i32' integers"

local M = {}

--- Methods of tensors.
M.tensor = {
  backward = gradients, grad = gradients, retain_grad = gradients, zero_grad = "gradients do not add up: leave it out",
  cuda = on_cpu, cpu = on_cpu, device = on_cpu, is_cuda = on_cpu, pin_memory = on_cpu,
  numpy = "x:to_table() returns Lua numbers, x:to_bytes() the bytes", tolist = "x:to_table() returns Lua numbers",
  totable = "x:to_table() returns Lua numbers", data = "x:detach() is without the graph",
  view = "x:reshape(...) is a view where it can be",
  view_as = "x:reshape(y:shape())", expand_as = "x:expand(y:shape())", ndim = "x:dim() counts the dimensions",
  nDimension = "x:dim() counts the dimensions", nelement = "x:numel() counts the elements",
  nElement = "x:numel() counts the elements", len = "#x is the size of the first axis",
  T = "x:transpose() exchanges the last two axes", t = "x:transpose() exchanges the last two axes",
  mm = "x:matmul(y)", bmm = "x:matmul(y)", dot = "(x * y):sum()", std = "x:var():sqrt()",
  float = as_real, double = "x:to 'f64' makes doubles", int = as_real, long = as_real, half = as_real,
  type = "x:dtype()",
  bool = "comparisons give 0 and 1: x:ne(0)", byte = "x:to 'u8'", astype = "x:to(dtype)",
  uniform_ = stream:format "uniform", normal_ = stream:format "normal", random_ = stream:format "integer",
  masked_fill = "gan.where(mask, value, x)", sort = "table.sort(x:to_table())", log1p = "(x + 1):log()",
  ["repeat"] = "gan.cat {x, x}, or x:expand {...}", repeatTensor = "gan.cat {x, x}, or x:expand {...}",
  chunk = "x:split(...)", new = "gan.zeros(...), gan.full(...)",
}

--- Fields of gan.
M.gan = {
  Tensor = "gan.tensor {...}, gan.zeros(...), gan.randn(...)", FloatTensor = "gan.tensor {...}",
  LongTensor = "gan.tensor({...}, 'i32')", from_numpy = "gan.tensor(table), or gan.file.npz.load(path)",
  array = "gan.tensor {...}", manual_seed = "gan.seed(n)", manualSeed = "gan.seed(n)",
  randint = stream:format "integer",
  empty = "gan.zeros(...)", device = on_cpu, cuda = on_cpu, save = "gan.file.safetensors.save(path, {G = net:state()})",
  load = "gan.file.safetensors.load(path), then net:load(state)", DataLoader = "gan.data.batches(set, options)",
  functional = "ops are fields of gan: gan.relu(x)", mm = "gan.matmul(a, b)",
  inference_mode = "gan.no_grad(f, ...) calls f without recording", float32 = "the dtype is 'real'",
  arange = "gan.tensor(a table that a loop fills)", linspace = "gan.tensor(a table that a loop fills)",
  eye = "gan.one_hot(gan.tensor({0, 1, ...}, 'i32'), n)", long = "the dtype is 'i32'",
  uint8 = "the dtype is 'u8'", concat = "gan.cat {x, y}",
}

-- Fields of gan.nn: modules and losses.
M["gan.nn"] = {
  Sequential = "nn.chain {layer, layer, ...}", Module = "nn.class 'name' makes a class of layers",
  Parameter = "nn.parameter(tensor)", functional = "ops are fields of gan: gan.relu(x)",
  ConvTranspose2d = "nn.conv_transpose2d {Ci, Co, kernel = 4}", SpatialConvolution = "nn.conv2d {Ci, Co, kernel = 3}",
  SpatialFullConvolution = "nn.conv_transpose2d {Ci, Co, kernel = 4}", BatchNorm1d = "nn.batch_norm {C}",
  BatchNorm2d = "nn.batch_norm {C}", SpatialBatchNormalization = "nn.batch_norm {C}", Flatten = "nn.view {D}",
  ReLU = "nn.relu {}", LeakyReLU = "nn.leaky_relu {slope = 0.2}", View = "nn.view {...}", init = "nn.initial",
  BCELoss = "gan.loss.logistic() takes logits: leave out D's sigmoid",
  BCECriterion = "gan.loss.logistic() takes logits: leave out D's sigmoid",
  BCEWithLogitsLoss = "gan.loss.logistic(), or gan.bce_with_logits(logits, target)",
  CrossEntropyLoss = "gan.softmax_cross_entropy(logits, labels)", MSELoss = "gan.mse_loss(x, target)",
  L1Loss = "gan.l1_loss(x, target)", utils = "nn.spectral_norm(layer); gan.optim.clip.norm(gradients, largest)",
}

-- Fields of gan.loss: by the names of functions, and of the methods that have them.
M["gan.loss"] = {
  bce = "gan.loss.logistic()", bceloss = "gan.loss.logistic()", BCEWithLogitsLoss = "gan.loss.logistic()",
  mse = "gan.loss.least_squares()", lsgan = "gan.loss.least_squares()", wgan = "gan.loss.wasserstein()",
  wgan_gp = "gan.loss.wasserstein(), with gan.penalty.gradient {}", vanilla = "gan.loss.logistic()",
}

-- Fields of gan.optim.
M["gan.optim"] = {lr_scheduler = "gan.schedule: set optimiser.lr = f(step) before a step"}

--- Methods of layers.
M.layer = {
  parameters = "net:params()", getParameters = "net:params()", named_parameters = "net:names(), net:params()",
  state_dict = "net:state()", load_state_dict = "net:load(state)", modules = "net:apply(f) calls f for every layer",
  cuda = on_cpu, cpu = on_cpu, to = on_cpu, backward = gradients, zero_grad = "gradients do not add up: leave it out",
  zeroGradParameters = "gradients do not add up: leave it out", add = "nn.chain {layer, layer, ...} takes all at once",
  evaluate = "net:eval()", updateOutput = "net(x)", updateGradInput = gradients,
}

--- Methods of optimisers.
M.optimiser = {
  zero_grad = "gradients do not add up: leave it out", state_dict = "optimiser:state()",
  load_state_dict = "optimiser:load(state)", param_groups = "optimiser.lr is the step size of all", minimize = learn,
  backward = learn,
}

--- Returns the end of an error about a name: ": what to write", or nil where the word is none of these, in capitals or
-- not. Cannot fail.
-- @tparam string where  a table above
-- @param word  the name
-- @treturn string
function M.hint(where, word)
  local words, text = M[where] or {}, nil
  if words[word] then return ": " .. words[word] end
  for name, v in pairs(type(word) == "string" and words or {}) do
    if name:lower() == word:lower() then text = ": " .. v end
  end
  return text
end

return M
