/**
 * The lines of the chat that this page has, each of them once.
 *
 * In: publications, as they come by recovery, history or live. Out: the lines that are new here. A line has an id from its
 * writer, so that one that was sent twice, because the first answer was lost, is shown once. What others have written
 * is checked: it may be anything. Pure.
 */

/** Characters of a name, of a line, and of the id of a line. */
export const LONGEST_NAME = 24;
export const LONGEST_TEXT = 1_000;
const LONGEST_ID = 40;
/** Lines whose ids are remembered: more than the page shows, and than the server keeps. */
const REMEMBERED = 2_000;
/** The year 3000, in milliseconds. */
const LATEST = 32_503_680_000_000;

/** @typedef {{ id: string, name: string, text: string, at: number, client: string }} Line */

/**
 * A name as it is shown: one line, not too long.
 *
 * @param {unknown} name
 * @returns {string} empty if it is none
 */
export function cleanName(name) {
  if (typeof name !== "string") return "";
  return [...name.replace(/[\s\p{C}]+/gu, " ").trim()].slice(0, LONGEST_NAME).join("");
}

/**
 * The line of a publication.
 *
 * @param {{ data?: any, info?: { client?: string } }} publication
 * @returns {Line | undefined} undefined if it is none
 */
export function lineOf({ data, info }) {
  const { id, name, text, at } = data ?? {};
  if (typeof id !== "string" || id === "" || id.length > LONGEST_ID) return undefined;
  if (typeof text !== "string" || text.trim() === "") return undefined;
  const isTime = Number.isFinite(at) && at > 0 && at < LATEST;
  return {
    id,
    name: cleanName(name) || "Guest",
    text: text.slice(0, LONGEST_TEXT),
    at: isTime ? at : Date.now(),
    client: String(info?.client ?? ""),
  };
}

/** See the top of the file. */
export class Room {
  /** @type {Set<string>} in the order of their arrival */
  #ids = new Set();
  /** Where the lines end that are here; undefined: there are none yet. */
  #position;

  /** What a subscription asks for: everything behind the position. */
  get wish() {
    return this.#position === undefined ? {} : { recover: true, ...this.#position };
  }

  /**
   * Takes the answer to a subscription, and the history.
   *
   * @param {object} subscribed the result
   * @param {object[]} history all publications that the server has
   * @returns {{ lines: Line[], how: "first" | "recovered" | "forgotten" | "gap" }} the lines that are new here; `forgotten`: the
   * server no longer has what is here; `gap`: it has lost some that are not here
   */
  enter(subscribed, history) {
    const before = this.#position;
    const { epoch = "", offset = 0, recovered = false, publications = [] } = subscribed;
    this.#position = { epoch, offset };
    const how = before === undefined
      ? "first"
      : recovered
      ? "recovered"
      : before.epoch === epoch
      ? "gap"
      : "forgotten";
    return { lines: this.#fresh(how === "recovered" ? publications : history), how };
  }

  /**
   * Takes a live publication.
   *
   * @param {{ offset?: number }} publication
   * @returns {Line | undefined} the line, if it is new here
   */
  take(publication) {
    const { offset } = publication;
    if (offset !== undefined) this.#position = { ...this.#position, offset };
    return this.#fresh([publication])[0];
  }

  /** @param {string} id */
  has(id) {
    return this.#ids.has(id);
  }

  #fresh(publications) {
    return publications.map(lineOf).filter((line) => {
      if (line === undefined || this.#ids.has(line.id)) return false;
      this.#ids.add(line.id);
      if (this.#ids.size > REMEMBERED) this.#ids.delete(this.#ids.values().next().value);
      return true;
    });
  }
}
