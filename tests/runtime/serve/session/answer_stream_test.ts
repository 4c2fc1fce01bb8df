/** Answers whose body is sent over time, on the fake kernel; the bodies are checked as the client sees them. */

import { assert, assertEquals } from "@std/assert";
import { LogLabel } from "../../../../runtime/observe/log/mod.ts";
import type { AnswerStream, StreamListener } from "../../../../runtime/serve/session/mod.ts";
import { FakePeer } from "../../../support/fake_peer.ts";
import { FakeServer } from "../../../support/fake_server.ts";
import { FakeSocket } from "../../../support/fake_socket.ts";
import { bytesOf, textOf } from "../../../support/protocol_cases.ts";
import { Random } from "../../../support/random.ts";

class Client extends FakePeer {
  text = "";

  override received(bytes: Uint8Array): void {
    this.text += textOf(bytes);
  }
}

/** A server with the endpoint /stream, whose streams a test controls. */
class StreamServer extends FakeServer {
  readonly streams: AnswerStream[] = [];
  readonly told: string[] = [];
  onStopping = (): void => {};

  constructor() {
    super();
    const listener: StreamListener = {
      left: () => void this.told.push("left"),
      stopping: () => {
        this.told.push("stopping");
        this.onStopping();
      },
      drained: () => void this.told.push("drained"),
    };
    this.routes.set("/stream", {
      label: new LogLabel("/stream"),
      methods: ["GET", "HEAD"],
      wantsBody: false,
      webSocket: null,
      handle: (exchange) => {
        const fields = [["Content-Type", "text/event-stream"]] as const;
        const stream = exchange.respondStream({ status: 200, fields, contentLength: -1 }, listener);
        if (stream !== null) this.streams.push(stream);
      },
    });
  }

  get stream(): AnswerStream {
    return this.streams[this.streams.length - 1]!;
  }

  send(text: string): number {
    const bytes = bytesOf(text);
    return this.stream.send(bytes, 0, bytes.length);
  }

  client(text: string, socket = new FakeSocket()): Client {
    const client = new Client(socket, new Random(1), { sends: 9999, reads: 65_536, pause: 0 });
    client.enqueue(bytesOf(text));
    this.connectAt(this.os.now, client);
    return client;
  }

  /** `action` after that many seconds. */
  after(seconds: number, action: () => void): void {
    this.schedule(this.os.now + seconds * 1000, action);
  }
}

const GET = "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";
const LAST = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

Deno.test("answer stream: pieces are chunks, sent when they are given, for longer than any deadline", async () => {
  const server = new StreamServer();
  const client = server.client(GET);
  const seen: string[] = [];
  server.after(1, () => assertEquals(server.send("one"), 3));
  server.after(2, () => seen.push(client.text));
  server.after(7200, () => assertEquals(server.send("three"), 5));
  server.after(7201, () => server.stream.end());
  server.after(7202, () => client.enqueue(bytesOf(LAST)));
  await server.run();
  const [head = "", body = ""] = client.text.split(/(?<=\r\n\r\n)/);
  assert(head.startsWith("HTTP/1.1 200 ") && head.includes("Transfer-Encoding: chunked"), head);
  assertEquals(seen, [`${head}3\r\none\r\n`]);
  assertEquals(body, "3\r\none\r\n5\r\nthree\r\n0\r\n\r\n");
  assert(client.text.endsWith("\r\n\r\nok"), "the connection answers its next request");
  assertEquals(server.told, []);
  assertEquals(server.streams.map(({ isOpen }) => isOpen), [false]);
});

Deno.test("answer stream: the next request of a pipeline waits for its end, without a deadline", async () => {
  const server = new StreamServer();
  const client = server.client(GET + LAST);
  server.after(600, () => {
    assert(!client.text.includes("ok"), client.text);
    server.stream.end();
  });
  await server.run();
  assert(client.text.includes("0\r\n\r\nHTTP/1.1 200 ") && client.text.endsWith("ok"), client.text);
  assertEquals(client.text.includes("408"), false);
});

