/**
 * What TlsOs keeps for one socket that speaks TLS.
 *
 * Plain data; tls_os.ts has the rules.
 */

import type { TlsConnection } from "./tls_connection.ts";

/** The state of one socket. */
export class TlsSocket {
  readonly descriptor: number;
  /** Null until the first byte has arrived. */
  connection: TlsConnection | null = null;
  /** The handshake is done. */
  isOpen = false;
  /** Ciphertext that the socket did not take; sent before anything else. */
  left: Uint8Array<ArrayBuffer> | null = null;
  /** Bytes of plaintext that are encrypted, and whose caller was told that they were not sent. */
  debt = 0;
  /** A read would return something although the kernel does not report the socket. */
  isReadable = false;
  /** It is in the list of sockets that may be readable. */
  isListed = false;
  // Its registration in epoll, as the caller asked for it; epoll -1: none.
  epoll = -1;
  events = 0;
  generation = 0;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }
}
