#!/usr/bin/env bash
# Deno.serve, and a request whose Host field is empty, which is valid: "a client MUST send a Host header field with an
# empty field-value" if the authority is missing (RFC 9112, 3.2), as some health checks do.
#
# A guess: request.url is a URL with the path of the request, whatever the Host field says. So it is in Deno 2.9.6, where
# the host is then `localhost` and the port that of the server. In Deno 2.4.2 the host in the text is empty,
# `http:///healthz/live`, and the URL parser of the Web skips the extra slash: the first segment of the path becomes
# the host, and `new URL(request.url).pathname` is `/live`. A router by pathname answers something else, or 404.
# Without a Host field, as in HTTP/1.0, both have the right path. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >serve.ts <<'TS'
const seen: string[] = [];
const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ url }) => {
  const { hostname, pathname } = new URL(url);
  seen.push(`${hostname} ${pathname}`);
  return new Response("");
});
const { port } = server.addr;
for (const head of ["HTTP/1.1\r\nHost: \r\n", "HTTP/1.1\r\nHost: a.example\r\n", "HTTP/1.0\r\n"]) {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const request = `GET /healthz/live ${head}Connection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  await new Response(connection.readable).text();
}
await server.shutdown();
console.log(seen.join(", "));
TS
npm init -y >/dev/null
for version in 2.4.2 2.9.6; do
  mkdir -p "deno-$version"
  (cd "deno-$version" && npm init -y >/dev/null && npm install --silent --no-audit --no-fund "deno@$version" >/dev/null)
done
result=0
check() {
  local output
  output="$("deno-$1/node_modules/.bin/deno" run --quiet --allow-net serve.ts)"
  printf 'deno %s: %s\n' "$1" "$output"
  [ "$output" = "$2" ] || result=1
}
others="a.example /healthz/live, localhost /healthz/live"
check 2.4.2 "healthz /live, $others"
check 2.9.6 "localhost /healthz/live, $others"
exit "$result"
