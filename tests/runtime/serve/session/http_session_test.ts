import { assert, assertEquals } from "@std/assert";
import { CONNECTION_LIMITS } from "../../../../runtime/config/mod.ts";
import { LogLabel } from "../../../../runtime/observe/log/mod.ts";
import { FakePeer } from "../../../support/fake_peer.ts";
import { FakeServer } from "../../../support/fake_server.ts";
import { FakeSocket } from "../../../support/fake_socket.ts";
import { bytesOf, textOf } from "../../../support/protocol_cases.ts";
import { Random } from "../../../support/random.ts";

/** A peer that keeps the end of what it read, and can stop after each read. */
class Reader extends FakePeer {
  text = "";
  count = 0;
  sips = false;

  override received(bytes: Uint8Array): void {
    this.count += bytes.length;
    this.text = (this.text + textOf(bytes)).slice(-2000);
    if (this.sips) this.reading = false;
  }
}

Deno.test("http session: the time of a slow reader does not count against its next request", async () => {
  const server = new FakeServer();
  const socket = new FakeSocket({ receiveBuffer: 262_144, sendBuffer: 65_536 });
  const peer = new Reader(socket, new Random(1), { sends: 262_144, reads: 65_536, pause: 0 });
  // The second head is split: its rest is in the kernel's buffer before the answer is read.
  const length = 200_000;
  const first = `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;
  peer.enqueue(bytesOf(`${first}${"x".repeat(length)}GET /healthz HTTP/1.1\r\n`));
  peer.sips = true;
  const start = server.os.now;
  server.connectAt(start, peer);
  server.schedule(start + 100, () => peer.enqueue(bytesOf("Host: a\r\nConnection: close\r\n\r\n")));
  for (let second = 5; second < 2000; second += 5) {
    server.schedule(start + second * 1000, () => peer.reading = true);
  }
  await server.run();
  assert(peer.count > length);
  assert(peer.text.endsWith("\r\n\r\nok"), peer.text.slice(-300));
});

Deno.test("http session: an incomplete head is answered 408 at its deadline", async () => {
  const server = new FakeServer();
  const socket = new FakeSocket();
  const peer = new Reader(socket, new Random(1), { sends: 99, reads: 999, pause: 0 });
  peer.enqueue(bytesOf("GET / HTTP/1.1\r\nHost"));
  server.connectAt(server.os.now, peer);
  await server.run();
  assert(peer.text.startsWith("HTTP/1.1 408 "), peer.text);
  const late = socket.closedAt - socket.acceptedAt - CONNECTION_LIMITS.headTime;
  assert(late >= 0 && late < 300, `${late} ms late`);
});

Deno.test("http session: a body must arrive at the minimum rate", async () => {
  // 2 KiB a second is twice the minimum, half a KiB is half of it.
  for (const [rate, status] of [[2048, 200], [512, 408]] as const) {
    const server = new FakeServer();
    const peer = new Reader(
      new FakeSocket(),
      new Random(1),
      { sends: 9999, reads: 65_536, pause: 0 },
    );
    const seconds = 30;
    const length = rate * seconds;
    peer.enqueue(bytesOf(`POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n`));
    peer.enqueue(bytesOf("Connection: close\r\n\r\n"));
    const { now } = server.os;
    server.connectAt(now, peer);
    for (let second = 1; second <= seconds; second++) {
      server.schedule(now + second * 1000, () => peer.enqueue(new Uint8Array(rate)));
    }
    let head = "";
    peer.received = (bytes) => head += textOf(bytes);
    await server.run();
    assertEquals(head.slice(9, 12), String(status), `${rate} bytes a second`);
  }
});

Deno.test("http session: a guard that a reload removes before its verdict still answers", async () => {
  for (const verdict of ["refused", { user: "alice" }] as const) {
    const server = new FakeServer();
    const spoken = Promise.withResolvers<typeof verdict>();
    server.guard = {
      judge: () => spoken.promise,
      refuse: (exchange) => exchange.respondText(401, "Who?\n"),
    };
    const peer = new Reader(new FakeSocket(), new Random(1), { sends: 99, reads: 999, pause: 0 });
    peer.enqueue(bytesOf("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    const { now } = server.os;
    server.connectAt(now, peer);
    server.schedule(now + 1000, () => {
      server.guard = undefined;
      spoken.resolve(verdict);
    });
    await server.run();
    assertEquals(peer.text.slice(9, 12), verdict === "refused" ? "401" : "200");
  }
});

Deno.test("http session: a body may arrive while a guard's promise settles", async () => {
  // The body is sent some microtasks after the head, and the promise settles some later: in some of the cases
  // both happen in the loop's next turn.
  for (let sent = 0; sent < 20; sent++) {
    for (let later = 0; later < 4; later++) {
      const server = new FakeServer();
      const peer = new Reader(new FakeSocket(), new Random(1), { sends: 99, reads: 999, pause: 0 });
      const body = "0123456789";
      const spoken = Promise.withResolvers<void>();
      server.guard = {
        judge: async () => {
          await spoken.promise;
          for (let i = 0; i < sent; i++) await undefined;
          peer.enqueue(bytesOf(body));
          for (let i = 0; i < later; i++) await undefined;
          return { user: "alice" };
        },
        refuse: () => {},
      };
      const head = `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n`;
      const { now } = server.os;
      peer.enqueue(bytesOf(`${head}Connection: close\r\n\r\n`));
      server.connectAt(now, peer);
      server.schedule(now + 1000, () => spoken.resolve());
      await server.run();
      assertEquals([sent, later, peer.text.slice(9, 12)], [sent, later, "200"]);
      assert(peer.text.endsWith(`\r\n\r\n${body}`));
    }
  }
});

Deno.test("http session: the answers of a pipeline leave in one send, including the head of a constant body", async () => {
  const server = new FakeServer();
  const constant = Uint8Array.from({ length: 20_000 }, (_, i) => 0x61 + i % 26);
  const head = { status: 200, fields: [], contentLength: constant.length };
  server.routes.set("/constant", {
    label: new LogLabel("/constant"),
    methods: null,
    wantsBody: false,
    handle: (exchange) => exchange.respondConstant(head, constant),
    webSocket: null,
  });
  const sends: number[] = [];
  const send = server.os.send.bind(server.os);
  server.os.send = (descriptor, bytes, length, more) => {
    sends.push(more ? length : -length);
    return send(descriptor, bytes, length, more);
  };
  const peer = new Reader(new FakeSocket(), new Random(1), {
    sends: 9999,
    reads: 65_536,
    pause: 0,
  });
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const { now } = server.os;
  server.connectAt(now, peer);
  server.schedule(now + 1000, () => peer.enqueue(bytesOf(get("/healthz").repeat(16))));
  server.schedule(now + 2000, () => peer.enqueue(bytesOf(get("/constant") + get("/healthz"))));
  server.schedule(now + 3000, () => peer.close());
  await server.run();
  const [pipeline, constantHead, body, last, ...more] = sends;
  assertEquals([pipeline! < 0, constantHead! > 0, body, last! < 0, more], [
    true, // without MSG_MORE
    true,
    constant.length,
    true,
    [],
  ]);
});

Deno.test("http session: at the stop a first request gets a moment, on an old connection too", async () => {
  for (const [late, answer] of [[400, "HTTP/1.1 200"], [800, ""]] as const) {
    const server = new FakeServer();
    const peer = new Reader(new FakeSocket(), new Random(1), { sends: 99, reads: 999, pause: 0 });
    const { now } = server.os;
    server.connectAt(now, peer);
    server.schedule(now + 5_000, () => server.stop());
    server.schedule(now + 5_000 + late, () => {
      peer.enqueue(bytesOf("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"));
    });
    await server.run();
    assertEquals(peer.text.slice(0, 12), answer, `sent ${late} ms after the stop`);
  }
});
