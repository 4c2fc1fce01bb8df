/**
 * Publications on their way to the server: those of one turn, and those that come while others are under way, share one call of the script.
 *
 * In: publications. Out: what became of each, in time; never a rejection. A publication that comes alone leaves in this turn. While a
 * call is under way, others wait for its end, or until they fill a call of their own, and never for a timer. The order
 * stays. If a call ends without an answer, those that wait are answered as well: nobody waits longer than for one call.
 */
import type { Buffer } from "node:buffer";
import { LoopPromise } from "../../../net/mod.ts";
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
import type { RedisLink } from "./redis_link.ts";
import type { Refusal, SpotAction } from "./redis_servers.ts";

/** Calls under way, beyond which full ones wait, too: for servers that are far away. */
const MOST_CALLS = 8;
/** Publications of one call: the server does nothing else meanwhile. And bytes, but for one that is longer. */
const MOST_A_CALL = 64;
const MOST_BYTES = 256 * 1024;
const NOT_SENT = "the publications before it were not answered";

/** What a queue works with. */
export interface AppendQueueParts {
  readonly names: RedisNames;
  /** The most calls that are under way. In a cluster one: behind a call that is sent again to another master, nothing overtakes it. */
  readonly mostCalls?: number;
  /** Whether there is a connection. */
  isOpen(): boolean;
  /** Does something at the server; the action begins within the call. */
  reach<T>(action: SpotAction<T>): Promise<T | Refusal>;
  /** There is nothing left to do. */
  idle?(): void;
  /** See `EngineEvents`. Absent: another queue would have to wait for the calls of this one. */
  publishing?(isUnderWay: boolean): void;
}

interface Waiting extends Appended {
  readonly answer: LoopPromise<EnginePublishResult>;
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
    if (!this.#parts.isOpen()) return Promise.resolve(NO_LINK);
    const answer = new LoopPromise<EnginePublishResult>();
    this.#waiting.push({ channel, publication, answer });
    this.#pumpLater();
    return answer;
  }

  /** Sends what waits: something else is about to be sent, and must not overtake it. */
  flush(): void {
    while (this.#waiting.length > 0) this.#sendNext();
  }

  /** Once for all of a turn. While a call is under way, there is nothing to do for fewer than make another one. */
  #pumpLater(): void {
    if (this.#isDue || (this.#calls > 0 && this.#waiting.length < MOST_A_CALL)) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      this.#pump();
    });
  }

  #pump(): void {
    const { mostCalls = MOST_CALLS } = this.#parts;
    const waiting = () => this.#waiting.length;
    while (waiting() > 0 && this.#calls === 0) this.#sendNext();
    while (waiting() >= MOST_A_CALL && this.#calls < mostCalls) this.#sendNext();
    if (this.#calls === 0) this.#parts.idle?.();
    else this.#parts.publishing?.(true);
  }

  #sendNext(): void {
    if (this.#parts.isOpen()) void this.#send(this.#take());
    else this.#refuseWaiting(NO_LINK);
  }

  /** The next ones that go together. */
  #take(): Waiting[] {
    const waiting = this.#waiting;
    let [count, bytes] = [0, 0];
    for (const { publication } of waiting) {
      bytes += bytesOf(publication);
      if (count > 0 && (count === MOST_A_CALL || bytes > MOST_BYTES)) break;
      count++;
    }
    this.#waiting = waiting.slice(count);
    return waiting.slice(0, count);
  }

  async #send(all: readonly Waiting[]): Promise<void> {
    this.#calls++;
    const { names, reach } = this.#parts;
    const results = await reach(async ({ link, lives, isInGrace }) => {
      const { keys, args } = appendCall(all, { names, lives, isInGrace });
      const answers = appendAnswers(await link.run("append", keys, args) as Buffer);
      return all.map((_, i) => resultOf(answers[i], link));
    });
    if ("status" in results) {
      for (const { answer } of all) answer.fulfil(results);
      // Without an answer it has lasted as long as a call may.
      const isSilent = results.status === "unavailable" && results.mayBeDone;
      if (isSilent) {
        this.#parts.publishing?.(false); // for those that have waited elsewhere
        this.#refuseWaiting(unavailable({ reason: NOT_SENT, mayBeDone: false }));
      }
    } else {
      all.forEach(({ answer }, i) => answer.fulfil(results[i]!));
    }
    this.#calls--;
    this.#parts.publishing?.(false);
    this.#pump();
  }

  #refuseWaiting(result: EngineUnavailable): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { answer } of waiting) answer.fulfil(result);
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
