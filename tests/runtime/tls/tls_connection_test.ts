import { assertEquals } from "@std/assert";
import { EAGAIN } from "../../../runtime/os/mod.ts";
import { libssl } from "../../../runtime/tls/openssl.ts";
import { DONE, RING_FULL, TlsConnection } from "../../../runtime/tls/tls_connection.ts";
import { newContext } from "../../../runtime/tls/tls_context.ts";
import { TlsRing } from "../../../runtime/tls/tls_ring.ts";
import { Authority, NO_OPENSSL } from "../../support/certificates.ts";
import { OpensslPeer } from "../../support/openssl_peer.ts";
import { NO_LIBSSL } from "../../support/tls_ways.ts";
import { readPem } from "./tls_bench.ts";

const MISSING = NO_LIBSSL + NO_OPENSSL;

/** Puts the next bytes of the peer into the ring; false if there are none. */
function commit(ring: TlsRing, bytes: Uint8Array): Uint8Array {
  const count = Math.min(bytes.length, ring.input.length);
  ring.input.set(bytes.subarray(0, count));
  ring.commit(count);
  return bytes.subarray(count);
}

Deno.test({
  name: `TLS connection: a full ring is told, and reading goes on once it is empty${MISSING}`,
  ignore: MISSING !== "",
  sanitizeResources: false, // the libraries stay loaded
  fn: async () => {
    await using authority = await Authority.make();
    using peer = new OpensslPeer();
    const ring = new TlsRing();
    const context = newContext(await readPem(await authority.sign("one")));
    const connection = TlsConnection.make(context, ring)!; // there is memory
    for (let shaken = 0; shaken !== DONE;) {
      peer.step();
      commit(ring, peer.ciphertext());
      shaken = connection.shakeHands();
      peer.take(ring.bytes.slice(0, ring.take()));
    }
    // Each is answered with 27 bytes.
    peer.updateKeys(7_000, true);
    peer.write(Uint8Array.of(42));
    let rest: Uint8Array = peer.ciphertext();
    const bytes = new Uint8Array(16);
    const results = new Set<number>();
    for (let count = -EAGAIN; count <= 0;) {
      if (ring.unread === 0) rest = commit(ring, rest);
      count = connection.read(bytes, bytes.length);
      if (count === RING_FULL && !results.has(count)) ring.take();
      results.add(count);
    }
    assertEquals([...results], [-EAGAIN, RING_FULL, 1]);
    assertEquals(bytes[0], 42);
    connection.free();
    libssl().SSL_CTX_free(context);
    ring.free();
  },
});
