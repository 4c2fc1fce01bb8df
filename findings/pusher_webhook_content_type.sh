#!/usr/bin/env bash
# The library `pusher` of backends from npm, and the media type of a webhook whose signature is right.
#
# A guess: a receiver takes every media type of JSON, so a sender may as well name the charset. `isValid()` compares the
# field with "application/json" as a whole: with "application/json; charset=utf-8", or capitals, a webhook is invalid, as if its
# signature were wrong. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund pusher@5.3.4 >/dev/null
cat >types.cjs <<'JS'
const { createHmac } = require("node:crypto");
const Pusher = require("pusher");

console.log(`pusher ${require("pusher/package.json").version}, node ${process.version}`);
const secret = "a secret of the app";
const pusher = new Pusher({ appId: "1", key: "key", secret, host: "127.0.0.1" });
const rawBody = '{"time_ms":1,"events":[{"name":"channel_occupied","channel":"a"}]}';
const signature = createHmac("sha256", secret).update(rawBody).digest("hex");
const types = ["application/json", "application/json; charset=utf-8", "Application/JSON"];
const found = types.map((type) => {
  const headers = { "x-pusher-key": "key", "x-pusher-signature": signature, "content-type": type };
  return pusher.webhook({ headers, rawBody }).isValid();
});
types.forEach((type, i) => console.log(`${type}: ${found[i] ? "valid" : "invalid"}`));
process.exit(JSON.stringify(found) === "[true,false,false]" ? 0 : 1);
JS
node types.cjs
