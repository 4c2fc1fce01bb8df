/**
 * What an old server tells the new one that it starts: which of its descriptors listen where.
 *
 * In and out: one variable of the environment. The descriptor 3 of the new process is the channel to the old one, those after it are
 * listening sockets. A new server that does not know the format refuses it, and the old one serves on.
 */

import type { Config, ListenAddress } from "../config/mod.ts";

/** The name of the variable. It is no option, and no process but the new server gets it. */
export const HANDOVER_VARIABLE = "_ASYNC_DENO_HANDOVER";
/** The descriptor of the channel in the new process. */
export const CHANNEL_DESCRIPTOR = 3;
/** The text with which the new server says that it is ready to accept. */
export const READY = "ready";
/** The answer: the old server accepts no more connections. */
export const RELEASED = "released";
/** Before the reason why the new server cannot start. */
export const REFUSED = "refused ";
/** The place of a socket from systemd: the unit decides where it listens, and not the config. */
export const FROM_SYSTEMD = "systemd";
const FORMAT = 1;

/** A socket that is handed over. */
export interface HandedListener {
  /** Where the config wanted it to listen: the new config is compared with this. */
  readonly place: string;
  readonly descriptor: number;
}

/** The admin server, whose socket belongs to Deno: the new one listens beside it. */
export interface HandedAdmin {
  readonly place: string;
  readonly address: ListenAddress;
}

/** What is handed over. */
export interface Handover {
  readonly listeners: readonly HandedListener[];
  readonly admin: HandedAdmin | null;
}

/** Where the main socket is to listen. */
export function placeOfConfig({ hostname, port, unix }: Config): string {
  return unix.path === undefined ? placeOf({ hostname, port }) : `unix ${unix.path}`;
}

/** Where a socket is to listen, as the config says it. */
export function placeOf({ hostname, port }: ListenAddress): string {
  return `${hostname} ${port}`;
}

/** The value of the variable; in the new process, the sockets have the descriptors from 4 on. */
export function encodeHandover({ listeners, admin }: Handover): string {
  return JSON.stringify({ format: FORMAT, listeners: listeners.map(({ place }) => place), admin });
}

/** What the variable says; undefined: the format is not known. */
export function decodeHandover(text: string): Handover | undefined {
  const { format, listeners, admin } = JSON.parse(text);
  if (format !== FORMAT) return undefined;
  return {
    listeners: listeners.map((place: string, i: number) => {
      return { place, descriptor: CHANNEL_DESCRIPTOR + 1 + i };
    }),
    admin,
  };
}
