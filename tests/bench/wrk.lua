-- The one script of every row with wrk.
--
-- In: `wrk … -s wrk.lua URL -- REQUEST`, REQUEST the bytes of the request (requests.ts).
-- Out: one line, `report {"requests":…}`, with the same keys as wsload's; latencies in µs.
-- wrk.format is replaced before wrk calls it, and no global `request` is defined, so wrk sends a fixed
-- buffer and never enters Lua during the measurement.

-- A global, because thread:get() in done() sees globals only.
closes = nil

function init(args)
  local text = args[1]
  closes = text:find("\r\nConnection: close\r\n", 1, true) ~= nil
  wrk.format = function()
    return text
  end
end

-- If a server closes without having sent `Connection: close`, wrk counts a read error. If the request
-- asked for the close, that is expected.
local function count_errors(e)
  return e.connect + e.write + e.status + e.timeout + (closes and 0 or e.read)
end

-- There is none if no response was complete, which can be with large files.
local function percentile(summary, latency, percent)
  return summary.requests == 0 and "null" or string.format("%d", latency:percentile(percent))
end

-- Called in wrk's main state, in which init() did not run: `closes` is read from a thread.
local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function done(summary, latency)
  closes = threads[1]:get("closes")
  local seconds = summary.duration / 1e6
  print(string.format(
    'report {"requests":%d,"seconds":%.6f,"rate":%.1f,"bytes":%d,"errors":%d,"p50":%s,"p99":%s,"p999":%s}',
    summary.requests, seconds, summary.requests / seconds, summary.bytes, count_errors(summary.errors),
    percentile(summary, latency, 50), percentile(summary, latency, 99), percentile(summary, latency, 99.9)))
end
