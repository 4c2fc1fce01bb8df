/**
 * Makes Deno's own event loop poll its sockets now, although this thread keeps it busy.
 *
 * In: calls of `ring`, while a handler waits for something of Deno's. Out: when the promise is fulfilled, Deno
 * has polled once: events that were ready on its sockets, files and timers have been handled. A turn of
 * promises, timers or messages is no such poll: until a poll happens it takes thousands of MessageChannel
 * turns, or up to four hundred non-blocking FFI calls (measured on 2.4.2 and 2.9.6). A byte that libc sends and
 * Deno reads forces it: a ring takes 22 to 25 µs, and a round trip over another Deno socket needs one or two
 * rings.
 */

import { type LoopbackPair, loopbackPair, type Os } from "../os/mod.ts";

/** Makes Deno's event loop poll. */
export interface DenoBell {
  /** False: Deno has not polled, since no connection can be made at present. */
  ring(): Promise<boolean>;
  /** Closes the connection. */
  close(): void;
}

/** Records which descriptor a bell holds, so that it can be closed if this thread dies. */
export interface DescriptorOwner {
  /** False: it cannot be recorded, so the bell does not use it. */
  claim(descriptor: number): boolean;
  release(descriptor: number): void;
}

/** Milliseconds that connecting within the process may take. */
const CONNECT_TIME = 50;
/** Milliseconds until the next attempt after a failed one. */
const RETRY = 1_000;

const ONE = new Uint8Array(1);

/** Rings by a connection within this process, which is made at the first ring. */
export class LoopbackBell implements DenoBell {
  readonly #os: Pick<Os, "send" | "close" | "monotonicMilliseconds">;
  readonly #owner: DescriptorOwner;
  readonly #heard = new Uint8Array(1);
  #pair: LoopbackPair | null = null;
  #making: AbortController | null = null;
  #retryAt = -Infinity;

  constructor(os: Pick<Os, "send" | "close" | "monotonicMilliseconds">, owner: DescriptorOwner) {
    this.#os = os;
    this.#owner = owner;
  }

  async ring(): Promise<boolean> {
    const pair = this.#pair;
    // Connecting takes polls of Deno's loop, too.
    if (pair === null) return await this.#make();
    return await this.#read(pair, this.#send);
  }

  /**
   * Leaves the thread to Deno's loop until something else rings.
   *
   * @param arm is called with the descriptor into which a byte is to be written, once; false: it will not
   * @returns false if it was not armed, or the connection was cut
   */
  async hear(arm: (descriptor: number) => boolean): Promise<boolean> {
    const pair = this.#pair;
    return pair !== null && await this.#read(pair, arm);
  }

  /** Ends a {@link hear} that was armed. */
  end(): void {
    if (this.#pair !== null) this.#send(this.#pair.descriptor);
  }

  /** The connection's end that Deno reads; null: there is none at present. */
  get conn(): Deno.Conn | null {
    return this.#pair?.conn ?? null;
  }

  async #read(pair: LoopbackPair, write: (descriptor: number) => boolean): Promise<boolean> {
    try {
      // The read comes first: it finds nothing, so only a poll can fulfil it.
      const read = pair.conn.read(this.#heard);
      const isComing = write(pair.descriptor);
      if (!isComing) this.#send(pair.descriptor); // ends the read
      if (await read !== null) return isComing;
    } catch (error) {
      if (!(error instanceof Error)) throw error; // the connection was cut: the next ring makes another
    }
    this.#drop();
    return false;
  }

  close(): void {
    this.#retryAt = Infinity;
    this.#making?.abort();
    this.#drop();
  }

  readonly #send = (descriptor: number): boolean => {
    this.#os.send(descriptor, ONE, ONE.length, false);
    return true;
  };

  async #make(): Promise<boolean> {
    if (this.#os.monotonicMilliseconds() < this.#retryAt) return false;
    const making = this.#making = new AbortController();
    const timer = setTimeout(() => making.abort(), CONNECT_TIME);
    try {
      const pair = await loopbackPair(making.signal);
      if (!making.signal.aborted && this.#owner.claim(pair.descriptor)) this.#pair = pair;
      else this.#end(pair);
    } catch (error) {
      if (!(error instanceof Error)) throw error; // no descriptor or no loopback: the caller does without
    } finally {
      clearTimeout(timer);
    }
    if (this.#retryAt < Infinity) this.#retryAt = this.#os.monotonicMilliseconds() + RETRY;
    return this.#pair !== null;
  }

  #drop(): void {
    if (this.#pair !== null) this.#end(this.#pair);
    this.#pair = null;
  }

  #end({ descriptor, conn }: LoopbackPair): void {
    this.#owner.release(descriptor);
    this.#os.close(descriptor);
    conn.close();
  }
}
