/**
 * A fake Deno.Conn whose reads and writes the test settles, in any order.
 *
 * In: what the code under test reads and writes. Out: the pending calls, for the test to settle.
 */

import type { Conn } from "../../runtime/deno/mod.ts";

interface PendingRead {
  readonly bytes: Uint8Array;
  readonly settled: PromiseWithResolvers<number | null>;
}

interface PendingWrite {
  readonly bytes: Uint8Array;
  readonly settled: PromiseWithResolvers<number>;
}

/** A connection whose kernel and peer the test simulates. */
export class FakeConn implements Conn {
  /** The pending read. */
  reading: PendingRead | null = null;
  /** The pending write. */
  writing: PendingWrite | null = null;
  isClosed = false;
  isWriteClosed = false;
  /** Everything that was written, as text. */
  taken = "";
  /** How many reads there were. */
  reads = 0;

  read(bytes: Uint8Array): Promise<number | null> {
    if (this.reading !== null) throw new Error("two concurrent reads");
    this.reads++;
    this.reading = { bytes, settled: Promise.withResolvers() };
    return this.reading.settled.promise;
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.writing !== null) throw new Error("two concurrent writes");
    this.writing = { bytes, settled: Promise.withResolvers() };
    return this.writing.settled.promise;
  }

  closeWrite(): Promise<void> {
    this.isWriteClosed = true;
    return Promise.resolve();
  }

  close(): void {
    if (this.isClosed) throw new Deno.errors.BadResource("closed twice");
    this.isClosed = true;
  }

  /** Bytes arrive; null: the end of the stream. */
  async arrive(text: string | null): Promise<void> {
    const { reading } = this;
    if (reading === null) throw new Error("no pending read");
    this.reading = null;
    if (text === null) reading.settled.resolve(null);
    else reading.settled.resolve(new TextEncoder().encodeInto(text, reading.bytes).written);
    await turn();
  }

  /** The pending write writes so many bytes; by default all. */
  async take(count?: number): Promise<void> {
    const { writing } = this;
    if (writing === null) throw new Error("no pending write");
    this.writing = null;
    const length = Math.min(count ?? writing.bytes.length, writing.bytes.length);
    this.taken += new TextDecoder().decode(writing.bytes.subarray(0, length));
    writing.settled.resolve(length);
    await turn();
  }

  /** The pending write fails. */
  async failWrite(error: Error): Promise<void> {
    const { writing } = this;
    if (writing === null) throw new Error("no pending write");
    this.writing = null;
    writing.settled.reject(error);
    await turn();
  }
}

/** Lets all microtasks run. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 10; i++) await undefined;
}
