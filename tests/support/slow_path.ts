/**
 * A TCP path to a server that a test makes slow, holds, and cuts, also in the middle of a message.
 *
 * In: the server's port. Out: a port of 127.0.0.1 that leads there, and each connection over it. What is held is not read on
 * beyond {@link QUEUE_BYTES}: then the sender's buffers fill up, as on a real path.
 */

/** `up` is from the client to the server. */
export type Direction = "up" | "down";

const CHUNK_BYTES = 64 * 1024;
/** Bytes of one direction that are on their way. */
const QUEUE_BYTES = 256 * 1024;
/** What is kept of the first bytes of a client, to know its connections apart. */
const OPENING_BYTES = 1024;

/** Where the connection is to be cut. */
interface Cut {
  readonly direction: Direction;
  readonly text: Uint8Array;
  readonly after: number;
  done(): void;
}

/** The path. */
export class SlowPath implements AsyncDisposable {
  readonly port: number;
  /** Milliseconds that everything takes, each way. */
  delayMs = 0;
  /** All that are open, the oldest first. */
  readonly connections: Set<PathConnection> = new Set();
  readonly #listener: Deno.TcpListener;
  #target: number;
  readonly #running = new Set<Promise<void>>();
  #isCut = false;
  #cut: Cut | undefined;

  /** @param target the port that it leads to */
  constructor(target: number) {
    this.#target = target;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#run(this.#accept());
  }

  /** New connections lead to another port; those that are open stay. */
  lead(target: number): void {
    this.#target = target;
  }

  /** Ends all connections, and lets none through. */
  cut(): void {
    this.#isCut = true;
    for (const connection of this.connections) connection.end();
  }

  /** Lets connections through again. */
  mend(): void {
    this.#isCut = false;
  }

  /**
   * Ends the next connection in which this text passes, in the middle of it.
   *
   * @param after how many bytes of the text still pass
   * @returns fulfilled when that has happened
   */
  cutWithin(direction: Direction, text: string, after: number): Promise<void> {
    return new Promise((done) => {
      this.#cut = { direction, text: new TextEncoder().encode(text), after, done };
    });
  }

  /** How many of these bytes pass before the connection ends; undefined: all, and it does not end. */
  passing(direction: Direction, bytes: Uint8Array): number | undefined {
    const cut = this.#cut;
    if (cut?.direction !== direction) return undefined;
    const at = indexOf(bytes, cut.text);
    if (at < 0) return undefined;
    this.#cut = undefined;
    cut.done();
    return at + cut.after;
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      if (this.#isCut) client.close();
      else this.#run(this.#relay(client));
    }
  }

  async #relay(client: Deno.Conn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
    const connection = new PathConnection(this, client, server);
    this.connections.add(connection);
    await connection.ended;
    this.connections.delete(connection);
  }

  #run(work: Promise<void>): void {
    this.#running.add(work);
    void work.catch(asEnd).finally(() => this.#running.delete(work));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.cut();
    await Promise.allSettled(this.#running);
  }
}

/** One connection over the path. */
export class PathConnection {
  /** Fulfilled at its end, when nothing of it runs any more. */
  readonly ended: Promise<void>;
  /** The first bytes of the client, as text. */
  opening = "";
  readonly #path: SlowPath;
  readonly #both: readonly [Deno.Conn, Deno.Conn];
  readonly #held: Record<Direction, PromiseWithResolvers<void> | undefined> = {
    up: undefined,
    down: undefined,
  };
  #isOpen = true;

  constructor(path: SlowPath, client: Deno.Conn, server: Deno.Conn) {
    this.#path = path;
    this.#both = [client, server];
    this.ended = Promise.all([
      this.#pass("up", client, server),
      this.#pass("down", server, client),
    ]).then(() => {});
  }

  /** Lets nothing through any more in this direction, until `release`. */
  hold(direction: Direction): void {
    this.#held[direction] ??= Promise.withResolvers();
  }

  /** Lets through what is held, in order. */
  release(direction: Direction): void {
    this.#held[direction]?.resolve();
    this.#held[direction] = undefined;
  }

  /** Ends it; what is on its way is lost. */
  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const connection of this.#both) connection.close();
    this.release("up");
    this.release("down");
  }

  async #pass(direction: Direction, from: Deno.Conn, to: Deno.Conn): Promise<void> {
    let queued = 0;
    let sending = Promise.resolve();
    try {
      while (this.#isOpen) {
        const buffer = new Uint8Array(CHUNK_BYTES);
        const count = await from.read(buffer);
        if (count === null) break;
        const due = performance.now() + this.#path.delayMs;
        queued += count;
        sending = sending.then(() => this.#send(direction, to, buffer.subarray(0, count), due));
        sending = sending.then(() => void (queued -= count));
        if (queued > QUEUE_BYTES) await sending;
      }
      await sending;
    } catch (error) {
      asEnd(error);
    }
    this.end();
    await sending.catch(asEnd);
  }

  async #send(direction: Direction, to: Deno.Conn, bytes: Uint8Array, due: number): Promise<void> {
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    await this.#held[direction]?.promise;
    if (!this.#isOpen) return;
    if (direction === "up" && this.opening.length < OPENING_BYTES) {
      this.opening += new TextDecoder().decode(bytes).slice(0, OPENING_BYTES);
    }
    const passing = this.#path.passing(direction, bytes);
    await writeAll(to, bytes.subarray(0, passing));
    if (passing !== undefined) this.end();
  }
}

async function writeAll(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}

function indexOf(bytes: Uint8Array, text: Uint8Array): number {
  for (let at = bytes.indexOf(text[0]!); at >= 0; at = bytes.indexOf(text[0]!, at + 1)) {
    if (text.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

/** A connection that has ended is no fault of a test. */
function asEnd(error: unknown): void {
  if (!(error instanceof Error)) throw error;
}
