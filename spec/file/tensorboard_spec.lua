-- Event files: published check values, bytes known from elsewhere, an independent decoder, torn and damaged ends.
local board = require "gan.file.tensorboard"
local slow = require "spec.support.slow_events"
local temp = require "spec.support.temp"

local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end

describe("file.tensorboard", function()
  teardown(temp.clean)

  it("has the published checksums", function()
    assert.equal(0xE3069283, board.crc32c "123456789")
    assert.equal(0, board.crc32c "")
    assert.equal(0x8A9136AA, board.crc32c(("\0"):rep(32))) -- RFC 3720, B.4
    assert.equal(0x62A8AB43, board.crc32c(("\255"):rep(32)))
    local ascending = {}
    for i = 0, 99 do ascending[i + 1] = string.char(i % 32) end
    assert.equal(0x46DD794E, board.crc32c(table.concat(ascending, "", 1, 32)))
    local text = "\x1a\x11CRC test, one two" -- tensorboard, data/server/masked_crc.rs
    assert.equal(0x5794D08A, (("<I4"):unpack(board.record(text), 13 + #text)))
  end)

  it("writes known bytes", function()
    assert.equal("1800000000000000a37f4b2209000000000000f03f1a0d627261696e2e4576656e743a3286bf577a",
      hex(board.version(1)))
    assert.equal("1c00000000000000c8c1951d09000000000000004010642a0f0a0d0a066c6f73732f44150000003fa1fd6ac3",
      hex(board.scalars(2, 100, {{"loss/D", 0.5}})))
  end)

  it("is read by another decoder", function()
    local png = ("\0\255png"):rep(100)
    local list = slow.read(board.version(1.5) .. board.scalars(2, 300, {{"a", -1.25}, {"b/" .. ("x"):rep(200), 1 / 0}})
      .. board.picture(3, 1 << 40, "samples", png, {16, 300, 3}) .. board.scalars(4, 0, {{"nan", 0 / 0}}))
    assert.same({"brain.Event:2", 1.5, 0}, {list[1].version, list[1].wall, list[1].step})
    assert.same({2, 300, {{"a", -1.25}, {"b/" .. ("x"):rep(200), 1 / 0}}}, {list[2].wall, list[2].step, list[2].values})
    assert.same({1 << 40, {{"samples", {h = 16, w = 300, c = 3, png = png}}}}, {list[3].step, list[3].values})
    assert.is_true(list[4].values[1][2] ~= list[4].values[1][2])
  end)

  it("knows steps and tags, up to what is torn or damaged", function()
    local parts = {board.version(1), board.scalars(1, 7, {{"a", 1}, {"b", 2}}),
      board.picture(1, 300, "c", "png", {1, 1, 1})}
    local bytes, path = table.concat(parts), temp.dir() .. "/x"
    local function read(s)
      temp.write(path, s)
      local file, out = io.open(path, "rb"), {}
      for at, step, tags in board.events(file) do out[#out + 1] = {at, step, table.concat(tags, " ")} end
      file:close()
      return out
    end
    local all = {{#parts[1], 0, ""}, {#parts[1] + #parts[2], 7, "a b"}, {#bytes, 300, "c"}}
    assert.same(all, read(bytes))
    for n = 0, #bytes - 1 do
      local expected = {}
      for i, e in ipairs(all) do if e[1] <= n then expected[i] = e end end
      assert.same(expected, read(bytes:sub(1, n)))
    end
    for at = 1, #bytes do -- any one byte: all before its record is there, and nothing else
      local whole = at <= #parts[1] and 0 or at <= #parts[1] + #parts[2] and 1 or 2
      local flipped = bytes:sub(1, at - 1) .. string.char(bytes:byte(at) ~ 16) .. bytes:sub(at + 1)
      assert.equal(whole, #read(flipped), at)
    end
    for _, s in ipairs {"\255", "\10" .. ("\255"):rep(10) .. "\1", "\42\3abc", "\42\5\10\3\10\1", "\7\0"} do
      assert.equal(1, #read(board.record(s))) -- no message: its checksums are right
    end
  end)
end)
