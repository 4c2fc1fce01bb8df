/**
 * Rehearses an upgrade in a worker of a new server, before the old one hands over.
 *
 * From then on clients wait until they go on here, and what has never run takes V8 many times as long: warm_up.ts says why. Measured with 2,000
 * WebSockets on two cores, microseconds of CPU for a connection that arrives, without and with a rehearsal: a client of channels 230 and 90, a stream
 * 500 and 200, a WebSocket of an app 100 and 30. The rehearsal takes 400 ms of CPU, while the old server serves.
 *
 * In: the parts of a worker, and endpoints to rehearse with. Out: peers have connected to a second worker, and have moved from there to others, one
 * after the other, as in an upgrade; all in this thread. Nothing of it is seen outside. If the kernel is short of descriptors or memory, less
 * happens, or nothing.
 */

import { expectSuccess, OwnListener, SystemError } from "../os/mod.ts";
import type { MovedConnections } from "../thread/mod.ts";
import { type PracticeChannels, type PracticeParts, PracticeWorker } from "./practice_worker.ts";
import { type MovingTalk, movingTalks, type RehearsedPaths } from "./rehearsal_talks.ts";
import type { Talk } from "./warm_up_talks.ts";
import { WarmUpPeer } from "./warm_up_peer.ts";

/** Servers that the connections move to, one after the other. With twice as many a client of channels that arrives took 80 µs. */
const SERVERS = 12;
/** Milliseconds after which it ends with the present server, whatever its peers wait for. */
const LONGEST = 2_000;

/** What it is made with. */
export interface RehearsalParts extends PracticeParts {
  readonly paths: RehearsedPaths;
  /** Absent: there are none. */
  readonly channels?: RehearsedChannels | undefined;
}

/** Channels to rehearse with. */
export interface RehearsedChannels extends PracticeChannels {
  /** Nothing changes in them until {@link unseal}: as if their memory were on its way. */
  seal(): void;
  unseal(): void;
}

/** A client's end of a connection. */
interface Client {
  readonly descriptor: number;
  readonly talk: Talk;
  /** What it says next. */
  readonly each: Talk;
}

interface OwnParts {
  readonly listener: OwnListener;
  /** An eventfd. */
  readonly doorbell: number;
  readonly talks: readonly MovingTalk[];
}

/**
 * Rehearses; returns how often a connection has moved.
 *
 * @param longest milliseconds after which it ends with the present server
 */
export async function rehearse(parts: RehearsalParts, longest = LONGEST): Promise<number> {
  const { os } = parts;
  try {
    const talks = movingTalks(parts.paths);
    using listener = new OwnListener(talks.length);
    const doorbell = expectSuccess("eventfd", os.eventfd());
    using _doorbell = { [Symbol.dispose]: () => void os.close(doorbell) };
    const rehearsal = new Rehearsal(parts, { listener, doorbell, talks });
    await rehearsal.run(performance.now() + longest);
    return rehearsal.moved;
  } catch (error) {
    // The worker starts all the same, and is slower at first.
    if (!(error instanceof SystemError)) throw error;
    return 0;
  }
}

/** The peers, and the servers, one after the other. */
class Rehearsal {
  /** How often a connection has moved. */
  moved = 0;
  readonly #parts: RehearsalParts;
  readonly #own: OwnParts;
  /** The client's ends, and what is said next. */
  #clients: Client[] = [];
  /** Those that speak now. */
  readonly #speakers = new Set<WarmUpPeer>();
  /** What the last server has given up. */
  readonly #given: MovedConnections[] = [];
  #isLate = false;

  constructor(parts: RehearsalParts, own: OwnParts) {
    this.#parts = parts;
    this.#own = own;
  }

  async run(end: number): Promise<void> {
    const { os, channels } = this.#parts;
    const { listener, talks } = this.#own;
    try {
      for (const { before, each } of talks) {
        this.#clients.push({ descriptor: listener.connect(), talk: before, each });
      }
      for (let i = 0; i <= SERVERS && !this.#isLate; i++) {
        await this.#serve(i === 0 ? { listener: listener.descriptor } : {}, end);
        channels?.unseal();
        this.#clients = this.#clients.map((client) => ({ ...client, talk: client.each }));
      }
    } finally {
      for (const { descriptor } of this.#clients) os.close(descriptor);
      for (const { descriptors } of this.#given) descriptors.forEach((each) => os.close(each));
    }
  }

  /** One server: it goes on with what the one before has given up, and gives it up. */
  async #serve(options: { readonly listener?: number }, end: number): Promise<void> {
    const { channels } = this.#parts;
    const given = this.#given.splice(0);
    for (const { descriptors } of given) this.moved += descriptors.length;
    const worker = new PracticeWorker(this.#parts, {
      ...options,
      doorbell: this.#own.doorbell,
      channels,
      begins: () => {
        for (const connections of given) worker.obey({ type: "adopt", connections });
      },
      post: (message) => {
        if (message.type !== "moved") return;
        this.#given.push(message.connections);
        if (message.others.startsWith("after")) worker.wake();
      },
    });
    const onDeadline = () => {
      this.#isLate = true;
      for (const peer of this.#speakers) peer.leave();
    };
    worker.loop.timers.timer({ onDeadline }).set(
      worker.loop.now + Math.max(end - performance.now(), 0),
    );
    for (const client of this.#clients) if (client.talk.length > 0) this.#speak(worker, client);
    await worker.run();
  }

  #speak(worker: PracticeWorker, { descriptor, talk }: Client): void {
    const { os, channels } = this.#parts;
    const { loop } = worker;
    const ended = (peer: WarmUpPeer) => {
      this.#speakers.delete(peer);
      if (this.#speakers.size > 0) return;
      worker.obey({ type: "freeze" });
      channels?.seal();
      worker.handOver();
    };
    this.#speakers.add(new WarmUpPeer({ os, loop, descriptor, talk, keeps: true, ended }));
  }
}
