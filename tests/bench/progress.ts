/**
 * How far a run of the benchmark is, on one line of a terminal.
 *
 * In: turns and rows as they come, and a clock. Out: a text at each turn and once a second, in place of the one before; nothing to a
 * file or a pipe.
 */

/** Removes what is on the line. */
const CLEAR = "\r\x1b[K";
/** Milliseconds between two texts. */
const INTERVAL = 1_000;
/** What is longer would take two lines of a terminal. */
const MOST_CHARACTERS = 79;

/** What is to be done. */
export interface RunPlan {
  readonly rows: number;
  readonly rounds: number;
}

/** See the top of the file. */
export class ProgressLine {
  readonly #plan: RunPlan;
  readonly #write: (text: string) => void;
  readonly #now: () => number;
  readonly #begin: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #rowsDone = 0;
  #turn = "";

  /**
   * @param plan what is to be done
   * @param write writes to the terminal
   * @param now milliseconds
   */
  constructor(plan: RunPlan, write: (text: string) => void, now = () => performance.now()) {
    this.#plan = plan;
    this.#write = write;
    this.#now = now;
    this.#begin = now();
    this.#timer = setInterval(() => this.show(), INTERVAL);
    this.show();
  }

  /** A server has its turn in a round, counted from 0. */
  turn(row: string, label: string, round: number): void {
    this.#turn = `: ${row}, round ${round + 1} of ${this.#plan.rounds}, ${label}`;
    this.show();
  }

  /** A row is done: its figures follow on the same terminal. */
  rowDone(): void {
    this.#rowsDone++;
    this.#turn = "";
    this.#write(CLEAR);
  }

  /** Writes the line again. */
  show(): void {
    const { rows } = this.#plan;
    if (this.#rowsDone === rows) return;
    const seconds = Math.floor((this.#now() - this.#begin) / 1000);
    const time = seconds < 60
      ? `${seconds} s`
      : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
    const text = `row ${this.#rowsDone + 1} of ${rows}, ${time}${this.#turn}`;
    this.#write(CLEAR + text.slice(0, MOST_CHARACTERS));
  }

  /** The run is over. */
  end(): void {
    clearInterval(this.#timer);
    this.#write(CLEAR);
  }
}
