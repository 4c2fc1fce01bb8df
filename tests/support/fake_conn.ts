/**
 * A connection of Deno's whose every read and write the test settles, in whatever order.
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

/** A connection that the test plays the kernel and the peer of. */
export class FakeConn implements Conn {
  /** The read under way. */
  reading: PendingRead | null = null;
  /** The write under way. */
  writing: PendingWrite | null = null;
  isClosed = false;
  isWriteClosed = false;
  /** All that was taken, as text. */
  taken = "";
  /** How many reads there were. */
  reads = 0;

  read(bytes: Uint8Array): Promise<number | null> {
    if (this.reading !== null) throw new Error("two reads at once");
    this.reads++;
    this.reading = { bytes, settled: Promise.withResolvers() };
    return this.reading.settled.promise;
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.writing !== null) throw new Error("two writes at once");
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

  /** Bytes arrive; null: the peer's end. */
  async arrive(text: string | null): Promise<void> {
    const { reading } = this;
    if (reading === null) throw new Error("nobody reads");
    this.reading = null;
    if (text === null) reading.settled.resolve(null);
    else reading.settled.resolve(new TextEncoder().encodeInto(text, reading.bytes).written);
    await turn();
  }

  /** The write under way takes so many bytes; all, where nothing is said. */
  async take(count?: number): Promise<void> {
    const { writing } = this;
    if (writing === null) throw new Error("nobody writes");
    this.writing = null;
    const length = Math.min(count ?? writing.bytes.length, writing.bytes.length);
    this.taken += new TextDecoder().decode(writing.bytes.subarray(0, length));
    writing.settled.resolve(length);
    await turn();
  }

  /** The write under way fails. */
  async failWrite(error: Error): Promise<void> {
    const { writing } = this;
    if (writing === null) throw new Error("nobody writes");
    this.writing = null;
    writing.settled.reject(error);
    await turn();
  }
}

/** Lets all microtasks run. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 10; i++) await undefined;
}
