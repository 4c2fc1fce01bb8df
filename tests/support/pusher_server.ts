/**
 * A real server with an app of the Pusher protocol, and its real clients and backends: `pusher-js` and `pusher` from npm.
 *
 * In: the config of the app, and of the channels. Out: a server on a free port with two workers, clients, a backend that also signs for
 * them, and sockets of npm `ws` that show each message as it came. Disposing it ends all of them.
 */

import PusherClientClass from "npm:pusher-js@8.6.0";
import PusherLibrary from "npm:pusher@5.3.4";
import { type ChannelsConfig, PUSHER_APP, type PusherAppConfig } from "../../runtime/config/mod.ts";
import { Backend } from "./channel_backend.ts";
import { OPEN } from "./channel_options.ts";
import type { ServerMore } from "./channel_server.ts";
import { NodeSocket } from "./node_socket.ts";
import { waitFor } from "./wait_for.ts";

/** A secret as long as Pusher's. */
export const PUSHER_SECRET = "7ad3773142a6692b25b8";

type Listener = (data: unknown, metadata?: { readonly user_id?: string }) => void;

/** A channel of a client, as far as tests use it. */
export interface PusherTestChannel {
  readonly subscribed: boolean;
  readonly members?: { readonly count: number; get(id: string): { readonly info: unknown } | null };
  bind(event: string, listener: Listener): void;
  bind_global(listener: (event: string, data: unknown) => void): void;
  trigger(event: string, data: unknown): boolean;
}

/** A client of npm `pusher-js`, as far as tests use it. */
export interface PusherTestClient {
  readonly connection: {
    readonly state: string;
    readonly socket_id: string;
    bind(event: string, listener: Listener): void;
  };
  readonly user: { bind(event: string, listener: Listener): void };
  subscribe(channel: string): PusherTestChannel;
  unsubscribe(channel: string): void;
  signin(): void;
  disconnect(): void;
}

/** A backend with npm `pusher`, as far as tests use it. */
export interface PusherTestLibrary {
  trigger(
    channels: string | readonly string[],
    event: string,
    data: unknown,
    more?: Record<string, string>,
  ): Promise<Response>;
  triggerBatch(events: readonly Record<string, unknown>[]): Promise<Response>;
  sendToUser(user: string, event: string, data: unknown): Promise<Response>;
  terminateUserConnections(user: string): Promise<Response>;
  get(request: { path: string; params?: Record<string, string> }): Promise<Response>;
  authorizeChannel(socketId: string, channel: string, member?: unknown): Record<string, string>;
  authenticateUser(socketId: string, user: unknown): Record<string, string>;
  createSignedQueryString(request: { method: string; path: string; body: string }): string;
}

/** A message as it came. */
export interface PusherTestMessage {
  readonly event: string;
  readonly channel?: string;
  readonly data: unknown;
  readonly user_id?: string;
}

/** A socket of npm `ws`. */
export interface PusherTestSocket {
  readonly messages: readonly PusherTestMessage[];
  /** Undefined: it is open. */
  closed(): number | undefined;
  /** The name of the connection, once it is there. */
  socketId(): Promise<string>;
  send(event: string, data?: unknown, channel?: string): void;
  sendText(text: string): void;
  /** Subscribes, with a signature if one is needed. */
  subscribe(channel: string, member?: unknown): Promise<void>;
  /** The first message with this event. */
  first(event: string): Promise<PusherTestMessage>;
  pause(): void;
}

/** The package has types for bundlers alone. */
const PusherConstructor = PusherClientClass as unknown as new (
  key: string,
  options: unknown,
) => PusherTestClient;

/** A backend of the app `shop`. @param port of the server; one that only signs needs none */
export function pusherLibrary(port = ""): PusherTestLibrary {
  return new PusherLibrary({
    appId: "1",
    key: "shop-key",
    secret: PUSHER_SECRET,
    host: "127.0.0.1",
    port,
    useTLS: false,
    // 32 bytes.
    encryptionMasterKeyBase64: btoa("0123456789abcdef0123456789abcdef"),
  }) as unknown as PusherTestLibrary;
}

/**
 * A client of the app `shop` on this machine.
 *
 * @param port of the server
 * @param user who it is in presence channels, and as a user
 * @param more options of the package
 */
