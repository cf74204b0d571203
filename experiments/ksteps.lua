-- Who moves how often: k:1, 1:k (--dsteps, --gsteps), or as the game goes: a strategy of one's own in a dozen lines.
-- k steps of D: Goodfellow et al., arXiv:1406.2661, algorithm 1.
for _, k in ipairs {"path", "cpath"} do package[k] = (";" .. package[k]):gsub(";%./%?[^;]*", "") end -- no ./?.lua
local src = debug.getinfo(1, "S").source:match "^@(.*)"
local pipe = src and io.popen("command -p readlink -f -- '" .. src:gsub("'", [['\'']]) .. "' 2>/dev/null")
local me = pipe and pipe:read "*a":match "(.*)\n"
if pipe then pipe:close() end
local gan = (src and loadfile(((me or src):match ".*/" or "") .. "base.lua") or require) "gan"

local run = gan.train.run {
  recipe = "ksteps", sizes = {16, 32, 64, 128},
  summary = "Trains a DCGAN with other numbers of updates. "
    .. "With --plan lead, D waits where it is far ahead, and G where D is behind.",
  options = {
    {"plan", "string", "fixed", choices = {"fixed", "lead"},
      help = "as --dsteps and --gsteps say, or by how far D is ahead"},
  },
}
local opt = run.options
local plan = {G = run:generator "dcgan", D = run:discriminator "dcgan"}

if opt.plan == "lead" then
  local lead = {mean = 0} -- of D(x) - D(G(z)), over the last steps; in checkpoints, too
  plan.save_with = {lead = lead}
  function plan.dsteps(_, last)
    if last.real then lead.mean = 0.9 * lead.mean + 0.1 * (last.real - last.fake) end
    return lead.mean > 0.7 and 0 or lead.mean < 0.2 and 2 * opt.dsteps or opt.dsteps
  end
  function plan.gsteps() return lead.mean > 0.5 and 2 * opt.gsteps or opt.gsteps end
  plan.hooks = {after_step = function(_, _, values) values.lead = lead.mean end}
end

run:train(plan)
