/**
 * A service manager's end of sd_notify(3): a Unix datagram socket, whose path is the server's NOTIFY_SOCKET.
 *
 * In: the path. Out: the server's messages, one at a time.
 */

import { within } from "./wait_for.ts";

/** The socket. */
export class NotifyReceiver implements Disposable {
  readonly #socket: Deno.DatagramConn;

  constructor(path: string) {
    this.#socket = Deno.listenDatagram({ transport: "unixpacket", path });
  }

  /** The next message that begins with `wanted`; messages before it are skipped. */
  next(wanted: string): Promise<string> {
    const receive = async () => {
      for (;;) {
        const [bytes] = await this.#socket.receive();
        const text = new TextDecoder().decode(bytes);
        if (text.startsWith(wanted)) return text;
      }
    };
    return within(receive(), { what: wanted });
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
