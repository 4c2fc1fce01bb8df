/**
 * The lines that were written here and are not on the server yet, one sent after the other.
 *
 * In: lines, and whether there is a connection. Out: lines to publish, in their order. A line leaves when it has come back as a
 * publication, which every window gets. One whose connection was lost is sent again: its id makes it the same line.
 */

/** Lines that may wait. */
const MOST = 100;
/** Milliseconds until the next attempt, if the server cannot take one now. */
const PAUSE = 1_000;
/** Milliseconds that a line that came back is kept: a server that dies may have told it to this page alone. */
const KEPT = 30_000;
/** Errors that pass: an internal one, and too many commands. */
const TEMPORARY = [100, 111];

/** @typedef {{ id: string, text: string, name: string, at: number }} Draft */

/** See the top of the file. */
export class Outbox {
  #publish;
  #onChange;
  /** @type {Map<string, Draft & { error?: string }>} */
  #drafts = new Map();
  /** @type {(Draft & { seen: number })[]} */
  #sent = [];
  /** Ids of lines that the server has taken in this connection, and that have not come back. */
  #taken = new Set();
  #isOpen = false;
  #isSending = false;

  /**
   * @param {(draft: Draft) => Promise<{ error?: { code: number, message: string } }>} publish
   * @param {(drafts: (Draft & { error?: string })[]) => void} onChange
   */
  constructor(publish, onChange) {
    this.#publish = publish;
    this.#onChange = onChange;
  }

  /**
   * Adds a line.
   *
   * @param {Draft} draft
   * @returns {boolean} false if too many wait
   */
  add(draft) {
    if (this.#drafts.size >= MOST) return false;
    this.#drafts.set(draft.id, draft);
    this.#changed();
    return true;
  }

  /**
   * A line has come back.
   *
   * @param {string} id
   */
  confirm(id) {
    const draft = this.#drafts.get(id);
    if (draft === undefined) return;
    this.#drafts.delete(id);
    const now = Date.now();
    this.#sent = [...this.#sent.filter(({ seen }) => now - seen < KEPT), { ...draft, seen: now }];
    this.#changed();
  }

  /** There is a connection, and the room is entered. */
  open() {
    this.#isOpen = true;
    this.#changed();
  }

  /** There is none. */
  close() {
    this.#isOpen = false;
    this.#changed();
  }

  /**
   * The server has forgotten what it had: what was written last is sent again, as windows may be without it.
   *
   * @param {number} lostAt when the connection was lost
   * @param {ReadonlySet<string>} kept ids of the lines that the server has
   */
  repeat(lostAt, kept) {
    const again = this.#sent.filter(({ id, seen }) => lostAt - seen < KEPT && !kept.has(id));
    this.#sent = [];
    const drafts = again.map(({ seen: _, ...draft }) => [draft.id, draft]);
    this.#drafts = new Map([...drafts, ...this.#drafts]);
  }

  /**
   * Sends a line again that the server did not take.
   *
   * @param {string} id
   */
  retry(id) {
    const draft = this.#drafts.get(id);
    if (draft !== undefined) delete draft.error;
    this.#changed();
  }

  #changed() {
    this.#onChange([...this.#drafts.values()]);
    void this.#send();
  }

  async #send() {
    if (this.#isSending) return;
    this.#isSending = true;
    for (let draft = this.#next(); draft !== undefined; draft = this.#next()) {
      const { error } = await this.#publish(draft);
      if (error === undefined) {
        this.#taken.add(draft.id);
      } else if (error.code === 0) {
        this.#isOpen = false; // lost with the connection; the next one opens it
      } else if (TEMPORARY.includes(error.code)) {
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      } else {
        draft.error = error.message;
        this.#onChange([...this.#drafts.values()]);
      }
    }
    this.#isSending = false;
  }

  #next() {
    if (!this.#isOpen) {
      this.#taken.clear();
      return undefined;
    }
    return [...this.#drafts.values()].find((draft) =>
      draft.error === undefined && !this.#taken.has(draft.id)
    );
  }
}
