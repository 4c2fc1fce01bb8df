/**
 * The channels: figures of all, the busiest ones, and one that is watched and published to.
 *
 * In: samples; with `--admin-channels` also `/channels`, asked every two seconds while the page is visible, and the events of
 * `/channels/watch`. Out: tiles, a table and a list. Names and data are shown as text, whatever somebody published.
 */

import * as units from "./units.js";

/** Milliseconds between two lists. */
const LIST_PAUSE = 2_000;
/** Publications that are shown. */
const MOST_SHOWN = 200;

const byId = (id) => document.getElementById(id);

function element(tag, text, className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className !== "") made.className = className;
  return made;
}

const plural = (count, one, many) => `${count} ${count === 1 ? one : many}`;

/** See the top of the file. */
export class ChannelPanel {
  #hasDesk;
  /** @type {EventSource | undefined} */
  #events;
  #channel = "";

  /** @param {boolean} hasDesk whether channels may be listed, watched and published to */
  constructor(hasDesk) {
    this.#hasDesk = hasDesk;
    byId("channels").hidden = false;
    byId("desk").hidden = !hasDesk;
    byId("no-desk").hidden = hasDesk;
    if (!hasDesk) return;
    byId("watch-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#watch(byId("channel").value);
    });
    byId("publish-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#publish(byId("data").value);
    });
    void this.#list();
  }

  /** @param {object} sample */
  show(sample) {
    const perSecond = (value) => units.line(units.count(value), "/s");
    byId("channel-clients").textContent = String(sample.channelClients);
    byId("channel-subscriptions").textContent = plural(
      sample.subscriptions,
      "subscription",
      "subscriptions",
    );
    byId("channel-publications").textContent = perSecond(sample.publications);
    byId("channel-deliveries").textContent = `${perSecond(sample.deliveries)} deliveries`;
    byId("channel-p50").textContent = units.line(units.duration(sample.deliveryP50));
    byId("channel-p99").textContent = `${units.line(units.duration(sample.deliveryP99))} at 99 %`;
    byId("channel-recovered").textContent = String(sample.recovered);
    byId("channel-unrecovered").textContent = `${sample.unrecovered} could not`;
    byId("channel-slow").textContent = String(sample.slowClients);
    byId("channel-skips").textContent = `${sample.slowSkips} skipped messages`;
  }

  async #list() {
    for (;;) {
      // After a failure the table stays as it was: the state of the page says that the server is gone.
      if (!document.hidden) {
        const response = await fetch("/channels").catch(() => undefined);
        if (response?.ok) this.#showList(await response.json());
      }
      await new Promise((resolve) => setTimeout(resolve, LIST_PAUSE));
    }
  }

  #showList({ total, busiest }) {
    byId("channel-count").textContent = plural(total, "channel", "channels");
    // The focus stays on the row of the same channel.
    const focused = document.activeElement?.closest("#busy-channels tr")?.dataset.channel;
    const rows = busiest.map((one) => this.#rowOf(one));
    byId("busy-channels").replaceChildren(...rows);
    rows.find(({ dataset }) => dataset.channel === focused)?.querySelector("button").focus();
  }

  #rowOf({ channel, publications, subscribers, members }) {
    const row = document.createElement("tr");
    row.dataset.channel = channel;
    const head = element("th", "");
    head.scope = "row";
    const button = element("button", channel);
    button.type = "button";
    button.title = "Watch this channel";
    button.addEventListener("click", () => this.#watch(channel));
    head.append(button);
    const rate = publications === null ? "–" : units.line(units.count(publications), "/s");
    row.append(head, ...[rate, subscribers, members].map((text) => element("td", String(text))));
    return row;
  }

  #watch(channel) {
    if (channel === "") return;
    this.#events?.close();
    this.#channel = channel;
    byId("channel").value = channel;
    byId("watched").hidden = false;
    byId("watched-title").textContent = channel;
    byId("publish-result").textContent = "";
    byId("publications").replaceChildren();
    const events = this.#events = new EventSource(
      `/channels/watch?channel=${encodeURIComponent(channel)}`,
    );
    events.addEventListener("begin", ({ data }) => {
      byId("publications").replaceChildren();
      this.#add(JSON.parse(data));
    });
    events.addEventListener("publications", ({ data }) => this.#add(JSON.parse(data)));
    events.addEventListener("error", () => {
      if (events.readyState !== EventSource.CLOSED) return;
      byId("publish-result").textContent = "This channel cannot be watched: no channel has this " +
        "name, or too many pages watch one";
    });
  }

  #add({ publications, unseen }) {
    const list = byId("publications");
    if (unseen > 0) {
      const text = `${plural(unseen, "publication", "publications")} that could not be seen here`;
      list.prepend(element("li", text, "unkept"));
    }
    for (const { offset, data } of publications) {
      const item = element("li", "");
      // An event of a client has no offset.
      item.append(element("b", offset === 0 ? "–" : String(offset)), " ", element("code", data));
      list.prepend(item);
    }
    while (list.childElementCount > MOST_SHOWN) list.lastElementChild.remove();
  }

  async #publish(data) {
    const url = `/channels/publish?channel=${encodeURIComponent(this.#channel)}`;
    const headers = { "Content-Type": "application/json" };
    const result = byId("publish-result");
    const response = await fetch(url, { method: "POST", headers, body: data })
      .catch(() => undefined);
    result.textContent = response === undefined
      ? "Not published: there is no connection"
      : (await response.text()).trim();
    result.classList.toggle("alarm", response?.ok !== true);
  }
}
