/**
 * Publications as Server-Sent Events (HTML Living Standard, section 9.2), encoded once for all streams of a worker.
 *
 * In: entries of channels, from the hub. Out: for streams of one channel the events as they are sent; for streams of several
 * channels the events without their `id:`, which each stream has to add, as it has positions of its own.
 *
 *   event: typing                                   only if the publication has a tag `event`
 *   data: {"channel":"chat:a","offset":7,"data":{…}}
 *   id: 1k5zqe.1z141z3-4.7                          not if the publication is in no history
 */

import { ByteBuffer } from "../../../protocol/mod.ts";
import {
  decodeShape,
  JsonError,
  JsonWriter,
  readMap,
  readText,
} from "../../../protocol/json/mod.ts";
import { type ChannelStore, type Entry, ENTRY_KIND } from "../../channels/mod.ts";
import { type ChannelMeter, FIELDS_DEPTH } from "../centrifuge/mod.ts";
import type { ChannelIdentity, Face } from "../hub/mod.ts";
import { positionPrefix } from "./stream_position.ts";

/** The tag that names the event. */
const EVENT_TAG = "event";
/** Names that mean something else: to this server, and to EventSource, which fires events of its own. */
const RESERVED = ["", "disconnect", "error", "lost", "message", "open", "skipped", "unsubscribe"];
// deno-lint-ignore no-control-regex -- a line break would end the field, and EventSource ignores what has a NUL
const UNSAFE = /[\x00\r\n]/;
const TAGS = { tags: { wire: "tags", read: readMap(readText) } } as const;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
/** In front of each event: its length, and its offset. */
const HEADER_BYTES = 4 + 8;
const LINE_FEED = 0x0a;
const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();
const ID_FIELD = UTF8.encode("id: ");

/** Where a stream is in a channel. */
export interface Placed {
  readonly name: string;
  readonly place: { readonly epoch: string; readonly offset: number };
}

/** Counts what the hub delivers. */
export type DeliveryMeter = Pick<ChannelMeter, "delivered">;

/** Events as they are sent. */
export class WholeEvents implements Face<Uint8Array> {
  readonly #store: Pick<ChannelStore, "epochText">;
  readonly #meter: DeliveryMeter;

  constructor(store: Pick<ChannelStore, "epochText">, meter: DeliveryMeter) {
    this.#store = store;
    this.#meter = meter;
  }

  delivers(entries: number, bytes: number, subscribers: number): void {
    this.#meter.delivered(entries, bytes, subscribers);
  }

  append(out: ByteBuffer, { name }: ChannelIdentity, entry: Entry): void {
    if (entry.kind !== ENTRY_KIND.publication) return;
    writePublication(out, name, entry);
    if (entry.offset > 0) {
      const prefix = positionPrefix(name, this.#store.epochText(entry.epoch));
      out.appendLatin1(`id: ${prefix}${entry.offset}\n`);
    }
    out.appendLatin1("\n");
  }

  seal(out: ByteBuffer): Uint8Array {
    return out.view().slice();
  }
}

/** Events without their ends, each behind its length and offset: see {@link readEventParts}. */
export class EventParts implements Face<Uint8Array> {
  readonly #meter: DeliveryMeter | undefined;

  /** @param meter absent: nothing is delivered by it */
  constructor(meter?: DeliveryMeter) {
    this.#meter = meter;
  }

  delivers(entries: number, bytes: number, subscribers: number): void {
    this.#meter?.delivered(entries, bytes, subscribers);
  }

  append(out: ByteBuffer, { name }: Pick<ChannelIdentity, "name">, entry: Entry): void {
    if (entry.kind !== ENTRY_KIND.publication) return;
    const at = out.reserve(HEADER_BYTES);
    out.length = at + HEADER_BYTES;
    writePublication(out, name, entry);
    const header = new DataView(out.bytes.buffer, out.bytes.byteOffset + at);
    header.setUint32(0, out.length - at - HEADER_BYTES);
    header.setFloat64(4, entry.offset);
  }

