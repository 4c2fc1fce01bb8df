import { assert, assertEquals } from "@std/assert";
import { MessageBufferPool } from "../../../protocol/mod.ts";
import {
  EventLoop,
  type OpenFile,
  type Session,
  type SocketContext,
  SocketTransport,
} from "../../../runtime/loop/mod.ts";
import { FILE_SLICE } from "../../../runtime/loop/write_queue.ts";
import { EPOLLIN, EPOLLOUT } from "../../../runtime/os/mod.ts";
import { FakeOs } from "../../support/fake_os.ts";
import { FakeSocket, PEER_END, PEER_RESET } from "../../support/fake_socket.ts";
import { bytesOf, textOf } from "../../support/protocol_cases.ts";

const STALL = 30_000;

/** A session that writes down what it is told. */
class Recorder implements Session {
  readonly told: string[] = [];
  /** Bytes of the direct place that are left. */
  directRoom = 0;
  readonly directBytes = new Uint8Array(100);
  directStart = 10;

  get directEnd(): number {
    return this.directStart + this.directRoom;
  }

  receive(bytes: Uint8Array, start: number, end: number): void {
    this.told.push(textOf(bytes.subarray(start, end)));
  }

  receiveEnd(): void {
    this.told.push("<end>");
  }

  drained(): void {
    this.told.push("<drained>");
  }

  deadline(): void {
    this.told.push("<deadline>");
  }

  closed(): void {
    this.told.push("<closed>");
  }

  drain(): void {
    this.told.push("<drain>");
  }

  wantsDirect(): boolean {
    return this.directRoom > 0;
  }

  receivedDirect(count: number): void {
    this.told.push(`<direct ${count}>`);
    this.directRoom -= count;
    this.directStart += count;
  }
}

/** A transport on a faked socket, in a loop that the test turns. */
class Bench implements SocketContext {
  readonly os = new FakeOs();
  readonly loop = new EventLoop(this.os);
  readonly receiveBuffer = new Uint8Array(4096);
  readonly messages = new MessageBufferPool();
  readonly writeStall = STALL;
  readonly traffic = {
    received: () => {},
    sent: () => {},
    queued: () => {},
    unqueued: () => {},
    stalled: () => {},
  };
  readonly session = new Recorder();
  readonly socket: FakeSocket;
  readonly transport: SocketTransport;
  closings = 0;

  constructor(sendBuffer = 4096) {
    this.socket = new FakeSocket({ sendBuffer });
    this.os.world = {
      act: () => {},
      nextAct: () => Infinity,
      starved: () => this.os.now = Infinity,
    };
    this.transport = new SocketTransport(this.os.adopt(this.socket), this);
    this.transport.setSession(this.session);
  }

  onClosing(): void {
    this.closings++;
  }

  /** The peer sends. */
  say(text: string): void {
    this.socket.sendAsPeer(bytesOf(text), 0, text.length);
  }

  /** What the peer reads now; or its end. */
  heard(): string | number {
    const bytes = new Uint8Array(100_000);
    const count = this.socket.readAsPeer(bytes);
    return count < 0 ? count : textOf(bytes.subarray(0, count));
  }

  write(text: string): void {
    this.transport.write(bytesOf(text), 0, text.length);
  }

  /** Time passes, with the loop turning. */
  pass(milliseconds: number): void {
    const until = this.os.now + milliseconds;
    while (this.os.now < until) {
      this.os.now = Math.min(this.os.now + 500, until);
      this.loop.turn(false);
    }
  }

  get interest(): number {
    return this.os.interestOf(this.transport.descriptor);
  }
}

Deno.test("socket transport: a connection that is answered at once never enters epoll", () => {
  const bench = new Bench();
  bench.say("hello");
  bench.session.receive = () => {
    bench.write("answer");
    bench.transport.finish(false);
  };
  bench.transport.start();
  assertEquals(bench.interest, -1);
  assertEquals([bench.heard(), bench.heard()], ["answer", PEER_END]);
  assertEquals([bench.closings, bench.session.told], [1, ["<closed>"]]);
});

Deno.test("socket transport: reads when there is something, and tells of the end once", () => {
  const bench = new Bench();
  bench.transport.start();
  assertEquals(bench.interest, EPOLLIN);
  bench.say("one");
  bench.loop.turn(false);
  bench.say("two");
  bench.socket.endPeer();
  for (let i = 0; i < 4; i++) bench.loop.turn(false);
  assertEquals(bench.session.told, ["one", "two", "<end>"]);
  assertEquals(bench.interest, 0);
  bench.write("still heard");
  assertEquals(bench.heard(), "still heard");
});

