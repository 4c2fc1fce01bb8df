import { assert, assertEquals } from "@std/assert";
import { CONNECTION_LIMITS } from "../../../../runtime/config/mod.ts";
import { FakeServer } from "../../../support/fake_server.ts";
import { FakeSocket } from "../../../support/fake_socket.ts";
import { FakeWebSocketPeer } from "../../../support/fake_websocket_peer.ts";
import { type Faults, NO_FAULTS } from "../../../support/fault_plan.ts";
import { Random } from "../../../support/random.ts";

const PACE = { sends: 65_536, reads: 65_536, pause: 0 };

/** A server with one WebSocket that says nothing after its handshake. */
function silent(faults: Faults = NO_FAULTS): { server: FakeServer; peer: FakeWebSocketPeer } {
  const server = new FakeServer({ faults });
  const peer = new FakeWebSocketPeer(new FakeSocket(), new Random(1), PACE);
  peer.ending = "silent";
  server.connectAt(server.os.now, peer);
  return { server, peer };
}

function lifeOf(peer: FakeWebSocketPeer): number {
  return peer.socket.closedAt - peer.socket.acceptedAt;
}

Deno.test("websocket session: a silent peer is pinged once, and gone when its time is over", async () => {
  const { server, peer } = silent();
  await server.run();
  const late = lifeOf(peer) - CONNECTION_LIMITS.pongTime;
  assert(late >= 0 && late < 300, `${late} ms late`);
  assertEquals(peer.pinged, 1);
});

Deno.test("websocket session: a ping that has to wait is no answer to itself", async () => {
  let sends = 0;
  // The first send is the handshake's answer; the ping's is put off, as by a buffer that is full.
  const { server, peer } = silent({ ...NO_FAULTS, blocks: () => ++sends === 3 });
  await server.run();
  assert(lifeOf(peer) < CONNECTION_LIMITS.pongTime + 300, `closed after ${lifeOf(peer)} ms`);
  assertEquals(peer.pinged, 1);
});

Deno.test("websocket session: who answers the pings stays", async () => {
  const { server, peer } = silent();
  peer.ending = "answers pings";
  const hour = 3_600_000;
  server.schedule(server.os.now + hour, () => peer.close());
  await server.run();
  assert(lifeOf(peer) >= hour, `closed after ${lifeOf(peer)} ms`);
  const pings = hour / CONNECTION_LIMITS.pingTime; // each a tick of the wheel late at most
  assert(peer.pinged <= pings && peer.pinged >= 0.99 * pings, `${peer.pinged} pings`);
});

Deno.test("websocket session: a close that nobody answers ends after its time", async () => {
  const { server, peer } = silent();
  // A peer that is gone without a word takes what is sent to it, and answers nothing.
  server.schedule(server.os.now + 1000, () => {
    peer.reading = false;
    server.stop();
  });
  await server.run();
  const late = peer.socket.closedAt - server.stoppedAt - CONNECTION_LIMITS.closeTime;
  assert(late >= 0 && late < 300, `${late} ms late`);
});

Deno.test("websocket session: a peer that goes on talking has no more time to answer the close", async () => {
  const { server, peer } = silent();
  server.schedule(server.os.now + 1000, () => {
    peer.reading = false;
    server.stop();
  });
  // Up to the time at which the drain would end it anyway.
  for (let at = 2000; at < 1000 + CONNECTION_LIMITS.drainTime; at += 500) {
    server.schedule(server.os.now + at, () => peer.ping(Uint8Array.of(at & 0xff)));
  }
  await server.run();
  const late = peer.socket.closedAt - server.stoppedAt - CONNECTION_LIMITS.closeTime;
  assert(late >= 0 && late < 300, `${late} ms late`);
});

Deno.test("websocket session: what a peer says puts its ping off by the whole time", async () => {
  const { server, peer } = silent();
  peer.ending = "answers pings";
  const { pingTime } = CONNECTION_LIMITS;
  for (let i = 1; i <= 5; i++) {
    server.schedule(server.os.now + i * (pingTime - 1000), () => peer.ping(Uint8Array.of(i)));
  }
  server.schedule(server.os.now + 5 * (pingTime - 1000) + pingTime - 500, () => peer.close());
  await server.run();
  assertEquals(peer.pinged, 0);
});
