#!/usr/bin/env bash
# `jose` from npm: createRemoteJWKSet, while the address of the key set answers with errors.
#
# A guess: keys that were fetched go on verifying, as with stale-if-error, and `cooldownDuration` keeps requests at
# least 30 s apart. Once it is as old as `cacheMaxAge` (10 minutes), a key set that jwks() still shows verifies nothing; and
# the cooldown counts from the last success alone, so each token asks the broken address again: those of known keys
# after that age, those of unknown keys after the cooldown. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund jose@6.2.18 >/dev/null
cat >outage.mjs <<'JS'
import { createServer } from "node:http";
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";

const { publicKey, privateKey } = await generateKeyPair("ES256");
const keys = [{ ...await exportJWK(publicKey), kid: "known", alg: "ES256" }];
let requests = 0;
let broken = false;
const server = createServer((_, response) => {
  requests++;
  response.writeHead(broken ? 503 : 200).end(JSON.stringify({ keys }));
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = new URL(`http://127.0.0.1:${server.address().port}/`);
const token = (kid) => new SignJWT({}).setProtectedHeader({ alg: "ES256", kid }).sign(privateKey);
const [known, unknown] = [await token("known"), await token("unknown")];

/** What three tokens get, one after the other, and how many requests they make. */
async function three(text, keySet) {
  const before = requests;
  const results = new Set();
  for (let i = 0; i < 3; i++) {
    results.add(await jwtVerify(text, keySet).then(() => "verified", ({ code }) => code));
  }
  return `${[...results]}, ${requests - before} requests`;
}

const aged = createRemoteJWKSet(url, { cacheMaxAge: 3000 });
const cooling = createRemoteJWKSet(url, { cooldownDuration: 3000 });
const seen = [await three(known, aged), await three(known, cooling), await three(unknown, cooling)];
broken = true;
await new Promise((resolve) => setTimeout(resolve, 3500));
seen.push(await three(known, aged), `${aged.jwks().keys.length} key`, await three(unknown, cooling));
server.close();
const rows = [
  "known key",
  "known key",
  "unknown key",
  "broken address, known key, cache too old",
  "broken address, keys that are still there",
  "broken address, unknown key, after the cooldown",
];
console.log(rows.map((row, i) => `${row}: ${seen[i]}`).join("\n"));
const expected = [
  "verified, 1 requests",
  "verified, 1 requests",
  "ERR_JWKS_NO_MATCHING_KEY, 0 requests",
  "ERR_JOSE_GENERIC, 3 requests",
  "1 key",
  "ERR_JOSE_GENERIC, 3 requests",
];
process.exit(seen.join("\n") === expected.join("\n") ? 0 : 1);
JS
node outage.mjs
