/**
 * The demo chat: the connection, the channels and the page together.
 *
 * Three channels: the lines, who is there with their names, and who is typing. After a lost connection the page asks for
 * all lines behind the last one that it has. Lines that were written meanwhile are sent then. If the server has forgotten
 * what it had, as its memory ends with it, the page says so and keeps what it shows.
 */

import { formatPause } from "./connection_loss.js";
import { ChannelsClient, LOST, staysAway } from "./demo_client.js";
import { Outbox } from "./demo_outbox.js";
import { People } from "./demo_people.js";
import { cleanName, LONGEST_TEXT, Room } from "./demo_room.js";
import { LinesView, showPeople } from "./demo_view.js";
import { Link } from "./link.js";
import { showConnection, showHint } from "./page_header.js";

/** The channels of the server's config: runtime/config/demo.ts. */
const LINES = "demo:lobby";
const PEOPLE = "demo-people:lobby";
const TYPING = "demo-typing:lobby";

/** Milliseconds between two signs of typing, and between two looks at who has stopped. */
const TYPING_PAUSE = 3_000;
const TYPING_LOOK = 1_000;
/** Milliseconds that a hint is shown. */
const HINT_TIME = 4_000;
/** Milliseconds beyond the server's interval of pings after which the connection is considered lost. */
const PING_GRACE = 10_000;

const STATE_TEXT = {
  connecting: "Connecting…",
  entering: "Connecting…",
  connected: "Connected",
  reconnecting: "Connection lost",
  offline: "Offline",
  refused: "Refused by the server",
};
const TITLE = document.title;

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const nameField = /** @type {HTMLInputElement} */ (byId("name"));
const textField = /** @type {HTMLInputElement} */ (byId("text"));

const room = new Room();
const people = new People();
const view = new LinesView({
  scroll: byId("scroll"),
  lines: byId("lines"),
  waiting: byId("waiting"),
  empty: byId("empty"),
  newest: byId("newest"),
});
const link = new Link(socketUrl(), {
  onState: follow,
  onMessage: (bytes) => client.receive(new TextDecoder().decode(bytes)),
  staysAway,
});
const client = new ChannelsClient((text, isAnswered) => link.send(text, isAnswered), pushed);
const outbox = new Outbox(publishLine, showDrafts);

/** Ids of the lines of this page. */
const ownIds = new Set();
let isConnected = false;
/** When the connection was lost; 0: it was not. */
let lostAt = 0;
/** What came before the history did; null: it has come. */
let early = null;
let typedAt = 0;
let unseen = 0;

nameField.value = cleanName(sessionStorage.getItem("name")) ||
  `Guest ${100 + Math.floor(Math.random() * 900)}`;
listen();
link.connect();
setInterval(showTyping, TYPING_LOOK);
if (matchMedia("(pointer: fine)").matches) textField.focus();

