/**
 * Clients of the Pusher protocol without sockets: on a real store and hub, with a clock that the test sets, and peers that keep what is sent.
 *
 * In: the config of an app, and limits. Out: clients that take messages as objects and give what came as objects; right signatures.
 */

import { createHmac } from "node:crypto";
import { frameHeaderSize, framePayloadLength } from "../../../../protocol/mod.ts";
import {
  type ChannelLimits,
  type ChannelOptions,
  PUSHER_APP,
  type PusherAppConfig,
} from "../../../../runtime/config/mod.ts";
import type { Broker } from "../../../../runtime/serve/broker/mod.ts";
import type { ChannelContext } from "../../../../runtime/serve/centrifuge/channel_context.ts";
import { PresenceRooms } from "../../../../runtime/serve/pusher/presence_rooms.ts";
import { PusherApp } from "../../../../runtime/serve/pusher/pusher_app.ts";
import { PusherClient } from "../../../../runtime/serve/pusher/pusher_client.ts";
import {
  decodePusherState,
  encodePusherState,
  type PusherClientState,
} from "../../../../runtime/serve/pusher/pusher_client_state.ts";
import type { PusherContext } from "../../../../runtime/serve/pusher/pusher_context.ts";
import { PusherDirectory } from "../../../../runtime/serve/pusher/pusher_directory.ts";
import { PusherFace } from "../../../../runtime/serve/pusher/pusher_face.ts";
import {
  DROPPED,
  type SharedFrames,
  type WebSocketPeer,
} from "../../../../runtime/serve/session/mod.ts";
import { OPEN } from "../../../support/channel_options.ts";
import { type Stores, textOf, utf8 } from "../../channels/stores.ts";
import { ClientBench } from "../centrifuge/client_bench.ts";

const KEY = "shop-key";
const SECRET = "7ad3773142a6692b25b8";

/** A message as it came. */
export interface Came {
  readonly event: string;
  readonly channel?: string;
  readonly data: unknown;
}

/** Keeps what is sent; a message is received by {@link take}. */
class FakePeer {
  opcode = 1;
  payload: Uint8Array = new Uint8Array(0);
  payloadStart = 0;
  payloadEnd = 0;
  queuedBytes = 0;
  /** Whether everything is dropped, as if too much waited. */
  isFull = false;
  closedWith: number | undefined = undefined;
  readonly sent: string[] = [];

  send(_opcode: number, bytes: Uint8Array, start: number, end: number): number {
    if (this.isFull) return DROPPED;
    this.sent.push(textOf(bytes.slice(start, end)));
    return end - start;
  }

  sendShared({ frame: { bytes, start, end } }: SharedFrames): number {
    if (this.isFull) return DROPPED;
    for (let at = start; at < end;) {
      const body = at + frameHeaderSize(bytes, at);
      const next = body + framePayloadLength(bytes, at);
      this.sent.push(textOf(bytes.slice(body, next)));
      at = next;
    }
    return end - start;
  }

  close(code: number): void {
    this.closedWith ??= code;
  }
}

/** One client with its peer. */
export class PusherBenchClient {
  readonly peer = new FakePeer();
  readonly client: PusherClient;
  readonly #bench: ClientBench;

  /** @param state of a client that another process has given up; absent: it is a new one */
  constructor(bench: ClientBench, context: PusherContext, state?: PusherClientState) {
    this.#bench = bench;
    this.client = new PusherClient(context, this.peer as unknown as WebSocketPeer, state);
  }

  /** Sends a message; returns what came so far. */
  async send(event: string, data: unknown = {}, channel?: string): Promise<Came[]> {
    return await this.sendText(JSON.stringify({ event, data, channel }));
  }

