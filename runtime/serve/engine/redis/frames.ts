/**
 * What the scripts put into messages and members, read and written on this side.
 *
 * In: bytes from Redis. Out: messages and members, whose bytes are views of them; undefined if another program wrote something
 * else there. Pure.
 *
 * ```text
 * p <epoch> <offset> <previous tag> <tag> <form> <history size> <ttl ms> <length of the fields>\n<fields><data>
 * e <epoch>\n       j\n<info>       l\n<info>       x\n
 * ```
 */
import { decodeUtf8 } from "../../../../protocol/basics.ts";
import { asPublishedForm } from "../../../channels/mod.ts";
import type { EngineMember, EngineMessage } from "../driver.ts";
import { decodeMember as decodeFields } from "../member_bytes.ts";

const NEWLINE = 0x0a;
const SPACE = 0x20;
/** Of a publication, which has the most. */
const MOST_WORDS = 9;

/** Reads a message; undefined if it is none. */
export function decodeMessage(bytes: Uint8Array): EngineMessage | undefined {
  const head: string[] = [];
  // Word by word: for short ones TextDecoder and `split` cost several times as much.
  let start = 0, end = 0;
  for (;; end++) {
    const byte = bytes[end];
    if (byte === undefined || head.length === MOST_WORDS) return undefined;
    if (byte !== SPACE && byte !== NEWLINE) continue;
    head.push(decodeUtf8(bytes, start, end));
    if (byte === NEWLINE) break;
    start = end + 1;
  }
  switch (head[0]) {
    case "p":
      return head.length === MOST_WORDS ? publication(head, bytes, end + 1) : undefined;
    case "e":
      return head.length === 2 ? { kind: "epoch", epoch: head[1]! } : undefined;
    case "j":
      return { kind: "join", data: viewOf(bytes, end + 1) };
    case "l":
      return { kind: "leave", data: viewOf(bytes, end + 1) };
    case "x":
      return { kind: "removed" };
    default:
      return undefined;
  }
}

/** Not as `subarray` of a Buffer, which would be another Buffer. */
function viewOf(bytes: Uint8Array, start: number, end = bytes.length): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
}

function publication(
  head: readonly string[],
  bytes: Uint8Array,
  start: number,
): EngineMessage | undefined {
  const [, epoch, offset, previousTag, tag, form, size, ttl, fieldsLength] = head;
  const split = start + Number(fieldsLength);
  const known = asPublishedForm(form!);
  if (known === undefined || !(split >= start && split <= bytes.length)) return undefined;
  return {
    kind: "publication",
    epoch: epoch!,
    offset: Number(offset),
    previousTag: previousTag!,
    tag: tag!,
    form: known,
    historySize: Number(size),
    historyTtlMs: Number(ttl),
    fields: viewOf(bytes, start, split),
    data: viewOf(bytes, split),
  };
}

/** A member from its field, `<node>|<client>`, and its value, with its node; undefined if it is none. */
export function decodeMember(
  field: string,
  value: Uint8Array,
): EngineMember & { readonly node: string } | undefined {
  const bar = field.indexOf("|");
  const member = decodeFields(value);
  if (bar < 0 || member === undefined) return undefined;
  return { node: field.slice(0, bar), client: field.slice(bar + 1), ...member };
}
