import { assertEquals, assertRejects } from "@std/assert";
import { Output, writeWhole } from "../../../runtime/cli/output.ts";

const LINE = "x".repeat(1023); // 1 KiB with its line end

/** A stream that writes only what the test allows. */
class Stream {
  text = "";
  /** The errors of the next writes. */
  readonly errors: Error[] = [];
  /** Fulfilled when it may write. */
  gate = Promise.resolve();
  /** The bytes that one write takes. */
  most = Infinity;

  async write(bytes: Uint8Array): Promise<number> {
    await this.gate;
    const error = this.errors.shift();
    if (error !== undefined) throw error;
    const taken = bytes.subarray(0, Math.min(this.most, bytes.length));
    this.text += new TextDecoder().decode(taken);
    return taken.length;
  }
}

Deno.test("output: lines are written whole and in order, however little a write takes", async () => {
  const stream = new Stream();
  stream.most = 3;
  const output = new Output(stream);
  output.line("one");
  output.line("two");
  await output.drained();
  output.line("three");
  await output.drained();
  assertEquals(stream.text, "one\ntwo\nthree\n");
});

Deno.test("output: lines that are not read are dropped above a limit, and counted", async () => {
  const stream = new Stream();
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.gate = promise;
  const output = new Output(stream);
  for (let i = 0; i < 100; i++) output.line(LINE);
  resolve();
  await output.drained();
  const lines = stream.text.split("\n");
  assertEquals(lines.filter((line) => line === LINE).length, 64);
  assertEquals(
    lines.at(-2),
    "async-deno: 36 lines were dropped here, because nobody read this output",
  );
});

Deno.test("output: any error loses only the lines of its write", async () => {
  const stream = new Stream();
  const output = new Output(stream);
  for (const error of [new Deno.errors.BrokenPipe("gone"), new Error("full")]) {
    stream.errors.push(error);
    output.line("lost");
    await output.drained();
  }
  output.line("kept");
  await output.drained();
  assertEquals(stream.text, "kept\n");
});

Deno.test("output: the end of the program waits for a reader only for a limited time", async () => {
  const stream = new Stream();
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.gate = promise;
  const output = new Output(stream);
  output.line("a");
  await output.drained();
  assertEquals(stream.text, "");
  resolve();
  await output.drained();
  assertEquals(stream.text, "a\n");
});

Deno.test("output: a full non-blocking stream is retried, and other errors are thrown", async () => {
  const stream = new Stream();
  stream.errors.push(new Deno.errors.WouldBlock(), new Deno.errors.WouldBlock());
  await writeWhole(stream, new TextEncoder().encode("abc"));
  assertEquals(stream.text, "abc");
  stream.errors.push(new Deno.errors.BrokenPipe("gone"));
  await assertRejects(() => writeWhole(stream, new Uint8Array(1)), Deno.errors.BrokenPipe);
});
