/**
 * What the store keeps of a publication, and of a client that is present.
 *
 * In: what was published, and by whom. Out: bytes for the store, and from them what subscribers get. The store has the data, which
 * other protocols send too, apart from the rest, which is ready JSON: `,"info":{…},"tags":{…}`. A client that is present is
 * kept as the JSON of its info.
 */

import { ByteBuffer } from "../../../protocol/mod.ts";
import {
  type ClientInfo,
  type Publication,
  writeClientInfo,
  writePublicationFields,
} from "../../../protocol/centrifuge/mod.ts";
import {
  decodeShape,
  JSON_DEPTH,
  JsonWriter,
  raw,
  readMap,
  readText,
  text,
  withoutLineBreaks,
} from "../../../protocol/json/mod.ts";
import { encodeDelta } from "../../../protocol/fossil/mod.ts";
import { type Entry, ENTRY_FORM } from "../../channels/mod.ts";

/**
 * Arrays and objects that are open at once in the fields of an entry: the info of a client may be as deep as the claims of a token, and
 * stands in two objects here. Who reads less throws, in the middle of a delivery.
 */
export const FIELDS_DEPTH: number = 2 * JSON_DEPTH;

const DATA = '"data":';
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const NO_TAGS: ReadonlyMap<string, string> = new Map();
const TAGS = { tags: { wire: "tags", read: readMap(readText) } } as const;
const NO_BYTES = new Uint8Array(0);

const CLIENT_INFO = {
  user: text("user"),
  client: text("client"),
  connectionInfo: raw("conn_info"),
  channelInfo: raw("chan_info"),
} as const;

/** The fields of a publication beside its data, as the store keeps them. */
export function encodeFields(fields: Omit<Publication, "data" | "dataFormat">): Uint8Array {
  const { info, tags, time } = fields;
  if (info === undefined && tags === undefined && time === undefined) return NO_BYTES;
  const out = new ByteBuffer();
  writePublicationFields(out, { ...fields, data: NO_BYTES });
  return out.view().subarray(DATA.length);
}

/** Appends what {@link writePublicationPush} and others take as the fields of a publication. */
export function appendFields(out: ByteBuffer, entry: EntryBytes): void {
  const { bytes, fieldsStart, dataStart, dataEnd } = entry;
  out.appendLatin1(DATA);
  if (entry.form === ENTRY_FORM.lines) out.append(withoutLineBreaks(entry.data));
  else out.append(bytes, dataStart, dataEnd);
  out.append(bytes, fieldsStart, dataStart);
}

/** The data of an entry as clients get it: JSON on one line. */
function payloadOf({ form, data }: Pick<Entry, "form" | "data">): Uint8Array {
  return form === ENTRY_FORM.lines ? withoutLineBreaks(data) : data;
}

/** What makes a publication of the one before, if that is shorter. */
export function differenceOf(before: Entry, now: Entry): Uint8Array | undefined {
  return encodeDelta(payloadOf(before), payloadOf(now));
}

/** The same as {@link appendFields}, for a subscription with deltas: the data is a string that holds the JSON, or the difference. */
export function appendTextFields(out: ByteBuffer, entry: Entry, difference?: Uint8Array): void {
  new JsonWriter(out).name("data").quoted(difference ?? payloadOf(entry));
  if (difference !== undefined) out.appendLatin1(',"delta":true');
  out.append(entry.bytes, entry.fieldsStart, entry.dataStart);
}

/** How many bytes of payload a difference saves; 0 if there is none. */
export function savedBytes(entry: Entry, difference: Uint8Array | undefined): number {
  return difference === undefined ? 0 : entry.dataEnd - entry.dataStart - difference.length;
}

/** Appends the push of a publication that {@link writePublication} made. */
export function writePush(out: ByteBuffer, channel: string, publication: Uint8Array): void {
  const json = new JsonWriter(out).openObject().name("push").openObject();
  json.name("channel").text(channel).name("pub").raw(publication).closeObject().closeObject();
}

/** The part of an entry that holds its bytes. */
type EntryBytes = Pick<
  Entry,
  "bytes" | "fieldsStart" | "dataStart" | "dataEnd" | "form" | "data"
>;

/** The tags of an entry. */
export function tagsOf({ bytes, fieldsStart, dataStart }: EntryBytes): ReadonlyMap<string, string> {
  if (fieldsStart === dataStart) return NO_TAGS;
  const length = dataStart - fieldsStart;
  // They begin with a comma.
  const object = new Uint8Array(length + 1);
  object.set(bytes.subarray(fieldsStart, dataStart));
  object[0] = OPEN_BRACE;
  object[length] = CLOSE_BRACE;
  const whole = { bytes: object, start: 0, end: object.length, depth: FIELDS_DEPTH };
  return decodeShape(whole, TAGS).tags ?? NO_TAGS;
}

/** The info of a client, as the store keeps it. */
export function encodeClientInfo(info: ClientInfo): Uint8Array {
  const out = new ByteBuffer();
  writeClientInfo(new JsonWriter(out), info);
  return out.view();
}

/** The info of a client from the store. */
export function decodeClientInfo(bytes: Uint8Array): ClientInfo {
  const whole = { bytes, start: 0, end: bytes.length, depth: FIELDS_DEPTH };
  const { user = "", client = "", ...payloads } = decodeShape(whole, CLIENT_INFO);
  return { user, client, ...payloads };
}
