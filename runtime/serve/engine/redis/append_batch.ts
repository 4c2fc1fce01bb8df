/**
 * Publications as the keys and the arguments of the script that stores them, and its answers.
 *
 * In: publications of any channels, in their order. Out: what the script gets, with all that differs between them in one text of
 * bytes: the client's work for an argument is many times that of a few bytes. And what became of each. Pure, but for the
 * random text by which their tags differ from all others.
 *
 * ```text
 * number of channels u16, of publications u16
 * for each channel      epoch text8, offset f64, tag text8: up to where this node follows it
 * for each publication  channel u16, idempotency key u16: their places, from 1 on; 0: none
 *                       skip u8, last u8: none of this channel follows, form u8, history size u32, ttl f64
 *                       version text8, its epoch text16, fields text32, data text32
 * ```
 * All numbers are big-endian; a text begins with its length, of that many bits. The answer has a line for each
 * publication: `stored <offset> <epoch>`, also with `repeated` and `skipped`, or `unverified`, or `error <text>`.
 */
import { Buffer } from "node:buffer";
import type { EnginePublication } from "../driver.ts";
import type { RedisNames } from "./names.ts";
import { randomText } from "../random_text.ts";

/** A publication and its channel. */
export interface Appended {
  readonly channel: string;
  readonly publication: EnginePublication;
}

/** What all publications of a call have in common. */
export interface AppendFacts {
  readonly names: RedisNames;
  /** See `RedisSpot`. */
  readonly lives: string;
  /** Only nodes with a proof decide about a channel. */
  readonly isInGrace: boolean;
}

/** What the script is called with. */
export interface AppendCall {
  readonly keys: readonly (string | Uint8Array)[];
  readonly args: readonly (string | Uint8Array)[];
}

const NO_BYTES = new Uint8Array(0);
const HEAD_BYTES = 4;
/** Of a channel and of a publication, without their texts. */
const CHANNEL_BYTES = 1 + 8 + 1;
const PUBLICATION_BYTES = 2 + 2 + 1 + 1 + 1 + 4 + 8 + 1 + 2 + 4 + 4;
const MOST_U32 = 2 ** 32 - 1;

/** The call that stores some publications. */
export function appendCall(
  all: readonly Appended[],
  { names, lives, isInGrace }: AppendFacts,
): AppendCall {
  const places = new Map<string, number>();
  const last: Appended[] = [];
  const keys: (string | Uint8Array)[] = [];
  const proofs: EnginePublication["proof"][] = [];
  let size = HEAD_BYTES;
  for (const appended of all) {
    const { channel, publication } = appended;
    size += PUBLICATION_BYTES + bytesOf(publication);
    const place = places.get(channel);
    if (place !== undefined) {
      last[place - 1] = appended;
      continue;
    }
    const { proof } = publication;
    proofs.push(proof);
    last.push(appended);
    places.set(channel, proofs.length);
    keys.push(names.ofChannel("m", channel), names.ofChannel("s", channel));
    size += CHANNEL_BYTES + (proof?.epoch.length ?? 0) + (proof?.tag.length ?? 0);
  }
  const out = new Writer(size);
  out.u16(proofs.length);
  out.u16(all.length);
  for (const proof of proofs) {
    out.text(proof?.epoch ?? "");
    out.f64(proof?.offset ?? 0);
    out.text(proof?.tag ?? "");
  }
  for (const appended of all) {
    const { channel, publication } = appended;
    const place = places.get(channel)!;
    const { data, fields = NO_BYTES, form = 0, skipHistory = false, version, idempotencyKey } =
      publication;
    out.u16(place);
    if (idempotencyKey === undefined) out.u16(0);
    else out.u16(keys.push(names.ofIdempotencyKey(channel, idempotencyKey)));
    out.u8(skipHistory ? 1 : 0);
    out.u8(last[place - 1] === appended ? 1 : 0);
    out.u8(form);
    out.u32(Math.min(publication.historySize, MOST_U32));
    out.f64(Math.ceil(publication.historyTtlMs));
    out.text(version === undefined ? "" : String(version.version));
    const versionEpoch = version?.versionEpoch ?? NO_BYTES;
    out.u16(versionEpoch.length);
    out.bytes(versionEpoch);
    out.u32(fields.length);
    out.bytes(fields);
    out.u32(data.length);
    out.bytes(data);
  }
  const grace = isInGrace ? "1" : "0";
  return { keys, args: [lives, randomText(), grace, names.pubSubStart, out.written] };
}

/** How many bytes the texts of a publication have. */
export function bytesOf({ data, fields = NO_BYTES, version }: EnginePublication): number {
  const versionBytes = version === undefined
    ? 0
    : String(version.version).length + (version.versionEpoch?.length ?? 0);
  return data.length + fields.length + versionBytes;
}

/** What the script answers for one publication: words, or the text of an error. */
export type AppendAnswer =
  | { readonly error: string }
  | { readonly status: string; readonly offset: number; readonly epoch: string };

/** Reads the answers of the script. */
export function appendAnswers(reply: Buffer): AppendAnswer[] {
  return reply.toString().split("\n").map((line) => {
    if (line.startsWith("error ")) return { error: line.slice(6) };
    const [status = "", offset, epoch = ""] = line.split(" ");
    return { status, offset: Number(offset), epoch };
  });
}

/** Writes numbers and texts, one behind the other. */
class Writer {
  readonly #out: Buffer;
  #at = 0;

  constructor(size: number) {
    this.#out = Buffer.allocUnsafe(size);
  }

  get written(): Uint8Array {
    return this.#out.subarray(0, this.#at);
  }

  u8(value: number): void {
    this.#out[this.#at++] = value;
  }

  u16(value: number): void {
    this.u8(value >>> 8);
    this.u8(value & 255);
  }

  u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value & 0xffff);
  }

  f64(value: number): void {
    this.#at = this.#out.writeDoubleBE(value, this.#at);
  }

  /** One of letters, digits and signs of ASCII. */
  text(text: string): void {
    this.u8(text.length);
    for (let i = 0; i < text.length; i++) this.u8(text.charCodeAt(i));
  }

  bytes(bytes: Uint8Array): void {
    this.#out.set(bytes, this.#at);
    this.#at += bytes.length;
  }
}
