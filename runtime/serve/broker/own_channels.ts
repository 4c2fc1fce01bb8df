/**
 * The names of the store's channels that are the server's own: no client can name them.
 *
 * In: a worker, or a user. Out: names with the byte 0xff, which UTF-8 has nowhere. They stay within one server, also if an
 * engine keeps the channels of clients.
 */

/** No byte of UTF-8, which every channel's name is. */
const MARK = 0xff;

/** The control channel to which all workers listen. */
export const ALL_WORKERS = 0;

/** The control channel to which one worker listens, for all of them. */
export const ANY_WORKER = 0xffff;

/** The control channel to which one worker listens. */
export function toWorker(worker: number): number {
  return 1 + worker;
}

/** The name of a control channel. */
export function controlKey(number: number): Uint8Array {
  return new Uint8Array([MARK, number >>> 8, number & 0xff]);
}

/** Whether a name of the store is one of the server's own. */
export function isOwnChannel(key: Uint8Array): boolean {
  return key[0] === MARK;
}

/** A channel that stands for a user, of at most 253 bytes. Nobody listens to it. */
export function userKey(user: string): Uint8Array {
  const name = new TextEncoder().encode(user);
  const key = new Uint8Array(2 + name.length);
  // UTF-8 has this byte nowhere, so it is no control channel.
  key.set([MARK, MARK]);
  key.set(name, 2);
  return key;
}

/** The channel whose members are the connected users; no user's name has the third byte. Nobody listens to it. */
export const CONNECTED_USERS_KEY = new Uint8Array([MARK, MARK, MARK]);
