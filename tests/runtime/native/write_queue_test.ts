import { assert, assertEquals } from "@std/assert";
import { MessageBufferPool } from "../../../protocol/mod.ts";
import { WriteQueue } from "../../../runtime/native/write_queue.ts";
import { ECONNRESET } from "../../../runtime/os/mod.ts";
import { FakeOs } from "../../support/fake_os.ts";
import { FakeSocket } from "../../support/fake_socket.ts";
import { bytesOf, textOf } from "../../support/protocol_cases.ts";

interface Bench {
  readonly os: FakeOs;
  readonly socket: FakeSocket;
  readonly pool: MessageBufferPool;
  readonly queue: WriteQueue;
}

function bench(sendBuffer: number): Bench {
  const os = new FakeOs();
  const socket = new FakeSocket({ sendBuffer });
  os.adopt(socket);
  const pool = new MessageBufferPool();
  return { os, socket, pool, queue: new WriteQueue(pool) };
}

/** What the peer has received so far. */
function read(socket: FakeSocket): string {
  const bytes = new Uint8Array(1000);
  return textOf(bytes.subarray(0, Math.max(socket.readAsPeer(bytes), 0)));
}

Deno.test("write queue: chunks leave in order, as far as the socket takes them", () => {
  const { os, socket, pool, queue } = bench(5);
  queue.push(bytesOf("abc"), 0, 3, false);
  queue.push(bytesOf("--defg--"), 2, 6, true);
  queue.push(bytesOf(""), 0, 0, false);
  queue.push(bytesOf("hi"), 0, 2, false);
  assertEquals(queue.length, 9);
  let received = "";
  for (const left of [4, 0]) {
    assertEquals(queue.drain(os, socket.descriptor), 0);
    assertEquals(queue.length, left);
    received += read(socket);
  }
  assertEquals(received, "abcdefghi");
  assertEquals(pool.lentBytes, 0);
  assertEquals(queue.drain(os, socket.descriptor), 0, "an empty queue asks nothing of the socket");
});

Deno.test("write queue: what will be overwritten is copied, what is constant is not", () => {
  const { os, socket, queue } = bench(100);
  const reused = bytesOf("copied ");
  const constant = bytesOf("kept");
  queue.push(reused, 0, reused.length, false);
  queue.push(constant, 0, constant.length, true);
  reused.fill(0x2d);
  constant.set(bytesOf("seen"));
  queue.drain(os, socket.descriptor);
  assertEquals(read(socket), "copied seen");
});

Deno.test("write queue: the kernel is told when more follows", () => {
  const { os, socket, queue } = bench(100);
  const told: boolean[] = [];
  const send = os.send.bind(os);
  os.send = (descriptor, bytes, length, more) => {
    told.push(more);
    return send(descriptor, bytes, length, more);
  };
  for (const text of ["a", "b", "c"]) queue.push(bytesOf(text), 0, 1, false);
  queue.drain(os, socket.descriptor);
  assertEquals(told, [true, true, false]);
});

Deno.test("write queue: an error is the answer, and what is left can be dropped", () => {
  const { os, socket, pool, queue } = bench(100);
  queue.push(bytesOf("lost"), 0, 4, false);
  socket.resetByPeer();
  assertEquals(queue.drain(os, socket.descriptor), -ECONNRESET);
  assert(pool.lentBytes > 0);
  queue.clear();
  assertEquals([queue.length, pool.lentBytes], [0, 0]);
});
