import { assert, assertEquals } from "@std/assert";
import {
  LINGER_BURST,
  LINGER_RATE,
  LINGER_SILENCE,
  LINGER_TIME,
} from "../../../runtime/net/linger.ts";
import { EPOLLIN, EPOLLOUT, EPOLLRDHUP } from "../../../runtime/os/mod.ts";
import { PEER_END, PEER_RESET } from "../../support/fake_socket.ts";
import { bytesOf, textOf } from "../../support/protocol_cases.ts";
import { Bench, STALL } from "./socket_bench.ts";

Deno.test("socket transport: a connection that is answered at once is never added to epoll", () => {
  const bench = new Bench();
  bench.say("hello");
  bench.session.receive = () => {
    bench.write("answer");
    bench.transport.finish(false);
  };
  bench.transport.start();
  assertEquals(bench.interest, -1);
  assertEquals([bench.heard(), bench.heard()], ["answer", PEER_END]);
  assertEquals([bench.closings, bench.session.calls], [1, ["<closed>"]]);
});

Deno.test("socket transport: reads when there is input, and reports the end once", () => {
  const bench = new Bench();
  bench.transport.start();
  assertEquals(bench.interest, EPOLLIN | EPOLLRDHUP);
  bench.say("one");
  bench.loop.turn(false);
  bench.say("two");
  bench.socket.endPeer();
  for (let i = 0; i < 4; i++) bench.loop.turn(false);
  assertEquals(bench.session.calls, ["one", "two", "<end>"]);
  assertEquals(bench.interest, 0);
  bench.write("still heard");
  assertEquals(bench.heard(), "still heard");
});

Deno.test("socket transport: bytes that the socket does not take wait in order, and are sent", () => {
  const bench = new Bench(6);
  bench.transport.start();
  bench.write("abcdefgh");
  bench.write("ij");
  assertEquals([bench.transport.queuedBytes, bench.interest], [4, EPOLLIN | EPOLLRDHUP | EPOLLOUT]);
  assertEquals(bench.heard(), "abcdef");
  bench.loop.turn(false);
  assertEquals(bench.heard(), "ghij");
  assertEquals([bench.transport.queuedBytes, bench.interest], [0, EPOLLIN | EPOLLRDHUP]);
  assertEquals(bench.session.calls, ["<drained>"]);
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
  assertEquals(bench.session.calls, ["<closed>"]);
});

Deno.test("socket transport: the last bytes leave with the end of the stream", () => {
  for (const lingering of [false, true]) {
    const bench = new Bench();
    const { os } = bench.loop;
    const send = os.send.bind(os);
    const sends: boolean[] = [];
    os.send = (descriptor, bytes, length, more) => {
      sends.push(more);
      return send(descriptor, bytes, length, more);
    };
    bench.transport.start();
    bench.write("kept open");
    bench.transport.out.append(bytesOf("last"), 0, 4);
    bench.transport.finish(lingering);
    assertEquals([bench.heard(), bench.heard()], ["kept openlast", PEER_END]);
    assertEquals(sends, [false, true], "MSG_MORE: the kernel waits for the end");
  }
});

Deno.test("socket transport: lingering reads further input, so that the answer is not reset", () => {
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
  assertEquals(bench.session.calls, ["<closed>"], "none of the input reached the session");
});

Deno.test("socket transport: without lingering a close over unread input loses the answer", () => {
  const bench = new Bench();
  bench.transport.start();
  bench.write("refused");
  bench.say("more of it");
  bench.transport.finish(false);
  assertEquals(bench.heard(), PEER_RESET); // the case that lingering prevents
});

Deno.test("socket transport: lingering ends after a silence, and in any case after its time", () => {
  const slow = new Bench();
  slow.transport.start();
  slow.transport.finish(true);
  slow.pass(LINGER_SILENCE - 500);
  assert(!slow.transport.closed);
  slow.pass(1000);
  assert(slow.transport.closed);
  const chatty = new Bench();
  chatty.transport.start();
  chatty.transport.finish(true);
  for (let at = 0; at < LINGER_TIME - 1000; at += 1000) {
    chatty.say("more");
    chatty.pass(1000);
    assert(!chatty.transport.closed, `closed after ${at} ms`);
  }
  chatty.say("more");
  chatty.pass(1500);
  assert(chatty.transport.closed);
});

