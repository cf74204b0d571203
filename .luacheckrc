-- Lua 5.4, nothing global, lines of at most 120 characters.
std = "lua54"
max_line_length = 120
files["spec"].std = "lua54+busted"
exclude_files = {"build"}
-- Rooms whose older lines are wider.
files["lua/gan"].max_line_length = 160
files["experiments"].max_line_length = 160
files["spec"].max_line_length = 160
files["spec/support"].max_line_length = 120
