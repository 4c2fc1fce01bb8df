/**
 * What the pages with a link have in common: the header, which shows the state of the connection, and a hint.
 *
 * In: the elements #state-text, #countdown, #retry and #hint of the page. Out: what they show.
 */

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * Shows the state of the connection.
 *
 * @param {{ state: string, text: string, countdown: string, canRetry: boolean }} shown the state's name for the style, and
 *   its words; how long until the next attempt; whether there is a button for an attempt now
 */
export function showConnection({ state, text, countdown, canRetry }) {
  document.documentElement.dataset.state = state;
  // The live region is not updated each second; the countdown next to it is visible only.
  const element = byId("state-text");
  if (element.textContent !== text) element.textContent = text;
  byId("countdown").textContent = countdown;
  byId("retry").hidden = !canRetry;
}

let timer = 0;

/**
 * Shows a hint.
 *
 * @param {string} text
 * @param {number} time milliseconds
 */
export function showHint(text, time) {
  const element = byId("hint");
  // A screen reader would read it out again for each key if it were set again.
  if (element.hidden || element.textContent !== text) element.textContent = text;
  element.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => element.hidden = true, time);
}
