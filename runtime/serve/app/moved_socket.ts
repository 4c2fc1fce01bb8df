/**
 * What a WebSocket of an app takes along to the new server: its data, its address, its topics.
 *
 * In: a socket that leaves; bytes of one that has arrived. Out: the bytes; what the new socket has. The data has to be plain: what JSON
 * would change without a word, such as a Date or the methods of a class, is refused with its place.
 */

import type { ClientPosition } from "../broker/mod.ts";
import type { WebSocketBinaryType } from "./app_web_socket_handlers.ts";

/** Where such sockets go on. The number is that of the format: a server with another one does not take them. */
export const MOVED_SOCKETS = "app 1";

/** Values within values. */
const MOST_DEPTH = 64;
/** Bytes of the data of one socket: there may be thousands. */
const MOST_BYTES = 64 * 1024;
const UTF8 = new TextEncoder();

/** A socket on its way. */
export interface MovedSocket {
  readonly data: unknown;
  readonly remoteAddress: string;
  readonly binaryType: WebSocketBinaryType;
  readonly topics: readonly MovedTopic[];
}

/** One of its topics, and up to where it has what was published; null: that is not known. */
export interface MovedTopic {
  readonly topic: string;
  readonly position: ClientPosition | null;
}

/** The bytes. @throws {TypeError} if the data cannot be carried */
export function encodeMovedSocket(socket: MovedSocket): Uint8Array {
  const fault = faultOf(socket.data, "data", 0);
  if (fault !== undefined) throw new TypeError(`${fault}, and cannot be carried to the new server`);
  const bytes = UTF8.encode(JSON.stringify(socket));
  if (bytes.length <= MOST_BYTES) return bytes;
  throw new TypeError(
    `data and topics are ${bytes.length} bytes of JSON, and at most ${MOST_BYTES} can be carried to the new server`,
  );
}

/** The socket of these bytes. */
export function decodeMovedSocket(bytes: Uint8Array): MovedSocket {
  const socket: MovedSocket = JSON.parse(new TextDecoder().decode(bytes));
  return { ...socket, data: socket.data }; // JSON leaves out what is undefined
}

/** Why a value cannot be carried as it is; undefined: it can. */
function faultOf(value: unknown, place: string, depth: number): string | undefined {
  if (depth > MOST_DEPTH) return `${place} is too deep, or refers to itself`;
  switch (typeof value) {
    case "boolean":
    case "string":
      return undefined;
    case "undefined":
      // As a member it is read as undefined there, too.
      return place.endsWith("]") ? `${place} is undefined` : undefined;
    case "number":
      return Number.isFinite(value) ? undefined : `${place} is ${value}`;
    case "object":
      return value === null ? undefined : faultOfObject(value, place, depth);
    default:
      return `${place} is a ${typeof value}`;
  }
}

function faultOfObject(value: object, place: string, depth: number): string | undefined {
  if (Array.isArray(value)) {
    return firstFault(value.keys(), (at) => faultOf(value[at], `${place}[${at}]`, depth + 1));
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) {
    return `${place} is a ${prototype.constructor?.name || "class"}`;
  }
  return firstFault(
    Object.entries(value),
    ([name, member]) => faultOf(member, `${place}.${name}`, depth + 1),
  );
}

function firstFault<Item>(
  items: Iterable<Item>,
  judge: (item: Item) => string | undefined,
): string | undefined {
  for (const item of items) {
    const fault = judge(item);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
