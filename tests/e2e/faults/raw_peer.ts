/**
 * A peer's socket that reads only on request: everything else stays in the kernel.
 *
 * In: bytes to send. Out: single bytes, and the count of the rest. HttpConnection reads ahead, which would make
 * room for more of an answer; here only what the test reads makes room. resetting_peer.ts is the one
 * that ends by RST.
 */

import { type Endpoint, latin1 } from "../../support/http_client.ts";
import { connectTo } from "../../support/suite_tls.ts";
import { within } from "../../support/wait_for.ts";

/** A connection; closed when disposed of. */
export class RawPeer implements Disposable {
  readonly #conn: Deno.Conn;

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Connects. */
  static async open(server: Endpoint): Promise<RawPeer> {
    return new RawPeer(await connectTo(server));
  }

  /** Sends all of `data`; a string's code units are bytes. */
  async send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? latin1(data) : data;
    for (let sent = 0; sent < bytes.length;) {
      sent += await within(this.#conn.write(bytes.subarray(sent)), { what: "a socket with room" });
    }
  }

  /** Reads one byte; what came with it stays unread. @throws {Error} at the end of the stream */
  async readByte(): Promise<void> {
    const reading = this.#conn.read(new Uint8Array(1));
    if (await within(reading, { what: "a byte of the server" }) === null) {
      throw new Error("the connection ended where a byte was expected");
    }
  }

  /** Sends FIN; reading is still possible. */
  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  /** Reads until the server closes, and returns how many bytes came. */
  async countRest(): Promise<number> {
    const buffer = new Uint8Array(65_536);
    let count = 0;
    while (true) {
      const read = await within(this.#conn.read(buffer), { what: "the server's end" });
      if (read === null) return count;
      count += read;
    }
  }

  /** Closes the socket. */
  [Symbol.dispose](): void {
    this.#conn.close();
  }
}
