/**
 * What an old server tells the new one that it starts: which of its descriptors listen where.
 *
 * In and out: one variable of the environment. The descriptor 3 of the new process is the channel to the old one, those after it are
 * listening sockets, and the last one is the channel for open connections. A new server that does not know the format refuses it, and the
 * old one serves on; if it knows only that of connections not, they stay with the old one.
 */

import type { StoreIdentity } from "../channels/mod.ts";
import type { Config, ListenAddress } from "../config/mod.ts";
import { RECORD_FORMAT } from "../thread/mod.ts";

/** The name of the variable. It is no option, and no process but the new server gets it. */
export const HANDOVER_VARIABLE = "_ASYNC_DENO_HANDOVER";
/** The descriptor of the channel in the new process. */
export const CHANNEL_DESCRIPTOR = 3;
/** The text with which the new server says that it is ready to accept. */
export const READY = "ready";
/** The same, and that it takes open connections. Said only to an old server that moves them. */
export const READY_FOR_CONNECTIONS = "ready for connections";
/** The same, and that it goes on with the channels, too. Said only to an old server that has told of its memory. */
export const READY_FOR_STORE = "ready for connections and channels";
/** Asks which channels of the engine are followed, before it is ready. Said only to an old server that has told of its engine. */
export const ASKS_FOR_FOLLOWED = "which channels are followed";
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
  /** The memory of the channels, which the new server may get: see store_packets.ts. Absent: there is none. */
  readonly store?: StoreIdentity | undefined;
  /** Says which channels of the engine are followed; absent: there is none. */
  readonly followed?: (() => string) | undefined;
}

/** The same in the new process. */
export interface ReceivedHandover extends Handover {
  /** The channel for open connections; undefined: the old server moves none. */
  readonly connections: HandedConnections | undefined;
}

/** How connections arrive. */
export interface HandedConnections {
  readonly descriptor: number;
  /** Whether this server knows the format. */
  readonly isKnown: boolean;
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
  const places = listeners.map(({ place }) => place);
  return JSON.stringify({ format: FORMAT, listeners: places, admin, connections: RECORD_FORMAT });
}

/** What the variable says; undefined: the format is not known. */
export function decodeHandover(text: string): ReceivedHandover | undefined {
  const { format, listeners, admin, connections } = JSON.parse(text);
  if (format !== FORMAT) return undefined;
  const first = CHANNEL_DESCRIPTOR + 1;
  return {
    listeners: listeners.map((place: string, i: number) => ({ place, descriptor: first + i })),
    admin,
    connections: connections === undefined ? undefined : {
      descriptor: first + listeners.length,
      isKnown: connections === RECORD_FORMAT,
    },
  };
}
