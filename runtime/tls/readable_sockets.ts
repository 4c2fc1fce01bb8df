/**
 * The sockets that can be read although the kernel does not report them: OpenSSL, or this server, holds bytes of
 * theirs.
 *
 * In: a socket when bytes are left after a read, and when its caller begins to want input. Out: their events, in
 * addition to those of a wait, as long as there are bytes and the caller wants them: level-triggered, as those of
 * the kernel. Reported ones go to the end of the list, so all have their turn if there are more than a wait
 * has room for. The kernel gets at least half of the room.
 */

import type { EpollEvents } from "../os/mod.ts";
import type { TlsSocket } from "./tls_socket.ts";

/** The list of one worker. */
export class ReadableSockets {
  // In the order of their turns.
  readonly #sockets = new Set<TlsSocket>();

  /** Adds a socket if it is to be reported. */
  add(socket: TlsSocket): void {
    if (socket.ownEvents !== 0) this.#sockets.add(socket);
  }

  /** Removes a socket: its descriptor is about to be closed. */
  remove(socket: TlsSocket): void {
    this.#sockets.delete(socket);
  }

  /** Whether any is to be reported; drops those that are not, up to the first one that is. */
  hasAny(): boolean {
    if (this.#sockets.size === 0) return false;
    for (const socket of this.#sockets) {
      if (socket.ownEvents !== 0) return true;
      this.#sockets.delete(socket);
    }
    return false;
  }

  /** How many events a wait may ask the kernel for, so that there is room for those of this list. */
  roomForKernel({ capacity }: EpollEvents): number {
    return capacity - Math.min(this.#sockets.size, capacity >> 1);
  }

  /** Appends events to the `count` of a wait; returns how many there are then. */
  appendTo(events: EpollEvents, count: number): number {
    let total = count;
    let turns = Math.min(this.#sockets.size, events.capacity - count);
    for (const socket of this.#sockets) {
      if (turns-- === 0) break;
      this.#sockets.delete(socket);
      const { descriptor, generation, ownEvents } = socket;
      if (ownEvents === 0) continue;
      events.set(total++, ownEvents, descriptor, generation);
      this.#sockets.add(socket);
    }
    return total;
  }
}
