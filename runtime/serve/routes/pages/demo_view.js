/**
 * The lines and the people in the page.
 *
 * In: lines, notes and people. Out: elements, whose texts are set as text: nothing that somebody wrote is read as HTML. The
 * newest line stays in view, unless the reader has scrolled up.
 */

import { LONGEST_NAME } from "./demo_room.js";

/** Lines and notes that the page keeps. */
const MOST_SHOWN = 1_000;
/** Pixels from the end that count as the end. */
const NEAR = 40;
/** Colours of names: see demo.css. */
const HUES = 6;
/** People who are listed by name. */
const MOST_PEOPLE = 100;

/**
 * An element with a text.
 *
 * @param {string} tag
 * @param {string} text
 * @param {string} [className]
 */
function element(tag, text, className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className !== "") made.className = className;
  return made;
}

/** @param {string} name */
function hueOf(name) {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.codePointAt(0)) % 65_521;
  return `hue-${sum % HUES}`;
}

/**
 * @param {number} at
 * @returns {string} hours and minutes, for a screen
 */
function clock(at) {
  const time = new Date(at);
  return [time.getHours(), time.getMinutes()].map((part) => String(part).padStart(2, "0")).join(
    ":",
  );
}

/** Name and time above a line. Names may be written from right to left. */
function headOf({ name, at }) {
  const head = element("p", "", "head");
  const time = element("time", clock(at));
  time.dateTime = new Date(at).toISOString();
  head.append(element("bdi", name.slice(0, LONGEST_NAME * 2), `name ${hueOf(name)}`), " ", time);
  return head;
}

function textOf(text) {
  const made = element("p", text, "text");
  made.dir = "auto";
  return made;
}

/** The lines. */
export class LinesView {
  #elements;
  #unread = 0;

  /** @param {{ scroll: HTMLElement, lines: HTMLElement, waiting: HTMLElement, empty: HTMLElement, newest: HTMLElement }} elements */
  constructor(elements) {
    this.#elements = elements;
    const { scroll, newest } = elements;
    newest.addEventListener("click", () => {
      this.#toEnd();
      scroll.focus();
    });
    scroll.addEventListener("scroll", () => this.#isAtEnd() && this.#setUnread(0));
    // A keyboard on the screen makes it smaller.
    new ResizeObserver(() => this.#unread === 0 && this.#toEnd()).observe(scroll);
  }

  /**
   * @param {import("./demo_room.js").Line[]} lines
   * @param {(line: import("./demo_room.js").Line) => boolean} isOwn
   */
  add(lines, isOwn) {
    const added = lines.map((line) => {
      const item = element("li", "", isOwn(line) ? "line own" : "line");
      item.append(headOf(line), textOf(line.text));
      return item;
    });
    this.#append(added, lines.some(isOwn));
  }

  /**
   * A note between the lines, about the chat itself.
   *
   * @param {string} text
   * @param {"plain" | "warning"} kind
   */
  note(text, kind = "plain") {
    this.#append([element("li", text, `note ${kind}`)], false);
  }

  /** Whether anything is shown; until the room is entered, nobody knows. */
  settled() {
    const { scroll, lines, empty } = this.#elements;
    // Until now nothing is read out.
    scroll.setAttribute("aria-busy", "false");
    empty.hidden = lines.childElementCount > 0;
  }

  /**
   * The lines that are not sent yet.
   *
   * @param {{ id: string, text: string, error?: string }[]} drafts
   * @param {{ isConnected: boolean, retry: (id: string) => void }} how
   */
  waiting(drafts, { isConnected, retry }) {
    const wasAtEnd = this.#isAtEnd();
    const mark = isConnected ? "sending…" : "waits for the connection";
    this.#elements.waiting.replaceChildren(...drafts.map(({ id, text, error }) => {
      const item = element("li", "", "line own");
      const state = element("p", error === undefined ? mark : `not accepted: ${error} `, "mark");
      if (error !== undefined) {
        const again = element("button", "Send again");
        again.type = "button";
        again.addEventListener("click", () => retry(id));
        state.append(again);
      }
      item.append(textOf(text), state);
      return item;
    }));
    if (drafts.length > 0) this.#elements.empty.hidden = true;
    if (wasAtEnd) this.#toEnd();
  }

  #append(items, isOwn) {
    if (items.length === 0) return;
    const wasAtEnd = this.#isAtEnd();
    const { lines, empty } = this.#elements;
    empty.hidden = true;
    lines.append(...items);
    while (lines.childElementCount > MOST_SHOWN) lines.firstElementChild.remove();
    if (wasAtEnd || isOwn) this.#toEnd();
    else this.#setUnread(this.#unread + items.length);
  }

  #isAtEnd() {
    const { scrollTop, clientHeight, scrollHeight } = this.#elements.scroll;
    return scrollTop + clientHeight >= scrollHeight - NEAR;
  }

  #toEnd() {
    const { scroll } = this.#elements;
    scroll.scrollTop = scroll.scrollHeight;
    this.#setUnread(0);
  }

  #setUnread(count) {
    const { newest } = this.#elements;
    this.#unread = count;
    newest.hidden = count === 0;
    newest.textContent = count === 1 ? "1 new line ↓" : `${count} new lines ↓`;
  }
}

/**
 * The people.
 *
 * @param {import("./demo_people.js").Person[]} people
 * @param {{ list: HTMLElement, count: HTMLElement }} elements
 */
export function showPeople(people, { list, count }) {
  count.textContent = String(people.length);
  const items = people.slice(0, MOST_PEOPLE).map(({ name, isOwn }) => {
    const item = element("li", "", isOwn ? "own" : "");
    item.append(element("bdi", name, `name ${hueOf(name)}`), isOwn ? " (you)" : "");
    return item;
  });
  const more = people.length - items.length;
  if (more > 0) items.push(element("li", `and ${more} more`));
  list.replaceChildren(...items);
}