Deno.test("socket transport: what the socket does not take waits, in order, and the wait ends", () => {
  const bench = new Bench(6);
  bench.transport.start();
  bench.write("abcdefgh");
  bench.write("ij");
  assertEquals([bench.transport.queuedBytes, bench.interest], [4, EPOLLIN | EPOLLOUT]);
  assertEquals(bench.heard(), "abcdef");
  bench.loop.turn(false);
  assertEquals(bench.heard(), "ghij");
  assertEquals([bench.transport.queuedBytes, bench.interest], [0, EPOLLIN]);
  assertEquals(bench.session.told, ["<drained>"]);
});

Deno.test("socket transport: finish waits for what is queued, then ends the stream", () => {
  const bench = new Bench(4);
  bench.transport.start();
  bench.write("abcdefgh");
  bench.transport.finish(false);
  bench.write("after the end");
  assertEquals(bench.heard(), "abcd");
  assert(!bench.transport.closed);
  bench.loop.turn(false);
  assertEquals([bench.heard(), bench.heard()], ["efgh", PEER_END]);
  assertEquals(bench.session.told, ["<closed>"]);
});

Deno.test("socket transport: lingering reads what still comes, so that the answer is not reset", () => {
  const bench = new Bench();
  bench.transport.start();
  bench.write("refused");
  bench.transport.finish(true);
  for (let i = 0; i < 5; i++) {
    bench.say("more of it");
    bench.loop.turn(false);
  }
  assertEquals([bench.heard(), bench.heard()], ["refused", PEER_END]);
  assert(!bench.transport.closed);
  bench.socket.endPeer();
  bench.loop.turn(false);
  assert(bench.transport.closed);
  assertEquals(bench.session.told, ["<closed>"], "nothing of it reached the session");
});

Deno.test("socket transport: without lingering a close over unread input loses the answer", () => {
  const bench = new Bench();
  bench.transport.start();
  bench.write("refused");
  bench.say("more of it");
  bench.transport.finish(false);
  assertEquals(bench.heard(), PEER_RESET); // what lingering is for
});

Deno.test("socket transport: lingering ends after its time, and after its bytes", () => {
  const slow = new Bench();
  slow.transport.start();
  slow.transport.finish(true);
  slow.pass(1500);
  assert(!slow.transport.closed);
  slow.pass(1000);
  assert(slow.transport.closed);
  const flood = new Bench();
  flood.transport.start();
  flood.transport.finish(true);
  const piece = "x".repeat(4000);
  let pieces = 0;
  for (; !flood.transport.closed && pieces < 1000; pieces++) {
    flood.say(piece);
    flood.loop.turn(false);
  }
  assertEquals(pieces, Math.ceil(1024 * 1024 / piece.length));
});

Deno.test("socket transport: a peer that takes nothing is closed, one that takes little is not", () => {
  const bench = new Bench(10);
  bench.transport.start();
  bench.write("x".repeat(200));
  for (let i = 0; i < 5; i++) {
    bench.pass(STALL - 1000);
    bench.heard();
    bench.loop.turn(false);
    assert(!bench.transport.closed, `after ${i} sips`);
  }
  bench.pass(2 * STALL);
  assert(bench.transport.closed);
  assertEquals(bench.session.told, ["<closed>"]);
  assertEquals(bench.messages.lentBytes, 0);
});

Deno.test("socket transport: a session's deadline waits while bytes wait, and counts after them", () => {
  const bench = new Bench(4);
  bench.transport.start();
  bench.transport.setDeadline(bench.loop.now + 1000);
  bench.write("abcdef");
  bench.pass(5000);
  assertEquals(bench.session.told, []);
  bench.heard();
  bench.pass(1000);
  assertEquals(bench.session.told, ["<drained>", "<deadline>"]);
});

Deno.test("socket transport: a session that wants no input gets none, and a reset all the same", () => {
  const bench = new Bench();
  bench.transport.start();
  bench.transport.setReading(false);
  bench.say("later");
  bench.loop.turn(false);
  assertEquals([bench.session.told, bench.interest], [[], 0]);
  bench.transport.setReading(true);
  bench.loop.turn(false);
  assertEquals(bench.session.told, ["later"]);
  bench.transport.setReading(false);
  bench.socket.resetByPeer();
  bench.loop.turn(false);
  assertEquals(bench.session.told, ["later", "<closed>"]);
  assertEquals(bench.os.openOf("socket"), []);
});

Deno.test("socket transport: receives where the session wants it, and no further", () => {
  const bench = new Bench();
  bench.session.directRoom = 5;
  bench.transport.start();
  bench.say("directly and on");
  bench.loop.turn(false);
  bench.loop.turn(false);
  assertEquals(bench.session.told, ["<direct 5>", "tly and on"]);
  assertEquals(textOf(bench.session.directBytes.subarray(10, 16)), "direc\0");
});

