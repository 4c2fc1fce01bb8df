/**
 * What the scripts put into messages and members, read and written on this side.
 *
 * In: bytes from Redis. Out: messages and members, whose bytes are views of them; none if another program wrote something
 * else there. Pure.
 *
 * ```text
 * p <epoch> <offset> <previous tag> <tag> <form> <history size> <ttl ms> <length of the fields> <length of the data>\n<fields><data>
 *                    once or several times: the publications of a channel that one call of the script has stored
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
const MOST_WORDS = 10;
const NONE: readonly EngineMessage[] = [];

/** Reads what was published at once; none if it is something else. */
export function decodeMessages(bytes: Uint8Array): readonly EngineMessage[] {
  const head = headAt(bytes, 0);
  switch (head?.words[0]) {
    case "p":
      return publications(bytes);
    case "e":
      return head.words.length === 2 ? [{ kind: "epoch", epoch: head.words[1]! }] : NONE;
    case "j":
      return [{ kind: "join", data: viewOf(bytes, head.end) }];
    case "l":
      return [{ kind: "leave", data: viewOf(bytes, head.end) }];
    case "x":
      return [{ kind: "removed" }];
    default:
      return NONE;
  }
}

/** The words of a line, and what is behind it; undefined if it has no end. */
function headAt(bytes: Uint8Array, from: number) {
  const words: string[] = [];
  // Word by word: for short ones TextDecoder and `split` cost several times as much.
  let start = from;
  for (let at = from;; at++) {
    const byte = bytes[at];
    if (byte === undefined || words.length === MOST_WORDS) return undefined;
    if (byte !== SPACE && byte !== NEWLINE) continue;
    words.push(decodeUtf8(bytes, start, at));
    start = at + 1;
    if (byte === NEWLINE) return { words, end: start };
  }
}

/** One or several publications: all of them, or none. */
function publications(bytes: Uint8Array): readonly EngineMessage[] {
  const all: EngineMessage[] = [];
  for (let at = 0; at < bytes.length;) {
    const head = headAt(bytes, at);
    if (head?.words[0] !== "p" || head.words.length !== MOST_WORDS) return NONE;
    const fieldsEnd = head.end + Number(head.words[8]);
    const end = fieldsEnd + Number(head.words[9]);
    const form = asPublishedForm(head.words[5]!);
    const isWhole = fieldsEnd >= head.end && end >= fieldsEnd && end <= bytes.length;
    if (form === undefined || !isWhole) return NONE;
    const [, epoch, offset, previousTag, tag, , size, ttl] = head.words;
    all.push({
      kind: "publication",
      epoch: epoch!,
      offset: Number(offset),
      previousTag: previousTag!,
      tag: tag!,
      form,
      historySize: Number(size),
      historyTtlMs: Number(ttl),
      fields: viewOf(bytes, head.end, fieldsEnd),
      data: viewOf(bytes, fieldsEnd, end),
    });
    at = end;
  }
  return all;
}

/** Not as `subarray` of a Buffer, which would be another Buffer. */
function viewOf(bytes: Uint8Array, start: number, end = bytes.length): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
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
