/**
 * A member of a channel as bytes, for engines that keep its fields as one value.
 *
 * In: a member, or bytes of the engine. Out: bytes, or the member; undefined if another program wrote something else. Pure.
 *
 * ```text
 * <announce: 1 or 0><length of the user>\n<user><info>
 * ```
 */
import { decodeUtf8 } from "../../../protocol/basics.ts";
import type { EngineMember } from "./driver.ts";

const NEWLINE = 0x0a;
const ONE = 0x31;
const ENCODER = new TextEncoder();

/** A member but for its client, whose id is elsewhere. */
export type MemberFields = Omit<EngineMember, "client">;

/** A member's value. */
export function encodeMember({ user, info, announce }: MemberFields): Uint8Array {
  const name = ENCODER.encode(user);
  const head = ENCODER.encode(`${announce ? 1 : 0}${name.length}\n`);
  const bytes = new Uint8Array(head.length + name.length + info.length);
  bytes.set(head);
  bytes.set(name, head.length);
  bytes.set(info, head.length + name.length);
  return bytes;
}

/** A member from its value, whose bytes are a view of it; undefined if it is none. */
export function decodeMember(value: Uint8Array): MemberFields | undefined {
  const end = value.indexOf(NEWLINE);
  if (end < 2) return undefined;
  const length = Number(decodeUtf8(value.subarray(1, end)));
  const split = end + 1 + length;
  if (!(split <= value.length)) return undefined;
  return {
    user: decodeUtf8(value.subarray(end + 1, split)),
    info: value.subarray(split),
    announce: value[0] === ONE,
  };
}