Deno.test("socket transport: a write to a reset connection closes it within the call", () => {
  const bench = new Bench();
  bench.transport.start();
  bench.socket.resetByPeer();
  bench.write("too late");
  assert(bench.transport.closed);
  bench.write("once more");
  bench.transport.finish(true);
  bench.transport.abort();
  assertEquals([bench.closings, bench.session.told], [1, ["<closed>"]]);
});

Deno.test("socket transport: when the server stops what has come is handled first", () => {
  const bench = new Bench();
  bench.transport.start();
  bench.say("the last request");
  bench.transport.drain();
  assertEquals(bench.session.told, ["the last request", "<drain>"]);
});

/** A file of the faked kernel that counts who holds it. */
class CountedFile implements OpenFile {
  readonly descriptor: number;
  holders = 0;

  constructor(os: FakeOs, content: Uint8Array) {
    this.descriptor = os.openFile(content);
  }

  hold(): void {
    this.holders++;
  }

  release(): void {
    this.holders--;
  }

  read(): number {
    throw new TypeError("no byte of it goes through here");
  }
}

Deno.test("socket transport: a part of a file is sent in its order, and held until it is", () => {
  const bench = new Bench(6);
  const file = new CountedFile(bench.os, bytesOf("0123456789abcdef"));
  bench.transport.start();
  bench.write("head:");
  bench.transport.writeFile(file, 2, 12);
  bench.write(":tail");
  bench.transport.writeFile(file, 15, 16);
  assertEquals([bench.transport.queuedBytes, file.holders], [9 + 5 + 1, 2]);
  let heard = bench.heard() as string;
  for (let i = 0; i < 4; i++) {
    bench.loop.turn(false);
    heard += bench.heard() || "";
  }
  assertEquals(heard, "head:23456789ab:tailf");
  assertEquals([bench.transport.queuedBytes, file.holders], [0, 0]);
  assertEquals(bench.session.told, ["<drained>"]);
});

Deno.test("socket transport: a file that the socket takes at once is never held", () => {
  const bench = new Bench();
  const file = new CountedFile(bench.os, bytesOf("content"));
  bench.transport.start();
  bench.transport.writeFile(file, 0, 7);
  bench.transport.writeFile(file, 3, 3);
  assertEquals([bench.heard(), bench.transport.queuedBytes, file.holders], ["content", 0, 0]);
});

Deno.test("socket transport: a turn sends a slice of a file, so that others have theirs", () => {
  const size = 3 * FILE_SLICE + 100;
  const bench = new Bench(2 * size);
  const file = new CountedFile(bench.os, new Uint8Array(size).fill(0x61));
  bench.transport.start();
  bench.transport.writeFile(file, 0, size);
  const left: number[] = [];
  for (; bench.transport.queuedBytes > 0; bench.loop.turn(false)) {
    left.push(bench.transport.queuedBytes);
  }
  assertEquals(left, [2 * FILE_SLICE + 100, FILE_SLICE + 100, 100]);
  assertEquals(
    bench.os.readAheads,
    [1, 2, 3].map((i) => {
      return [i * FILE_SLICE, i < 3 ? FILE_SLICE : 100];
    }),
  );
});

Deno.test("socket transport: a file that has become shorter aborts, whether it waits or not", () => {
  const bench = new Bench(4);
  const file = new CountedFile(bench.os, bytesOf("0123456789"));
  bench.transport.start();
  bench.transport.writeFile(file, 0, 10);
  bench.os.rewriteFile(file.descriptor, bytesOf("01234"));
  for (let i = 0; i < 4 && !bench.transport.closed; i++) {
    bench.heard();
    bench.loop.turn(false);
  }
  assertEquals([bench.session.told, file.holders], [["<closed>"], 0]);
  const other = new Bench();
  const empty = new CountedFile(other.os, new Uint8Array(0));
  other.transport.start();
  other.transport.writeFile(empty, 0, 10);
  assertEquals([other.session.told, empty.holders], [["<closed>"], 0]);
});

Deno.test("socket transport: whoever ends the connection, the file is let go of", () => {
  const bench = new Bench(4);
  const file = new CountedFile(bench.os, bytesOf("0123456789"));
  bench.transport.start();
  bench.transport.writeFile(file, 0, 10);
  assertEquals(file.holders, 1);
  bench.socket.resetByPeer();
  bench.loop.turn(false);
  assertEquals([bench.session.told, file.holders], [["<closed>"], 0]);
});
