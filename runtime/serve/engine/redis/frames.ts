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
import { asPublishedForm } from "../../../channels/mod.ts";
import type { EngineMember, EngineMessage } from "../driver.ts";
import { decodeMember as decodeFields } from "../member_bytes.ts";

const NEWLINE = 0x0a;
const DECODER = new TextDecoder();

/** Reads a message; undefined if it is none. */
export function decodeMessage(bytes: Uint8Array): EngineMessage | undefined {
  const end = bytes.indexOf(NEWLINE);
  if (end < 0) return undefined;
  const head = DECODER.decode(bytes.subarray(0, end)).split(" ");
  const rest = bytes.subarray(end + 1);
  switch (head[0]) {
    case "p":
      return head.length === 9 ? publication(head, rest) : undefined;
    case "e":
      return head.length === 2 ? { kind: "epoch", epoch: head[1]! } : undefined;
    case "j":
      return { kind: "join", data: rest };
    case "l":
      return { kind: "leave", data: rest };
    case "x":
      return { kind: "removed" };
    default:
      return undefined;
  }
}

function publication(head: readonly string[], rest: Uint8Array): EngineMessage | undefined {
  const [, epoch, offset, previousTag, tag, form, size, ttl, fieldsLength] = head;
  const split = Number(fieldsLength);
  const known = asPublishedForm(form!);
  if (known === undefined || !(split >= 0 && split <= rest.length)) return undefined;
  return {
    kind: "publication",
    epoch: epoch!,
    offset: Number(offset),
    previousTag: previousTag!,
    tag: tag!,
    form: known,
    historySize: Number(size),
    historyTtlMs: Number(ttl),
    fields: rest.subarray(0, split),
    data: rest.subarray(split),
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
