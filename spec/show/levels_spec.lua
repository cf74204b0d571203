-- Samples in the plane over D's level sets: the picture's pixels, the net left as it was, the file.
local gan = require "gan"
local temp = require "spec.support.temp"
local levels = gan.show.levels

describe("show.levels", function()
  it("shows samples over D's level sets", function()
    local r = gan.game.ring.run {batch = 64, ngf = 32, ndf = 32, steps = 3, samples = 500, minibatch = "discrimination"}
    local u = r.D.training
    local image = levels.picture(r.ring, r.D, gan.tensor {{0, 0}, {100, 0}, {0 / 0, 1}})
    assert.same({384, 384, 3}, image:shape())
    assert.equal(u, r.D.training)
    local function pixel(x, y) return image:select(y + 1):select(x + 1):to_table() end
    assert.same({20, 20, 20}, pixel(192, 192)) -- the sample
    local c = r.ring.list[3] -- up
    local y = math.floor((3 - c[2]) / 6 * 384)
    assert.same({200, 30, 30}, pixel(math.floor((c[1] + 3) / 6 * 384) + 4, y))
    local dir = temp.dir()
    assert.is_true(levels.paint(dir .. "/x.png", r.ring, r.D, gan.zeros(1, 2)))
    temp.clean()
  end)
end)
