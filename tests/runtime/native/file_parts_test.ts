import { assertEquals } from "@std/assert";
import type { OpenFile } from "../../../runtime/net/mod.ts";
import { FILE_SLICE } from "../../../runtime/native/file_slice.ts";
import { FakeOs } from "../../support/fake_os.ts";
import { bytesOf } from "../../support/protocol_cases.ts";
import { Bench } from "./socket_bench.ts";

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
    throw new TypeError("the file must not be read through this process");
  }
}

Deno.test("socket transport: a part of a file is sent in order, and held until it is sent", () => {
  const bench = new Bench(6);
  const file = new CountedFile(bench.os, bytesOf("0123456789abcdef"));
  bench.transport.start();
  bench.write("head:");
  bench.writeFile(file, 2, 12);
  bench.write(":tail");
  bench.writeFile(file, 15, 16);
  assertEquals([bench.transport.queuedBytes, file.holders], [9 + 5 + 1, 2]);
  let heard = bench.heard() as string;
  for (let i = 0; i < 4; i++) {
    bench.loop.turn(false);
    heard += bench.heard() || "";
  }
  assertEquals(heard, "head:23456789ab:tailf");
  assertEquals([bench.transport.queuedBytes, file.holders], [0, 0]);
  assertEquals(bench.session.calls, ["<drained>"]);
});

Deno.test("socket transport: a file that the socket takes at once is released at once", () => {
  const bench = new Bench();
  const file = new CountedFile(bench.os, bytesOf("content"));
  bench.transport.start();
  bench.writeFile(file, 0, 7);
  bench.writeFile(file, 3, 3);
  assertEquals([bench.heard(), bench.transport.queuedBytes, file.holders], ["content", 0, 0]);
});

Deno.test("socket transport: a turn sends one slice of a file, so that other connections get their turn", () => {
  const size = 3 * FILE_SLICE + 100;
  const bench = new Bench(2 * size);
  const file = new CountedFile(bench.os, new Uint8Array(size).fill(0x61));
  bench.transport.start();
  bench.writeFile(file, 0, size);
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

Deno.test("socket transport: a file that has become shorter aborts the connection, whether bytes wait or not", () => {
  const bench = new Bench(4);
  const file = new CountedFile(bench.os, bytesOf("0123456789"));
  bench.transport.start();
  bench.writeFile(file, 0, 10);
  bench.os.rewriteFile(file.descriptor, bytesOf("01234"));
  for (let i = 0; i < 4 && !bench.transport.closed; i++) {
    bench.heard();
    bench.loop.turn(false);
  }
  assertEquals([bench.session.calls, file.holders], [["<closed>"], 0]);
  const other = new Bench();
  const empty = new CountedFile(other.os, new Uint8Array(0));
  other.transport.start();
  other.writeFile(empty, 0, 10);
  assertEquals([other.session.calls, empty.holders], [["<closed>"], 0]);
});

Deno.test("socket transport: whichever side ends the connection, the file is released", () => {
  const bench = new Bench(4);
  const file = new CountedFile(bench.os, bytesOf("0123456789"));
  bench.transport.start();
  bench.writeFile(file, 0, 10);
  assertEquals(file.holders, 1);
  bench.socket.resetByPeer();
  bench.loop.turn(false);
  assertEquals([bench.session.calls, file.holders], [["<closed>"], 0]);
});
