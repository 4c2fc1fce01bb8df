/**
 * Has Deno's own event loop poll its sockets now, while this thread keeps it busy.
 *
 * In: calls of `ring`, while a handler waits for something of Deno's. Out: when the promise is fulfilled, Deno has polled
 * once: what was ready on its sockets, files and timers has been handled. A turn of promises, timers or
 * messages is no such poll: until one happens it takes thousands of MessageChannel turns, or up to four
 * hundred calls of the non-blocking kind (measured on 2.4.2 and 2.9.6). A byte that libc sends and Deno reads
 * forces it: 22 to 25 µs a ring, and a round trip over another of Deno's sockets needs one or two.
 */

import { type LoopbackPair, loopbackPair, type Os } from "../os/mod.ts";

/** Whoever can make Deno's event loop poll. */
export interface DenoBell {
  /** False: Deno has not polled, as there is no way to make it now. */
  ring(): Promise<boolean>;
  /** Gives back what it holds. */
  close(): void;
}

/** Told of the descriptor that a bell holds, so that it can be closed if this thread dies. */
export interface DescriptorOwner {
  /** False: it cannot be noted, and so is not used. */
  claim(descriptor: number): boolean;
  release(descriptor: number): void;
}

/** Milliseconds in which a connection within the process is made, if it can be made. */
const MAKING = 50;
/** Milliseconds after which it is tried again if it could not. */
const RETRY = 1_000;

const ONE = new Uint8Array(1);

/** Rings by a connection within this process, made when it is first rung: who never rings has none. */
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
    // It takes Deno's polls to make one, too.
    if (pair === null) return await this.#make();
    try {
      // The read first: it finds nothing, and so only a poll can fulfil it.
      const read = pair.conn.read(this.#heard);
      this.#os.send(pair.descriptor, ONE, ONE.length, false);
      if (await read !== null) return true;
    } catch (error) {
      if (!(error instanceof Error)) throw error; // somebody cut the connection: there can be another
    }
    this.#drop();
    return false;
  }

  close(): void {
    this.#retryAt = Infinity;
    this.#making?.abort();
    this.#drop();
  }

  async #make(): Promise<boolean> {
    if (this.#os.monotonicMilliseconds() < this.#retryAt) return false;
    const making = this.#making = new AbortController();
    const timer = setTimeout(() => making.abort(), MAKING);
    try {
      const pair = await loopbackPair(making.signal);
      if (!making.signal.aborted && this.#owner.claim(pair.descriptor)) this.#pair = pair;
      else this.#end(pair);
    } catch (error) {
      if (!(error instanceof Error)) throw error; // no descriptor, no loopback: the caller goes without
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
