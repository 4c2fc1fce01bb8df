#!/usr/bin/env bash
# The client `eventsource` from npm, and `id:` lines of Server-Sent Events.
#
# A guess from the HTML standard: an id stays until the next one. It counts for later events that have none, and a
# block that has an id and no data sets it without an event, so a server can send a position by itself. Deno's
# EventSource and undici's do so. `eventsource` 4 knows the id of an event with data alone: lastEventId of the next event
# is empty, and a position that was sent by itself is never sent back. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

deno=2.9.6

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund eventsource@4.1.1 undici@7.30.2 "deno@$deno" >/dev/null
cat >ids.mjs <<'JS'
import { createServer } from "node:http";
import process from "node:process";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const name = process.argv[2];
const EventSource = name === "deno" ? globalThis.EventSource : (await import(name)).EventSource;
const firstAnswers = {
  "/kept": "retry: 20\nid: 5\ndata: a\n\ndata: b\n\n",
  "/alone": "retry: 20\nid: 7\ndata: a\n\nid: 8\n\n",
};
const asked = {};
const server = createServer((request, response) => {
  const first = asked[request.url] === undefined;
  asked[request.url] = request.headers["last-event-id"] ?? "first";
  response.writeHead(200, { "content-type": "text/event-stream" });
  if (first) response.end(firstAnswers[request.url]);
  else response.write("data: again\n\n");
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

/** What lastEventId was for each event, and the Last-Event-ID of the second request. */
async function run(path) {
  const source = new EventSource(`http://127.0.0.1:${server.address().port}${path}`);
  const ids = [];
  await new Promise((resolve) => {
    source.onmessage = ({ data, lastEventId }) => {
      ids.push(`${data}=${lastEventId}`);
      if (data === "again") resolve();
    };
  });
  source.close();
  return `${ids.join(" ")}, asked for ${asked[path]}`;
}

console.log(`${await run("/kept")}; ${await run("/alone")}`);
process.exit(0);
JS
standard="a=5 b=5 again=5, asked for 5; a=7 again=8, asked for 8"
seen="a=5 b= again=, asked for 5; a=7 again=, asked for 7"
result=0
check() {
  printf '%s: %s\n' "$1" "$3"
  [ "$2" = "$3" ] || result=1
}
check "eventsource 4.1.1" "$seen" "$(node ids.mjs eventsource)"
check "undici 7.30.2" "$standard" "$(node --no-warnings ids.mjs undici)"
check "deno $deno" "$standard" "$(npx deno run --quiet --no-check -A ids.mjs deno)"
exit $result
