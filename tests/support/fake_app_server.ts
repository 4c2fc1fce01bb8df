/**
 * A server with an app on the fake kernel, and the requests of its clients.
 *
 * In: what the app does. Out: a server whose clients keep the answers that they read.
 */

import { LogLabel } from "../../runtime/observe/log/mod.ts";
import type { AppExchange, AppResult } from "../../runtime/serve/session/mod.ts";
import { FakePeer } from "./fake_peer.ts";
import { FakeServer, type FakeServerOptions } from "./fake_server.ts";
import { FakeSocket } from "./fake_socket.ts";
import { bytesOf, textOf } from "./protocol_cases.ts";
import { Random } from "./random.ts";

/** A connection's last request; the endpoint answers 200 `ok`, unless the app does. */
export const LAST = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
/** A GET request, with more field lines. */
export const get = (path: string, more = "") => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
/** A POST request with this body. */
export const post = (path: string, body: string, more = "") =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;

/** A client that keeps what it reads. */
export class Client extends FakePeer {
  text = "";

  override received(bytes: Uint8Array): void {
    this.text += textOf(bytes);
  }

  /** The answers, each as `status body`. */
  get answers(): string[] {
    return this.text.split(/(?=HTTP\/1\.1 )/).map((answer) => {
      const [head = "", ...body] = answer.split("\r\n\r\n");
      return `${head.slice(9, 12)} ${body.join("|")}`.trim();
    });
  }
}

/** What an app does. */
export type Handle = (exchange: AppExchange) => AppResult | Promise<AppResult>;

/** A server with an app. */
export class AppServer extends FakeServer {
  /** @param timeout of the app's handlers, in milliseconds; 0: none */
  constructor(handle: Handle, options: FakeServerOptions = {}, timeout = 0) {
    super(options);
    this.app = {
      label: new LogLabel("app"),
      isAsked: (path) => !path.startsWith("/not-asked"),
      handle,
      timeout,
    };
  }

  /** A client that sends this at once, in pieces of at most `sends` bytes. */
  client(text: string, socket = new FakeSocket(), sends = 9999): Client {
    const client = new Client(socket, new Random(1), { sends, reads: 65_536, pause: 0 });
    client.enqueue(bytesOf(text));
    this.connectAt(this.os.now, client);
    return client;
  }

  /** `action` after that many seconds. */
  after(seconds: number, action: () => void): void {
    this.schedule(this.os.now + seconds * 1000, action);
  }
}
