#!/usr/bin/env bash
# ECDSA with the curve P-521 (ES512 of JSON Web Tokens) in Deno's Web Crypto API.
#
# A guess: a key that was imported can be used. Deno 2.4 imports a P-521 key, and refuses to verify with it; so the
# fault shows with the first token, not at the start. Deno 2.9 verifies. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
openssl ecparam -name secp521r1 -genkey -noout | openssl pkey -pubout -outform DER -out key.der
cat >p521.ts <<'TS'
const der = Deno.readFileSync("key.der");
const curve = { name: "ECDSA", namedCurve: "P-521" };
const key = await crypto.subtle.importKey("spki", der, curve, true, ["verify"]);
const hash = { name: "ECDSA", hash: "SHA-512" };
const answer = crypto.subtle.verify(hash, key, new Uint8Array(132), new Uint8Array(1));
console.log(await answer.then(() => "verifies", () => "imports, and does not verify"));
TS
result=0
for pair in "2.4.2=imports, and does not verify" "2.9.6=verifies"; do
  version="${pair%%=*}"
  mkdir -p "deno-$version"
  (cd "deno-$version" && npm init -y >/dev/null && npm install --silent --no-audit --no-fund "deno@$version" >/dev/null)
  seen="$("deno-$version/node_modules/.bin/deno" run --quiet --allow-read p521.ts 2>&1 | tail -1)"
  printf 'deno %s: %s\n' "$version" "$seen"
  [ "$seen" = "${pair#*=}" ] || result=1
done
exit $result
