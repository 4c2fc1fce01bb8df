/**
 * A card for each worker: its load, its connections, its requests.
 *
 * In: the workers of the last sample. Out: their cards, created once and updated each second.
 */

import * as units from "./units.js";

/** Above this load there is little reserve for a burst. */
const HIGH_LOAD = 0.9;

/** The cards of all workers. */
export class WorkerCards {
  #parent;
  #cards = [];

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.#parent = parent;
  }

  /** @param {readonly { load: number, connections: number, requests: number }[]} workers */
  show(workers) {
    while (this.#cards.length < workers.length) this.#cards.push(this.#create());
    workers.forEach((worker, i) => write(this.#cards[i], worker));
  }

  #create() {
    const item = this.#parent.appendChild(document.createElement("li"));
    const number = this.#cards.length;
    const head = item.appendChild(document.createElement("p"));
    head.append(`Worker ${number}`);
    const load = head.appendChild(document.createElement("b"));
    const bar = item.appendChild(document.createElement("div"));
    bar.className = "bar";
    bar.role = "meter";
    bar.setAttribute("aria-label", `Load of worker ${number}`);
    bar.setAttribute("aria-valuemin", "0");
    bar.setAttribute("aria-valuemax", "100");
    bar.append(document.createElement("i"));
    const foot = item.appendChild(document.createElement("p"));
    const connections = foot.appendChild(document.createElement("span"));
    const requests = foot.appendChild(document.createElement("span"));
    return { load, bar, connections, requests };
  }
}

function write({ load, bar, connections, requests }, worker) {
  load.textContent = units.line(units.share(worker.load));
  bar.style.setProperty("--load", String(worker.load));
  bar.setAttribute("aria-valuenow", String(Math.round(worker.load * 100)));
  bar.classList.toggle("high", worker.load >= HIGH_LOAD);
  connections.textContent = `${worker.connections} open`;
  requests.textContent = units.line(units.count(worker.requests), " req/s");
}
