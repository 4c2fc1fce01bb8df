/**
 * Real clients of a server with channels: `centrifuge` from npm over npm `ws`, SSE or an HTTP stream.
 *
 * In: the server's port. Out: clients, each of which knows which worker serves it.
 */

import { Centrifuge } from "npm:centrifuge@5.8.0";
import { NodeSocket } from "./node_socket.ts";

/** One client. */
export interface ChannelClient {
  readonly centrifuge: Centrifuge;
  /** The worker that serves it; -1 before it is connected. */
  worker(): number;
  /** Ends its connection without a close frame; it comes back by itself. */
  cut(): void;
  /** Stops reading, and reads again; WebSockets alone. */
  pause(): void;
  resume(): void;
}

/** The clients of one server. */
export class ChannelClients {
  /** `ws://…/connection/websocket` */
  readonly url: string;
  /** The server's address for HTTP, without a slash at the end. */
  readonly httpUrl: string;
  readonly #clients: Centrifuge[] = [];

  /** @param port that of the server, on 127.0.0.1 */
  constructor(port: number) {
    this.httpUrl = `http://127.0.0.1:${port}`;
    this.url = `ws://127.0.0.1:${port}/connection/websocket`;
  }

  /** A client that is about to connect. */
  client(options: Record<string, unknown> = {}): ChannelClient {
    let worker = -1;
    let socket: NodeSocket | undefined;
    class Observed extends NodeSocket {
      constructor(...args: unknown[]) {
        super(...args);
        socket = this;
        this.on("message", (data: Uint8Array) => {
          const node = /"node":"(\d+)"/.exec(new TextDecoder().decode(data));
          if (node !== null) worker = Number(node[1]);
        });
      }
    }
    const centrifuge = new Centrifuge(this.url, {
      websocket: Observed,
      minReconnectDelay: 10,
      maxReconnectDelay: 50,
      ...options,
    });
    this.#clients.push(centrifuge);
    return {
      centrifuge,
      worker: () => worker,
      cut: () => socket?.terminate(),
      pause: () => socket?.pause(),
      resume: () => socket?.resume(),
    };
  }

  /** A client over SSE or an HTTP stream. */
  streamClient(
    transport: "sse" | "http_stream",
    options: Record<string, unknown> = {},
  ): ChannelClient {
    const centrifuge = new Centrifuge(
      [{ transport, endpoint: `${this.httpUrl}/connection/${transport}` }],
      {
        emulationEndpoint: `${this.httpUrl}/emulation`,
        minReconnectDelay: 10,
        maxReconnectDelay: 50,
        ...options,
      },
    );
    this.#clients.push(centrifuge);
    const nothing = () => {};
    return { centrifuge, worker: () => -1, cut: nothing, pause: nothing, resume: nothing };
  }

  /** Ends the connections of all. */
  disconnectAll(): void {
    for (const client of this.#clients) client.disconnect();
  }
}
