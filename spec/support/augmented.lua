-- What specs of gan.augment share. augmented(gan): helpers for a library of one precision.
return function(gan)
  local M = {}

  -- Random images (n,h,w,c).
  function M.images(n, h, w, c, seed) return gan.rng(seed or 1, "images"):normal({n, h, w, c}, 0, 0.5) end

  -- The numbers that a call draws: rows of k, rounded up to whole blocks of four.
  function M.numbers(seed, n, k) return gan.rng(seed, "augment"):uniform({n, (k + 3) // 4 * 4}):to_table() end

  -- What f makes of x with the stream of a seed.
  function M.seen(f, x, seed) return f(x, gan.rng(seed, "augment")) end

  -- The relative error of <A x, y> = <x, A' y>, A being f without its constant part, with the draws of a seed.
  function M.adjoint_error(f, x, y, seed)
    local leaf = x:clone():requires_grad_()
    local out = M.seen(f, leaf, seed)
    local g = gan.grad((out * y):sum(), {leaf})[1]
    local linear = out:detach() - M.seen(f, gan.zeros(x:shape()), seed)
    local left, right = (linear * y):sum():item(), (x * g):sum():item()
    local size = math.sqrt((linear * linear):sum():item() * (y * y):sum():item())
    return math.abs(left - right) / size
  end

  -- Whether two tensors have the same bytes.
  function M.same(a, b) return a:to_bytes() == b:to_bytes() end

  return M
end
