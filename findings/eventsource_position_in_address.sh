#!/usr/bin/env bash
# The clients `event-source-polyfill` and `reconnecting-eventsource` from npm, and where the last id is when they come back.
#
# A guess from the HTML standard: in the field Last-Event-ID, as with every EventSource, and the address stays the same. The polyfill,
# which many take to send an Authorization field, never sends that field: it adds `?lastEventId=` to the address. A server that
# reads the field alone begins anew after each lost connection; one that refuses unknown parameters refuses it for good.
# reconnecting-eventsource, which goes on after an error of the server, does the same in its first request after that, and then
# has both, of which the field is newer. But it does so only if events are listened to with addEventListener: with `onmessage`
# alone the position is lost in that request, and nothing tells. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 event-source-polyfill@1.0.31 reconnecting-eventsource@1.6.5 \
  eventsource@5.1.5 >/dev/null
cat >position.mjs <<'JS'
import { EventSource } from "eventsource";
import polyfill from "event-source-polyfill";
import { createServer } from "node:http";
import ReconnectingEventSource from "reconnecting-eventsource";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
/** How the requests say what the last id was: each stream ends after one event, and a request with `refused` as its number gets 503. */
async function positions(open, { refused = 0, count }) {
  const seen = [];
  let done;
  const end = new Promise((resolve) => done = resolve);
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url, "http://localhost/");
    const [field, parameter] = [request.headers["last-event-id"], searchParams.get("lastEventId")];
    seen.push([field && `field ${field}`, parameter && `address ${parameter}`].filter(Boolean).join(" and ") || "none");
    if (seen.length === count) done();
    if (seen.length === refused) return response.writeHead(503).end();
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(`retry: 20\nid: ${seen.length}\ndata: x\n\n`);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const source = open(`http://127.0.0.1:${server.address().port}/events?channel=a`);
  await end;
  source.close();
  server.closeAllConnections();
  server.close();
  return seen.join(", ");
}
const again = (url) => new ReconnectingEventSource(url, { eventSourceClass: EventSource, max_retry_time: 50 });
const results = {
  "eventsource 5.1.5": await positions((url) => new EventSource(url), { count: 3 }),
  "event-source-polyfill 1.0.31": await positions((url) => {
    const source = new polyfill.EventSourcePolyfill(url);
    source.onerror = () => {};
    return source;
  }, { count: 3 }),
  "reconnecting-eventsource 1.6.5, 503, addEventListener": await positions((url) => {
    const source = again(url);
    source.addEventListener("message", () => {});
    return source;
  }, { refused: 2, count: 4 }),
  "reconnecting-eventsource 1.6.5, 503, onmessage": await positions((url) => {
    const source = again(url);
    source.onmessage = () => {};
    return source;
  }, { refused: 2, count: 4 }),
};
console.log(Object.entries(results).map(([name, seen]) => `${name}: ${seen}`).join("\n"));
const expected = [
  "none, field 1, field 2",
  "none, address 1, address 2",
  "none, field 1, address 1, field 3 and address 1",
  "none, field 1, none, field 3",
];
process.exit(Object.values(results).join("\n") === expected.join("\n") ? 0 : 1);
JS
npx node position.mjs
