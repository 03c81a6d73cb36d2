-- What wrk sends to the webhook: one text each time, under an id of its own, from one of many senders, signed as Meta signs.
--
--   wrk -t 1 -c 32 -d 10 -s bench/whatsapp.lua http://127.0.0.1:4000 -- /webhooks/whatsapp/<number> <secret>

local bit = require("bit")
local band, bxor, bnot, ror, rshift = bit.band, bit.bxor, bit.bnot, bit.ror, bit.rshift

-- FIPS 180-4: the first 32 bits of the fractional parts of the cube roots of the first 64 primes.
local K = {}
do
  local n, prime = 0, 2
  while n < 64 do
    local is_prime = true
    for d = 2, math.floor(math.sqrt(prime)) do
      if prime % d == 0 then is_prime = false break end
    end
    if is_prime then
      n = n + 1
      K[n] = bit.tobit(math.floor((prime ^ (1 / 3) % 1) * 2 ^ 32))
    end
    prime = prime + 1
  end
end

local START = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 }

local function sha256(text)
  local h = {}
  for i = 1, 8 do h[i] = bit.tobit(START[i]) end
  local length = #text
  text = text .. "\128" .. string.rep("\0", (55 - length) % 64) .. "\0\0\0\0" ..
    string.char(band(rshift(length * 8, 24), 255), band(rshift(length * 8, 16), 255), band(rshift(length * 8, 8), 255), band(length * 8, 255))
  local w = {}
  for block = 1, #text, 64 do
    for i = 1, 16 do
      local a, b, c, d = text:byte(block + 4 * i - 4, block + 4 * i - 1)
      w[i] = bit.tobit(a * 16777216 + b * 65536 + c * 256 + d)
    end
    for i = 17, 64 do
      local x, y = w[i - 15], w[i - 2]
      local s0 = bxor(ror(x, 7), ror(x, 18), rshift(x, 3))
      local s1 = bxor(ror(y, 17), ror(y, 19), rshift(y, 10))
      w[i] = bit.tobit(w[i - 16] + s0 + w[i - 7] + s1)
    end
    local a, b, c, d, e, f, g, hh = h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8]
    for i = 1, 64 do
      local s1 = bxor(ror(e, 6), ror(e, 11), ror(e, 25))
      local t1 = bit.tobit(hh + s1 + bxor(band(e, f), band(bnot(e), g)) + K[i] + w[i])
      local s0 = bxor(ror(a, 2), ror(a, 13), ror(a, 22))
      local t2 = bit.tobit(s0 + bxor(band(a, b), band(a, c), band(b, c)))
      hh, g, f, e, d, c, b, a = g, f, e, bit.tobit(d + t1), c, b, a, bit.tobit(t1 + t2)
    end
    h[1], h[2], h[3], h[4] = bit.tobit(h[1] + a), bit.tobit(h[2] + b), bit.tobit(h[3] + c), bit.tobit(h[4] + d)
    h[5], h[6], h[7], h[8] = bit.tobit(h[5] + e), bit.tobit(h[6] + f), bit.tobit(h[7] + g), bit.tobit(h[8] + hh)
  end
  local out = {}
  for i = 1, 8 do
    out[i] = string.char(band(rshift(h[i], 24), 255), band(rshift(h[i], 16), 255), band(rshift(h[i], 8), 255), band(h[i], 255))
  end
  return table.concat(out)
end

local function hex(text)
  return (text:gsub(".", function(c) return string.format("%02x", c:byte()) end))
end

local path, inner, outer, run
local count = 0

-- RFC 2104.
local function hmac(text)
  return hex(sha256(outer .. sha256(inner .. text)))
end

function init(args)
  path = args[1]
  local key = args[2] .. string.rep("\0", 64 - #args[2])
  inner = key:gsub(".", function(c) return string.char(bxor(c:byte(), 0x36)) end)
  outer = key:gsub(".", function(c) return string.char(bxor(c:byte(), 0x5c)) end)
  assert(hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  math.randomseed(os.time() + os.clock() * 1000000)
  run = math.random(1, 2 ^ 30)
end

function request()
  count = count + 1
  local sender = 447700000000 + count * 7919 % 100000
  local body = '{"object":"whatsapp_business_account","entry":[{"id":"102290129340398","changes":[{"value":{"messaging_product":"whatsapp",' ..
    '"metadata":{"display_phone_number":"447900000001","phone_number_id":"106540352242922"},"contacts":[{"profile":{"name":"Somebody"},' ..
    string.format('"wa_id":"%.0f"}],"messages":[{"from":"%.0f","id":"wamid.%d.%d","timestamp":"%d","text":{"body":"What does it depend on?"},"type":"text"}]},"field":"messages"}]}]}',
      sender, sender, run, count, os.time())
  return "POST " .. path .. " HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nX-Hub-Signature-256: sha256=" .. hmac(body) ..
    "\r\nContent-Length: " .. #body .. "\r\n\r\n" .. body
end

-- One line: requests, seconds, p50 and p99 in milliseconds, and what went wrong.
function done(summary, latency)
  local e = summary.errors
  print(string.format("RESULT %d %.3f %.2f %.2f %d", summary.requests, summary.duration / 1000000,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, e.connect + e.read + e.write + e.status + e.timeout))
end
