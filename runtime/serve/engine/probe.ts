/**
 * Finds out whether messages really come through: a publication of this node's own each second, which
 * must be delivered to this node.
 *
 * In: how to send one, and the arrivals. Out: `came` with each arrival, `late` once after a second, `lost` after
 * {@link LOST_MS}. It alone finds a peer that is frozen, or a listening connection whose messages go astray: TCP's own
 * keep-alive is answered by a frozen process too.
 */

/** Milliseconds between two probes. */
const INTERVAL_MS = 1000;
/** A probe that takes longer is late. */
const LATE_MS = 1000;
/** A probe that takes longer is lost. */
export const LOST_MS = 3000;
const TICK_MS = 250;

/** What the probe calls. */
export interface ProbeActions {
  /** Publishes this text in the node's own channel. */
  send(text: string): void;
  came(tookMs: number): void;
  late(): void;
  lost(): void;
}

/** The probes of one link. */
export class Probe {
  readonly #actions: ProbeActions;
  readonly #now: () => number;
  readonly #timer: ReturnType<typeof setInterval>;
  #number = 0;
  #sentAt = 0;
  #isOut = false;
  #isLate = false;

  /** Sends the first one. */
  constructor(actions: ProbeActions, now: () => number = () => performance.now()) {
    this.#actions = actions;
    this.#now = now;
    this.#timer = setInterval(() => this.tick(), TICK_MS);
    this.#send();
  }

  /** A message has come in the node's own channel. */
  arrived(text: string): void {
    if (!this.#isOut || text !== String(this.#number)) return;
    this.#isOut = false;
    this.#isLate = false;
    this.#actions.came(this.#now() - this.#sentAt);
  }

  /** Looks at the time; called by its own timer. */
  tick(): void {
    const passed = this.#now() - this.#sentAt;
    if (!this.#isOut) {
      if (passed >= INTERVAL_MS) this.#send();
    } else if (passed >= LOST_MS) {
      this.stop();
      this.#actions.lost();
    } else if (passed >= LATE_MS && !this.#isLate) {
      this.#isLate = true;
      this.#actions.late();
    }
  }

  /** Ends it. */
  stop(): void {
    clearInterval(this.#timer);
    this.#isOut = false;
  }

  #send(): void {
    this.#sentAt = this.#now();
    this.#isOut = true;
    this.#actions.send(String(++this.#number));
  }
}
