/**
 * An event stream as EventSource interprets it (HTML Living Standard, section 9.2.6).
 *
 * In: text as it arrives, in any pieces. Out: the events, and what a browser would send as Last-Event-ID. What is not ended by an empty
 * line counts for nothing, as after a broken connection.
 */

/** One event. */
export interface StreamEvent {
  /** `message` if the stream does not name it. */
  readonly type: string;
  readonly data: string;
  /** The last event id when it was dispatched. */
  readonly id: string;
}

/** Interprets a stream; a new one for each connection. */
export class EventStream {
  /** What was dispatched. */
  readonly events: StreamEvent[] = [];
  /** How many comment lines came. */
  comments = 0;
  /** Milliseconds after which to come back; 0: not told. */
  retry = 0;
  /** What the next request says. */
  lastEventId: string;
  #rest = "";
  #id: string;
  #type = "";
  #data: string[] = [];

  /** @param lastEventId of the connection before */
  constructor(lastEventId = "") {
    this.lastEventId = lastEventId;
    this.#id = lastEventId;
  }

  /** Takes a piece. */
  take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#takeLine(line);
  }

  /** The data of the events of a type, as JSON. */
  // deno-lint-ignore no-explicit-any -- tests look into data of any kind
  dataOf(type: string): any[] {
    return this.events.filter((event) => event.type === type).map(({ data }) => JSON.parse(data));
  }

  #takeLine(line: string): void {
    if (line === "") return this.#dispatch();
    const [, name = "", value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line)!;
    if (name === "") this.comments++;
    else if (name === "event") this.#type = value;
    else if (name === "data") this.#data.push(value);
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    else if (name === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
  }

  #dispatch(): void {
    this.lastEventId = this.#id;
    if (this.#data.length > 0) {
      const data = this.#data.join("\n");
      this.events.push({ type: this.#type || "message", data, id: this.#id });
    }
    this.#type = "";
    this.#data = [];
  }
}
