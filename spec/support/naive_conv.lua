-- Convolution by its definition, on flat Lua tables: the slow reference of conv_spec.
local M = {}

-- Calls f(ix, iw, iy) (1-based, flat) for every product x[ix] * w[iw] that goes into y[iy]. d has N H W Ci Ho Wo Co Kh
-- Kw and sh sw ph pw dh dw groups, as the C kernels have.
local function each(d, f)
  local groups = d.groups or 1
  local ci, co = d.Ci // groups, d.Co // groups -- of a group
  for n = 0, d.N - 1 do
    for i = 0, d.Ho - 1 do
      for j = 0, d.Wo - 1 do
        local py = ((n * d.Ho + i) * d.Wo + j) * d.Co
        for a = 0, d.Kh - 1 do
          for b = 0, d.Kw - 1 do
            local h, v = i * d.sh - d.ph + a * d.dh, j * d.sw - d.pw + b * d.dw
            if h >= 0 and h < d.H and v >= 0 and v < d.W then
              local px, pw = ((n * d.H + h) * d.W + v) * d.Ci, (a * d.Kw + b) * ci
              for o = 0, d.Co - 1 do
                local first = o // co * ci -- channel of x
                for c = 0, ci - 1 do f(px + first + c + 1, (pw + c) * d.Co + o + 1, py + o + 1) end
              end
            end
          end
        end
      end
    end
  end
end

local function zeros(n)
  local t = {}
  for i = 1, n do t[i] = 0 end
  return t
end

function M.y(d, x, w)
  local y = zeros(d.N * d.Ho * d.Wo * d.Co)
  each(d, function(ix, iw, iy) y[iy] = y[iy] + x[ix] * w[iw] end)
  return y
end

function M.dx(d, dy, w)
  local dx = zeros(d.N * d.H * d.W * d.Ci)
  each(d, function(ix, iw, iy) dx[ix] = dx[ix] + dy[iy] * w[iw] end)
  return dx
end

function M.dw(d, x, dy)
  local dw = zeros(d.Kh * d.Kw * (d.Ci // (d.groups or 1)) * d.Co)
  each(d, function(ix, iw, iy) dw[iw] = dw[iw] + x[ix] * dy[iy] end)
  return dw
end

return M
