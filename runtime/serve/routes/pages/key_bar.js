/**
 * The keys that an on-screen keyboard lacks: Escape, Tab, Ctrl and the arrows, below the terminal.
 *
 * In: the buttons of the page, and the terminal. Out: the input of a real keyboard, through the terminal's
 * own input. Ctrl stays down until the next key, typed or tapped. A tap never moves the focus, so the
 * on-screen keyboard stays open or closed. The style sheet shows the bar only on touch screens.
 */

const ESCAPE = "\x1b";

/** Milliseconds until a held key repeats, and between two repetitions. */
const REPEAT_AFTER = 400;
const REPEAT_EACH = 60;

/** Final bytes of the arrow keys' sequences (ECMA-48 CUU, CUD, CUF, CUB). */
const ARROWS = { up: "A", down: "B", right: "C", left: "D" };

/**
 * The input of a key while Ctrl is held: ETX for `c`. Input without a control code is returned unchanged.
 *
 * @param {string} data one character, or other input
 */
export function withControl(data) {
  if (!/^[@-_a-z? ]$/.test(data)) return data;
  if (data === "?") return "\x7f";
  if (data === " ") return "\0";
  return String.fromCharCode(data.toUpperCase().charCodeAt(0) & 0x1f);
}

/**
 * The input of an arrow key, as in xterm.
 *
 * @param {"up" | "down" | "left" | "right"} name
 * @param {{ control: boolean, application: boolean }} modes `application`: cursor keys mode (DECCKM)
 */
export function arrow(name, { control, application }) {
  if (control) return `${ESCAPE}[1;5${ARROWS[name]}`;
  return `${ESCAPE}${application ? "O" : "["}${ARROWS[name]}`;
}

/** See the top of the file. */
export class KeyBar {
  #terminal;
  #control;
  #repeat = 0;

  /**
   * @param {{ input(data: string): void, modes: { applicationCursorKeysMode: boolean } }} terminal
   * @param {HTMLElement} bar with a button for each key, named in data-key
   */
  constructor(terminal, bar) {
    this.#terminal = terminal;
    this.#control = /** @type {HTMLElement} */ (bar.querySelector("[data-key=ctrl]"));
    this.#control.addEventListener("click", () => this.#hold(!this.#isHeld));
    // A press would take the focus from the terminal, and close the on-screen keyboard.
    bar.addEventListener("mousedown", (event) => event.preventDefault());
    for (const button of bar.querySelectorAll("[data-key]:not([data-key=ctrl])")) {
      this.#connect(/** @type {HTMLElement} */ (button));
    }
  }

  /**
   * The input to send for a typed key: if Ctrl was tapped before, it applies to this key.
   *
   * @param {string} data the input as xterm.js gives it
   */
  modify(data) {
    if (!this.#isHeld) return data;
    this.#hold(false);
    return withControl(data);
  }

  get #isHeld() {
    return this.#control.getAttribute("aria-pressed") === "true";
  }

  #hold(held) {
    this.#control.setAttribute("aria-pressed", String(held));
  }

  /** @param {HTMLElement} button */
  #connect(button) {
    const { key } = button.dataset;
    let repeated = false;
    button.addEventListener("click", () => {
      // The click that ends a long press is not another press.
      if (!repeated) this.#press(key);
      repeated = false;
    });
    if (!(key in ARROWS)) return;
    const stop = () => clearTimeout(this.#repeat);
    const again = () => {
      repeated = true;
      this.#press(key);
      this.#repeat = setTimeout(again, REPEAT_EACH);
    };
    button.addEventListener("pointerdown", () => {
      stop();
      repeated = false;
      this.#repeat = setTimeout(again, REPEAT_AFTER);
    });
    for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
      button.addEventListener(end, stop);
    }
    // A long press would open a menu.
    button.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  #press(key) {
    const control = this.#isHeld;
    this.#hold(false);
    if (key === "esc") return this.#terminal.input(ESCAPE);
    if (key === "tab") return this.#terminal.input("\t");
    const application = this.#terminal.modes.applicationCursorKeysMode;
    this.#terminal.input(arrow(key, { control, application }));
  }
}
