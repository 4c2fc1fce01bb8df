-- The one script of every HTTP row.
--
-- In: `wrk … -s wrk.lua URL -- MODE`, MODE one of get, close, pipeline, browser, post.
-- Out: one line, `report {"requests":…}`, with the same keys as wsload's; latencies in µs.
-- The request is made once: wrk.format is replaced before wrk calls it, and no global `request` is
-- defined, so wrk sends a fixed buffer and never enters Lua during the measurement.

local PIPELINED = 16
local BODY = string.rep("0123456789abcdef", 64) -- 1 KiB

-- The request of Chromium 120 to the server of a page: 12 fields including Host.
local BROWSER = {
  "Connection: keep-alive",
  'sec-ch-ua: "Not_A Brand";v="8", "Chromium";v="120"',
  "sec-ch-ua-mobile: ?0",
  'sec-ch-ua-platform: "Linux"',
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
  "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "Sec-Fetch-Site: same-origin",
  "Sec-Fetch-Mode: cors",
  "Sec-Fetch-Dest: empty",
  "Accept-Encoding: gzip, deflate, br",
  "Accept-Language: en-US,en;q=0.9",
}

local function request_text(method, fields, body)
  local lines = { method .. " " .. wrk.path .. " HTTP/1.1", "Host: " .. wrk.headers["Host"] }
  for _, field in ipairs(fields) do
    lines[#lines + 1] = field
  end
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or "")
end

local modes = {
  get = function()
    return request_text("GET", {})
  end,
  close = function()
    return request_text("GET", { "Connection: close" })
  end,
  pipeline = function()
    return string.rep(request_text("GET", {}), PIPELINED)
  end,
  browser = function()
    return request_text("GET", BROWSER)
  end,
  post = function()
    local fields = { "Content-Type: application/octet-stream", "Content-Length: " .. #BODY }
    return request_text("POST", fields, BODY)
  end,
}

-- A global, because thread:get() in done() sees globals only.
mode = nil

function init(args)
  mode = args[1]
  local make = modes[mode]
  if not make then
    error("no such mode: " .. tostring(mode))
  end
  local text = make()
  wrk.format = function()
    return text
  end
end

-- If a server closes without having sent `Connection: close`, wrk counts a read error. If the request
-- asked for the close, that is expected.
local function count_errors(e)
  return e.connect + e.write + e.status + e.timeout + (mode == "close" and 0 or e.read)
end

-- wrk corrects its latencies by the expected interval between requests. With pipelining that interval
-- is 16 times too short and the percentiles are wrong, so none are reported.
local function percentile(latency, percent)
  return mode == "pipeline" and "null" or string.format("%d", latency:percentile(percent))
end

-- Called in wrk's main state, in which init() did not run: the mode is read from a thread.
local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function done(summary, latency)
  mode = threads[1]:get("mode")
  local seconds = summary.duration / 1e6
  print(string.format(
    'report {"requests":%d,"seconds":%.6f,"rate":%.1f,"bytes":%d,"errors":%d,"p50":%s,"p99":%s}',
    summary.requests, seconds, summary.requests / seconds, summary.bytes,
    count_errors(summary.errors), percentile(latency, 50), percentile(latency, 99)))
end