  seal(out: ByteBuffer): Uint8Array {
    return out.view().slice();
  }
}

/** Calls `visit` for each event of a message of {@link EventParts}. */
export function readEventParts(
  parts: Uint8Array,
  visit: (bytes: Uint8Array, offset: number) => void,
): void {
  const view = new DataView(parts.buffer, parts.byteOffset, parts.byteLength);
  for (let at = 0; at < parts.length;) {
    const start = at + HEADER_BYTES;
    const end = start + view.getUint32(at);
    visit(parts.subarray(start, end), view.getFloat64(at + 4));
    at = end;
  }
}

/** How many events a message of {@link EventParts} has. */
export function countEventParts(parts: Uint8Array): number {
  let count = 0;
  readEventParts(parts, () => count++);
  return count;
}

/** The offset of the first event of a message that has one: of {@link EventParts}, or of {@link WholeEvents}. */
export function firstOffsetIn(events: Uint8Array, face: Face<Uint8Array>): number | undefined {
  if (face instanceof WholeEvents) return firstIdIn(events);
  let first: number | undefined;
  readEventParts(events, (_, offset) => {
    if (offset > 0) first ??= offset;
  });
  return first;
}

/** What an event's data has is one line, so each line that begins so is an id of ours. */
function firstIdIn(events: Uint8Array): number | undefined {
  for (let at = 0; at < events.length;) {
    const end = events.indexOf(LINE_FEED, at);
    if (ID_FIELD.every((byte, i) => events[at + i] === byte)) {
      const id = TEXT.decode(events.subarray(at, end));
      return Number(id.slice(id.lastIndexOf(".") + 1));
    }
    at = end + 1;
  }
  return undefined;
}

/** Appends an event of the server's own; its end, and perhaps an `id:`, follow. */
export function writeOwnEvent(
  out: ByteBuffer,
  event: string,
  write: (json: JsonWriter) => void,
): void {
  out.appendLatin1(`event: ${event}\ndata: `);
  const json = new JsonWriter(out).openObject();
  write(json);
  json.closeObject();
  out.appendLatin1("\n");
}

/** Appends an event of the server's own that says where a stream goes on in these channels. */
export function writePlaces(out: ByteBuffer, event: string, channels: readonly Placed[]): void {
  writeOwnEvent(out, event, (json) => {
    json.name("channels").openArray();
    for (const { name, place: { epoch, offset } } of channels) {
      json.openObject().name("channel").text(name);
      json.name("epoch").text(epoch).name("offset").integer(offset).closeObject();
    }
    json.closeArray();
  });
}

function writePublication(out: ByteBuffer, channel: string, entry: Entry): void {
  const event = eventOf(entry);
  if (event !== undefined) {
    out.appendLatin1("event: ");
    out.append(UTF8.encode(event));
    out.appendLatin1("\n");
  }
  out.appendLatin1("data: ");
  const json = new JsonWriter(out).openObject().name("channel").text(channel);
  if (entry.offset > 0) json.name("offset").integer(entry.offset);
  json.name("data").raw(entry.data);
  // Ready JSON: `,"info":{…},"tags":{…}`.
  out.append(entry.fields);
  json.closeObject();
  out.appendLatin1("\n");
}

/** What the tag says; undefined: it is a `message`. */
function eventOf({ fields }: Entry): string | undefined {
  if (fields.length === 0) return undefined;
  const event = tagOf(fields);
  if (event === undefined || RESERVED.includes(event) || UNSAFE.test(event)) return undefined;
  return event;
}

function tagOf(fields: Uint8Array): string | undefined {
  const object = new Uint8Array(fields.length + 1);
  object.set(fields);
  object[0] = OPEN_BRACE; // in place of the comma
  object[fields.length] = CLOSE_BRACE;
  try {
    const whole = { bytes: object, start: 0, end: object.length, depth: FIELDS_DEPTH };
    return decodeShape(whole, TAGS).tags?.get(EVENT_TAG);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return undefined;
  }
}