Deno.test("socket transport: lingering reads a burst at once, and then at a limited rate", () => {
  const bench = new Bench();
  bench.transport.start();
  bench.transport.finish(true);
  const piece = "x".repeat(4000);
  let read = 0;
  const flood = (milliseconds: number) => {
    const until = bench.os.now + milliseconds;
    const before = read;
    for (let turns = 0; bench.os.now < until; turns++) {
      if (bench.socket.unread < piece.length) {
        bench.say(piece);
        read += piece.length;
      }
      bench.loop.turn(false);
      // Time passes quickly while it does not read, and slowly while it does.
      if (bench.interest === 0 || turns % 1000 === 0) bench.os.now += 4;
    }
    return read - before;
  };
  const burst = flood(100);
  assert(burst >= LINGER_BURST, `${burst} bytes at once`);
  const second = flood(2000) / 2000 / LINGER_RATE;
  assert(second > 0.8 && second < 1.2, `${second} times the rate`);
  assert(!bench.transport.closed);
});

Deno.test("socket transport: lingering ends soon when the server stops", () => {
  const bench = new Bench();
  bench.transport.start();
  bench.transport.finish(true);
  bench.transport.drain();
  bench.say("more");
  bench.pass(1500);
  assert(bench.transport.closed);
});

Deno.test("socket transport: lingering ends soon when the server stops, if the peer is silent, too", () => {
  const bench = new Bench();
  bench.transport.start();
  bench.transport.finish(true);
  bench.transport.drain();
  bench.pass(1500);
  assert(bench.transport.closed);
});

Deno.test("socket transport: a peer that takes no bytes is closed, one that takes few is not", () => {
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
  assertEquals(bench.session.calls, ["<closed>"]);
  assertEquals(bench.messages.lentBytes, 0);
});

Deno.test("socket transport: a session's deadline is suspended while bytes wait, and applies after that", () => {
  const bench = new Bench(4);
  bench.transport.start();
  bench.transport.setDeadline(bench.loop.now + 1000);
  bench.write("abcdef");
  bench.pass(5000);
  assertEquals(bench.session.calls, []);
  bench.heard();
  bench.pass(1000);
  assertEquals(bench.session.calls, ["<drained>", "<deadline>"]);
});

Deno.test("socket transport: a session that wants no input gets none, but still a reset", () => {
  const bench = new Bench();
  bench.transport.start();
  bench.transport.setReading(false);
  bench.say("later");
  bench.loop.turn(false);
  assertEquals([bench.session.calls, bench.interest], [[], 0]);
  bench.transport.setReading(true);
  bench.loop.turn(false);
  assertEquals(bench.session.calls, ["later"]);
  bench.transport.setReading(false);
  bench.socket.resetByPeer();
  bench.loop.turn(false);
  assertEquals(bench.session.calls, ["later", "<closed>"]);
  assertEquals(bench.os.openOf("socket"), []);
});

Deno.test("socket transport: receives into the session's direct range, and no further", () => {
  const bench = new Bench();
  bench.session.directRoom = 5;
  bench.transport.start();
  bench.say("directly and on");
  bench.loop.turn(false);
  bench.loop.turn(false);
  assertEquals(bench.session.calls, ["<direct 5>", "tly and on"]);
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
  assertEquals([bench.closings, bench.session.calls], [1, ["<closed>"]]);
});

Deno.test("socket transport: when the server stops, input that has arrived is handled first", () => {
  const bench = new Bench();
  bench.transport.start();
  bench.say("the last request");
  bench.transport.drain();
  assertEquals(bench.session.calls, ["the last request", "<drain>"]);
});
