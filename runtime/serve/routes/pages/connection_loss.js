/**
 * Shows in the terminal and in the tab's title that the connection was lost and restored.
 *
 * In: the states of the link, and the terminal. Out: a line when the connection is lost and one when it is
 * restored, each with its time; between them the title begins with a warning. A failed first connection
 * leaves no line. Without these lines, text from before and after a loss would look like one session.
 */

const CANCEL = "\x18"; // ends an escape sequence that the loss cut off
const PLAIN = "\x1b[0m";
const YELLOW = "\x1b[33m";
const GREEN = "\x1b[32m";
const NORMAL_SCREEN = "\x1b[?1049l";

const LOST_TITLE = "⚠ Connection lost – ";

/** See the top of the file. */
export class ConnectionLoss {
  #terminal;
  #title = document.title;
  /** Whether there was a connection; the time of its loss, in milliseconds, while there is none. */
  #wasConnected = false;
  #lostAt = 0;

  /**
   * @param {{ write(text: string): void,
   *           buffer: { active: { cursorX: number, type: string } } }} terminal of xterm.js
   */
  constructor(terminal) {
    this.#terminal = terminal;
  }

  /** @param {import("./link.js").State} state */
  follow(state) {
    if (state === "connected") this.#connected();
    else if (this.#wasConnected && this.#lostAt === 0) this.#lost();
  }

  #connected() {
    if (this.#lostAt !== 0) {
      const pause = formatPause(Date.now() - this.#lostAt);
      this.#line(`${GREEN}── connected again at ${clock(new Date())}, after ${pause} ──`);
    }
    this.#wasConnected = true;
    this.#lostAt = 0;
    document.title = this.#title;
  }

  #lost() {
    this.#lostAt = Date.now();
    document.title = LOST_TITLE + this.#title;
    // The program on the alternate screen is gone, and would never leave it.
    const isAlternate = this.#terminal.buffer.active.type === "alternate";
    this.#terminal.write(CANCEL + (isAlternate ? NORMAL_SCREEN : "") + PLAIN);
    this.#line(`${YELLOW}── connection lost at ${clock(new Date())} ──`);
  }

  /** Writes a line of its own, even if the last one is unfinished. */
  #line(text) {
    const start = this.#terminal.buffer.active.cursorX > 0 ? "\r\n" : "";
    this.#terminal.write(`${start}${text}${PLAIN}\r\n`);
  }
}

/** @param {Date} time */
function clock(time) {
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/**
 * A duration in two units at most: "17 s", "3 min 5 s", "2 h 0 min".
 *
 * @param {number} milliseconds
 */
export function formatPause(milliseconds) {
  const seconds = Math.max(1, Math.round(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
