/**
 * What an app may ask of the server: the second argument of its `fetch`, with the names of Bun's.
 *
 * In: requests that the app was given. Out: addresses, upgrades, publications, files. It is one object for the life of a worker.
 */

import { UNIX_PEER, urlHost } from "../../../protocol/mod.ts";
import { AppRequest } from "./app_request.ts";
import type { AppSockets, UpgradeOptions } from "./app_sockets.ts";
import type { WebSocketData } from "./app_web_socket_handlers.ts";
import { type FileOptions, fileResponse } from "./file_answer.ts";
import { optionsOf, type PublishOptions } from "./publish_options.ts";
import type { Topics } from "./topics.ts";

/** What it is made with. */
export interface AppServerParts {
  /** The address that the server listens on. */
  readonly address: {
    readonly hostname: string;
    readonly port: number;
    readonly isSecure: boolean;
  };
  readonly sockets: Pick<AppSockets, "upgrade" | "publish">;
  readonly topics: Pick<Topics, "subscriberCount">;
  /** The app's folder, as an absolute path. */
  readonly folder: string;
  /** Requests of this worker that are not answered yet. */
  pendingRequests(): number;
}

/** A client's address, as Bun has it. */
export interface SocketAddress {
  readonly address: string;
  readonly port: number;
  readonly family: "IPv4" | "IPv6";
}

/** The server, as the app sees it. */
export class AppServer {
  readonly #parts: AppServerParts;
  readonly #url: string;

  constructor(parts: AppServerParts) {
    this.#parts = parts;
    const { hostname, port, isSecure } = parts.address;
    this.#url = `${isSecure ? "https" : "http"}://${urlHost(hostname)}:${port}/`;
  }

  /** The address that the server listens on, as a URL. */
  get url(): URL {
    return new URL(this.#url);
  }

  /** The host name of {@link url}. */
  get hostname(): string {
    return this.#parts.address.hostname;
  }

  /** The port that the server listens on. */
  get port(): number {
    return this.#parts.address.port;
  }

  /** Requests of this worker that the app has not answered yet. */
  get pendingRequests(): number {
    return this.#parts.pendingRequests();
  }

  /**
   * The address and port of the client, or what a trusted proxy says of it: then the port is 0 unless a PROXY header names
   * it. Null for a Unix socket, and after the answer.
   */
  requestIP(request: Request): SocketAddress | null {
    const exchange = AppRequest.exchangeOf(request);
    const address = exchange?.clientAddress ?? "";
    if (exchange === null || address === "" || address === UNIX_PEER) return null;
    const family = address.includes(":") ? "IPv6" : "IPv4";
    return { address, family, port: exchange.clientPort };
  }

  /**
   * Makes the request a WebSocket of the app's `websocket` handlers, whose `open` is called before this returns.
   *
   * @returns false if the request is no valid handshake, or was answered: then the app answers it
   */
  upgrade<T>(request: Request, options?: UpgradeOptions<T>): boolean {
    const exchange = AppRequest.exchangeOf(request);
    return exchange !== null && this.#parts.sockets.upgrade(exchange, options);
  }

  /** Sets how many seconds the app may take to answer this request, from now on; 0: no limit. */
  timeout(request: Request, seconds: number): void {
    if (!(seconds >= 0)) throw new RangeError(`Cannot wait ${seconds} seconds for an answer`);
    AppRequest.exchangeOf(request)?.setTimeout(Math.ceil(seconds * 1000));
  }

  /**
   * An answer that is a file in the app's folder: sent by the kernel, with ranges and conditions, and compressed if the client accepts
   * it. 404 if there is no such file when it is sent.
   *
   * @throws {RangeError} if the path leads out of the folder
   */
  file(path: string, options?: FileOptions): Response {
    return fileResponse(this.#parts.folder, path, options);
  }

  /**
   * Publishes in a channel, to subscribers of all kinds on all workers; returns the bytes of the message, or 0 if there are none.
   *
   * @param options or Bun's `compress`, which changes nothing
   * @throws {TypeError} for a key that is no string of at most 255 bytes
   */
  publish(topic: string, data: WebSocketData, options?: boolean | PublishOptions): number {
    return this.#parts.sockets.publish(topic, data, optionsOf(options));
  }

  /** How many subscribers a channel has, on all workers. */
  subscriberCount(topic: string): number {
    return this.#parts.topics.subscriberCount(topic);
  }
}
