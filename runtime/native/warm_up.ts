/**
 * Runs the ways of a connection before a worker serves, so that V8 has seen all of them.
 *
 * V8 compiles a function for what the function has done so far. What it has not done yet, such as the end of a connection
 * among a hundred thousand requests, is left out: when that comes, V8 throws the code away, goes on slowly, and compiles
 * again. Measured with one core at half of its load: ten functions, 150 ms of compilation in the half second after the
 * first clients have left, and a p99 of 5 to 10 ms in place of 1.
 *
 * In: the parts of a worker. Out: a second worker, with memory, counters and logs of its own, has served peers over real
 * sockets, all in this thread, and is gone. Nothing of it is seen outside. If the kernel is short of descriptors or
 * memory, less happens, or nothing.
 */

import { NEVER, TimerWheel } from "../net/mod.ts";
import { expectSuccess, OwnListener, SystemError } from "../os/mod.ts";
import { type PracticeParts, PracticeWorker } from "./practice_worker.ts";
import { WarmUpPeer } from "./warm_up_peer.ts";
import { type Talk, TALKS } from "./warm_up_talks.ts";

/**
 * How often all conversations happen, at once each time. V8 notes what a function does only after some calls,
 * the more the shorter it is: with one round p99 was higher, with four it was not lower.
 */
const ROUNDS = 2;
/** Milliseconds after which it ends, whatever its peers wait for. */
const LONGEST = 500;

/**
 * Warms up the thread of a worker.
 *
 * @param parts `router` has /healthz and /echo; `date` is set to wrong times
 * @returns how many conversations came to their end
 */
export async function warmUp(parts: PracticeParts): Promise<number> {
  turnWheel();
  const { os } = parts;
  let conversations: Conversations | undefined;
  try {
    using listener = new OwnListener(TALKS.length);
    const doorbell = expectSuccess("eventfd", os.eventfd());
    using _doorbell = { [Symbol.dispose]: () => void os.close(doorbell) };
    conversations = new Conversations(parts, { listener, doorbell });
    await conversations.run();
  } catch (error) {
    // The worker starts all the same, and is slower at first.
    if (!(error instanceof SystemError)) throw error;
  }
  return conversations?.ended ?? 0;
}

/** Deadlines that pass, move and are cancelled, by a clock of their own: the conversations are too short for that. */
function turnWheel(): void {
  const wheel = new TimerWheel(0);
  const timers = Array.from({ length: 4 }, () => wheel.timer({ onDeadline: () => {} }));
  let now = 0;
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 4; i++) wheel.expire(now += 100); // it is empty
    timers.forEach((timer, i) => timer.set(now + 300 * (i + 1)));
    timers[0]?.set(now + 1_400);
    timers[1]?.cancel();
    timers[2]?.set(NEVER);
    for (let i = 0; i < 20; i++) {
      wheel.timeout(now);
      wheel.expire(now += 100);
    }
  }
}

/** A worker and its peers. */
class Conversations {
  /** How many came to their end. */
  ended = 0;
  readonly #parts: PracticeParts;
  readonly #listener: OwnListener;
  readonly #worker: PracticeWorker;
  readonly #peers = new Set<WarmUpPeer>();
  #rounds = 0;

  constructor(
    parts: PracticeParts,
    { listener, doorbell }: { listener: OwnListener; doorbell: number },
  ) {
    this.#parts = parts;
    this.#listener = listener;
    this.#worker = new PracticeWorker(parts, { listener: listener.descriptor, doorbell });
  }

  async run(): Promise<void> {
    const { loop } = this.#worker;
    loop.timers.timer({ onDeadline: () => this.#stop() }).set(loop.now + LONGEST);
    this.#beginRound();
    await this.#worker.run();
  }

  #beginRound(): void {
    const { date, os } = this.#parts;
    date.set(os.epochMilliseconds() - 1_000); // the answers have to take over a new date
    try {
      for (const talk of TALKS) this.#add(talk);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#stop(); // the kernel is short of descriptors or memory
    }
  }

  #add(talk: Talk): void {
    const { os } = this.#parts;
    const { loop } = this.#worker;
    const descriptor = this.#listener.connect();
    const ended = (peer: WarmUpPeer) => this.#noteEnd(peer);
    this.#peers.add(new WarmUpPeer({ os, loop, descriptor, talk, ended }));
  }

  #noteEnd(peer: WarmUpPeer): void {
    if (!this.#peers.delete(peer)) return; // stopped
    this.ended++;
    if (this.#peers.size > 0) return;
    if (++this.#rounds < ROUNDS) this.#beginRound();
    else this.#stop();
  }

  #stop(): void {
    const left = [...this.#peers];
    this.#peers.clear();
    for (const peer of left) peer.close();
    this.#worker.stop();
  }
}
