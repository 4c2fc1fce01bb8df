/**
 * The tip at the cursor of a chart: the time, and the values of the chart under the pointer.
 *
 * In: the position of the cursor, the time, and a text for each series. Out: one element for the plot. It changes
 * sides in the middle, so that it never leaves the chart. The style sheet decides which charts show values.
 */

/** The tip of one chart. */
export class Tip {
  /** The element to place over the plot. */
  element = document.createElement("div");
  #time;
  #values;

  /** @param {readonly string[]} labels of the series */
  constructor(labels) {
    this.element.className = "tip";
    this.element.hidden = true;
    this.#time = this.element.appendChild(document.createElement("time"));
    this.#values = labels.map((label) => {
      const row = this.element.appendChild(document.createElement("span"));
      row.append(label);
      return row.appendChild(document.createElement("b"));
    });
  }

  /**
   * @param {{ left: number, width: number, time: string, texts: readonly string[] } | null} at in pixels of
   *   the plot; null hides the tip
   */
  show(at) {
    this.element.hidden = at === null;
    if (at === null) return;
    this.#time.textContent = at.time;
    at.texts.forEach((text, i) => this.#values[i].textContent = text);
    const isRight = at.left > at.width / 2;
    this.element.style.left = isRight ? "auto" : `${at.left}px`;
    this.element.style.right = isRight ? `${at.width - at.left}px` : "auto";
  }
}