Deno.test("answer stream: HTTP/1.0 gets the bytes alone, and the close ends them; HEAD gets no body", async () => {
  const server = new StreamServer();
  const old = server.client("GET /stream HTTP/1.0\r\n\r\n");
  server.after(1, () => server.send("one"));
  server.after(2, () => server.stream.end());
  await server.run();
  assert(old.text.endsWith("\r\n\r\none") && !old.text.includes("chunked"), old.text);
  const other = new StreamServer();
  const head = other.client("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n" + LAST);
  await other.run();
  assertEquals(other.streams, []);
  assert(head.text.includes("\r\n\r\nHTTP/1.1 200 ") && head.text.endsWith("ok"), head.text);
});

Deno.test("answer stream: its owner learns once that the client has left, however it left", async () => {
  for (const way of ["close", "reset", "half-close"] as const) {
    const server = new StreamServer();
    const client = server.client(GET);
    server.after(1, () => server.send("one"));
    server.after(2, () => {
      if (way === "close") client.close();
      else if (way === "reset") client.reset();
      else client.socket.endPeer();
    });
    server.after(3, () => assertEquals([server.stream.isOpen, server.send("two")], [false, 0]));
    await server.run();
    assertEquals([way, server.told], [way, ["left"]]);
    // The end of a half-closed client's stream is a regular one.
    if (way === "half-close") assert(client.text.endsWith("one\r\n0\r\n\r\n"), client.text);
  }
});

Deno.test("answer stream: what a client does not read is bounded, and its owner learns when it has read it", async () => {
  const server = new StreamServer();
  const client = server.client(GET, new FakeSocket({ receiveBuffer: 4096, sendBuffer: 4096 }));
  client.reading = false;
  const { queuedBytes } = server.config.limits;
  const piece = "x".repeat(60_000);
  const results: number[] = [];
  server.after(1, () => {
    for (let i = 0; i * piece.length < 2 * queuedBytes + 200_000; i++) {
      server.after(0.001 * (i + 1), () => results.push(server.send(piece)));
    }
  });
  server.after(20, () => client.reading = true); // sooner than --write-timeout
  server.after(90, () => server.stream.end());
  server.after(91, () => client.enqueue(bytesOf(LAST)));
  await server.run();
  assertEquals(results.includes(0), true);
  const accepted = results.filter((result) => result !== 0).length;
  assert(accepted * piece.length <= queuedBytes + 3 * piece.length, `${accepted} pieces`);
  assertEquals(client.text.split("x".repeat(60_000)).length - 1, accepted);
  assertEquals(server.told, ["drained"]);
});

Deno.test("answer stream: a stop tells its owner, which may send a last piece, and ends it", async () => {
  const server = new StreamServer();
  const client = server.client(GET);
  server.onStopping = () => server.send("bye");
  await server.run(); // stops when nothing else is left to do
  assert(client.text.endsWith("3\r\nbye\r\n0\r\n\r\n"), client.text);
  assertEquals(server.told, ["stopping"]);
});

Deno.test("answer stream: one that begins during a stop is told at once", async () => {
  const server = new StreamServer();
  const client = server.client("");
  server.onStopping = () => {
    server.send("bye");
    server.stream.end();
  };
  server.after(1, () => server.stop());
  server.after(1.01, () => client.enqueue(bytesOf(GET)));
  await server.run();
  assert(client.text.endsWith("3\r\nbye\r\n0\r\n\r\n"), client.text);
  assertEquals(server.told, ["stopping"]);
});

Deno.test("answer stream: an aborted one has no last chunk, and a kept one reaches no other client", async () => {
  const server = new StreamServer();
  const client = server.client(GET);
  server.after(1, () => server.send("one"));
  server.after(2, () => server.stream.abort());
  let other: Client | undefined;
  server.after(3, () => {
    other = server.client("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  });
  server.after(4, () => assertEquals(server.send("two"), 0));
  await server.run();
  assert(client.text.endsWith("\r\n3\r\none\r\n"), client.text);
  assert(other!.text.endsWith("\r\n\r\nok"), other!.text);
  assertEquals(server.told, []);
});
