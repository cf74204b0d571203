-- Lines, arcs and fields between latent vectors, ways along directions: worked numbers, in doubles and in floats.
local double = require "spec.support.double"
local gan = require "gan"
local near = require "spec.support.near"

local A, B = {1, 2, 2}, {2, -1, 2}

-- Arguments and result of each arc; a and b as lists of numbers.
local arcs = {
  {A, B, 0.25, {1.4375420509, 1.3456776958, 2.2633215394}}, {A, B, 0.5, {1.7650452162, 0.5883484054, 2.3533936217}},
  {A, {4, -2, 4}, 0.25, {1.7969275637, 1.6820971197, 2.8291519243}},
  {A, {4, -2, 4}, 0.5, {2.6475678244, 0.8825226081, 3.5300904325}},
  {A, {-1, -2, -2}, 0.25, {2.7071067812, 0.9142135624, 0.9142135624}},
  {A, {-1, -2, -2}, 0.5, {2.8284271247, -0.7071067812, -0.7071067812}},
  {A, {2, 4, 4}, 0.25, {1.25, 2.5, 2.5}}, {{0, 0, 0}, B, 0.25, {0.5, -0.25, 0.5}}, {A, {0, 0, 0}, 0.25, {0.75, 1.5,
    1.5}},
  {{2}, {-2}, 0.25, {1}}, {{1, 0}, {0, 1}, 2, {-1, 0}}, {{1, 0}, {3, 0}, -1, {0, 0}}, {A, A, 0.3, A},
}

local function length(v)
  local sum = 0
  for _, x in ipairs(v) do sum = sum + x * x end
  return math.sqrt(sum)
end

