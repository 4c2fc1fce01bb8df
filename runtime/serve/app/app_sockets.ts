/**
 * Makes requests WebSockets of the app: `server.upgrade(request, { data, headers })`, with what Bun does.
 *
 * In: exchanges of requests that the app is asked about; sockets that come from the server before. Out: connections whose events go to the
 * app's handlers.
 */

import type { AppExchange, WebSocketHandler } from "../session/mod.ts";
import { AppHeaders } from "./app_headers.ts";
import type { AppModule } from "./app_module.ts";
import { AppConnection, type AppConnectionHost } from "./app_connection.ts";
import type { AppWebSocketHandlers, WebSocketData } from "./app_web_socket_handlers.ts";
import { checkedKey, type PublishOptions } from "./publish_options.ts";
import { OWN_FIELDS } from "./send_response.ts";
import { topicDataOf } from "./topic_data.ts";
import type { Topics } from "./topics.ts";

/** What `server.upgrade` takes. */
export interface UpgradeOptions<T = unknown> {
  /** The socket's `data`. */
  readonly data?: T;
  /** Fields of the answer. */
  readonly headers?: HeadersInit;
}

/** What upgrades are made with. */
export interface AppSocketsParts {
  /** The current copy of the app. */
  module(): AppModule;
  readonly topics: Topics;
  /** Counts an error of the app, and tells the operator. */
  report(what: string, error: unknown): void;
}

const PROTOCOL = "sec-websocket-protocol";
const NO_HANDLERS: AppWebSocketHandlers = {};

/** The WebSockets of one worker's app. */
export class AppSockets implements AppConnectionHost {
  readonly #parts: AppSocketsParts;
  /** The copy of the app of which it was reported that sockets stay. */
  #reportedOf: AppModule | undefined = undefined;

  constructor(parts: AppSocketsParts) {
    this.#parts = parts;
  }

  get handlers(): AppWebSocketHandlers {
    return this.#parts.module().websocket ?? NO_HANDLERS;
  }

  get topics(): Topics {
    return this.#parts.topics;
  }

  get publishesToSelf(): boolean {
    return this.handlers.publishToSelf === true;
  }

  report(what: string, error: unknown): void {
    this.#parts.report(what, error);
  }

  reportKept(error: unknown): void {
    const module = this.#parts.module();
    if (this.#reportedOf === module) return;
    this.#reportedOf = module;
    this.#parts.report("websocket.move: this WebSocket, and others like it, are closed", error);
  }

  /** The handler of a socket that comes from the server before. */
  moved(): WebSocketHandler {
    return new AppConnection(this);
  }

  /** `server.publish`: to all subscribers of a topic. Returns the message's bytes; 0: nobody is subscribed, or there is no room. */
  publish(topic: string, data: WebSocketData, { key = "" }: PublishOptions = {}): number {
    const published = topicDataOf(data);
    const more = { key: checkedKey(key) };
    const subscribers = this.#parts.topics.publish(topic, published, more) ?? 0;
    return subscribers > 0 ? published.length : 0;
  }

  /**
   * Makes a request a WebSocket. `open` is called before this returns.
   *
   * @returns false if the request is no valid handshake, or of a foreign origin, or was answered
   * @throws {TypeError} if the app has no handlers, or for header fields that are none
   */
  upgrade(exchange: AppExchange, { data, headers }: UpgradeOptions = {}): boolean {
    if (this.#parts.module().websocket === undefined) {
      throw new TypeError('The app has no "websocket" handlers: export them beside "fetch"');
    }
    const connection = new AppConnection(this, { data, remoteAddress: exchange.clientAddress });
    return exchange.upgrade(connection, fieldsOf(exchange, headers));
  }
}

/** Further fields that the server writes in a handshake, or that would promise what it does not do. */
const OF_HANDSHAKE = /^sec-websocket-(?:accept|extensions|key|version)$/;

/** The fields of the answer. Without a protocol among them it is the first one that the client offers, as in Bun. */
function fieldsOf(
  { request }: AppExchange,
  headers: HeadersInit | undefined,
): readonly (readonly [string, string])[] {
  const given = headers === undefined ? [] : [...new AppHeaders(headers)];
  const fields = given.filter(([name]) => !OWN_FIELDS.has(name) && !OF_HANDSHAKE.test(name));
  const offered = request.field(PROTOCOL);
  if (offered === undefined || fields.some(([name]) => name === PROTOCOL)) return fields;
  const [first = ""] = offered.split(",");
  return [...fields, [PROTOCOL, first.trim()]];
}
