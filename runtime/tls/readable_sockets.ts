/**
 * The sockets that can be read although the kernel does not report them: OpenSSL holds bytes of theirs.
 *
 * In: a socket when OpenSSL has bytes left after a read, and when its caller begins to want input. Out: their
 * events, in addition to those of a wait, as long as there are bytes and the caller wants them: level-triggered, as
 * those of the kernel.
 */

import { type EpollEvents, EPOLLIN } from "../os/mod.ts";
import type { TlsSocket } from "./tls_socket.ts";

/** The list of one worker. */
export class ReadableSockets {
  #sockets: TlsSocket[] = [];

  /** Adds a socket, unless it is in the list. */
  add(socket: TlsSocket): void {
    if (socket.isListed) return;
    socket.isListed = true;
    this.#sockets.push(socket);
  }

  /** Whether any is to be reported; drops those that are not. */
  hasAny(): boolean {
    if (this.#sockets.length === 0) return false;
    this.#sockets = this.#sockets.filter((socket) => {
      return socket.isListed = socket.isReadable && socket.epoll >= 0 &&
        (socket.events & EPOLLIN) !== 0;
    });
    return this.#sockets.length > 0;
  }

  /** Appends their events to the `count` events of a wait; returns how many there are then. */
  appendTo(events: EpollEvents, count: number): number {
    let total = count;
    for (const { descriptor, generation, isReadable } of this.#sockets) {
      if (total === events.capacity) break;
      if (isReadable) events.set(total++, EPOLLIN, descriptor, generation);
    }
    return total;
  }
}
