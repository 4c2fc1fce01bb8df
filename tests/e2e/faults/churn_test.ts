/**
 * Twenty thousand peers that connect and drop: at once, after half a request, after a whole one, after the
 * answer. The counts of descriptors and threads are as before, and the server answers at once.
 */

import { assert, assertEquals } from "@std/assert";
import { ask, type Endpoint } from "../../support/http_client.ts";
import { countDescriptors, countThreads } from "./process_size.ts";
import { waitFor, withServer } from "../../support/server.ts";
import { RawPeer } from "./raw_peer.ts";

const PEERS = 20_000;
const AT_ONCE = 100;
/** An answer takes about a millisecond; a server that is still busy with the dropped ones would take long. */
const AT_ONCE_MS = 500;
/** Deno starts threads for blocking calls on demand, and ends them again. */
const THREADS_OF_DENO = 2;

const REQUEST = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

/** What a peer does before it drops; the peers take turns. */
const MANNERS: readonly ((peer: RawPeer) => Promise<void>)[] = [
  () => Promise.resolve(),
  (peer) => peer.send(REQUEST.slice(0, 20)),
  (peer) => peer.send(REQUEST),
  async (peer) => {
    await peer.send(REQUEST);
    await peer.readByte();
  },
];

Deno.test("churn: 20,000 connects and drops leak no descriptors and no threads", () =>
  withServer({ workers: 2, log: "off" }, async (server) => {
    await dropPeers(server, AT_ONCE); // creates what is created at the first use
    const descriptors = await settled(() => countDescriptors(server.pid));
    const threads = countThreads(server.pid);
    await dropPeers(server, PEERS);
    const began = performance.now();
    assertEquals((await ask(server, REQUEST)).text, "ok");
    const took = performance.now() - began;
    assert(took < AT_ONCE_MS, `an answer after ${took.toFixed()} ms`);
    await waitFor(() => countDescriptors(server.pid) <= descriptors, {
      what: () => `${countDescriptors(server.pid)} descriptors to become ${descriptors}`,
    });
    const now = countThreads(server.pid);
    assert(now <= threads + THREADS_OF_DENO, `${threads} threads became ${now}`);
  }));

async function dropPeers(server: Endpoint, count: number): Promise<void> {
  let begun = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (begun < count) {
      const manner = MANNERS[begun++ % MANNERS.length]!;
      using peer = await RawPeer.open(server);
      await manner(peer);
    }
  }));
}

/** The value once ten reads in a row are equal. */
async function settled(look: () => number): Promise<number> {
  let [value, same] = [look(), 0];
  await waitFor(() => {
    const now = look();
    same = now === value ? same + 1 : 0;
    value = now;
    return same >= 10;
  }, { what: "a count that stays the same" });
  return value;
}