function socketUrl() {
  const url = new URL("../connection/websocket", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

/**
 * The states of the connection.
 *
 * @param {import("./link.js").State} state
 * @param {number} seconds until the next attempt
 */
function follow(state, seconds) {
  if (state === "connected") {
    showState("entering");
    return void enter();
  }
  if (isConnected) lost();
  early = null;
  outbox.close();
  client.lost();
  showState(state, seconds);
}

function lost() {
  isConnected = false;
  lostAt = Date.now();
  link.quietTime = 0;
  people.reset([]);
  showTyping();
}

/** Subscribes to the channels. All answers come together, so that nothing is published in between. */
async function enter() {
  early = [];
  const replies = await Promise.all(client.ask(
    { connect: { name: "demo" } },
    { subscribe: { channel: LINES, recoverable: true, positioned: true, ...room.wish } },
    { history: { channel: LINES, limit: -1 } },
    { subscribe: { channel: PEOPLE, positioned: true } },
    { history: { channel: PEOPLE, limit: -1 } },
    { presence: { channel: PEOPLE } },
    { subscribe: { channel: TYPING } },
  ));
  if (replies.includes(LOST)) return;
  const failure = replies.find(({ error }) => error !== undefined);
  if (failure !== undefined) return refused(failure.error);
  const [{ connect }, { subscribe }, { history }, , { history: names }, { presence }] = replies;
  people.own = connect.client;
  if (connect.ping > 0) link.quietTime = connect.ping * 1000 + PING_GRACE;
  for (const { info, data } of names.publications ?? []) people.named(info?.client, data?.name);
  people.reset(Object.keys(presence.presence ?? {}));
  entered(subscribe, history.publications ?? []);
}

/** Shows what was missed, and goes on live. */
function entered(subscribed, history) {
  const { lines, how } = room.enter(subscribed, history);
  if (how !== "first") view.note(...noteOf(how, lines.length));
  const kept = new Set(history.map(({ data }) => data?.id));
  for (const { data } of [...subscribed.publications ?? [], ...history]) outbox.confirm(data?.id);
  show(lines);
  view.settled();
  isConnected = true;
  for (const push of early) pushed(push);
  early = null;
  announce();
  if (how === "forgotten") outbox.repeat(lostAt, kept);
  outbox.open();
  showState("connected");
}

/**
 * @param {"recovered" | "forgotten" | "gap"} how
 * @param {number} count of lines that are new here
 */
function noteOf(how, count) {
  const lines = count === 1 ? "1 line" : `${count} lines`;
  const again = `Connected again after ${formatPause(Date.now() - lostAt)}`;
  if (how === "recovered") {
    return [count === 0 ? `${again}: nothing was missed` : `${again}: ${lines} came meanwhile`];
  }
  if (how === "gap") {
    return [
      `${again}: too much was written meanwhile. The server no longer has all of it`,
      "warning",
    ];
  }
  return [
    `${again}: the server was restarted, and its memory of the chat is gone. The lines above are what ` +
    `this page kept${count === 0 ? "" : `; ${lines} came meanwhile`}`,
    "warning",
  ];
}

/** @param {{ code: number, message: string, temporary?: boolean }} error */
function refused({ code, message, temporary = false }) {
  if (!temporary) {
    view.note(`The server does not let this page in: ${message} (${code})`, "warning");
  }
  link.drop(!temporary);
}

/** @param {object} push */
function pushed(push) {
  if (early !== null && !isConnected) return void early.push(push);
  const { channel, pub, join, leave, unsubscribe } = push;
  if (unsubscribe !== undefined) return link.drop(); // it has missed something, and recovers it
  if (channel === LINES && pub !== undefined) {
    const line = room.take(pub);
    outbox.confirm(pub.data?.id);
    if (line !== undefined) show([line]);
  } else if (channel === PEOPLE) {
    if (join !== undefined) people.joined(join.info.client);
    if (leave !== undefined) people.left(leave.info.client);
    if (pub !== undefined) people.named(pub.info?.client, pub.data?.name);
    showTyping();
  } else if (channel === TYPING && pub !== undefined) {
    people.typed(pub.info?.client, pub.data?.typing === true, Date.now());
    showTyping();
  }
}

/** @param {import("./demo_room.js").Line[]} lines */
function show(lines) {
  view.add(lines, ({ id }) => ownIds.has(id));
  for (const line of lines) people.typed(line.client, false, 0);
  showTyping();
  if (document.hidden) unseen += lines.length;
  showTitle();
}

function showTyping() {
  showPeople(people.list(), { list: byId("people"), count: byId("people-count") });
  if (!isConnected) byId("people-count").textContent = "–";
  byId("typing").textContent = people.typingText(Date.now());
}

/** @param {(import("./demo_outbox.js").Draft & { error?: string })[]} drafts */
function showDrafts(drafts) {
  const unknown = drafts.filter(({ id }) => !room.has(id));
  view.waiting(unknown, { isConnected, retry: (id) => outbox.retry(id) });
}

/** @param {import("./demo_outbox.js").Draft} data */
async function publishLine(data) {
  return await client.ask({ publish: { channel: LINES, data } })[0];
}

/** Tells the others this page's name. */
function announce() {
  const name = cleanName(nameField.value);
  people.named(people.own, name);
  client.ask({ publish: { channel: PEOPLE, data: { name } } });
  showTyping();
}

function listen() {
  byId("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    write();
  });
  nameField.addEventListener("change", () => {
    nameField.value = cleanName(nameField.value) || nameField.defaultValue;
    sessionStorage.setItem("name", nameField.value);
    if (isConnected) announce();
  });
  nameField.defaultValue = nameField.value;
  textField.addEventListener("input", () => tellTyping(textField.value !== ""));
  const connect = () => link.state !== "refused" && link.connect();
  byId("retry").addEventListener("click", () => {
    link.connect();
    textField.focus();
  });
  globalThis.addEventListener("online", connect);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    unseen = 0;
    showTitle();
    connect();
  });
}

function write() {
  const text = textField.value.trim().slice(0, LONGEST_TEXT);
  if (text === "") {
    if (document.activeElement === textField) hint("There is nothing to send: write a line first");
    return textField.focus();
  }
  const id = crypto.getRandomValues(new Uint32Array(4)).join("-").slice(0, 40);
  ownIds.add(id);
  if (!outbox.add({ id, name: cleanName(nameField.value), text, at: Date.now() })) {
    return hint("Too many lines wait for the connection");
  }
  textField.value = "";
  tellTyping(false);
}

/** @param {boolean} isTyping */
function tellTyping(isTyping) {
  const now = Date.now();
  if (!isConnected || (isTyping && now - typedAt < TYPING_PAUSE)) return;
  if (!isTyping && typedAt === 0) return;
  typedAt = isTyping ? now : 0;
  client.ask({ publish: { channel: TYPING, data: { typing: isTyping } } });
}

/**
 * @param {keyof STATE_TEXT} state
 * @param {number} [seconds]
 */
function showState(state, seconds = 0) {
  const waits = state === "reconnecting" || state === "offline";
  const countdown = waits ? `retry in ${seconds} s` : "";
  const canRetry = waits || state === "refused";
  showConnection({ state, text: STATE_TEXT[state], countdown, canRetry });
  showTitle();
}

function showTitle() {
  const warning = isConnected || lostAt === 0 ? "" : "⚠ Connection lost – ";
  document.title = warning + (unseen === 0 ? "" : `(${unseen}) `) + TITLE;
}

/** @param {string} text shown for some seconds */
function hint(text) {
  showHint(text, HINT_TIME);
}
