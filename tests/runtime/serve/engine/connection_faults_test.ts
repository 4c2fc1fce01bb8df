/** Why a link could not be opened, with what the operator can do: by what the clients say of real servers. */

import { assertStringIncludes } from "@std/assert";
import { connectionFault as natsFault } from "../../../../runtime/serve/engine/nats/nats_faults.ts";
import { connectionFault as redisFault } from "../../../../runtime/serve/engine/redis/redis_faults.ts";

const REDIS: readonly (readonly [reason: string, hint: string])[] = [
  ["connect ECONNREFUSED 127.0.0.1:1", "is the engine started, and is the address in engine right"],
  ["getaddrinfo ENOTFOUND redis.internal", "a host that is not known here"],
  ["connect ETIMEDOUT", "does a firewall let this machine through"],
  ['Unknown RESP type 73 "I". Please report this.', "no Redis server: check the address in engine"],
  ["ERR DB index is out of range", "the number behind the slash of engine: 0 to 15"],
  ["the server is a replica, which cannot be written to", "redis+sentinel://HOST:PORT/NAME"],
  ["no master of the cluster has the slot 0", "redis-cli --cluster check"],
  ["connect ENOENT /run/none.sock", "unixsocket of the Redis server"],
  ["connect EACCES /run/redis.sock", "unixsocketperm of the Redis server"],
  [
    "WRONGPASS invalid username-password pair",
    "engine has the user, engine_password_… the password",
  ],
  [
    "no sentinel can be reached: 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1",
    "is the address in engine right",
  ],
];
const NATS: readonly (readonly [reason: string, hint: string])[] = [
  ["connection refused", "is the engine started, and is the address in engine right"],
  ["timeout", "no NATS server answers there: check the address in engine"],
  ["10.0.0.5:4222: connection refused; 10.0.0.6:4222: timeout", "no NATS server answers there"],
  ["Authorization Violation", "engine_password_file"],
];

Deno.test("connection faults: each has a hint that names the key, or what to ask for", () => {
  for (const [reason, hint] of REDIS) {
    assertStringIncludes(redisFault(reason, { url: "redis://127.0.0.1:1" }), `${reason} (`);
    assertStringIncludes(redisFault(reason, { url: "redis://127.0.0.1:1" }), hint);
  }
  for (const [reason, hint] of NATS) assertStringIncludes(natsFault(reason), hint);
});
