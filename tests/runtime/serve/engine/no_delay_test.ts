/** The sockets of the engines' clients send each request at once. */

import { assertEquals } from "@std/assert";
import { EngineNode } from "../../../support/engine_node.ts";
import { ENGINES } from "../../../support/engines.ts";

const SOL_TCP = 6;
const TCP_NODELAY = 1;
const ADDRESS_BYTES = 28;

const libc = Deno.dlopen("libc.so.6", {
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
});

/** Of each socket of this process that is connected to a port: whether it has TCP_NODELAY. */
function socketsTo(port: number): boolean[] {
  const { getpeername, getsockopt } = libc.symbols;
  return [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
    const address = new Uint8Array(ADDRESS_BYTES);
    const isSocket = getpeername(Number(name), address, new Uint32Array([ADDRESS_BYTES])) === 0;
    if (!isSocket || new DataView(address.buffer).getUint16(2) !== port) return [];
    const value = new Int32Array(1);
    getsockopt(Number(name), SOL_TCP, TCP_NODELAY, value, new Uint32Array([4]));
    return [value[0] !== 0];
  });
}

for (const { name, ignore, reason, start } of ENGINES) {
  Deno.test({
    name: `engine: what is sent to ${name} waits for no acknowledgement${reason}`,
    ignore,
    async fn() {
      await using engine = await start();
      await using _ = await EngineNode.start(engine.url);
      // Redis has a connection for commands, and one that listens.
      assertEquals(socketsTo(engine.port), name === "redis" ? [true, true] : [true]);
    },
  });
}
