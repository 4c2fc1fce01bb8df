import { assert, assertEquals } from "@std/assert";
import { CONNECTION_LIMITS } from "../../../../runtime/config/mod.ts";
import { LogLabel } from "../../../../runtime/observe/log/mod.ts";
import { FakePeer } from "../../../support/fake_peer.ts";
import { FakeServer } from "../../../support/fake_server.ts";
import { FakeSocket } from "../../../support/fake_socket.ts";
import { FakeWebSocketPeer } from "../../../support/fake_websocket_peer.ts";
import { type Faults, NO_FAULTS } from "../../../support/fault_plan.ts";
import { bytesOf, textOf } from "../../../support/protocol_cases.ts";
import { encodeFrame, handshakeRequest } from "../../../support/raw_websocket.ts";
import { Random } from "../../../support/random.ts";

const PACE = { sends: 65_536, reads: 65_536, pause: 0 };

/** A server with one WebSocket that sends nothing after its handshake. */
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

Deno.test("websocket session: a silent peer is pinged once, and aborted at its deadline", async () => {
  const { server, peer } = silent();
  await server.run();
  const late = lifeOf(peer) - CONNECTION_LIMITS.pongTime;
  assert(late >= 0 && late < 300, `${late} ms late`);
  assertEquals(peer.pinged, 1);
});

Deno.test("websocket session: sending a queued ping does not count as an answer to it", async () => {
  let sends = 0;
  // The first send is the handshake's answer; the ping's is delayed, as by a full buffer.
  const { server, peer } = silent({ ...NO_FAULTS, blocks: () => ++sends === 3 });
  await server.run();
  assert(lifeOf(peer) < CONNECTION_LIMITS.pongTime + 300, `closed after ${lifeOf(peer)} ms`);
  assertEquals(peer.pinged, 1);
});

Deno.test("websocket session: a peer that answers pings stays connected", async () => {
  const { server, peer } = silent();
  peer.ending = "answers pings";
  const hour = 3_600_000;
  server.schedule(server.os.now + hour, () => peer.close());
  await server.run();
  assert(lifeOf(peer) >= hour, `closed after ${lifeOf(peer)} ms`);
  const pings = hour / CONNECTION_LIMITS.pingTime; // each at most one tick of the wheel late
  assert(peer.pinged <= pings && peer.pinged >= 0.99 * pings, `${peer.pinged} pings`);
});

Deno.test("websocket session: an unanswered close frame ends the connection at its deadline", async () => {
  const { server, peer } = silent();
  // A peer that vanished without a close accepts what is sent to it, and answers nothing.
  server.schedule(server.os.now + 1000, () => {
    peer.reading = false;
    server.stop();
  });
  await server.run();
  const late = peer.socket.closedAt - server.stoppedAt - CONNECTION_LIMITS.closeTime;
  assert(late >= 0 && late < 300, `${late} ms late`);
});

Deno.test("websocket session: a peer that keeps sending gets no more time to answer the close frame", async () => {
  const { server, peer } = silent();
  server.schedule(server.os.now + 1000, () => {
    peer.reading = false;
    server.stop();
  });
  // Until the time at which the drain would end the connection anyway.
  for (let at = 2000; at < 1000 + CONNECTION_LIMITS.drainTime; at += 500) {
    server.schedule(server.os.now + at, () => peer.ping(Uint8Array.of(at & 0xff)));
  }
  await server.run();
  const late = peer.socket.closedAt - server.stoppedAt - CONNECTION_LIMITS.closeTime;
  assert(late >= 0 && late < 300, `${late} ms late`);
});

Deno.test("websocket session: any input from the peer restarts the time until its ping", async () => {
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

Deno.test("websocket session: the handler is told once that the connection is gone, ended by either side", async () => {
  const ends: Readonly<Record<string, (peer: FakeWebSocketPeer, server: FakeServer) => void>> = {
    "the peer closes": (peer) => peer.close(),
    "the connection breaks": (peer) => peer.reset(),
    "the server stops": (_, server) => server.stop(),
  };
  for (const [name, end] of Object.entries(ends)) {
    const { server, peer } = silent();
    const told: string[] = [];
    const sockets = new Set<unknown>();
    server.routes.set("/echo", {
      label: new LogLabel("/echo"),
      methods: ["GET"],
      wantsBody: false,
      handle: () => {},
      webSocket: {
        opened: (socket) => {
          sockets.add(socket);
          told.push("opened");
        },
        message: () => {},
        closed: (socket) => {
          assert(sockets.delete(socket));
          told.push("closed");
          throw new Error("a handler's own fault ends nothing");
        },
      },
    });
    server.schedule(server.os.now + 1000, () => end(peer, server));
    await server.run();
    assertEquals(told, ["opened", "closed"], name);
  }
});

/** A client that keeps what it reads. */
class KeepingPeer extends FakePeer {
  text = "";

  override received(bytes: Uint8Array): void {
    this.text += textOf(bytes);
  }
}

Deno.test("websocket session: a message can be sent back twice, in any form, and stays as it was", async () => {
  const messages = [0, 1, 16, 48, 49, 125, 126, 127, 1024, 4096, 4097].map((length, i) =>
    String.fromCharCode(0x61 + i).repeat(length)
  );
  const frames = messages.map((payload) => encodeFrame({ opcode: 1, payload }));
  const expected = messages.map((payload) => {
    const frame = textOf(encodeFrame({ opcode: 1, payload, masked: false }));
    return frame + frame;
  }).join("");
  // All in one batch, and in pieces: then most messages are not in the receive buffer whole.
  for (const sends of [65_536, 1000, 7]) {
    const server = new FakeServer();
    const read: string[] = [];
    server.routes.set("/twice", {
      label: new LogLabel("/twice"),
      methods: ["GET"],
      wantsBody: false,
      handle: () => {},
      webSocket: {
        opened: () => {},
        message: (socket) => {
          socket.reply(socket.opcode);
          socket.reply(socket.opcode);
          read.push(textOf(socket.payload.subarray(socket.payloadStart, socket.payloadEnd)));
        },
      },
    });
    const peer = new KeepingPeer(new FakeSocket(), new Random(1), { ...PACE, sends });
    peer.enqueue(bytesOf(handshakeRequest("/twice")));
    for (const frame of frames) peer.enqueue(frame);
    server.connectAt(server.os.now, peer);
    await server.run();
    assertEquals(read, messages, `${sends} bytes at a time`);
    const answers = peer.text.slice(peer.text.indexOf("\r\n\r\n") + 4);
    assert(answers.startsWith(expected), `${sends} bytes at a time`);
  }
});
