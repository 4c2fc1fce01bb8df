/** Requests for what a server hands over: they wait, and the next server handles them, or this one if nothing came of it. */

import { assert, assertEquals } from "@std/assert";
import { LogLabel } from "../../../../runtime/observe/log/mod.ts";
import {
  decodeConnections,
  encodeConnections,
  type MovedConnection,
  type ThreadMessage,
  type ThreadOrder,
} from "../../../../runtime/thread/mod.ts";
import { FakePeer } from "../../../support/fake_peer.ts";
import { FakeServer } from "../../../support/fake_server.ts";
import { FakeSocket } from "../../../support/fake_socket.ts";
import { bytesOf, textOf } from "../../../support/protocol_cases.ts";
import { handshakeRequest } from "../../../support/raw_websocket.ts";
import { Random } from "../../../support/random.ts";
import "../../../support/load_libc.ts";

const HOST = "Host: a\r\n";
/** Milliseconds between two steps: enough for everything that follows a step, and less than a server waits for what is busy. */
const STEP = 200;

/** A client that sends some bytes before the freeze, and the others after it. */
class Client extends FakePeer {
  text = "";

  constructor(first = "") {
    super(new FakeSocket(), new Random(1), { sends: 65_536, reads: 65_536, pause: 0 });
    if (first !== "") this.enqueue(bytesOf(first));
  }

  override received(bytes: Uint8Array): void {
    this.text += textOf(bytes);
  }

  /** The bodies of the answers. */
  get answers(): string[] {
    return this.text.split(/HTTP\/1.1 200 OK[^]*?\r\n\r\n/).slice(1);
  }
}

/** A server whose `/about` and `/socket` are about what is handed over, frozen after one step. */
class FrozenServer extends FakeServer {
  readonly handled: string[] = [];

  constructor(...clients: Client[]) {
    super();
    const label = new LogLabel("/about (about)");
    const webSocket = { isFreezable: true, opened: () => void this.handled.push("opened") };
    this.routes.set("/about", {
      label,
      methods: null,
      wantsBody: true,
      isFreezable: true,
      webSocket: null,
      handle: (exchange) => {
        const { bodyBytes, bodyStart, bodyEnd, request } = exchange;
        const body = textOf(bodyBytes.subarray(bodyStart, bodyEnd));
        this.handled.push(`${request.method} ${body}`);
        exchange.respondText(200, `to ${body}`);
      },
    });
    this.routes.set("/socket", {
      label,
      methods: null,
      wantsBody: false,
      webSocket: { ...webSocket, message: () => {} },
      handle: (exchange) => exchange.respondText(426, ""),
    });
    for (const client of clients) this.connectAt(this.os.now, client);
    this.after(1, () => this.obey({ type: "freeze" }));
  }

  /** The worker gets an order, and a turn. */
  obey(order: ThreadOrder): void {
    const { type } = order;
    if (type === "freeze" || type === "thaw") this.state.flags.setFrozen(type === "freeze");
    void this.order(order);
    this.os.ringDoorbell(this.doorbell);
  }

  /** `action` after so many steps. */
  after(steps: number, action: () => void): void {
    this.schedule(this.os.now + steps * STEP, action);
  }

  /** What was given up. */
  get moved(): readonly MovedConnection[] {
    const isMoved = (message: ThreadMessage) => message.type === "moved";
    return this.messages.filter(isMoved)
      .flatMap(({ connections }) => decodeConnections(connections));
  }

  /** Another server takes over, and moves connections. */
  beginMove(): void {
    this.state.flags.setMoving(true);
    this.handOver();
  }
}

const SHORT = `POST /about HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nwhole`;
const CHUNKS = `POST /about HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n` +
  "2\r\nwh\r\n3\r\nole\r\n0\r\nA: b\r\n\r\n";
const ONE_CHUNK = `POST /about HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n` +
  "5\r\nwhole\r\n0\r\n\r\n";

Deno.test("held request: it waits for the next server, which answers it", async () => {
  for (const [request, unread] of [[SHORT, SHORT], [CHUNKS, ONE_CHUNK]] as const) {
    // The first one is under way at the freeze, and so is the first part of the other one.
    for (const split of [0, 30, request.length - 3]) {
      const client = new Client(request.slice(0, split));
      // It stays, so that the worker does not end before the next server has answered the other one.
      const other = new Client("GET /he");
      const server = new FrozenServer(client, other);
      server.after(2, () => client.enqueue(bytesOf(request.slice(split))));
      server.after(3, () => {
        assertEquals([server.handled, client.text], [[], ""]);
        server.beginMove();
      });
      server.after(4, () => {
        const [moved, ...more] = server.moved;
        assertEquals([moved?.kind, textOf(moved!.unread), more.length], ["idle", unread, 0]);
        // In place of another server, this one goes on with it.
        server.state.flags.setFrozen(false);
        server.obey({ type: "adopt", connections: encodeConnections([moved!]) });
      });
      server.after(5, () => {
        assertEquals([server.handled, client.answers], [["POST whole"], ["to whole"]]);
        other.reset();
      });
      await server.run();
      assertEquals(server.handled.length, 1);
    }
  }
});

Deno.test("held request: without a next server it is answered here, and a handshake goes on", async () => {
  const clients = [new Client(SHORT), new Client(), new Client(), new Client()];
  const [waiting, late, upgrading, leaving] = clients as [Client, Client, Client, Client];
  const server = new FrozenServer(...clients);
  const healthz = `GET /healthz HTTP/1.1\r\n${HOST}\r\n`;
  server.after(2, () => {
    assertEquals(waiting.answers, ["to whole"]); // before the freeze
    waiting.enqueue(bytesOf(SHORT)); // waits in the kernel
    late.enqueue(bytesOf(healthz + SHORT + healthz));
    upgrading.enqueue(bytesOf(handshakeRequest("/socket")));
    leaving.enqueue(bytesOf(SHORT));
  });
  server.after(3, () => {
    assertEquals([waiting, late].map(({ answers }) => answers.length), [1, 1]);
    assertEquals([server.handled.length, upgrading.text], [1, ""]);
    leaving.reset();
  });
  server.after(4, () => server.obey({ type: "thaw" }));
  server.after(5, () => {
    assertEquals([waiting, late].map(({ answers }) => answers.length), [2, 3]);
    assert(upgrading.text.startsWith("HTTP/1.1 101 "));
    assertEquals(server.handled.sort(), ["POST whole", "POST whole", "POST whole", "opened"]);
    for (const client of [waiting, late, upgrading]) client.reset();
  });
  await server.run();
});

Deno.test("held request: what cannot move is answered when the others have moved", async () => {
  const pipelined = new Client(`GET /healthz HTTP/1.1\r\n${HOST}\r\n`);
  const server = new FrozenServer(pipelined);
  server.after(2, () => pipelined.enqueue(bytesOf(SHORT + SHORT)));
  server.after(3, () => server.beginMove());
  await server.run();
  assertEquals([server.moved, server.handled], [[], ["POST whole", "POST whole"]]);
  assertEquals(pipelined.answers, ["ok", "to whole", "to whole"]);
  assertEquals(pipelined.outcome, "end");
});
