#!/usr/bin/env bash
# A connection by node:net to a place that Deno's permissions do not name.
#
# A guess: the socket fails with an error that names the missing permission, as Deno.connect() and fetch() do ("Requires net access to
# …", NotCapable). With Deno 2.4 it fails with ECONNREFUSED, as if nothing listened there, though a server does: a database driver says
# that the database is down. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund deno@2.4.2 >/dev/null
cat >connect.mjs <<'JS'
import { connect } from "node:net";

const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
const { port } = listener.addr;
await Deno.permissions.revoke({ name: "net", host: "127.0.0.1" });
const byNode = await new Promise((resolve) => {
  const socket = connect(port, "127.0.0.1", () => resolve("connected"));
  socket.on("error", (error) => resolve(error.code ?? error.name));
});
const byDeno = await Deno.connect({ hostname: "127.0.0.1", port }).then(() => "connected", (error) => error.name);
console.log(JSON.stringify([byNode, byDeno]));
listener.close();
JS
seen="$(npx deno run --no-prompt --no-config --allow-net=127.0.0.1 connect.mjs)"
echo "deno $(npx deno --version | head -n 1): by node:net, by Deno.connect"
echo "$seen"
[ "$seen" = '["ECONNREFUSED","NotCapable"]' ]
