/**
 * The JSON of the Centrifuge protocol, the client's side: commands out, replies and pushes in.
 *
 * In: messages of a connection, as text. Out: commands, each with a promise of its reply; pushes to a callback. A ping is
 * answered. One message holds one JSON object a line. Knows no channel, and keeps nothing but who waits for a reply.
 */

/** The reply to a command whose connection was lost: it may have been carried out, or not. */
export const LOST = { error: { code: 0, message: "the connection was lost" } };

/** Close codes after which a client of the protocol stays away. */
export function staysAway(code) {
  return (code >= 3500 && code < 4000) || (code >= 4500 && code < 5000) || code === 1009;
}

/** See the top of the file. */
export class ChannelsClient {
  #send;
  #onPush;
  #lastId = 0;
  /** @type {Map<number, (reply: object) => void>} */
  #waiting = new Map();

  /**
   * @param {(text: string, isAnswered: boolean) => boolean} send false if there is no connection
   * @param {(push: object) => void} onPush
   */
  constructor(send, onPush) {
    this.#send = send;
    this.#onPush = onPush;
  }

  /**
   * Sends commands in one message.
   *
   * @param {...object} commands each with one key, its name
   * @returns {Promise<object>[]} of each the reply, which has the same key, or `error`
   */
  ask(...commands) {
    const numbered = commands.map((command) => ({ id: ++this.#lastId, ...command }));
    const replies = numbered.map(({ id }) =>
      new Promise((resolve) => void this.#waiting.set(id, resolve))
    );
    const isSent = this.#send(numbered.map((one) => JSON.stringify(one)).join("\n"), true);
    if (!isSent) numbered.forEach(({ id }) => this.#settle(id, LOST));
    return replies;
  }

  /** @param {string} text a message */
  receive(text) {
    for (const line of text.split("\n")) {
      if (line === "") continue;
      const reply = JSON.parse(line);
      if (reply.id > 0) this.#settle(reply.id, reply);
      else if (reply.push !== undefined) this.#onPush(reply.push);
      else this.#send("{}", false);
    }
  }

  /** The connection is gone: no reply comes any more. */
  lost() {
    for (const id of [...this.#waiting.keys()]) this.#settle(id, LOST);
  }

  #settle(id, reply) {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    resolve?.(reply);
  }
}
