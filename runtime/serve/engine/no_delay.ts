/**
 * Sockets of the engines' clients, which send each request at once.
 *
 * In: a socket that is connected. Out: nothing. Both clients ask for TCP_NODELAY before the socket is connected: Deno 2.4, which is in the
 * executable, forgets that, and takes a second request for what is done already. Without it a request that follows another one
 * waits up to 40 ms for the acknowledgement of the first.
 */
import type { Socket } from "node:net";

/** Sends what is written without waiting for more. */
export function sendAtOnce(socket: Pick<Socket, "setNoDelay">): void {
  socket.setNoDelay(false);
  socket.setNoDelay(true);
}
