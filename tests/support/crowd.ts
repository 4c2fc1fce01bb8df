/**
 * A crowd: hundreds or thousands of clients without a library, each of which checks what it is told.
 *
 * In: a server's WebSocket endpoint, and a channel for each client. Out: for each what it got, and what was wrong with it: an offset twice or
 * out of order, a gap that nobody told, a recovery that has only a part. They come back with their positions, as `centrifuge` does.
 * CHANNEL_CROWD=2000 makes the crowds of tests as large.
 */

import { NodeSocket } from "./node_socket.ts";
import { waitFor } from "./wait_for.ts";

/** How many clients a test has; the suite is for every run, the variable for a longer look. */
export function crowdSize(inSuite: number): number {
  return Number(Deno.env.get("CHANNEL_CROWD") ?? inSuite);
}

/** Where a client is in its channel. */
export interface CrowdPosition {
  readonly epoch: string;
  readonly offset: number;
}

/** Milliseconds after which a temporary error is tried again. */
const RETRY = 50;
const TEMPORARY = 100;

/** What the tests read of replies and pushes. */
interface Message {
  readonly id?: number;
  readonly error?: { readonly code: number };
  readonly subscribe?: {
    readonly epoch: string;
    readonly offset?: number;
    readonly recovered?: boolean;
    readonly publications?: readonly { readonly offset: number }[];
  };
  readonly push?: {
    readonly pub?: { readonly offset: number };
    readonly unsubscribe?: { readonly code: number };
    readonly join?: unknown;
    readonly leave?: unknown;
  };
}

/** One client. */
export class CrowdMember {
  readonly channel: string;
  /** Undefined until it was subscribed once. A test may change it to one that is wrong. */
  position: CrowdPosition | undefined;
  isSubscribed = false;
  /** Whether its last subscription recovered everything; undefined if it did not ask. */
  recovered: boolean | undefined;
  /** Publications since the beginning, live and recovered. */
  publications = 0;
  joins = 0;
  leaves = 0;
  /** How often it has come back to its channel with its position, and recovered. */
  returns = 0;
  /** How its connection ended. */
  closed: { readonly code: number; readonly at: number } | undefined;
  /** What was wrong. */
  readonly faults: string[] = [];
  readonly #url: string;
  readonly #options: Readonly<Record<string, unknown>>;
  #socket: NodeSocket | undefined;
  #isFlickering = false;

  /** @param options of the subscription, as the protocol has them */
  constructor(url: string, channel: string, options: Readonly<Record<string, unknown>> = {}) {
    this.channel = channel;
    this.#url = url;
    this.#options = options;
  }

  /** Connects, subscribes, and recovers if it was there before. */
  come(): void {
    this.isSubscribed = false;
    this.closed = undefined;
    const socket = new NodeSocket(this.#url);
    this.#socket = socket;
    socket.on("open", () => {
      socket.send('{"id":1,"connect":{}}');
      this.#subscribe();
    });
    socket.on("message", (data) => {
      if (this.#socket !== socket) return;
      for (const line of new TextDecoder().decode(data).split("\n")) this.#take(line);
    });
    socket.on("close", (code) => {
      if (this.#socket === socket) this.closed = { code, at: performance.now() };
    });
  }

  /** Its connection breaks. */
  cut(): void {
    this.isSubscribed = false;
    this.#socket?.terminate();
  }

  /** Leaves its channel, comes back with its position as soon as that is answered, and again, until it is to {@link stay}. */
  flicker(): void {
    this.#isFlickering = true;
    this.#unsubscribe();
  }

  /** Is subscribed in the end. */
  stay(): void {
    this.#isFlickering = false;
  }

  /** Sends a command. */
  send(command: Readonly<Record<string, unknown>>): void {
    this.#socket!.send(JSON.stringify(command));
  }

  #unsubscribe(): void {
    this.isSubscribed = false;
    this.send({ id: 4, unsubscribe: { channel: this.channel } });
  }

  #subscribe(): void {
    const recovery = this.position === undefined ? {} : { recover: true, ...this.position };
    const { channel } = this;
    const subscribe = { channel, recoverable: true, ...this.#options, ...recovery };
    this.send({ id: 2, subscribe });
  }

  #take(line: string): void {
    const message: Message = JSON.parse(line);
    if (line === "{}") this.#socket!.send("{}");
    else if (message.error !== undefined) this.#refused(message.error.code);
    else if (message.subscribe !== undefined) this.#subscribed(message.subscribe);
    else if (message.id === 4) this.#subscribe();
    const { pub, unsubscribe, join, leave } = message.push ?? {};
    if (pub !== undefined) this.#published(pub.offset);
    if (unsubscribe !== undefined) this.faults.push(`unsubscribed with ${unsubscribe.code}`);
    if (join !== undefined) this.joins++;
    if (leave !== undefined) this.leaves++;
  }

  #refused(code: number): void {
    if (code !== TEMPORARY) return void this.faults.push(`error ${code}`);
    const socket = this.#socket;
    setTimeout(() => {
      if (this.#socket === socket && this.closed === undefined) this.#subscribe();
    }, RETRY);
  }

  #subscribed(
    { epoch, offset = 0, recovered = false, publications = [] }: NonNullable<Message["subscribe"]>,
  ): void {
    const before = this.position;
    this.isSubscribed = true;
    this.recovered = before === undefined ? undefined : recovered;
    if (!recovered) {
      if (publications.length > 0) this.faults.push("publications of no recovery");
      this.position = { epoch, offset };
      return;
    }
    if (before === undefined || epoch !== before.epoch) {
      return void this.faults.push("a recovery of what it never had");
    }
    for (const publication of publications) this.#published(publication.offset);
    if (this.position?.offset !== offset) {
      this.faults.push(`a recovery up to ${this.position?.offset} that says ${offset}`);
    }
    this.returns++;
    if (this.#isFlickering) this.#unsubscribe();
  }

  #published(offset: number): void {
    const { position } = this;
    this.publications++;
    if (offset !== (position?.offset ?? 0) + 1) {
      this.faults.push(`${offset} behind ${position?.offset}`);
    }
    this.position = { epoch: position?.epoch ?? "", offset };
  }
}

/** All connect, so many at a time, and are subscribed. */
export async function gather(members: readonly CrowdMember[], atOnce = 200): Promise<void> {
  for (let first = 0; first < members.length; first += atOnce) {
    const some = members.slice(first, first + atOnce);
    for (const member of some) member.come();
    await allSubscribed(some);
  }
}

/** Waits until all are subscribed. */
export function allSubscribed(members: readonly CrowdMember[]): Promise<unknown> {
  return waitFor(() => members.every(({ isSubscribed }) => isSubscribed), {
    what: () => {
      const left = members.filter(({ isSubscribed }) => !isSubscribed);
      return `${left.length} more subscriptions; ${left[0]?.faults}`;
    },
    timeoutMs: 60_000,
  });
}

/** Everything that was wrong, by the first ten of them. */
export function faultsOf(members: readonly CrowdMember[]): string[] {
  return members.flatMap(({ channel, faults }) => faults.map((fault) => `${channel}: ${fault}`))
    .slice(0, 10);
}

/** Their connections break, all at once. */
export async function scatter(members: readonly CrowdMember[]): Promise<void> {
  for (const member of members) member.cut();
  await waitFor(() => members.every(({ closed }) => closed !== undefined), { what: "the closes" });
}
