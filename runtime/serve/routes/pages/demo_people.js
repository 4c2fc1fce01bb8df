/**
 * Who is in the chat, what they call themselves, and who is typing.
 *
 * In: joins, leaves, names and signs of typing, each with the id of a client that the server has written. Out: lists for the
 * page. A name that was not told yet, or is forgotten, is made of the client's id. Pure: the time is an argument.
 */

import { cleanName } from "./demo_room.js";

/** Milliseconds after which somebody who does not say so again is not typing. */
const TYPING_TIME = 6_000;
/** Names that are remembered, also of people who have left: their last words may still come. */
const REMEMBERED = 1_000;

/** @typedef {{ client: string, name: string, isOwn: boolean }} Person */

/** See the top of the file. */
export class People {
  /** The id of this page's client. */
  own = "";
  /** @type {Set<string>} */
  #members = new Set();
  /** @type {Map<string, string>} */
  #names = new Map();
  /** @type {Map<string, number>} until when */
  #typing = new Map();

  /**
   * Those who are there now, in place of all.
   *
   * @param {Iterable<string>} clients
   */
  reset(clients) {
    this.#members = new Set(clients);
    this.#typing.clear();
  }

  /** @param {string} client */
  joined(client) {
    this.#members.add(client);
  }

  /** @param {string} client */
  left(client) {
    this.#members.delete(client);
    this.#typing.delete(client);
  }

  /**
   * @param {string | undefined} client
   * @param {unknown} name
   */
  named(client, name) {
    const clean = cleanName(name);
    if (!client || clean === "") return;
    this.#names.delete(client);
    this.#names.set(client, clean);
    if (this.#names.size > REMEMBERED) this.#names.delete(this.#names.keys().next().value);
  }

  /**
   * @param {string | undefined} client
   * @param {boolean} isTyping
   * @param {number} now
   */
  typed(client, isTyping, now) {
    if (!client || client === this.own || !this.#members.has(client)) return;
    if (isTyping) this.#typing.set(client, now + TYPING_TIME);
    else this.#typing.delete(client);
  }

  /** @param {string} client */
  nameOf(client) {
    return this.#names.get(client) ?? `Guest ${client.slice(0, 4)}`;
  }

  /** @returns {Person[]} this page first, then by name */
  list() {
    const people = [...this.#members].map((client) => ({
      client,
      name: this.nameOf(client),
      isOwn: client === this.own,
    }));
    return people.sort((a, b) =>
      Number(b.isOwn) - Number(a.isOwn) || a.name.localeCompare(b.name) ||
      (a.client < b.client ? -1 : 1)
    );
  }

  /**
   * Who is typing, in a sentence.
   *
   * @param {number} now
   * @returns {string} empty: nobody
   */
  typingText(now) {
    for (const [client, until] of this.#typing) if (until <= now) this.#typing.delete(client);
    const names = [...this.#typing.keys()].map((client) => this.nameOf(client));
    if (names.length === 0) return "";
    if (names.length === 1) return `${names[0]} is typing…`;
    if (names.length === 2) return `${names[0]} and ${names[1]} are typing…`;
    return `${names.length} people are typing…`;
  }
}
