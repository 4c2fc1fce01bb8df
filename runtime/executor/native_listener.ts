/**
 * The listening descriptor of the acceptor: of an address, of a Unix socket, from systemd, or from the server that this one replaces.
 *
 * In: the config and the environment. Out: a listening descriptor, its address or path, and how to close
 * it. Deno binds an address, so that its permissions and errors apply.
 */

import type { Config, ListenAddress } from "../config/mod.ts";
import {
  adoptActivated,
  adoptListener,
  adoptPassed,
  isActivated,
  LinuxOs,
  listenUnix,
  type PassedListener,
  removeUnix,
  unixIdentity,
} from "../os/mod.ts";
import { FROM_SYSTEMD, placeOf, placeOfConfig } from "./handover_text.ts";
import type { Predecessor } from "./predecessor.ts";

/** Connections that the kernel completes before they are accepted; it caps this at net.core.somaxconn. */
const BACKLOG = 4096;
const WITHOUT_FILE = { leaveFile() {}, keepFile() {} };
/** The address of a Unix socket, which has none. */
const NO_ADDRESS = { transport: "tcp", hostname: "", port: 0 } as const;

/** A listening descriptor. */
export interface NativeListener {
  readonly descriptor: number;
  readonly address: Deno.NetAddr;
  /** Whether systemd passed it: then it must keep listening after the server has ended, and accept does not block. */
  readonly isHandedOver: boolean;
  /** The file of a Unix socket; "" for one from systemd; null: it is an address. */
  readonly socketPath: string | null;
  /** Where the config wants it to listen, for the server that replaces this one. */
  readonly place: string;
  /** Another server accepts from the socket from now on, or does so until this one takes over: its file is not ours. */
  leaveFile(): void;
  /** The opposite: this server has taken over. */
  keepFile(): void;
  /** Closes the descriptor and removes the socket's file; at the end, or if the server cannot start. */
  close(): void;
}

/**
 * Listens.
 *
 * @param predecessor the server that this one replaces; null: there is none
 * @throws {Deno.errors.AddrInUse} and Deno's other errors of listening
 * @throws {SystemError} if a Unix socket cannot be created, or a descriptor from systemd does not listen
 */
export function openNativeListener(
  config: Config,
  predecessor: Predecessor | null,
): NativeListener {
  const { path, mode } = config.unix;
  if (isActivated((name) => Deno.env.get(name), Deno.pid)) return fromSystemd(adoptActivated());
  const activated = predecessor?.listener(FROM_SYSTEMD);
  if (activated !== undefined) return fromSystemd(adoptPassed(activated));
  if (path === undefined) return ofAddress(config, predecessor);
  const place = placeOfConfig(config);
  const passed = predecessor?.listener(place);
  const descriptor = passed === undefined
    ? listenUnix(path, mode, BACKLOG)
    : adoptPassed(passed).descriptor;
  const listener = ofUnix({ path, place, descriptor });
  if (passed !== undefined) listener.leaveFile();
  return listener;
}

/** Listens on an address. @throws {Deno.errors.AddrInUse} and Deno's other errors of listening */
export function ofAddress(
  wanted: ListenAddress,
  predecessor: Predecessor | null,
): NativeListener {
  const place = placeOf(wanted);
  const passed = predecessor?.listener(place);
  const { descriptor, address = NO_ADDRESS } = passed === undefined
    ? bind(wanted)
    : adoptPassed(passed);
  const close = () => void new LinuxOs().close(descriptor);
  return {
    ...WITHOUT_FILE,
    descriptor,
    address,
    isHandedOver: false,
    socketPath: null,
    place,
    close,
  };
}

function bind({ hostname, port }: ListenAddress): PassedListener {
  const listener = Deno.listen({ hostname, port });
  const address = listener.addr;
  return { descriptor: adoptListener(listener, BACKLOG), address };
}

function ofUnix(
  { path, place, descriptor }: { path: string; place: string; descriptor: number },
): NativeListener {
  const made = unixIdentity(path);
  let hasFile = true;
  const close = () => {
    // Our file may have been removed, and another server may have created its own there. Compared while our
    // socket is open: until it is closed, no other file can have its inode.
    const isOurs = hasFile && unixIdentity(path) === made;
    new LinuxOs().close(descriptor);
    if (isOurs) removeUnix(path);
  };
  return {
    descriptor,
    address: NO_ADDRESS,
    isHandedOver: false,
    socketPath: path,
    place,
    leaveFile: () => void (hasFile = false),
    keepFile: () => void (hasFile = true),
    close,
  };
}

/** Its file belongs to systemd, and stays. */
function fromSystemd({ descriptor, address = NO_ADDRESS }: PassedListener): NativeListener {
  const close = () => void new LinuxOs().close(descriptor);
  const socketPath = address === NO_ADDRESS ? "" : null;
  const place = FROM_SYSTEMD;
  return { ...WITHOUT_FILE, descriptor, address, isHandedOver: true, socketPath, place, close };
}
