/**
 * The listening descriptor of the acceptor: of an address, of a Unix socket, or from systemd.
 *
 * In: the config and the environment. Out: a listening descriptor, its address or path, and how to close
 * it. Deno binds an address, so that its permissions and errors apply.
 */

import type { Config } from "../config/mod.ts";
import {
  adoptActivated,
  adoptListener,
  isActivated,
  LinuxOs,
  listenUnix,
  removeUnix,
  unixIdentity,
} from "../os/mod.ts";

/** Connections that the kernel completes before they are accepted; it caps this at net.core.somaxconn. */
const BACKLOG = 4096;
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
  /** Closes the descriptor and removes the socket's file; at the end, or if the server cannot start. */
  close(): void;
}

/**
 * Listens.
 *
 * @throws {Deno.errors.AddrInUse} and Deno's other errors of listening
 * @throws {SystemError} if a Unix socket cannot be created, or a descriptor from systemd does not listen
 */
export function openNativeListener(config: Config): NativeListener {
  const { unix } = config;
  if (isActivated((name) => Deno.env.get(name), Deno.pid)) return activated();
  return unix.path === undefined ? ofAddress(config) : ofUnix(unix.path, unix.mode);
}

/** Listens on an address. @throws {Deno.errors.AddrInUse} and Deno's other errors of listening */
export function ofAddress(
  { hostname, port }: { readonly hostname: string; readonly port: number },
): NativeListener {
  const listener = Deno.listen({ hostname, port });
  const address = listener.addr;
  const descriptor = adoptListener(listener, BACKLOG);
  return {
    descriptor,
    address,
    isHandedOver: false,
    socketPath: null,
    close: () => void new LinuxOs().close(descriptor),
  };
}

function ofUnix(path: string, mode: number): NativeListener {
  const descriptor = listenUnix(path, mode, BACKLOG);
  const made = unixIdentity(path);
  const close = () => {
    // Our file may have been removed, and another server may have created its own there. Compared while our
    // socket is open: until it is closed, no other file can have its inode.
    const isOurs = unixIdentity(path) === made;
    new LinuxOs().close(descriptor);
    if (isOurs) removeUnix(path);
  };
  return { descriptor, address: NO_ADDRESS, isHandedOver: false, socketPath: path, close };
}

/** From systemd; its file belongs to systemd, and stays. */
function activated(): NativeListener {
  const { descriptor, address } = adoptActivated();
  const close = () => void new LinuxOs().close(descriptor);
  const socketPath = address === undefined ? "" : null;
  return { descriptor, address: address ?? NO_ADDRESS, isHandedOver: true, socketPath, close };
}
