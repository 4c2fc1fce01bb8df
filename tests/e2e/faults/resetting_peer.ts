/**
 * A peer that ends by RST alone: SO_LINGER with a time of zero, then close (socket(7)).
 *
 * In: bytes to send. Out: single bytes from the server, and the reset. Deno.Conn can't do this: its
 * close() shuts the socket down first, so that a FIN is sent before. Hence libc by FFI: blocking
 * calls that time out after thirty seconds. The constants are those of Linux on x86-64 and arm64.
 */

import { type Endpoint, latin1 } from "../../support/http_client.ts";

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0x80000;
const SOL_SOCKET = 1;
const SO_LINGER = 13;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const MSG_NOSIGNAL = 0x4000;

/** struct linger { int l_onoff; int l_linger; } */
const LINGER_ZERO = Int32Array.of(1, 0);
/** struct timeval { long tv_sec; long tv_usec; } */
const IO_TIMEOUT = BigInt64Array.of(30n, 0n);

const SYMBOLS = {
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  close: { parameters: ["i32"], result: "i32" },
} as const;

// Opened once and never closed, like the C library of the process itself.
const libc = Deno.dlopen("libc.so.6", SYMBOLS).symbols;

/** A connection; reset when disposed of. */
export class ResettingPeer implements Disposable {
  readonly #descriptor: number;

  /** Connects. @throws {Error} if a system call fails, like every method */
  constructor({ hostname, port }: Endpoint) {
    this.#descriptor = expect("socket", libc.socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    this.#setOption(SO_LINGER, LINGER_ZERO);
    this.#setOption(SO_RCVTIMEO, IO_TIMEOUT);
    this.#setOption(SO_SNDTIMEO, IO_TIMEOUT);
    const address = sockaddrIn(hostname, port);
    expect("connect", libc.connect(this.#descriptor, address, address.length));
  }

  /** Sends all of `data`; a string's code units are bytes. */
  send(data: string | Uint8Array<ArrayBuffer>): void {
    const bytes = typeof data === "string" ? latin1(data) : data;
    for (let sent = 0; sent < bytes.length;) {
      const rest = bytes.subarray(sent);
      const count = libc.send(this.#descriptor, rest, BigInt(rest.length), MSG_NOSIGNAL);
      sent += expect("send", Number(count));
    }
  }

  /** Reads one byte; what came with it stays unread. */
  readByte(): void {
    const count = Number(libc.recv(this.#descriptor, new Uint8Array(1), 1n, 0));
    if (expect("recv", count) === 0) {
      throw new Error("the connection ended where a byte was expected");
    }
  }

  /** Sends RST and closes the socket. */
  [Symbol.dispose](): void {
    expect("close", libc.close(this.#descriptor));
  }

  #setOption(option: number, value: Int32Array<ArrayBuffer> | BigInt64Array<ArrayBuffer>): void {
    const result = libc.setsockopt(this.#descriptor, SOL_SOCKET, option, value, value.byteLength);
    expect("setsockopt", result);
  }
}

/** struct sockaddr_in: family in host byte order, port and address in network byte order. */
function sockaddrIn(hostname: string, port: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  bytes.set(hostname.split(".").map(Number), 4);
  return bytes;
}

function expect(call: string, result: number): number {
  if (result < 0) throw new Error(`${call} failed`);
  return result;
}
