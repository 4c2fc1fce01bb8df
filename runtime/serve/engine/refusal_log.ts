/**
 * Tells the operator why the engine, which is there, does not do what it is asked: clients and backends get no more than a temporary error.
 *
 * In: the refusals of a driver. Out: a line for each reason, once a minute at most. What passes by itself is not told, nor that there is no
 * answer: who notices that the engine is away tells it.
 */
import type { EngineFull, EngineUnavailable } from "./driver.ts";
import { NO_LINK, UNVERIFIED } from "./refusals.ts";

/** Milliseconds in which the same reason is not repeated, and reasons that are told in that time. */
const REPEAT_MS = 60_000;
const MOST_REASONS = 16;

/** The refusals of one server of the engine. */
export class RefusalLog {
  readonly #warn: (text: string) => void;
  readonly #now: () => number;
  /** When each was told. */
  readonly #told = new Map<string, number>();

  /** @param now milliseconds of any clock */
  constructor(warn: (text: string) => void, now = () => performance.now()) {
    this.#warn = warn;
    this.#now = now;
  }

  /** The driver has answered so. */
  note(refusal: EngineFull | EngineUnavailable): void {
    if (refusal === NO_LINK || refusal === UNVERIFIED) return;
    if (refusal.status === "full") return this.#tell("it has no room left");
    if (!refusal.mayBeDone) this.#tell(refusal.reason);
  }

  #tell(reason: string): void {
    const now = this.#now();
    for (const [kind, at] of this.#told) if (now - at >= REPEAT_MS) this.#told.delete(kind);
    // Some reasons name sizes, or places in a script.
    const kind = reason.replace(/\d+/g, "0");
    if (this.#told.has(kind) || this.#told.size >= MOST_REASONS) return;
    this.#told.set(kind, now);
    this.#warn(`the engine refuses requests: ${reason}`);
  }
}
