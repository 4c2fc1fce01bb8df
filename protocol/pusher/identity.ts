/**
 * Who somebody is, by the JSON that an application has signed: of a member of a presence channel, and of a signed-in user.
 *
 * In: `channel_data` or `user_data`. Out: the id, and what others see of the member; undefined: there is no id in it.
 */

import { decodeShape, JSON_DEPTH, JsonError, raw, type Shape } from "../json/mod.ts";
import { USER_ID_LENGTH } from "./limits.ts";
import type { PusherMember } from "./server_messages.ts";

const MEMBER = { id: raw("user_id"), info: raw("user_info") } as const;
const USER = { id: raw("id") } as const;
const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();

/** A member, from `channel_data`. */
export function readPusherMember(channelData: string): PusherMember | undefined {
  const { id, info } = read(channelData, MEMBER);
  const text = idOf(id);
  return text === undefined ? undefined : { id: text, info };
}

/** The id of a user, from `user_data`. */
export function readPusherUser(userData: string): string | undefined {
  return idOf(read(userData, USER).id);
}

function read<S extends Shape>(json: string, shape: S): Partial<ReturnType<typeof decodeShape<S>>> {
  const bytes = UTF8.encode(json);
  try {
    return decodeShape({ bytes, start: 0, end: bytes.length, depth: JSON_DEPTH }, shape);
  } catch (error) {
    if (error instanceof JsonError) return {};
    throw error;
  }
}

/** A string, or a number, which many applications have; in both cases clients get a string. */
function idOf(json: Uint8Array | undefined): string | undefined {
  if (json === undefined) return undefined;
  const value: unknown = JSON.parse(TEXT.decode(json));
  const id = typeof value === "number" ? TEXT.decode(json) : value;
  const isId = typeof id === "string" && id !== "" && id.length <= USER_ID_LENGTH &&
    id.isWellFormed();
  return isId ? id : undefined;
}
