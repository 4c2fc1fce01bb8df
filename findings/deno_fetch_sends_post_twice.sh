#!/usr/bin/env bash
# Deno 2.9.6, and a POST by fetch over a connection that was used before.
#
# A guess: a request that is not idempotent is sent once. If the server reads it and closes the connection without an answer,
# fetch fails; so it is with Deno 2.4.2. Deno 2.9.6 sends it again, over a new connection: the server has it twice, and only
# then does fetch fail. With `connection: close`, or a client that keeps no idle connections (`poolMaxIdlePerHost: 0`), it is sent once.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >server.mjs <<'JS'
import http from "node:http";

let posts = 0;
const server = http.createServer((request, response) => {
  let body = "";
  request.on("data", (bytes) => body += bytes);
  request.on("end", () => {
    if (request.url === "/count") return response.end(String(posts), () => process.exit());
    if (body !== "closes") return response.end("answered");
    posts++;
    request.socket.end();
  });
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
setTimeout(() => process.exit(2), 60_000);
JS
cat >client.mjs <<'JS'
const [port, mode] = Deno.args;
const url = `http://127.0.0.1:${port}/`;
const headers = mode === "close" ? { connection: "close" } : {};
const client = mode === "no idle" ? Deno.createHttpClient({ poolMaxIdlePerHost: 0 }) : undefined;
const post = (body) => fetch(url, { method: "POST", body, headers, client });
let failures = 0;
for (let i = 0; i < 5; i++) {
  await (await post("is answered")).text();
  await post("closes").catch(() => failures++);
}
console.log(`Deno ${Deno.version.deno}, ${mode}: 5 sent, ${failures} failed,`, await (await fetch(`${url}count`)).text(), "arrived");
Deno.exit();
JS

for version in 2.4.2 2.9.6; do
  for mode in kept close "no idle"; do
    rm -f port
    node server.mjs >port &
    server=$!
    until [ -s port ]; do sleep 0.1; done
    npx -y "deno@$version" run --no-config --allow-net client.mjs "$(cat port)" "$mode"
    wait "$server"
  done
done | tee seen
diff seen - <<'TXT'
Deno 2.4.2, kept: 5 sent, 5 failed, 5 arrived
Deno 2.4.2, close: 5 sent, 5 failed, 5 arrived
Deno 2.4.2, no idle: 5 sent, 5 failed, 5 arrived
Deno 2.9.6, kept: 5 sent, 5 failed, 10 arrived
Deno 2.9.6, close: 5 sent, 5 failed, 5 arrived
Deno 2.9.6, no idle: 5 sent, 5 failed, 5 arrived
TXT
