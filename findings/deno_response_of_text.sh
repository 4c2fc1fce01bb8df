#!/usr/bin/env bash
# A Response whose body is a string, read by text() and json(), in Deno.
#
# A guess: both read what UTF-8 decoding of the encoded string gives, as the Fetch standard says and Node does: a byte order mark
# is dropped, so that JSON behind one is JSON, and halves of letters (lone surrogates) are U+FFFD. Deno 2.9 gives the string back as it
# is: json() of a text with a byte order mark throws, and text() has lone surrogates; only the same body as bytes, or as a
# stream, is decoded. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund deno@2.9.6 >/dev/null
cat >texts.mjs <<'JS'
const attempt = async (run) => {
  try {
    return await run();
  } catch (error) {
    return error.name;
  }
};
const bytes = (text) => new TextEncoder().encode(text);
const seen = [];
for (const [kind, bodyOf] of [["string", (text) => text], ["bytes", bytes]]) {
  seen.push([
    kind,
    await attempt(() => new Response(bodyOf("\ufeff[1]")).json()),
    await attempt(() => new Response(bodyOf("\ufeffa")).text()),
    await attempt(() => new Response(bodyOf("\ud800")).text()),
  ]);
}
console.log(JSON.stringify(seen).replace(/[^ -~]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16)}`));
JS
deno="$(npx deno run --no-config texts.mjs)"
node="$(node texts.mjs)"
echo "deno $(npx deno --version | head -n 1), node $(node --version): body, json() and text() behind a mark, text() of half a letter"
echo "$deno"
echo "$node"
[ "$deno" = '[["string","SyntaxError","\ufeffa","\ud800"],["bytes",[1],"a","\ufffd"]]' ] &&
  [ "$node" = '[["string",[1],"a","\ufffd"],["bytes",[1],"a","\ufffd"]]' ]
