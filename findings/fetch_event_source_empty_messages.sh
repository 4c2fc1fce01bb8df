#!/usr/bin/env bash
# The client `@microsoft/fetch-event-source` from npm, and what a server sends between two events: comments that keep the connection
# alive, and an id or a retry by itself.
#
# A guess from the HTML standard: a block without data is no event, as with every EventSource. fetch-event-source calls `onmessage` at each
# empty line: a keep-alive of a colon and two line ends is a message with empty data, and so is an id by itself. A handler that
# begins with JSON.parse(data) throws there, which counts as a failed connection: the client connects again and again, and never
# reaches the first event, while the same handler is right with EventSource. A comment of one line without an empty line after
# it is valid as well, and is no message for either. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 @microsoft/fetch-event-source@2.0.1 eventsource@5.1.5 >/dev/null
cat >empty.mjs <<'JS'
import source from "@microsoft/fetch-event-source";
import { EventSource } from "eventsource";
import { createServer } from "node:http";

// What fetch-event-source expects of a page.
globalThis.window = globalThis;
globalThis.document = { hidden: false, addEventListener() {}, removeEventListener() {} };

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const begins = {
  "/plain": "",
  "/line": ":\n",
  "/comment": ":\n\n",
  "/position": "retry: 20\nid: 1\n\n",
};
const requests = new Map();
const server = createServer(({ url }, response) => {
  requests.set(url, (requests.get(url) ?? 0) + 1);
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(`${begins[url.split("?")[0]]}data: {"news":1}\n\n`);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const address = (path) => `http://127.0.0.1:${server.address().port}${path}`;

/** The data of the messages, up to the first that has some. */
function messages(path, listen) {
  const seen = [];
  return new Promise((resolve) => listen(path, ({ data }) => seen.push(data || "empty") && data && resolve(seen.join(" "))));
}
const standard = (path, onmessage) => new EventSource(address(path)).onmessage = onmessage;
const microsoft = (path, onmessage) =>
  void source.fetchEventSource(address(path), { onmessage, onerror: () => 20, openWhenHidden: true });
const results = [];
for (const path of Object.keys(begins)) {
  results.push(`${path}: EventSource ${await messages(path, standard)}; fetch-event-source ${await messages(path, microsoft)}`);
}
let parsed = 0;
const parse = ({ data }) => JSON.parse(data) && parsed++;
standard("/position?standard", parse);
microsoft("/position?microsoft", parse);
await new Promise((resolve) => {
  const timer = setInterval(() => requests.get("/position?microsoft") > 4 && resolve(clearInterval(timer)), 20);
});
results.push(`with JSON.parse: ${requests.get("/position?standard")} connection of EventSource, which got ${parsed} message`);
console.log("eventsource 5.1.5, @microsoft/fetch-event-source 2.0.1");
console.log(`${results.join("\n")}; ${requests.get("/position?microsoft")} of fetch-event-source, which got none`);
const news = '{"news":1}';
const expected = [
  `/plain: EventSource ${news}; fetch-event-source ${news}`,
  `/line: EventSource ${news}; fetch-event-source ${news}`,
  `/comment: EventSource ${news}; fetch-event-source empty ${news}`,
  `/position: EventSource ${news}; fetch-event-source empty ${news}`,
  "with JSON.parse: 1 connection of EventSource, which got 1 message",
];
process.exit(results.join("\n") === expected.join("\n") ? 0 : 1);
JS
npx node empty.mjs
