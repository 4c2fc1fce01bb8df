import { assert, assertEquals } from "@std/assert";
import { CONNECTION_LIMITS, MAX_REFUSED } from "../../../runtime/config/mod.ts";
import { ConnectionTask } from "../../../runtime/net/mod.ts";
import { SOCKADDR_BYTES } from "../../../runtime/os/mod.ts";
import { LogLabel } from "../../../runtime/observe/log/mod.ts";
import { ENOSPC } from "../../support/fake_errno.ts";
import { type ExpectedExchange, FakeHttpPeer } from "../../support/fake_http_peer.ts";
import { FakePeer } from "../../support/fake_peer.ts";
import { FakeServer, LARGE } from "../../support/fake_server.ts";
import { FakeSocket, type FakeSocketOptions } from "../../support/fake_socket.ts";
import { FakeWebSocketPeer } from "../../support/fake_websocket_peer.ts";
import { NO_FAULTS } from "../../support/fault_plan.ts";
import { bytesOf } from "../../support/protocol_cases.ts";
import { closePayload, encodeFrame, handshakeRequest } from "../../support/raw_websocket.ts";
import { Random } from "../../support/random.ts";

const PACE = { sends: 65_536, reads: 65_536, pause: 0 };

function get(path: string, body: Uint8Array): ExpectedExchange {
  const request = bytesOf(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  return { request, status: 200, body, head: false, closes: false };
}

const HEALTH = get("/healthz", bytesOf("ok"));

/** A client that sends a request and then stays connected. */
function client(
  exchanges: readonly ExpectedExchange[],
  options: FakeSocketOptions = {},
): FakeHttpPeer {
  const peer = new FakeHttpPeer(new FakeSocket(options), new Random(1), PACE);
  peer.ending = "idle";
  peer.ask(exchanges, false);
  return peer;
}

/** A client that counts what it reads. */
class CountingPeer extends FakePeer {
  count = 0;

  override received(bytes: Uint8Array): void {
    this.count += bytes.length;
  }
}

Deno.test("worker: without work it sleeps in one wait", async () => {
  const server = new FakeServer();
  await server.run(); // the fake kernel stops the server when nothing more can happen
  assert(server.os.waits <= 2, `${server.os.waits} waits`);
  assertEquals(server.messages.map(({ type }) => type), ["ready", "stopped"]);
});

Deno.test("worker: a connection that epoll has no room for is closed, the others are served", async () => {
  const faults = { ...NO_FAULTS, refusesRegistration: () => ENOSPC };
  const server = new FakeServer({ faults });
  const [unlucky, lucky] = [client([HEALTH], { doomed: true }), client([HEALTH])];
  for (const peer of [unlucky, lucky]) server.connectAt(server.os.now, peer);
  await server.run();
  assertEquals(lucky.answered, 1);
  const { acceptedAt, closedAt } = unlucky.socket;
  assert(closedAt - acceptedAt < 100, "it is not kept open outside of epoll");
});

Deno.test("worker: a descriptor beyond the shared table is not served, the others are", async () => {
  const server = new FakeServer({ tableSize: 7 });
  const peers = [client([HEALTH]), client([HEALTH])];
  for (const peer of peers) server.connectAt(server.os.now, peer);
  await server.run();
  assertEquals(peers.map(({ socket }) => socket.descriptor), [6, 7]);
  assertEquals(peers.map(({ answered }) => answered), [1, 0]);
});

Deno.test("worker: its log has whole lines, within a quarter of a second", async () => {
  const server = new FakeServer();
  server.connectAt(server.os.now, client([HEALTH]));
  let early: string[] = [];
  server.schedule(server.os.now + 250, () => {
    early = [...server.log];
  });
  await server.run();
  assertEquals(early.join("").split("\n").slice(0, 2), [
    "[ACCEPT] fd=6",
    "[HTTP] fd=6 recv request",
  ]);
  for (const lines of server.log) assert(lines.endsWith("\n"));
});

for (const workerAccepts of [false, true]) {
  const who = workerAccepts ? "the worker accepts" : "the acceptor accepts";

  Deno.test(`worker: more connections at once than the ring has slots are all served: ${who}`, async () => {
    const server = new FakeServer({ workerAccepts });
    const peers = Array.from({ length: 60 }, () => client([HEALTH]));
    for (const peer of peers) server.connectAt(server.os.now, peer);
    await server.run();
    assert(peers.every(({ answered }) => answered === 1));
  });

  Deno.test(`worker: without free descriptors new connections wait until others close: ${who}`, async () => {
    const server = new FakeServer({ descriptors: 7, workerAccepts });
    const peers = Array.from({ length: 12 }, () => client([HEALTH]));
    peers.forEach((peer, i) => server.connectAt(server.os.now + i, peer));
    peers.forEach((peer) => peer.ending = "close");
    await server.run();
    assert(peers.every(({ answered }) => answered === 1));
  });
}

Deno.test("worker: the task it was woken for comes before events, whose handlers may block it", async () => {
  const server = new FakeServer();
  const open = client([HEALTH]);
  server.connectAt(server.os.now, open);
  // In the same wait: the open connection's next request, and a new connection.
  const at = server.os.now + 1000;
  server.schedule(at, () => open.ask([HEALTH], false));
  server.connectAt(at, client([HEALTH]));
  await server.run();
  const lines = server.log.join("").split("\n").map((line) => line.slice(line.indexOf("[")));
  const accepted = lines.indexOf("[ACCEPT] fd=7");
  const asked = lines.indexOf(
    "[HTTP] fd=6 recv request",
    lines.indexOf("[HTTP] fd=6 done, keep-alive"),
  );
  assertEquals(open.answered, 2);
  assert(accepted >= 0 && accepted < asked, lines.join("\n"));
});

Deno.test("worker: after a pause it accepts again, while another thread is still loading", async () => {
  const server = new FakeServer({ workerAccepts: true });
  const { os, state: { flags } } = server;
  const peers = [client([HEALTH]), client([HEALTH])];
  server.connectAt(os.now, peers[0]!);
  server.schedule(os.now + 1000, () => {
    flags.setAllLoaded(false);
    flags.setAcceptingPaused(true);
  });
  server.connectAt(os.now + 1000, peers[1]!);
  server.schedule(os.now + 1100, () => flags.setAcceptingPaused(false));
  let answered = 0;
  server.schedule(os.now + 1500, () => {
    answered = peers[1]!.answered;
    flags.setAllLoaded(true);
  });
  await server.run();
  assertEquals(answered, 1);
});

Deno.test("worker: what it accepts comes before the task it was woken for, which others would take", async () => {
  const server = new FakeServer({ workerAccepts: true });
  const { os, state } = server;
  const handed = client([HEALTH]);
  const at = os.now + 1000;
  // In the same wait: a connection on the ring, and one that nobody has accepted.
  server.schedule(at, () => {
    server.peers.push(handed);
    const task = new ConnectionTask();
    task.fill(os.adopt(handed.socket), new Uint8Array(SOCKADDR_BYTES), os.monotonicMilliseconds());
    state.taskRing.push(task.words);
    if (state.flags.takeIfParked(0)) os.ringDoorbell(server.doorbell);
  });
  const accepted = client([HEALTH]);
  server.connectAt(at, accepted);
  await server.run();
  const lines = server.log.join("").split("\n").map((line) => line.slice(line.indexOf("[")));
  const order = lines.filter((line) => line.startsWith("[ACCEPT]"));
  assertEquals(order, [accepted, handed].map(({ socket }) => `[ACCEPT] fd=${socket.descriptor}`));
});

Deno.test("worker: of very many refused connections each gets its 503, and the first ones are closed for the others", async () => {
  const server = new FakeServer({ workerAccepts: true, maxConnections: 0 });
  const { os } = server;
  const peers = Array.from({ length: MAX_REFUSED + 50 }, () => {
    const peer = new CountingPeer(new FakeSocket(), new Random(1), PACE);
    peer.reading = false;
    server.connectAt(os.now, peer);
    return peer;
  });
  let open = 0;
  server.schedule(os.now + 1000, () => {
    open = os.openOf("socket").length;
    for (const peer of peers) peer.reading = true;
  });
  await server.run();
  assertEquals(open, MAX_REFUSED);
  assertEquals(peers.filter(({ count }) => count === 0).length, 0);
});

Deno.test("worker: an endless burst of connections does not keep it from those that it has", async () => {
  const server = new FakeServer();
  const order: string[] = [];
  for (const name of ["kept", "burst"]) {
    server.routes.set(`/${name}`, {
      label: new LogLabel(`/${name} (${name})`),
      methods: null,
      wantsBody: false,
      handle: (exchange) => {
        order.push(name);
        exchange.respondText(200, "ok");
      },
      webSocket: null,
    });
  }
  const request = (path: string) => bytesOf(`GET ${path} HTTP/1.1\r\nHost: a\r\n`);
  const closing = new Uint8Array([...request("/burst"), ...bytesOf("Connection: close\r\n\r\n")]);
  const asking = new Uint8Array([...request("/kept"), ...bytesOf("\r\n")]);
  const kept = new CountingPeer(new FakeSocket(), new Random(1), PACE);
  const { os } = server;
  let left = 100;
  // Each connection that is closed is followed by another one at once, whose request is there.
  const arrive = () => {
    if (left-- === 99) kept.socket.sendAsPeer(asking, 0, asking.length);
    const socket = new FakeSocket();
    socket.sendAsPeer(closing, 0, closing.length);
    os.backlog.push(socket);
    server.acceptor.run();
  };
  const close = os.close.bind(os);
  os.close = (descriptor) => {
    const closed = close(descriptor);
    if (left > 0 && order.length > 0) arrive();
    return closed;
  };
  server.connectAt(os.now, kept);
  server.schedule(os.now + 1000, () => order.push("begin"));
  server.schedule(os.now + 1000, arrive);
  await server.run();
  const before = order.indexOf("kept");
  assert(before > 0 && before <= 16, `${before} connections of the burst came first`);
  assertEquals(order.length, 102);
});

Deno.test("worker: stopping closes a WebSocket with 1001 and finishes requests in progress", async () => {
  const server = new FakeServer();
  const webSocket = new FakeWebSocketPeer(new FakeSocket(), new Random(1), PACE);
  webSocket.ending = "answers pings";
  const idle = client([HEALTH]);
  const busy = client([get("/large", LARGE)], { sendBuffer: 1000 });
  busy.mayStop = true;
  busy.reading = false;
  for (const peer of [webSocket, idle, busy]) server.connectAt(server.os.now, peer);
  server.schedule(server.os.now + 1000, () => server.stop());
  server.schedule(server.os.now + 3000, () => busy.reading = true);
  await server.run();
  assertEquals(webSocket.closeCode, 1001);
  assertEquals([idle.answered, idle.outcome], [1, "end"]);
  assert(idle.socket.closedAt - server.stoppedAt < 100, "an idle connection has no reason to stay");
  assertEquals([busy.answered, busy.outcome], [1, "end"]);
});

Deno.test("worker: when another server takes over, WebSockets end with 1012 one after the other, and requests are finished", async () => {
  const server = new FakeServer({ workerAccepts: true });
  const webSockets = Array.from({ length: 4 }, () => {
    const peer = new FakeWebSocketPeer(new FakeSocket(), new Random(1), PACE);
    peer.ending = "answers pings";
    return peer;
  });
  const idle = client([HEALTH]);
  const active = client([HEALTH]);
  const waiting = client([HEALTH]);
  waiting.mayStop = true;
  const start = server.os.now;
  for (const peer of [...webSockets, idle]) server.connectAt(start, peer);
  server.connectAt(start, active);
  // Its second request comes when the server drains already.
  server.schedule(start + 1200, () => active.ask([{ ...HEALTH, closes: true }], false));
  // A connection waits to be accepted at that moment.
  server.schedule(start + 1000, () => {
    server.os.backlog.push(waiting.socket);
    server.peers.push(waiting);
    server.handOver();
  });
  await server.run();
  assertEquals(webSockets.map(({ closeCode }) => closeCode), [1012, 1012, 1012, 1012]);
  const ends = webSockets.map(({ socket }) => socket.closedAt - server.stoppedAt).sort((a, b) =>
    a - b
  );
  const { upgradeSpread } = CONNECTION_LIMITS;
  assert(ends[0]! < upgradeSpread / 4 && ends[3]! > upgradeSpread / 4, `after ${ends} ms`);
  assertEquals([idle, active, waiting].map(({ outcome }) => outcome), ["end", "end", "end"]);
  assertEquals([active.answered, waiting.answered], [2, 1]);
});

Deno.test("worker: a stop while another server takes over ends what is left at once", async () => {
  const server = new FakeServer();
  const peers = Array.from({ length: 4 }, () => {
    const peer = new FakeWebSocketPeer(new FakeSocket(), new Random(1), PACE);
    peer.ending = "answers pings";
    return peer;
  });
  for (const peer of peers) server.connectAt(server.os.now, peer);
  server.schedule(server.os.now + 1000, () => server.handOver());
  server.schedule(server.os.now + 1100, () => {
    server.state.flags.setDraining();
    server.os.ringDoorbell(server.doorbell);
  });
  await server.run();
  assertEquals(peers.map(({ closeCode }) => closeCode), [1012, 1001, 1001, 1001]);
});

Deno.test("worker: stopping aborts a peer that takes nothing when its time is over", async () => {
  const server = new FakeServer();
  const peer = client([get("/large", LARGE)], { sendBuffer: 1000 });
  peer.reading = false;
  server.connectAt(server.os.now, peer);
  server.schedule(server.os.now + 1000, () => server.stop());
  await server.run();
  const late = peer.socket.closedAt - server.stoppedAt - CONNECTION_LIMITS.drainTime;
  assert(late >= 0 && late < 300, `${late} ms late`);
});

Deno.test("worker: a wall clock set back and a clock that stands still fire no timer early", async () => {
  const server = new FakeServer();
  const { os } = server;
  const start = os.now;
  const peers = Array.from({ length: 20 }, () => {
    return new FakePeer(new FakeSocket(), new Random(1), PACE);
  });
  peers.forEach((peer, i) => server.connectAt(start + i * 200, peer));
  server.schedule(start + 3000, () => os.wallOffset -= 86_400_000);
  server.schedule(start + 5000, () => os.freeze());
  server.schedule(start + 45_000, () => os.thaw());
  await server.run();
  for (const { socket } of peers) {
    const late = socket.closedAt - socket.acceptedAt - CONNECTION_LIMITS.headTime;
    assert(late >= 0 && late < 300, `${late} ms late`);
  }
  // Each at its own time, and not all at once.
  assertEquals(new Set(peers.map(({ socket }) => socket.closedAt)).size > 10, true);
});

Deno.test("worker: while a handler waits other connections are served, and its answer comes in order", async () => {
  const server = new FakeServer();
  const body = bytesOf("what was sent");
  const request = bytesOf(
    `PUT /later HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\nwhat was sent`,
  );
  const later = { ...get("/later", body), request };
  const peers = [client([HEALTH, later, HEALTH, later]), client([HEALTH])];
  for (const peer of peers) server.connectAt(server.os.now, peer);
  await server.run();
  assertEquals(peers.map(({ answered }) => answered), [4, 1]);
});

/** A WebSocket that sends a message and a close frame: the echo waits for it to read. */
const CLOSING = [
  bytesOf(handshakeRequest("/echo")),
  encodeFrame({ opcode: 2, payload: new Uint8Array(200_000) }),
  encodeFrame({ opcode: 8, payload: closePayload(1000) }),
];
const ENDS: readonly (readonly [what: string, said: readonly Uint8Array[], stops: boolean])[] = [
  [
    "an answer with close",
    [bytesOf("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")],
    false,
  ],
  ["a kept connection at the stop", [bytesOf("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")], true],
  ["a WebSocket's close", CLOSING, false],
];

for (const [what, said, stops] of ENDS) {
  Deno.test(`worker: a peer that ends and does not read costs no turns: ${what}`, async () => {
    const server = new FakeServer();
    const socket = new FakeSocket({ sendBuffer: 1000, receiveBuffer: 300_000 });
    const peer = new CountingPeer(socket, new Random(1), PACE);
    peer.reading = false;
    for (const bytes of said) peer.enqueue(bytes);
    const { now } = server.os;
    server.connectAt(now, peer);
    if (stops) server.schedule(now + 1000, () => server.stop());
    server.schedule(now + 2000, () => socket.endPeer());
    let waits = 0;
    server.schedule(now + 2100, () => waits = server.os.waits);
    server.schedule(now + 6000, () => {
      waits = server.os.waits - waits;
      peer.reading = true;
    });
    await server.run(); // the fake kernel limits the number of turns
    assert(waits < 100, `${waits} waits in 4 s`);
    assert(peer.count >= LARGE.length, `${peer.count} bytes`);
    assertEquals(peer.outcome, "end");
  });
}
