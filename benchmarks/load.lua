-- What wrk sends: requests from a pool, in an order that is random and the same each time.
-- `-- POOL START`: a file of requests (see browsing.py), and the first number of the counter.

local pool, counter

function init(arguments)
  counter = tonumber(arguments[2])
  pool = {}
  local file = assert(io.open(arguments[1], "rb"))
  for request in file:read("*a"):gmatch("%Z+") do
    local pieces = {}
    for piece in (request .. "\1"):gmatch("([^\1]*)\1") do
      pieces[#pieces + 1] = piece
    end
    pool[#pool + 1] = #pieces == 1 and request or pieces
  end
  file:close()
  math.randomseed(1)
end

function request()
  local chosen = pool[math.random(#pool)]
  if type(chosen) == "string" then
    return chosen
  end
  counter = counter + 1
  return table.concat(chosen, counter)
end

function done(summary, latency, _)
  local faults = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "bytes": %.0f, "p50_ms": %.3f, "p99_ms": %.3f,'
      .. ' "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    faults.status, faults.connect + faults.read + faults.write + faults.timeout))
end
