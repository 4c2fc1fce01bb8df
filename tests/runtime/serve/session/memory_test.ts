/** The bound on memory on a faked kernel: who is told 503, and that all memory comes back (see FakeServer.run). */

import { assert, assertEquals } from "@std/assert";
import { CONNECTION_LIMITS } from "../../../../runtime/config/mod.ts";
import { COLUMN } from "../../../../runtime/ring/mod.ts";
import { FakePeer } from "../../../support/fake_peer.ts";
import { FakeServer } from "../../../support/fake_server.ts";
import { FakeSocket } from "../../../support/fake_socket.ts";
import { bytesOf, textOf } from "../../../support/protocol_cases.ts";
import { Random } from "../../../support/random.ts";

const KIB = 1024;
const BOUND = 1024 * KIB;

/** Uploads at a rate, and notes what it is answered. */
class Uploader extends FakePeer {
  text = "";

  constructor() {
    super(new FakeSocket(), new Random(1), { sends: 64 * KIB, reads: 64 * KIB, pause: 0 });
  }

  override received(bytes: Uint8Array): void {
    this.text = (this.text + textOf(bytes)).slice(0, 2000);
  }

  get status(): string {
    return this.text.slice(9, 12);
  }
}

Deno.test("memory: uploads that grow beyond the bound are told 503, the others are answered", async () => {
  const limits = { ...CONNECTION_LIMITS, heldBytes: BOUND };
  const server = new FakeServer({ config: { limits } });
  const { now } = server.os;
  const length = 400 * KIB;
  const uploaders = Array.from({ length: 8 }, () => new Uploader());
  let most = 0;
  for (const [i, peer] of uploaders.entries()) {
    peer.enqueue(bytesOf(`POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n`));
    peer.enqueue(bytesOf("Connection: close\r\n\r\n"));
    server.connectAt(now + i, peer);
    for (let step = 0; step < 10; step++) {
      server.schedule(now + 200 + 500 * step, () => {
        peer.enqueue(new Uint8Array(length / 10));
        most = Math.max(most, server.state.counters(0).get(COLUMN.heldBytes));
      });
    }
  }
  await server.run();
  const statuses = uploaders.map(({ status }) => status);
  assertEquals(new Set(statuses), new Set(["200", "503"]), statuses.join());
  const counters = server.state.counters(0);
  const told = statuses.filter((status) => status === "503").length;
  assertEquals(counters.get(COLUMN.endedByMemory) + counters.get(COLUMN.refusedByMemory), told);
  assert(most > BOUND / 2 && most <= BOUND, `${most} bytes were held`);
});