export function pusherClient(
  port: string,
  user = "",
  more: Record<string, unknown> = {},
): PusherTestClient {
  type Answer = (error: Error | null, auth: never) => void;
  const answer = (callback: Answer, make: () => unknown) => callback(null, make() as never);
  const library = pusherLibrary(port);
  return new PusherConstructor("shop-key", {
    cluster: "",
    wsHost: "127.0.0.1",
    wsPort: Number(port),
    forceTLS: false,
    enabledTransports: ["ws" as const],
    channelAuthorization: {
      customHandler: (
        { socketId, channelName }: { socketId: string; channelName: string },
        callback: Answer,
      ) =>
        answer(callback, () => {
          const member = { user_id: user, user_info: { name: `User ${user}` } };
          const isPresence = channelName.startsWith("presence-");
          return library.authorizeChannel(socketId, channelName, isPresence ? member : undefined);
        }),
    },
    userAuthentication: {
      customHandler: ({ socketId }: { socketId: string }, callback: Answer) =>
        answer(callback, () => library.authenticateUser(socketId, { id: user })),
    },
    ...more,
  });
}

/** A server with two apps, one of which tests use. */
export class PusherServer implements AsyncDisposable {
  readonly backend: Backend;
  readonly library: PusherTestLibrary;
  readonly #clients: PusherTestClient[] = [];
  readonly #sockets: NodeSocket[] = [];

  private constructor(backend: Backend) {
    this.backend = backend;
    this.library = pusherLibrary(this.port);
  }

  /** Starts one; the app is `shop`, and its namespace allows everything. */
  static async start(
    app: Partial<PusherAppConfig> = {},
    channels: Partial<ChannelsConfig> = {},
    more: ServerMore = {},
  ): Promise<PusherServer> {
    const path = await Deno.makeTempFile({ prefix: "async-deno-test-" });
    await Deno.writeTextFile(path, PUSHER_SECRET);
    const secret = { kind: "file", path } as const;
    const shop = { ...PUSHER_APP, name: "shop", id: "1", key: "shop-key", secret, ...app };
    const other = { ...shop, name: "other", id: "2", key: "other-key" };
    const namespaces = { shop: OPEN, other: OPEN };
    try {
      const config = { namespaces, pusher: [shop, other], ...channels };
      return new PusherServer(await Backend.start(config, more));
    } finally {
      await Deno.remove(path);
    }
  }

  /** The port of the server. */
  get port(): string {
    return new URL(this.backend.url("/")).port;
  }

  /** A client; who it is in presence channels, and as a user, is `user`. */
  client(user = "", more: Record<string, unknown> = {}): PusherTestClient {
    const client = pusherClient(this.port, user, more);
    this.#clients.push(client);
    return client;
  }

  /** A socket. */
  socket(key = "shop-key"): PusherTestSocket {
    const socket = new NodeSocket(`ws://127.0.0.1:${this.port}/app/${key}?protocol=7`);
    this.#sockets.push(socket);
    const messages: PusherTestMessage[] = [];
    let closed: number | undefined;
    socket.on("message", (data) => messages.push(JSON.parse(new TextDecoder().decode(data))));
    socket.on("close", (code) => closed = code);
    const first = async (event: string) => {
      const find = () => messages.find((message) => message.event === event);
      await waitFor(() => find() !== undefined, {
        what: () => `${event}; there is ${JSON.stringify(messages)}, closed ${closed}`,
      });
      return find()!;
    };
    const socketId = async (): Promise<string> => {
      const { data } = await first("pusher:connection_established");
      return JSON.parse(data as string).socket_id;
    };
    const send = (event: string, data: unknown = {}, channel?: string) =>
      socket.send(JSON.stringify({ event, data, channel }));
    return {
      messages,
      closed: () => closed,
      socketId,
      send,
      sendText: (text) => socket.send(text),
      subscribe: async (channel, member) => {
        const id = await socketId();
        const isOpen = !/^(private|presence)-/.test(channel);
        const auth = isOpen ? { auth: "" } : this.library.authorizeChannel(id, channel, member);
        send("pusher:subscribe", { channel, ...auth });
        await waitFor(
          () =>
            messages.some((message) =>
              message.channel === channel &&
              message.event === "pusher_internal:subscription_succeeded"
            ),
          { what: () => `the subscription; there is ${JSON.stringify(messages)}` },
        );
      },
      first,
      pause: () => socket.pause(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    for (const socket of this.#sockets) socket.terminate();
    await this.backend[Symbol.asyncDispose]();
  }
}

/** Waits until a client's channel is subscribed. */
export async function subscribedTo(
  client: PusherTestClient,
  name: string,
): Promise<PusherTestChannel> {
  const channel = client.subscribe(name);
  await waitFor(() => channel.subscribed, { what: `the subscription to ${name}` });
  return channel;
}
