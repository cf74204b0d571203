-- Lua 5.4, nothing global, lines of at most 120 characters.
std = "lua54"
max_line_length = 120
files["spec"].std = "lua54+busted"
exclude_files = {"build"}
