/**
 * Publications on their way to the server: those of one turn, and those that come while others are under way, share one call of the script.
 *
 * In: publications. Out: what became of each, in time; never a rejection. A publication that comes alone leaves in this turn. While a
 * call is under way, others wait for its end, or until they fill a call of their own, and never for a timer. The order
 * stays. If a call ends without an answer, those that wait are answered as well: nobody waits longer than for one call.
 */
import type { Buffer } from "node:buffer";
import type { EnginePublication, EnginePublishResult, EngineUnavailable } from "../driver.ts";
import { NO_LINK, refusal, unavailable, UNVERIFIED } from "../refusals.ts";
import {
  type AppendAnswer,
  appendAnswers,
  appendCall,
  type Appended,
  bytesOf,
} from "./append_batch.ts";
import type { RedisNames } from "./names.ts";
import { redisFault } from "./redis_faults.ts";
import type { RedisLink } from "./redis_link.ts";
import { SCRIPTS } from "./scripts.ts";

/** Calls under way, beyond which full ones wait, too: for servers that are far away. */
const MOST_CALLS = 8;
/** Publications of one call: the server does nothing else meanwhile. And bytes, but for one that is longer. */
const MOST_A_CALL = 64;
const MOST_BYTES = 256 * 1024;
const NOT_SENT = "the publications before it were not answered";

/** What a queue works with. */
export interface AppendQueueParts {
  readonly names: RedisNames;
  /** The connection of now. */
  link(): RedisLink | undefined;
  isInGrace(): boolean;
}

interface Waiting extends Appended {
  resolve(result: EnginePublishResult): void;
}

/** The queue. */
export class AppendQueue {
  readonly #parts: AppendQueueParts;
  #waiting: Waiting[] = [];
  #calls = 0;
  #isDue = false;

  constructor(parts: AppendQueueParts) {
    this.#parts = parts;
  }

  /** Stores a publication and delivers it. */
  add(channel: string, publication: EnginePublication): Promise<EnginePublishResult> {
    if (this.#parts.link() === undefined) return Promise.resolve(NO_LINK);
    return new Promise((resolve) => {
      this.#waiting.push({ channel, publication, resolve });
      if (this.#isDue) return;
      this.#isDue = true;
      queueMicrotask(() => {
        this.#isDue = false;
        this.#pump();
      });
    });
  }

  /** Sends what waits: something else is about to be sent, and must not overtake it. */
  flush(): void {
    while (this.#waiting.length > 0) this.#sendNext();
  }

  #pump(): void {
    const waiting = () => this.#waiting.length;
    while (waiting() > 0 && this.#calls === 0) this.#sendNext();
    while (waiting() >= MOST_A_CALL && this.#calls < MOST_CALLS) this.#sendNext();
  }

  #sendNext(): void {
    const link = this.#parts.link();
    if (link === undefined) this.#refuseWaiting(NO_LINK);
    else void this.#send(link, this.#take(link.facts.isCluster));
  }

  /** The next ones that go together. In a cluster, a script may use the keys of one channel only. */
  #take(isOneChannel: boolean): Waiting[] {
    const waiting = this.#waiting;
    let [count, bytes] = [0, 0];
    for (const { channel, publication } of waiting) {
      bytes += bytesOf(publication);
      const isOther = isOneChannel && channel !== waiting[0]!.channel;
      if (count > 0 && (count === MOST_A_CALL || bytes > MOST_BYTES || isOther)) break;
      count++;
    }
    this.#waiting = waiting.slice(count);
    return waiting.slice(0, count);
  }

  async #send(link: RedisLink, all: readonly Waiting[]): Promise<void> {
    this.#calls++;
    const { names } = this.#parts;
    const { life } = link.facts;
    const { keys, args } = appendCall(all, { names, life, isInGrace: this.#parts.isInGrace() });
    try {
      const answers = appendAnswers(await link.run(SCRIPTS.append, keys, args) as Buffer);
      all.forEach(({ resolve }, i) => resolve(resultOf(answers[i], link)));
    } catch (error) {
      const fault = redisFault(error);
      for (const { resolve } of all) resolve(refusal(fault));
      // Without an answer it has lasted as long as a call may.
      if (fault.mayBeDone) this.#refuseWaiting(unavailable({ reason: NOT_SENT, mayBeDone: false }));
    }
    this.#calls--;
    this.#pump();
  }

  #refuseWaiting(result: EngineUnavailable): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { resolve } of waiting) resolve(result);
  }
}

function resultOf(answer: AppendAnswer | undefined, link: RedisLink): EnginePublishResult {
  if (answer === undefined) return unavailable({ reason: "there is no answer", mayBeDone: true });
  if ("error" in answer) return refusal(link.refused(answer.error));
  const { status, offset, epoch } = answer;
  if (status === "stored" || status === "repeated" || status === "skipped") {
    return { status, offset, epoch };
  }
  return UNVERIFIED;
}
