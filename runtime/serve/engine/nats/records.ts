/**
 * What is stored of a channel: records, of which the newest has the whole state of the channel.
 *
 * In: records, or bytes from NATS. Out: bytes, or records whose bytes are views of them; undefined if another program wrote something
 * else there. Pure.
 *
 * ```text
 * <kind> <epoch> <offset> <tag> <previous tag> <life> <first> <count> <extra> <size> <ttl ms> <form> <version>
 *   <length of the version's epoch> <length of the fields>[ <key>]\n<version's epoch><fields><data>
 * j\n<info>   v\n<info>      a join and a leave, which are delivered and not stored
 * ```
 */
import { asPublishedForm, type PublishedForm } from "../../../channels/mod.ts";
import type { EngineMessage } from "../driver.ts";
import { joinBytes } from "../../../../protocol/basics.ts";

/**
 * - `p`: a publication.
 * - `l`: one that is live only; offset and tag are those of the publication before.
 * - `s`: nothing that is told; it has the life of the server, or makes the channel stay.
 * - `e`: a new epoch without a publication.
 * - `x`: the history was removed.
 */
export type RecordKind = "p" | "l" | "s" | "e" | "x";

/** A record. */
export interface ChannelRecord {
  readonly kind: RecordKind;
  readonly epoch: string;
  readonly offset: number;
  readonly tag: string;
  readonly previousTag: string;
  /** The run of the server in which it was written. */
  readonly life: string;
  /** The first offset that the history shows. */
  readonly first: number;
  /** The records of this epoch up to this one, and those of them that are no publications. */
  readonly count: number;
  readonly extra: number;
  readonly historySize: number;
  readonly historyTtlMs: number;
  readonly form: PublishedForm;
  /** The newest version, as a number; empty: none was given. */
  readonly version: string;
  readonly versionEpoch: Uint8Array;
  /** In a cluster, the idempotency key of this very publication, in hexadecimal digits; empty: none. */
  readonly key: string;
  readonly fields: Uint8Array;
  readonly data: Uint8Array;
}

const NEWLINE = 0x0a;
const PARTS = 15;
const NO_BYTES = new Uint8Array(0);
const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** A channel that has begun in this epoch, without a publication. */
export function emptyRecord(epoch: string, life: string): ChannelRecord {
  return {
    ...{
      kind: "s",
      epoch,
      offset: 0,
      tag: "",
      previousTag: "",
      life,
      first: 1,
      count: 0,
      extra: 0,
    },
    ...{ historySize: 0, historyTtlMs: 0, form: 0, version: "", versionEpoch: NO_BYTES },
    ...{ key: "", fields: NO_BYTES, data: NO_BYTES },
  };
}

/** A record as bytes. */
export function encodeRecord(record: ChannelRecord): Uint8Array {
  const { versionEpoch, fields, data, key } = record;
  const head = ENCODER.encode(
    `${record.kind} ${record.epoch} ${record.offset} ${record.tag} ${record.previousTag} ${record.life} ` +
      `${record.first} ${record.count} ${record.extra} ${record.historySize} ${record.historyTtlMs} ` +
      `${record.form} ${record.version} ${versionEpoch.length} ${fields.length}${
        key && ` ${key}`
      }\n`,
  );
  return joinBytes([head, versionEpoch, fields, data]);
}

/** Reads a record. */
export function decodeRecord(bytes: Uint8Array): ChannelRecord | undefined {
  const end = bytes.indexOf(NEWLINE);
  if (end < 0) return undefined;
  const parts = DECODER.decode(bytes.subarray(0, end)).split(" ");
  if (parts.length !== PARTS && parts.length !== PARTS + 1) return undefined;
  const [kind, epoch, offset, tag, previousTag, life, first, count, extra] = parts;
  const [size, ttl, form, version, versionLength, fieldsLength] = parts.slice(9);
  const fieldsStart = end + 1 + Number(versionLength);
  const dataStart = fieldsStart + Number(fieldsLength);
  const publishedForm = asPublishedForm(form!);
  if (!"plsex".includes(kind!) || publishedForm === undefined) return undefined;
  if (!(dataStart <= bytes.length)) return undefined;
  return {
    ...{ kind: kind as RecordKind, epoch: epoch!, offset: Number(offset) },
    ...{ tag: tag!, previousTag: previousTag!, life: life! },
    ...{ first: Number(first), count: Number(count), extra: Number(extra) },
    ...{ historySize: Number(size), historyTtlMs: Number(ttl) },
    ...{ form: publishedForm, version: version! },
    key: parts[PARTS] ?? "",
    versionEpoch: bytes.subarray(end + 1, fieldsStart),
    fields: bytes.subarray(fieldsStart, dataStart),
    data: bytes.subarray(dataStart),
  };
}

/** A join or a leave as bytes. */
export function encodePresence(kind: "join" | "leave", info: Uint8Array): Uint8Array {
  return joinBytes([ENCODER.encode(kind === "join" ? "j\n" : "v\n"), info]);
}

/** What is delivered, of the bytes that have come; undefined: nothing. */
export function messageOf(bytes: Uint8Array): EngineMessage | undefined {
  if (bytes.length >= 2 && bytes[1] === NEWLINE) {
    const kind = bytes[0] === 0x6a ? "join" : bytes[0] === 0x76 ? "leave" : undefined;
    return kind && { kind, data: bytes.subarray(2) };
  }
  const record = decodeRecord(bytes);
  if (record === undefined) return undefined;
  switch (record.kind) {
    case "p":
      return publication(record);
    case "l":
      return publication({ ...record, offset: 0, tag: "", previousTag: "" });
    case "e":
      return { kind: "epoch", epoch: record.epoch };
    case "x":
      return { kind: "removed" };
    case "s":
      return undefined;
  }
}

function publication(record: ChannelRecord): EngineMessage {
  const { epoch, offset, tag, previousTag, form, fields, data, historySize, historyTtlMs } = record;
  return {
    kind: "publication",
    ...{ epoch, offset, tag, previousTag, form, fields, data, historySize, historyTtlMs },
  };
}
