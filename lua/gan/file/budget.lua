--- Says what reading one file may cost, whatever it claims: bytes and steps, so that the same file is read or refused
-- on every machine. Errors name the file, what was exceeded, and the budget.
--
-- What a header claims is compared with the file's size before memory is taken for it; a file, or a tensor of it, may
-- be as large as the machine bears, where it is stored as it is. What keeps a budget takes no more than 5 s of one core
-- and 300 MB beside what the budget grants, as far as was measured (spec/file/budget_spec.lua), but for three: an
-- archive of a quarter of a million pictures takes 8 s and 400 MB, a run's own records 10 s for each 100 MB, and packed
-- data that are large in themselves inflate at half a gigabyte a second. Pictures have a budget of their own, in
-- csrc/codec/budget.h.
-- @internal gan.file.budget
local M = {}

--- Limits the bytes of a file that is read whole, as a text: a run's records of a million steps have half as many.
M.TEXT = 256 << 20

--- Limits the lines of a file that is read line by line as JSON, each of which takes 4 us and 200 bytes or more.
M.LINES = 1 << 20

--- Limits the bytes of a small text beside data: names of classes, who holds a lock.
M.SMALL = 1 << 20

--- Limits the bytes of a vocabulary: COCO's 27,000 words have 400 KB. A word takes 200 bytes of memory.
M.VOCABULARY = 4 << 20

--- Limits the bytes of a JSON text, the header of a safetensors file among them. A thousand tensors need 100 KB.
M.JSON = 16 << 20

--- Limits the brackets, commas and quotes of a JSON text, 100 bytes of memory and a microsecond each. Labels of a
-- picture have five.
M.JSON_MARKS = 1 << 21

--- Limits the tensors and the entries of metadata in a safetensors file.
M.ENTRIES = 1 << 17

--- Limits the tables that their names make, which take 120 bytes of memory each.
M.BRANCHES = 1 << 19

--- Limits the bytes that name the members of a zip archive.
M.LIST = 24 << 20

--- Limits the members of a zip archive, which take a kilobyte of memory each where they are pictures. CelebA has
-- 202,599.
M.MEMBERS = 1 << 18

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
M.PICKLE = 256 << 20

--- Limits a pickle's opcodes, and the entries that its functions go over.
M.STEPS = 2000000

--- Limits what a pickle makes: tuples and lists, of which a dictionary counts as three and a tensor as six. They take
-- 100 bytes of memory each. A file of weights needs some 15 for a tensor.
M.TABLES = 1000000

--- Limits the bytes that the names of a file's tensors have together.
M.NAMES = 16 << 20

--- Limits the images of an array, which take 60 bytes of memory each beside their pixels.
M.IMAGES = 1 << 22

--- Returns the bytes that packed data may inflate to. Cannot fail.
-- @tparam integer packed  bytes of the file that holds them
-- @treturn integer
function M.inflated(packed) return math.max(M.INFLATED, M.RATIO * packed) end

return M
