/**
 * A WebSocket that reconnects: connects, reports its state, and connects again after a loss.
 *
 * In: a URL and two callbacks. Out: messages as bytes, and the state whenever it changes:
 *
 *   connecting ──open──► connected ──lost──► reconnecting (in some seconds) ──► connecting
 *                                    lost──► offline (the same, while there is no network)
 *                                    lost──► refused (by a close code after which it stays away)
 *
 * Nothing is queued: text that cannot be sent now is refused, and the caller tells the user.
 */

const FIRST_DELAY = 500; // ms
const LONGEST_DELAY = 10_000; // ms
/** After a connection that lasted this long, the delays start again with the first. */
const PROVEN_AFTER = 5_000; // ms
/** A connection is considered lost if an attempt or an answer takes longer than this. */
const PATIENCE = 10_000; // ms

/** @typedef {"connecting" | "connected" | "reconnecting" | "offline" | "refused"} State */

/**
 * Exponential back-off; half of each delay is random, so that clients which lost their connections in one
 * restart of the server do not reconnect at the same moment.
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
  /** Milliseconds without any message after which the connection is considered lost; 0: no limit. */
  quietTime = 0;
  #url;
  #onState;
  #onMessage;
  #staysAway;
  /** @type {WebSocket | undefined} */
  #socket;
  /** Removes the listeners from an abandoned socket, which may still have events to report. */
  #listeners = new AbortController();
  #openedAt = 0;
  #failures = 0;
  #retryAt = 0;
  #retryTimer = 0;
  #deadline = 0;
  /** Whether the deadline is that of an answer. */
  #isAsking = false;

  /**
   * @param {string} url
   * @param {{ onState: (state: State, seconds: number) => void,
   *           onMessage: (bytes: Uint8Array) => void,
   *           staysAway?: (code: number) => boolean }} callbacks `seconds` until the next attempt
   */
  constructor(url, { onState, onMessage, staysAway = () => false }) {
    this.#url = url;
    this.#onState = onState;
    this.#onMessage = onMessage;
    this.#staysAway = staysAway;
  }

  /** Connects now, unless it is connected or connecting. */
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
    // An error is always followed by a close, and has no further information.
    socket.addEventListener("close", ({ code }) => this.#lost(this.#staysAway(code)), {
      signal,
    });
    this.#socket = socket;
    this.#expect(PATIENCE);
  }

  /**
   * Sends a text message.
   *
   * @param {string} text
   * @param {boolean} isAnswered whether the server answers it
   * @returns {boolean} false if it was not sent and will not be sent later
   */
  send(text, isAnswered = true) {
    if (this.state !== "connected" || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(text);
    if (isAnswered && !this.#isAsking) {
      this.#isAsking = true;
      this.#expect(PATIENCE);
    }
    return true;
  }

  /**
   * Gives up the connection.
   *
   * @param {boolean} forGood whether it stays away; else it connects again like after any loss
   */
  drop(forGood = false) {
    if (this.#socket !== undefined) this.#lost(forGood);
  }

  #opened() {
    this.#answered();
    this.#openedAt = performance.now();
    this.#tell("connected");
  }

  /** @param {string | ArrayBuffer} data */
  #received(data) {
    this.#answered();
    if (this.quietTime > 0) this.#expect(this.quietTime);
    this.#onMessage(
      typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data),
    );
  }

  /** Detects a connection that broke without a close (a phone that changed networks). */
  #expect(time) {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#lost(), time);
  }

  #answered() {
    clearTimeout(this.#deadline);
    this.#isAsking = false;
  }

  /** @param {boolean} forGood whether it stays away */
  #lost(forGood = false) {
    this.#answered();
    this.#listeners.abort();
    this.#socket?.close();
    this.#socket = undefined;
    if (forGood) return this.#tell("refused");
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
   * @param {number} seconds until the next attempt, if one is planned
   */
  #tell(state, seconds = 0) {
    this.state = state;
    this.#onState(state, seconds);
  }
}
