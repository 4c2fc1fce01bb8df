/**
 * How clients of the Pusher protocol get publications: each as an event in a message of its own, encoded once for all of them.
 *
 * In: entries of channels, from the hub. Out: messages, with the places of what one connection does not get: the event that it has
 * sent itself, and that it has come.
 *
 * What was published by whichever protocol is an event: its name is the tag `event` of the publication, its data the publication's
 * JSON. A publication without the tag, or with a name that is the protocol's own, has the name that the config says.
 */

import { type ByteBuffer, encodeFrame, FIN, TEXT } from "../../../protocol/mod.ts";
import { decodeShape, readMap, readObject, readText, text } from "../../../protocol/json/mod.ts";
import { eventMessage, memberAdded, memberRemoved } from "../../../protocol/pusher/mod.ts";
import { type Entry, ENTRY_FORM, ENTRY_KIND } from "../../channels/mod.ts";
import { SharedPart } from "../../net/mod.ts";
import { type ChannelMeter, FIELDS_DEPTH } from "../centrifuge/mod.ts";
import type { ChannelIdentity, Face } from "../hub/mod.ts";
import { type FrameRange, type SharedFrames, withoutFrames } from "../session/mod.ts";
import type { MemberChanges, PresenceRooms } from "./presence_rooms.ts";
import type { PusherApp } from "./pusher_app.ts";

/** One message for all subscribers. */
export interface PusherFrames extends SharedFrames {
  /** By the socket id: frames that the connection is not to get; null: there are none for any. */
  readonly excluded: ReadonlyMap<string, readonly FrameRange[]> | null;
}

/** What was appended for one channel, and is not sealed. */
interface Unsealed {
  count: number;
  excluded: Map<string, FrameRange[]> | null;
}

/** A publication's name and sender. */
interface EventFields {
  readonly event: string;
  /** Empty: nobody whom the channel knows. */
  readonly user: string;
  /** The connection that does not get it; empty: all do. */
  readonly client: string;
}

/** Such names are the protocol's own. */
const RESERVED = /^pusher(?:_internal)?:/;
const UTF8 = new TextEncoder();
const STRING = new TextDecoder();
const OPEN = UTF8.encode("{");
const CLOSE = UTF8.encode("}");
const FIELDS = {
  info: { wire: "info", read: readObject({ user: text("user"), client: text("client") }) },
  tags: { wire: "tags", read: readMap(readText) },
} as const;

/** Encodes for the clients of one app on one worker. */
export class PusherFace implements Face<PusherFrames> {
  readonly #app: PusherApp;
  readonly #rooms: PresenceRooms;
  readonly #meter: Pick<ChannelMeter, "delivered">;
  readonly #unsealed = new WeakMap<ByteBuffer, Unsealed>();

  /** @param rooms who is in which presence channel: changed by what is appended */
  constructor(app: PusherApp, rooms: PresenceRooms, meter: Pick<ChannelMeter, "delivered">) {
    this.#app = app;
    this.#rooms = rooms;
    this.#meter = meter;
  }

  append(out: ByteBuffer, { name }: ChannelIdentity, entry: Entry): void {
    this.#append(out, { name, members: this.#rooms.find(name) }, entry);
  }

  /** The same for one connection that has missed something; who has come and gone there is as `members` says. */
  forMissed(members: MemberChanges): Face<PusherFrames> {
    return {
      append: (out, { name }, entry) => this.#append(out, { name, members }, entry),
      seal: (out) => this.seal(out),
      delivers: (entries, bytes, subscribers) => this.delivers(entries, bytes, subscribers),
    };
  }

  #append(
    out: ByteBuffer,
    { name, members }: { readonly name: string; readonly members: MemberChanges | undefined },
    entry: Entry,
  ): void {
    const { kind: entryKind, data } = entry;
    if (entryKind === ENTRY_KIND.publication) {
      const { message, client } = this.#event(name, entry);
      return this.#add(out, message, client);
    }
    const change = entryKind === ENTRY_KIND.join ? members?.join(data) : members?.leave(data);
    if (change === undefined) return;
    const { kind, member, client } = change;
    const own = this.#app.ownName(name);
    if (kind === "added") this.#add(out, memberAdded(own, member), client);
    else this.#add(out, memberRemoved(own, member.id), "");
  }

  seal(out: ByteBuffer): PusherFrames {
    const { count, excluded } = this.#unsealedOf(out);
    this.#unsealed.delete(out);
    const bytes = out.view().slice();
    return { frame: new SharedPart(bytes, 0, bytes.length), count, excluded };
  }

  delivers(entries: number, bytes: number, subscribers: number): void {
    this.#meter.delivered(entries, bytes, subscribers);
  }

  /** The message of a publication. */
  messageOf(name: string, entry: Entry): string {
    return this.#event(name, entry).message;
  }

  #event(name: string, entry: Entry): { readonly message: string; readonly client: string } {
    const app = this.#app;
    const { event, user, client } = fieldsOf(entry, app.config.event);
    const message = eventMessage({ event, channel: app.ownName(name), data: dataOf(entry), user });
    return { message, client };
  }

  #add(out: ByteBuffer, message: string, client: string): void {
    const start = out.length;
    const bytes = UTF8.encode(message);
    encodeFrame(out, FIN | TEXT, bytes, 0, bytes.length);
    const unsealed = this.#unsealedOf(out);
    unsealed.count++;
    if (client === "") return;
    const excluded = unsealed.excluded ??= new Map();
    const range = { start, end: out.length };
    const others = excluded.get(client);
    if (others === undefined) excluded.set(client, [range]);
    else others.push(range);
  }

  #unsealedOf(out: ByteBuffer): Unsealed {
    let unsealed = this.#unsealed.get(out);
    if (unsealed === undefined) this.#unsealed.set(out, unsealed = { count: 0, excluded: null });
    return unsealed;
  }
}

/** What a connection gets of a message; undefined: nothing of it. */
export function framesFor(message: PusherFrames, socketId: string): SharedFrames | undefined {
  const ranges = message.excluded?.get(socketId);
  return ranges === undefined ? message : withoutFrames(message, ranges);
}

/** The data of an event: the text that a Pusher client or backend has sent, or the JSON of others. */
function dataOf({ data, form }: Entry): string {
  const json = STRING.decode(data);
  return form === ENTRY_FORM.text ? JSON.parse(json) : json;
}

function fieldsOf({ fields }: Entry, otherwise: string): EventFields {
  if (fields.length === 0) return { event: otherwise, user: "", client: "" };
  // They begin with a comma: they stand behind the data elsewhere.
  const bytes = new Uint8Array(fields.length + 1);
  bytes.set(fields);
  bytes.set(OPEN);
  bytes.set(CLOSE, fields.length);
  const whole = { bytes, start: 0, end: bytes.length, depth: FIELDS_DEPTH };
  const { info, tags } = decodeShape(whole, FIELDS);
  const name = tags?.get("event") ?? "";
  const event = name === "" || RESERVED.test(name) ? otherwise : name;
  return { event, user: info?.user ?? "", client: info?.client ?? "" };
}