describe("latent: line", function()
  it("goes along lines", function()
    assert.same({1.5, 2}, gan.latent.lerp({1, 0}, {2, 4}, 0.5))
    assert.same({3, 8}, gan.latent.lerp({1, 0}, {2, 4}, 2))
    assert.same({{1.5, 2}, {1, 3}}, gan.latent.lerp(gan.tensor {{1, 0}, {0, 2}}, gan.tensor {2, 4}, 0.5):to_table())
  end)

  it("goes along arcs", function()
    for _, case in ipairs(arcs) do
      local a, b, t, want = table.unpack(case)
      near(want, gan.latent.slerp(a, b, t))
      near(want, double.latent.slerp(double.tensor(a), double.tensor(b), t))
      near({want}, gan.latent.slerp(gan.tensor {a}, gan.tensor {b}, t), 1e-6)
    end
    near(4.5, length(gan.latent.slerp(A, {4, -2, 4}, 0.5)), 1e-14) -- the length goes straight
  end)

  it("knows small angles, and those next to a half turn", function()
    for _, e in ipairs {1e-3, 1e-5, 2e-6, 5e-7, 1e-9, 0} do
      near(e, gan.latent.angle({2, 0}, {3 * math.cos(e), 3 * math.sin(e)}), 1e-14)
      near(math.pi - e, gan.latent.angle({2, 0}, {-math.cos(e), math.sin(e)}), 1e-14)
      for t = -0.5, 1.5, 0.25 do
        near(1, length(gan.latent.slerp({1, 0, 0}, {math.cos(e), math.sin(e), 0}, t)), 1e-11)
        near(1, length(gan.latent.slerp({1, 0, 0}, {-math.cos(e), math.sin(e), 0}, t)), 1e-9)
      end
    end
    assert.equal(0, gan.latent.angle({0, 0}, {1, 0}))
  end)

  it("fills the field between four corners, rows first", function()
    for lib, tol in pairs {[double] = 1e-9, [gan] = 1e-5} do
      local z = lib.tensor {{3, 0, 0}, {0, 3, 0}, {0, 0, 3}, {2, 2, 1}}
      near({1.8838890906, 1.8838890906, 1.3791025301}, lib.latent.corners(z, 0.5, 0.5), tol)
      near({1.4633948378, 0.9285397038, 2.4487322367}, lib.latent.corners(z, 0.25, 0.75), tol)
      local field = lib.latent.field(z, 5, 3)
      assert.same({15, 3}, field:shape())
      near({3, 0, 0}, field[1], tol)
      near({0, 3, 0}, field[3], tol)
      near({0, 0, 3}, field[13], tol)
      near({2, 2, 1}, field[15], tol)
      near(lib.latent.corners(z, 0.5, 0.75):to_table(), field[11], tol)
      near({{3, 0, 0}}, lib.latent.field(z, 1, 1), tol)
    end
  end)

  it("makes strips through vectors, which stay what they are", function()
    local z = gan.rng(1):normal {3, 4}
    local path = gan.latent.path(z, {steps = 5})
    assert.same({11, 4}, path:shape())
    for i = 1, 3 do assert.same(z[i]:to_table(), path[5 * i - 4]:to_table()) end
    near(gan.latent.slerp(z[1], z[2], 0.4):to_table(), path[3], 1e-7)
    near(gan.latent.lerp(z[2], z[3], 0.5):to_table(), gan.latent.path(z, {steps = 2, form = "lerp"})[4], 1e-7)
  end)

  it("goes along directions at its own length", function()
    local along = gan.latent.along
    near({3.5355339059, 3.5355339059}, along({3, 4}, {1, 0}, 1))
    near({3.7348770567, 3.3242583190}, along({3, 4}, {1, 0}, 1, {form = "arc"}))
    near({1.2126781252, 4.8507125007}, along({3, 4}, {1, 0}, -2))
    near({1.2055096128, 4.8524990029}, along({3, 4}, {7, 0}, -2, {form = "arc"})) -- u's length does not count
    near({3, 4}, along({3, 4}, {3, 4}, 2))
    near({3, 4}, along({3, 4}, {3, 4}, 2, {form = "arc"}))
    near({3, 0}, along({3, 0}, {1, 0}, -3)) -- onto 0: not moved
    near({0, 0}, along({0, 0}, {1, 0}, 1, {form = "arc"}))
    near(double.latent.along({3, 4}, {1, 1}, math.sqrt(2)), along({3, 4}, gan.tensor {{1, 0}, {0, 1}}, {1, 1}), 1e-7)
    local many = gan.latent.along(gan.tensor {{3, 4}, {0, 5}}, gan.tensor {1, 0}, 1)
    near({{3.5355339059, 3.5355339059}, {0.9805806757, 4.9029033785}}, many, 1e-6)
  end)

  it("says what is wrong", function()
    local L, z = gan.latent, gan.zeros(4, 2)
    for _, case in ipairs {
      {L.slerp, {1, 2}, {1, 2, 3}, 0.5,
        "latent.slerp: bad argument #2 'b' (expected 1 vector of 2 numbers, as a has, got"
        .. " 1 vector of 3 numbers)"},
      {L.lerp, "z", {1}, 0,
        "latent.lerp: bad argument #1 'a' (expected a list of numbers, a real tensor (Z) or (N,Z), got"
        .. " string 'z')"},
      {L.lerp, {}, {}, 0, "latent.lerp: bad argument #1 'a'"}, {L.lerp, {1}, {1}, "x",
        "latent.lerp: bad argument #3 't'"},
      {L.angle, {1, 2}, {1}, nil,
        "latent.angle: bad argument #2 'b' (expected one vector of 2 numbers, got 1 vector of 1"
        .. " number)"},
      {L.angle, z, {1}, nil, "latent.angle: bad argument #1 'a' (expected one vector, got 4 vectors of 2 numbers)"},
      {L.corners, gan.zeros(3, 2), 0, 0,
        "latent.corners: bad argument #1 'z' (expected four vectors, real (4,Z), got real"
        .. " tensor (3,2))"},
      {L.field, z, 0, 2, "latent.field: bad argument #2 'rows'"}, {L.field, z, 2, 0, "#3 'columns'"},
      {L.path, gan.zeros(1, 2), nil, nil, "latent.path: bad argument #1 'z' (expected at least two vectors"},
      {L.path, z, {steps = 0}, nil, "latent.path: option 'steps'"},
      {L.along, {1, 2}, {0, 0}, 1, "latent.along: bad argument #2 'u' (direction 1 is 0)"},
      {L.along, {1, 2}, {1}, 1, "latent.along: bad argument #2 'u' (expected directions of 2 numbers"},
      {L.along, {1, 2}, gan.ones(2, 2), 1, "latent.along: bad argument #3 's' (expected 2 numbers, one a direction"},
    } do
      local ok, message = pcall(case[1], case[2], case[3], case[4])
      assert.is_false(ok)
      assert.is_truthy(message:find(case[5], 1, true), message)
    end
    assert.error_matches(function() L.along({1, 2}, gan.ones(2, 2), {1, 1}, {form = "arc"}) end,
      "latent.along: option 'form': 'arc' goes along one direction, got 2")
  end)
end)
