/**
 * A connection to a NATS server that begins without TLS and goes on with it, as a socket of Node.
 *
 * In: where the server is, and what its certificate is checked with. Out: a socket that is encrypted, and that begins with what the server
 * says about itself. With node:tls, Deno 2.4.2 cannot change a connection to TLS.
 */
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { NatsTls } from "./nats_address.ts";

const DECODER = new TextDecoder();
/** The longest INFO of a server. */
const MOST_INFO = 64 * 1024;
const PIECE = 64 * 1024;

/** Connects. @param timeoutMs milliseconds until it gives up @throws {Error} if the server cannot be reached, or is not the one */
export async function connectTls(port: number, tls: NatsTls, timeoutMs: number): Promise<Socket> {
  const plain = await Deno.connect({ hostname: tls.host, port });
  let connection: Deno.Conn = plain;
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    closeQuietly(connection);
  }, timeoutMs);
  try {
    plain.setNoDelay(true);
    const info = await readInfo(plain);
    if (!/"tls_(?:required|available)": ?true/.test(DECODER.decode(info))) {
      throw new Error("the server has no TLS");
    }
    const caCerts = tls.ca === undefined ? [] : [tls.ca];
    const secure = await Deno.startTls(plain, { hostname: tls.host, caCerts });
    connection = secure;
    await secure.handshake();
    return socketOf(secure, info);
  } catch (error) {
    closeQuietly(connection);
    throw isLate ? new Error("timeout") : error;
  } finally {
    clearTimeout(timer);
  }
}

/** The first line, which is not encrypted. The server sends nothing more before it was answered. */
async function readInfo(connection: Deno.Conn): Promise<Uint8Array> {
  const buffer = new Uint8Array(MOST_INFO);
  let length = 0;
  while (length < MOST_INFO) {
    const count = await connection.read(buffer.subarray(length));
    if (count === null) break;
    length += count;
    if (buffer[length - 1] === 0x0a) return buffer.slice(0, length);
  }
  throw new Error("the server does not say what it is");
}

function socketOf(connection: Deno.TlsConn, info: Uint8Array): Socket {
  const buffer = new Uint8Array(PIECE);
  let isBegun = false;
  const duplex = new Duplex({
    allowHalfOpen: false,
    read() {
      if (!isBegun) {
        isBegun = true;
        this.push(info);
        return;
      }
      connection.read(buffer).then(
        (count) => this.push(count === null ? null : buffer.slice(0, count)),
        (error) => this.destroy(error),
      );
    },
    write(bytes: Uint8Array, _encoding, done) {
      writeAll(connection, bytes).then(() => done(), done);
    },
    destroy(error, done) {
      closeQuietly(connection);
      done(error);
    },
  });
  return Object.assign(duplex, { encrypted: true }) as unknown as Socket;
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

/** It may be closed already. */
function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
