/**
 * Carries what backends ask of connections to the workers that have these: unsubscribe, disconnect, subscribe, refresh.
 *
 * In: a method's name and the JSON of its request, on any worker. Out: the same on each worker, also on this one, in one order. It
 * is a channel of the store, whose name no client can have, so that the feed brings it and a gap is recovered.
 */

import type { ByteBuffer } from "../../../protocol/mod.ts";
import type { ChannelStore, Entry } from "../../channels/mod.ts";
import type { Deferred, Loop } from "../../net/mod.ts";
import type { ChannelIdentity, Face, Hub, Subscriber } from "../hub/mod.ts";

/** Not UTF-8, unlike every channel's name. */
const KEY = new Uint8Array([0xff, 0x00]);
/** The hub's name for it: clients' channels have at least one character. */
const NAME = "";
const HISTORY = { historySize: 1_000, historyTtlMs: 60_000 } as const;
const SPACE = 0x20;
const LF = 0x0a;

/** Whether a name of the store is that of the control channel. */
export function isControlChannel(key: Uint8Array): boolean {
  return key[0] === KEY[0];
}

/** Carries out what arrives. */
export interface ControlHandler {
  /** A method with the JSON of its request. */
  control(method: string, request: Uint8Array): void;
}

/** A request with the name of its method in front, one a line: JSON has no line breaks here. */
const LINES: Face<Uint8Array> = {
  append(out: ByteBuffer, _channel: ChannelIdentity, entry: Entry): void {
    out.append(entry.fields);
    out.appendByte(SPACE);
    out.append(entry.data);
    out.appendByte(LF);
  },
  seal: (out) => out.view().slice(),
};

/** What the channel works with. */
export interface ControlChannelParts {
  readonly store: Pick<ChannelStore, "maxEntryBytes" | "publish">;
  readonly hub: Hub;
  readonly loop: Pick<Loop, "defer">;
  readonly handler: ControlHandler;
}

/** One worker's end. */
export class ControlChannel implements Subscriber<Uint8Array>, Deferred {
  readonly face = LINES;
  readonly #parts: ControlChannelParts;

  constructor(parts: ControlChannelParts) {
    this.#parts = parts;
    this.onTurn();
  }

  /** Sends to all workers. Returns false if the store has no room for it, or is busy. */
  send(method: string, request: Uint8Array): boolean {
    const data = request.filter((byte) => byte !== LF);
    const fields = new TextEncoder().encode(method);
    const { store } = this.#parts;
    if (data.length + fields.length > store.maxEntryBytes) return false;
    return store.publish(KEY, { data, fields, ...HISTORY }).status === "stored";
  }

  receive(lines: Uint8Array): void {
    for (let at = 0; at < lines.length;) {
      const space = lines.indexOf(SPACE, at);
      const end = lines.indexOf(LF, space);
      const method = new TextDecoder().decode(lines.subarray(at, space));
      this.#parts.handler.control(method, lines.subarray(space + 1, end));
      at = end + 1;
    }
  }

  /** More came than the history keeps: go on with what comes now. */
  lost(): void {
    this.#parts.loop.defer(this);
  }

  /** Subscribes, or tries again in the next turn if the store is busy. */
  onTurn(): void {
    const { hub, loop } = this.#parts;
    const entrance = hub.enter(NAME, KEY);
    if (typeof entrance === "string") loop.defer(this);
    else hub.join(entrance.channel, this, entrance.offset);
  }
}
