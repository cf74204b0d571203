-- Lua 5.4, nothing global, lines of at most 120 characters.
std = "lua54"
max_line_length = 120
files["spec"].std = "lua54+busted"
exclude_files = {"build"}
-- Rooms whose older lines are wider: those of spec/layout_spec.lua.
for _, path in ipairs {
  "lua/gan/game/ring.lua", "lua/gan/init.lua", "lua/gan/metric/fid.lua", "lua/gan/ops/resample.lua",
  "lua/gan/quantities.lua", "lua/gan/show/curves.lua", "lua/gan/train", "spec/game", "spec/measure",
  "spec/quantities_spec.lua", "spec/show", "spec/train",
} do
  files[path].max_line_length = 180
end
