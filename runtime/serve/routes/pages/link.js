/**
 * A WebSocket that comes back: connects, tells its state, and connects again when it was lost.
 *
 * In: a URL and two callbacks. Out: messages as bytes, and a state whenever it changes:
 *
 *   connecting ──open──► connected ──lost──► reconnecting (in so many seconds) ──► connecting
 *                                    lost──► offline (the same, while there is no network)
 *
 * Nothing is queued: what cannot be sent now is refused, and the caller says so to its user.
 */

const FIRST_DELAY = 500; // ms
const LONGEST_DELAY = 10_000; // ms
/** A connection that lived this long was a good one: the next delay is the first again. */
const PROVEN_AFTER = 5_000; // ms
/** A connection attempt or an echo that takes longer than this is taken for lost. */
const PATIENCE = 10_000; // ms

/** @typedef {"connecting" | "connected" | "reconnecting" | "offline"} State */

/**
 * Exponential, and of each delay a random half: clients that one restart of the server dropped
 * at the same moment don't come back at the same moment.
 *
 * @param {number} failures connections lost or failed in a row, from 1
 * @param {number} random from 0 up to 1
 * @returns {number} milliseconds
 */
export function retryDelay(failures, random) {
  const longest = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (failures - 1));
  return Math.round(longest / 2 + random * longest / 2);
}

/** See the top of the file. */
export class Link {
  /** @type {State} */
  state = "connecting";
  #url;
  #onState;
  #onMessage;
  /** @type {WebSocket | undefined} */
  #socket;
  /** Takes the listeners off a socket that we gave up, which may still have events to tell. */
  #listeners = new AbortController();
  #openedAt = 0;
  #failures = 0;
  #retryAt = 0;
  #retryTimer = 0;
  #deadline = 0;

  /**
   * @param {string} url
   * @param {{ onState: (state: State, seconds: number) => void,
   *           onMessage: (bytes: Uint8Array) => void }} callbacks `seconds` until the next attempt
   */
  constructor(url, { onState, onMessage }) {
    this.#url = url;
    this.#onState = onState;
    this.#onMessage = onMessage;
  }

  /** Connects now, unless that is done or under way. */
  connect() {
    if (this.#socket !== undefined) return;
    clearTimeout(this.#retryTimer);
    this.#tell("connecting");
    this.#listeners = new AbortController();
    const { signal } = this.#listeners;
    const socket = new WebSocket(this.#url);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => this.#opened(), { signal });
    socket.addEventListener("message", ({ data }) => this.#received(data), { signal });
    // An error is always followed by a close, and says nothing more.
    socket.addEventListener("close", () => this.#lost(), { signal });
    this.#socket = socket;
    this.#expectAnswer();
  }

  /**
   * Sends a text message, which is answered by an echo.
   *
   * @param {string} text
   * @returns {boolean} false when it was not sent and will not be
   */
  send(text) {
    if (this.state !== "connected" || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(text);
    if (this.#deadline === 0) this.#expectAnswer();
    return true;
  }

  #opened() {
    this.#answered();
    this.#openedAt = performance.now();
    this.#tell("connected");
  }

  /** @param {string | ArrayBuffer} data */
  #received(data) {
    this.#answered();
    this.#onMessage(
      typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data),
    );
  }

  /** A peer that vanished without a word (a phone that changed networks) is noticed by this. */
  #expectAnswer() {
    this.#deadline = setTimeout(() => this.#lost(), PATIENCE);
  }

  #answered() {
    clearTimeout(this.#deadline);
    this.#deadline = 0;
  }

  #lost() {
    this.#answered();
    this.#listeners.abort();
    this.#socket?.close();
    this.#socket = undefined;
    const lived = this.state === "connected" ? performance.now() - this.#openedAt : 0;
    this.#failures = lived >= PROVEN_AFTER ? 1 : this.#failures + 1;
    // Tried even without a network: the server may be on this machine.
    const delay = navigator.onLine ? retryDelay(this.#failures, Math.random()) : LONGEST_DELAY;
    this.#retryAt = performance.now() + delay;
    this.#countDown();
  }

  #countDown() {
    const left = this.#retryAt - performance.now();
    if (left <= 0) return this.connect();
    this.#tell(navigator.onLine ? "reconnecting" : "offline", Math.ceil(left / 1000));
    this.#retryTimer = setTimeout(() => this.#countDown(), left % 1000 || 1000);
  }

  /**
   * @param {State} state
   * @param {number} seconds until the next attempt, where one is waited for
   */
  #tell(state, seconds = 0) {
    this.state = state;
    this.#onState(state, seconds);
  }
}
