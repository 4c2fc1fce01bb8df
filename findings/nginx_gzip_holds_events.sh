#!/usr/bin/env bash
# nginx 1.22, the version of Debian 12, before a server that sends Server-Sent Events, with the configuration that it has by default.
#
# A guess: `proxy_buffering`, which is on by default, holds the events back, so it has to be switched off. An event passes at once with
# it: it is a buffer for what the client does not take in time. What holds events is `gzip`, as soon as `gzip_types` names their type or
# all types, and the client accepts gzip: they come all together when the stream ends, or when a buffer is full. So it works with curl,
# which does not ask for gzip, and not in the browser. `X-Accel-Buffering: no` of the server, or `proxy_buffering off`, makes
# nginx flush each event compressed. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download nginx >/dev/null
dpkg -x nginx*.deb debian
export PATH="$folder/debian/usr/sbin:$PATH"
cat >held.mjs <<'JS'
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer, get } from "node:http";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const EVENTS = 5;
const backend = createServer(({ url }, response) => {
  response.writeHead(200, {
    "content-type": "text/event-stream",
    ...url === "/accel" && { "x-accel-buffering": "no" },
  });
  let count = 0;
  const timer = setInterval(() => {
    response.write(`data: event ${++count}\n\n`);
    if (count < EVENTS) return;
    clearInterval(timer);
    response.end();
  }, 300);
});
await new Promise((resolve) => backend.listen("backend.sock", resolve));
writeFileSync(
  "nginx.conf",
  `daemon off; master_process off; pid nginx.pid; events {}
  http {
    access_log off; client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c; uwsgi_temp_path d; scgi_temp_path e;
    gzip on; gzip_types text/event-stream; gzip_proxied any;
    server {
      listen unix:proxy.sock;
      location / { proxy_pass http://unix:backend.sock:; proxy_http_version 1.1; }
      location /off { proxy_buffering off; proxy_pass http://unix:backend.sock:/; proxy_http_version 1.1; }
    }
  }`,
);
const nginx = spawn("nginx", ["-e", "stderr", "-p", ".", "-c", "nginx.conf"], { stdio: ["ignore", "ignore", "inherit"] });
process.on("exit", () => nginx.kill("SIGKILL"));

/** In how many pieces, at different times, the answer arrives. */
function pieces(path, encoding) {
  return new Promise((resolve) => {
    const headers = { "accept-encoding": encoding };
    get({ socketPath: "proxy.sock", path, headers, agent: false }, (response) => {
      let count = 0;
      let last = -Infinity;
      response.on("data", () => {
        if (performance.now() - last > 100) count++;
        last = performance.now();
      });
      response.on("end", () => resolve(`${response.headers["content-encoding"] ?? "not compressed"}, ${count}`));
    }).on("error", () => setTimeout(() => resolve(pieces(path, encoding)), 50)); // it is starting
  });
}
const seen = {
  "proxy_buffering on": await pieces("/", "identity"),
  "proxy_buffering on, gzip": await pieces("/", "gzip"),
  "proxy_buffering on, gzip, X-Accel-Buffering: no": await pieces("/accel", "gzip"),
  "proxy_buffering off, gzip": await pieces("/off", "gzip"),
};
for (const [name, answer] of Object.entries(seen)) console.log(`${name}: ${EVENTS} events, ${answer} at a time of their own`);
const expected = `not compressed, ${EVENTS}|gzip, 1|gzip, ${EVENTS}|gzip, ${EVENTS}`;
process.exit(Object.values(seen).join("|") === expected ? 0 : 1);
JS
nginx -v
node held.mjs
