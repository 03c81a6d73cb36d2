-- What wrk sends: one workload's document with the ids of a random user, and that user's session as a bearer token.
--
--   wrk -c 8 -d 10 -s bench/wrk.lua http://127.0.0.1:4000 -- w1 1000 bench/documents
--
-- The ids are computed as in data.sql.

local users, pick

-- Whose turn it is to install: everybody does once.
local installer = -1

local function id(kind, u, n)
  return kind .. (10000000 + (u * 7919) % 10000019) .. "-" .. (1000 + n) .. "-k3v9w2m7q"
end

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return (text:gsub("%s+", " "):gsub('"', '\\"'))
end

-- base64url without padding (RFC 4648, 5): the form of a cursor.
local function base64url(text)
  local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  local out = {}
  for i = 1, #text, 3 do
    local a, b, c = text:byte(i, i + 2)
    local bits = a * 65536 + (b or 0) * 256 + (c or 0)
    for j = 0, (c and 3) or (b and 2) or 1 do
      local sextet = math.floor(bits / 2 ^ (18 - 6 * j)) % 64
      out[#out + 1] = alphabet:sub(sextet + 1, sextet + 1)
    end
  end
  return table.concat(out)
end

-- The variables of each workload, for user u.
local variables = {
  w1 = function(u)
    return '{"id":"' .. id("a", u, math.random(0, 19)) .. '"}'
  end,
  w2 = function() return "{}" end,
  w3 = function() return '{"agents":20}' end,
  -- After message k of the long conversation: 430 messages, one a minute.
  w4 = function(u)
    local k = math.random(200, 369)
    local micros = string.format("%.0f", (1767225600 + k * 60) * 1000000)
    local cursor = base64url("m:" .. id("m", u, k) .. ":" .. micros)
    return '{"conversation":"' .. id("v", u, 0) .. '","after":"' .. cursor .. '"}'
  end,
  w5 = function(u)
    local conversation = id("v", u, math.random(0, 38))
    return '{"input":{"conversationId":"' .. conversation .. '","role":"USER","content":"' ..
      string.rep("What does it depend on? ", math.random(2, 15)) .. '"}}'
  end,
  -- Installs, each by somebody else; and agents of those who read, plain and installed. See templates.sql.
  i1 = function() return '{"input":{"slug":"bench-1","acceptCapabilities":true}}' end,
  i500 = function() return '{"input":{"slug":"bench-500","acceptCapabilities":true}}' end,
  plain = function(u) return '{"id":"' .. id("a", u, 0) .. '"}' end,
  installed = function(u) return '{"id":"' .. id("a", u, 1) .. '"}' end,
  -- What any request costs, asked with a session and without one.
  authenticated = function() return "{}" end,
  anonymous = function() return "{}" end,
  -- Nobody's address and a wrong password cost what others do: the whole hash.
  signin = function()
    return '{"input":{"email":"bench' .. math.random(1, 1000000000) .. '@example.com","password":"not the password"}}'
  end,
}

local document = { authenticated = "nothing", anonymous = "nothing", plain = "w1", installed = "w1" }

-- W6: nine reads to one write. pgbench is given the same weights.
local mix = { "w1", "w1", "w1", "w2", "w2", "w3", "w4", "w4", "w4", "w5" }

local start = {}

-- Who asks.
local function user(name)
  if name == "i1" or name == "i500" then
    installer = installer + 1
    return 2000000 + installer
  end
  local u = math.random(0, users - 1)
  return (name == "plain" or name == "installed") and 1000000 + u or u
end

local function build(name)
  local u = user(name)
  local body = start[name] .. variables[name](u) .. "}"
  local credential = "Authorization: Bearer " .. id("t", u, 0) .. "-d8f1g6h\r\n"
  if name == "anonymous" then
    credential = ""
  elseif name == "signin" then
    -- From everywhere, or the limits of one address would answer.
    credential = string.format("X-Forwarded-For: 10.%d.%d.%d\r\n", math.random(0, 255), math.random(0, 255), math.random(0, 255))
  end
  return "POST /graphql HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n" .. credential ..
    "Content-Length: " .. #body .. "\r\n\r\n" .. body
end

function init(args)
  local workload, folder
  workload, users, folder = args[1], tonumber(args[2]), args[3]
  math.randomseed(os.time() + os.clock() * 1000000)
  for name in pairs(variables) do
    start[name] = '{"query":"' .. read(folder .. "/" .. (document[name] or name) .. ".graphql") .. '","variables":'
  end
  if workload == "w6" then
    pick = function() return mix[math.random(#mix)] end
  else
    pick = function() return workload end
  end
end

function request()
  return build(pick())
end

-- One line: requests, seconds, p50 and p99 in milliseconds, and what went wrong.
function done(summary, latency)
  local e = summary.errors
  print(string.format("RESULT %d %.3f %.2f %.2f %d", summary.requests, summary.duration / 1000000,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, e.connect + e.read + e.write + e.status + e.timeout))
end
