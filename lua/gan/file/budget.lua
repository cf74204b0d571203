--- Says what reading one file may cost, whatever it claims: bytes and steps, so that the same file is read or refused
-- on every machine. Errors name the file, what was exceeded, and the budget.
--
-- What a header claims is compared with the file's size before memory is taken for it; a file, or a tensor of it, may
-- be as large as the machine bears, where it is stored as it is. Pictures have a budget of their own, in
-- csrc/codec/budget.h.
-- @internal gan.file.budget
local M = {}

--- Limits the bytes of a file that is read whole, as a text: a run's records of a million steps have half as many.
M.TEXT = 256 << 20

--- Limits the bytes of a JSON text. Headers of safetensors may be so large, as the reference reader has it.
M.JSON = 100000000

--- Limits the values of a JSON text, which take 100 bytes of memory each: labels of a million pictures have a third.
M.JSON_VALUES = 1 << 22

--- Limits the bytes that name the members of a zip archive.
M.LIST = 64 << 20

--- Limits the members of a zip archive, which take 500 bytes of memory each.
M.MEMBERS = 1 << 19

--- Limits the members of an archive that are asked what they are, where their names do not say.
M.ASKED = 10000

--- Limits the arrays of an archive, whose headers are all read first.
M.ARRAYS = 10000

--- Limits the bytes that packed data of one file inflate to, unless they are many themselves (`inflated`).
M.INFLATED = 256 << 20

--- Limits how many times its size a larger file inflates to. Arrays of plain shapes reach 120, deflate itself 1032.
M.RATIO = 200

--- Limits the bytes of the pickle in a file of weights, which describes tensors.
M.WEIGHTS = 64 << 20

--- Limits the bytes of a pickle that holds arrays: a batch of CIFAR's has 30 to 150 MB.
M.PICKLE = 512 << 20

--- Limits a pickle's opcodes, and the entries that its functions go over.
M.STEPS = 2000000

--- Limits what a pickle makes: tuples and lists, of which a dictionary counts as three and a tensor as six. They take
-- 100 bytes of memory each. A file of weights needs some 15 for a tensor.
M.TABLES = 1000000

--- Limits the bytes that the names of a file's tensors have together.
M.NAMES = 16 << 20

--- Limits the images of an array, which take up to 200 bytes of memory each beside their pixels.
M.IMAGES = 1 << 24

--- Returns the bytes that packed data may inflate to. Cannot fail.
-- @tparam integer packed  bytes of the file that holds them
-- @treturn integer
function M.inflated(packed) return math.max(M.INFLATED, M.RATIO * packed) end

return M
