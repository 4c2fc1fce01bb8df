/**
 * The real client `centrifuge` from npm, and a small server that answers it with protocol/centrifuge.
 *
 * In: a handler of commands. Out: a server of WebSockets (npm `ws`), or of SSE or HTTP streams with /emulation
 * (Deno.serve), on a free port of 127.0.0.1, and clients of it. It keeps every line that it got, so that tests can
 * compare what was sent with what was decoded. There are no tokens, channels or permissions: the handler writes each
 * reply.
 */

import { Centrifuge } from "npm:centrifuge@5.8.0";
import { WebSocketServer } from "npm:ws@8.18.3";
import { ByteBuffer } from "../../protocol/byte_buffer.ts";
import {
  type Command,
  CommandReader,
  decodeEmulation,
  type Disconnect,
  FRAMINGS,
  ReplyBatch,
} from "../../protocol/centrifuge/mod.ts";
import { waitFor } from "./wait_for.ts";

/** What a client is connected to. */
export interface Connection {
  /** Sends the replies that `write` appends, one message or chunk for all. */
  send(write: (batch: ReplyBatch) => void): void;
  /** Ends the connection: a WebSocket with that close frame, a stream with nothing. */
  close(disconnect: Disconnect): void;
}

/** Answers one command. */
export type Handler = (command: Command, connection: Connection) => void;

/** A server that was started. */
export interface CentrifugePeer extends AsyncDisposable {
  /** Every line that arrived, and what it was decoded to. */
  readonly received: readonly { readonly line: string; readonly command: Command }[];
  /** Messages that arrived, with the number of commands of each. */
  readonly messages: readonly number[];
  /** A client of it; the test calls `connect()`, and the disposal of the server `disconnect()`. */
  client(options?: Record<string, unknown>): Centrifuge;
  /** The open connections. */
  readonly connections: ReadonlySet<Connection>;
}

/** The members of a `ws` socket that are used; the package has no types. */
interface Socket {
  on(event: "message", listener: (data: Uint8Array) => void): void;
  on(event: "close", listener: () => void): void;
  send(text: string): void;
  close(code: number, reason: string): void;
}

const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();

/** What both servers share: decoding, and the record. */
class Recorder {
  readonly received: { readonly line: string; readonly command: Command }[] = [];
  readonly messages: number[] = [];
  readonly connections = new Set<Connection>();
  readonly #handler: Handler;
  readonly #clients: Centrifuge[] = [];

  constructor(handler: Handler) {
    this.#handler = handler;
  }

  /** Keeps a client, to disconnect it at the end. */
  add(client: Centrifuge): Centrifuge {
    this.#clients.push(client);
    return client;
  }

  disconnect(): void {
    for (const client of this.#clients) client.disconnect();
  }

  take(data: Uint8Array, connection: Connection): void {
    const lines = TEXT.decode(data).split("\n");
    const reader = new CommandReader(data, 0, data.length);
    const commands: Command[] = [];
    for (let one = reader.next(); one !== undefined; one = reader.next()) commands.push(one);
    this.messages.push(commands.length);
    commands.forEach((command, i) => this.received.push({ line: lines[i]!, command }));
    for (const command of commands) this.#handler(command, connection);
  }
}

/** Deno's WebSocket; the open ones are known, because a test must not leave any. */
class KnownWebSocket extends WebSocket {
  static readonly #open = new Set<KnownWebSocket>();

  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols);
    KnownWebSocket.#open.add(this);
    this.addEventListener("close", () => KnownWebSocket.#open.delete(this));
  }

  static allClosed(): Promise<unknown> {
    return waitFor(() => KnownWebSocket.#open.size === 0, {
      what: "the clients' WebSockets to close",
    });
  }
}

/** Encodes a batch. */
function encoded(framing: keyof typeof FRAMINGS, write: (batch: ReplyBatch) => void): Uint8Array {
  const out = new ByteBuffer(0);
  write(new ReplyBatch(out, FRAMINGS[framing]));
  return out.view();
}

/** Starts a server of WebSockets. */
export async function startWebSocketPeer(handler: Handler): Promise<CentrifugePeer> {
  const recorder = new Recorder(handler);
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await new Promise<void>((resolve) => server.once("listening", () => resolve()));
  server.on("connection", (socket: Socket) => {
    const connection: Connection = {
      send: (write) => socket.send(TEXT.decode(encoded("websocket", write))),
      close: ({ code, reason }) => socket.close(code, reason),
    };
    recorder.connections.add(connection);
    socket.on("message", (data) => recorder.take(Uint8Array.from(data), connection));
    socket.on("close", () => recorder.connections.delete(connection));
  });
  const { port } = server.address() as { port: number };
  return {
    received: recorder.received,
    messages: recorder.messages,
    connections: recorder.connections,
    client: (options = {}) =>
      recorder.add(
        new Centrifuge(`ws://127.0.0.1:${port}/connection/websocket`, {
          websocket: KnownWebSocket,
          ...options,
        }),
      ),
    [Symbol.asyncDispose]: async () => {
      recorder.disconnect();
      await KnownWebSocket.allClosed();
      for (const socket of server.clients) socket.terminate();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** The transports over HTTP. */
export type StreamTransport = "sse" | "http_stream";

/** Starts a server of SSE or HTTP streams; the name of every session is "session". */
export function startStreamPeer(transport: StreamTransport, handler: Handler): CentrifugePeer {
  const recorder = new Recorder(handler);
  const stop = new AbortController();
  let current: Connection | undefined;
  const openStream = (commands: Uint8Array) => {
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const connection: Connection = {
          send: (write) => controller.enqueue(Uint8Array.from(encoded(transport, write))),
          close: () => controller.close(),
        };
        recorder.connections.add(connection);
        current = connection;
        recorder.take(commands, connection);
      },
    });
    const type = transport === "sse" ? "text/event-stream" : "application/json";
    return new Response(stream, { headers: { "content-type": type } });
  };
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", signal: stop.signal, onListen: () => undefined },
    async (request) => {
      const { pathname, searchParams } = new URL(request.url);
      const body = await request.bytes();
      if (pathname === "/connection/http_stream") return openStream(body);
      if (pathname === "/connection/sse") {
        return openStream(UTF8.encode(searchParams.get("cf_connect") ?? ""));
      }
      const { session, data } = decodeEmulation(body, 0, body.length);
      if (session !== "session") return new Response(null, { status: 404 });
      recorder.take(data, current!);
      return new Response(null, { status: 204 });
    },
  );
  const origin = `http://127.0.0.1:${server.addr.port}`;
  return {
    received: recorder.received,
    messages: recorder.messages,
    connections: recorder.connections,
    client: (options = {}) =>
      recorder.add(
        new Centrifuge([{ transport, endpoint: `${origin}/connection/${transport}` }], {
          emulationEndpoint: `${origin}/emulation`,
          ...options,
        }),
      ),
    [Symbol.asyncDispose]: () => {
      recorder.disconnect();
      // A graceful end would wait for streams that clients have left.
      stop.abort();
      return server.finished;
    },
  };
}

/** JSON as bytes. */
export function json(value: unknown): Uint8Array {
  return UTF8.encode(JSON.stringify(value));
}
