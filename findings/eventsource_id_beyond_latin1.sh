#!/usr/bin/env bash
# EventSource outside browsers, and an `id:` with characters beyond Latin-1.
#
# A guess from the HTML standard: any text without a NUL may be an id; it comes back as UTF-8 in Last-Event-ID. Deno's
# EventSource does so. In undici's and in `eventsource` 4, whose requests are fetches, the header is refused before a
# request leaves: they report errors again and again, and an id that was received once keeps them from the server.
# Exits 0 if that is still seen, 1 if not.
set -euo pipefail

deno=2.9.6

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund eventsource@4.1.1 undici@7.30.2 "deno@$deno" >/dev/null
cat >id.mjs <<'JS'
import { Buffer } from "node:buffer";
import { createServer } from "node:http";
import process from "node:process";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const name = process.argv[2];
const EventSource = name === "deno" ? globalThis.EventSource : (await import(name)).EventSource;
const options = name === "eventsource" ? { fetch: (await import("undici")).fetch } : {};
const asked = [];
const server = createServer((request, response) => {
  asked.push(request.headers["last-event-id"]);
  response.writeHead(200, { "content-type": "text/event-stream" });
  if (asked.length === 1) response.end("retry: 20\nid: 5 €\ndata: first\n\n");
  else response.write("data: second\n\n");
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

const source = new EventSource(`http://127.0.0.1:${server.address().port}/`, options);
let errors = 0;
await new Promise((resolve) => {
  source.onmessage = ({ data }) => data === "second" && resolve();
  // The first is the end of the first answer.
  source.onerror = () => ++errors === 6 && resolve();
});
source.close();
const id = asked[1] === undefined ? "none" : Buffer.from(asked[1], "latin1").toString();
console.log(`${asked.length} requests, ${errors === 6 ? "still errors" : "back"}, Last-Event-ID ${id}`);
process.exit(0);
JS
away="1 requests, still errors, Last-Event-ID none"
back="2 requests, back, Last-Event-ID 5 €"
result=0
check() {
  printf '%s: %s\n' "$1" "$3"
  [ "$2" = "$3" ] || result=1
}
check "eventsource 4.1.1" "$away" "$(node id.mjs eventsource)"
check "undici 7.30.2" "$away" "$(node --no-warnings id.mjs undici)"
check "deno $deno" "$back" "$(npx deno run --quiet --no-check -A id.mjs deno)"
exit $result
