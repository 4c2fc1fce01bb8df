/**
 * What stands beside the cursor of a chart: the time, and the values of the chart that is looked at.
 *
 * In: where the cursor is, the time, and a text for each series. Out: one element, for the plot. It changes sides in
 * the middle, so that it never leaves the chart. Which charts show their values is the sheet's matter.
 */

/** See the top of the file. */
export class Tip {
  /** To be put over the plot. */
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
   *   the plot; null takes it away
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
