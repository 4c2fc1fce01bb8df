/**
 * `Deno.upgradeWebSocket(request)` for the requests of this server: handlers that were written for `deno serve` run unchanged.
 *
 * In: requests of the app. Out: a response to be returned, and a socket that opens when it was. For every other request, such as one of a
 * server that the app runs itself, Deno's own function is called.
 */

import { INTERNAL_ERROR } from "../../../protocol/mod.ts";
import type { AppExchange } from "../session/mod.ts";
import { DenoSocket } from "./deno_socket.ts";

/** Finds the exchange of a request; undefined: it is none of this server. */
export type ExchangeFinder = (request: Request) => AppExchange | undefined;

const SWITCHING_PROTOCOLS = 101;
const PROTOCOL = "sec-websocket-protocol";
/** What each response of an upgrade is for. */
const sockets = new WeakMap<Response, DenoSocket>();

/** Replaces `Deno.upgradeWebSocket` in this thread. */
export function installUpgradeWebSocket(exchangeOf: ExchangeFinder): void {
  const original = Deno.upgradeWebSocket;
  const upgradeWebSocket: typeof Deno.upgradeWebSocket = (request, options) => {
    const exchange = exchangeOf(request);
    return exchange === undefined
      ? original(request, options)
      : prepare(exchange, options?.protocol ?? "");
  };
  Object.defineProperty(Deno, "upgradeWebSocket", {
    value: upgradeWebSocket,
    configurable: true,
    writable: true,
    enumerable: true,
  });
}

/**
 * What a response that `Deno.upgradeWebSocket` has made does to its request; undefined: it is another response.
 *
 * @returns accepts the WebSocket: false if that cannot be done any more
 */
export function upgradeOf(response: Response): ((exchange: AppExchange) => boolean) | undefined {
  const socket = sockets.get(response);
  if (socket === undefined) return undefined;
  return (exchange) => {
    const fields = socket.protocol === "" ? [] : [[PROTOCOL, socket.protocol] as const];
    if (exchange.upgrade(socket.handler, fields)) return true;
    socket.fail(INTERNAL_ERROR);
    return false;
  };
}

function prepare({ request }: AppExchange, protocol: string): Deno.WebSocketUpgrade {
  const upgrade = request.field("upgrade") ?? "";
  if (!/\bwebsocket\b/i.test(upgrade)) {
    throw new TypeError(
      "Invalid Header: 'upgrade' header must contain 'websocket'",
    );
  }
  const socket = new DenoSocket(protocol);
  const response = new SwitchingResponse(null);
  sockets.set(response, socket);
  return { response, socket: socket as unknown as WebSocket };
}

/** `new Response` takes no status of 1xx. */
class SwitchingResponse extends Response {
  override get status(): number {
    return SWITCHING_PROTOCOLS;
  }

  override get statusText(): string {
    return "Switching Protocols";
  }

  override get ok(): boolean {
    return false;
  }
}
