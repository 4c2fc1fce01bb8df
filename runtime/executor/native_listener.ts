/**
 * The descriptor that the acceptor accepts from: of an address, of a Unix socket, or handed over by
 * systemd.
 *
 * In: the config and the environment. Out: a listening descriptor, where it listens, and how to let go of
 * it. An address is bound by Deno, so that its permissions and errors hold.
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

/** Connections that the kernel completes while nobody accepts; it cuts this at net.core.somaxconn. */
const BACKLOG = 4096;
/** What stands for the address where there is none. */
const NO_ADDRESS = { transport: "tcp", hostname: "", port: 0 } as const;

/** A listening descriptor. */
export interface NativeListener {
  readonly descriptor: number;
  readonly address: Deno.NetAddr;
  /** Whether it was handed over: it must listen on when we are gone, and accept does not block. */
  readonly isHandedOver: boolean;
  /** The file of a Unix socket; "" for one that was handed over; null: it is an address. */
  readonly socketPath: string | null;
  /** Gives back what was made; at the end, or where the server cannot start. */
  close(): void;
}

/**
 * Listens.
 *
 * @throws {Deno.errors.AddrInUse} and Deno's other errors of listening
 * @throws {SystemError} where a Unix socket cannot be made, or what was handed over does not listen
 */
export function openNativeListener(config: Config): NativeListener {
  const { unix } = config;
  if (isActivated((name) => Deno.env.get(name), Deno.pid)) return activated();
  return unix.path === undefined ? ofAddress(config) : ofUnix(unix.path, unix.mode);
}

function ofAddress({ hostname, port }: Config): NativeListener {
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
    // Somebody may have removed ours, and another server have its own there by now. Looked at while ours
    // is open: until then no other file can have its number.
    const isOurs = unixIdentity(path) === made;
    new LinuxOs().close(descriptor);
    if (isOurs) removeUnix(path);
  };
  return { descriptor, address: NO_ADDRESS, isHandedOver: false, socketPath: path, close };
}

/** Its file is systemd's, and stays. */
function activated(): NativeListener {
  const { descriptor, address } = adoptActivated();
  const close = () => void new LinuxOs().close(descriptor);
  const socketPath = address === undefined ? "" : null;
  return { descriptor, address: address ?? NO_ADDRESS, isHandedOver: true, socketPath, close };
}