  /** Sends any text. */
  async sendText(text: string): Promise<Came[]> {
    const { peer } = this;
    peer.payload = utf8(text);
    [peer.payloadStart, peer.payloadEnd] = [0, peer.payload.length];
    this.#bench.beginTurn();
    this.client.receive();
    peer.payload.fill(0x20); // the bytes are valid until then
    await this.#bench.followed();
    return this.take();
  }

  /** What came since the last time. */
  take(): Came[] {
    return this.peer.sent.splice(0).map((message) => JSON.parse(message));
  }

  /** The names of what came since the last time. */
  events(): string[] {
    return this.take().map(({ event }) => event);
  }

  /** Subscribes; the client is `user` in a presence channel. Returns what came. */
  async subscribe(channel: string, user = ""): Promise<Came[]> {
    const channel_data = user === "" ? undefined : JSON.stringify({ user_id: user });
    const auth = this.auth(channel, channel_data);
    return await this.send("pusher:subscribe", { channel, channel_data, auth });
  }

  /** Gives the client up, as its connection moves; returns its state as it arrives. @throws if it stays */
  leave(): PusherClientState {
    this.#bench.context.hub.finish();
    const state = this.client.leave();
    if (state === undefined) throw new Error("the client stays");
    return decodePusherState(encodePusherState(state))!; // of this version
  }

  /** What an application signs for a subscription. */
  auth(channel: string, channelData?: string): string {
    const { socketId } = this.client;
    return signed([socketId, channel, channelData].filter((part) => part !== undefined).join(":"));
  }

  /** What it signs for a user. */
  userAuth(userData: string): string {
    return signed(`${this.client.socketId}::user::${userData}`);
  }
}

function signed(text: string): string {
  return `${KEY}:${createHmac("sha256", SECRET).update(text).digest("hex")}`;
}

interface BenchMore {
  readonly app?: Partial<PusherAppConfig>;
  readonly limits?: Partial<ChannelLimits>;
  /** Of the app's namespace. */
  readonly options?: ChannelOptions;
  readonly stores?: Stores;
  readonly engine?: Broker;
  readonly worker?: number;
  readonly watch?: ChannelContext["watch"];
}

/** One worker's clients of one app. */
export class PusherBench {
  readonly channels: ClientBench;
  readonly context: PusherContext;

  constructor(
    { app = {}, limits = {}, options = OPEN, watch, ...bench }: BenchMore = {},
  ) {
    const config = { namespaces: { shop: options } };
    this.channels = new ClientBench({ config, limits, ...bench });
    const channels = { ...this.channels.context, watch };
    const secret = { kind: "file", path: "" } as const;
    const pusherApp = new PusherApp({
      config: { ...PUSHER_APP, name: "shop", id: "1", key: KEY, secret, ...app },
      secret: utf8(SECRET),
      options,
      rules: channels.rules,
      nameBytes: channels.limits.nameBytes,
    });
    const rooms = new PresenceRooms(channels);
    this.context = {
      app: pusherApp,
      channels,
      rooms,
      face: new PusherFace(pusherApp, rooms, channels.meter),
      directory: new PusherDirectory("1"),
      // For the API alone.
      control: undefined as never,
      servers: undefined as never,
    };
  }

  /** A client, which was told its name. */
  client(): PusherBenchClient {
    return new PusherBenchClient(this.channels, this.context);
  }

  /** A client that another process has given up. */
  moved(state: PusherClientState): PusherBenchClient {
    return new PusherBenchClient(this.channels, this.context, state);
  }

  /** A worker of a server that goes on with these channels, which end here. @param more of its bench */
  heirs(more: Pick<BenchMore, "app" | "options"> = {}): readonly [PusherBench, PusherBench] {
    const { stores } = this.channels;
    if (!stores.main.seal()) throw new Error("the store is busy");
    const heir = stores.heir();
    if (!heir.main.seal()) throw new Error("the store is busy");
    heir.adopt(stores);
    const worker = (worker: number) => new PusherBench({ ...more, stores: heir, worker });
    return [worker(0), worker(1)];
  }
}
