/**
 * `/connection/websocket`: clients of the Centrifuge protocol over WebSocket.
 *
 * In: WebSockets of sessions. Out: a client for each, which gets its messages. One wire for all, so that a publication is one
 * message in memory, however many sockets it is sent to.
 */

import { BINARY, type RequestHead, TEXT } from "../../../protocol/mod.ts";
import { type Disconnect, DISCONNECTS, FRAMINGS } from "../../../protocol/centrifuge/mod.ts";
import { LogLabel } from "../../observe/log/mod.ts";
import {
  DROPPED,
  type Exchange,
  type Route,
  SharedMessage,
  type WebSocketHandler,
  type WebSocketPeer,
} from "../session/mod.ts";
import type { ChannelContext } from "./channel_context.ts";
import { Client } from "./client.ts";
import { decodeClientState, encodeClientState } from "./client_state.ts";
import type { ClientDirectory } from "./client_directory.ts";
import type { ClientLink } from "./client_link.ts";
import { keepFields, type KeptFields } from "./kept_fields.ts";
import { Wire } from "./wire.ts";

/** The path that clients of the protocol are configured with. */
export const WEBSOCKET_PATH = "/connection/websocket";

/** RFC 6455 section 7.4.1. The protocol has no code of its own. */
const { SHUTDOWN } = DISCONNECTS;
const TOO_BIG: Disconnect = { code: 1009, reason: "message too big" };

/** The WebSocket of a client. */
class WebSocketLink implements ClientLink<SharedMessage> {
  readonly wire: Wire<SharedMessage>;
  readonly fields: KeptFields | undefined;
  readonly #peer: WebSocketPeer;

  constructor(wire: Wire<SharedMessage>, peer: WebSocketPeer, fields: KeptFields | undefined) {
    this.wire = wire;
    this.fields = fields;
    this.#peer = peer;
  }

  send(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#peer.send(TEXT, bytes, start, end) !== DROPPED;
  }

  sendShared(message: SharedMessage): boolean {
    return this.#peer.sendShared(message) !== DROPPED;
  }

  get queuedBytes(): number {
    return this.#peer.queuedBytes;
  }

  disconnect({ code, reason }: Disconnect): void {
    this.#peer.close(code, reason);
  }
}

/** The clients of the WebSockets of one worker. */
class ClientSockets implements WebSocketHandler {
  readonly resumesAt = WEBSOCKET_PATH;
  readonly isFreezable = true;
  readonly #context: ChannelContext;
  readonly #directory: ClientDirectory;
  readonly #wire: Wire<SharedMessage>;

  constructor(context: ChannelContext, directory: ClientDirectory) {
    this.#context = context;
    this.#directory = directory;
    this.#wire = new Wire({
      transport: "websocket",
      framing: FRAMINGS.websocket,
      seal: (bytes, start, end) => new SharedMessage(TEXT, bytes, start, end),
      meter: context.meter,
    });
  }

  opened(peer: WebSocketPeer, request: RequestHead): void {
    const fields = keepFields(request, this.#context.hooks?.keptFields);
    const link = new WebSocketLink(this.#wire, peer, fields);
    peer.attachment = new Client(this.#context, link, this.#directory);
  }

  /** Only if the channels have gone there. Whoever waits for something comes back by itself. */
  moving(peer: WebSocketPeer): Uint8Array | undefined {
    if (!this.#context.store.isSealed) return undefined;
    this.#context.hub.finish();
    const client = clientOf(peer);
    const state = client?.leave();
    if (client === undefined || state === undefined) return undefined;
    peer.attachment = undefined;
    this.#directory.remove(client);
    return encodeClientState(state);
  }

  moved(peer: WebSocketPeer, bytes: Uint8Array): void {
    const state = decodeClientState(bytes);
    if (state === undefined) return peer.close(SHUTDOWN.code, SHUTDOWN.reason);
    const fields = state.fields && new Map(state.fields);
    const link = new WebSocketLink(this.#wire, peer, fields);
    const client = new Client(this.#context, link, this.#directory, state.id);
    peer.attachment = client;
    client.resume(state);
  }

  message(peer: WebSocketPeer): void {
    const client = clientOf(peer);
    const { opcode, payload, payloadStart, payloadEnd } = peer;
    if (opcode === BINARY) return client?.disconnect(DISCONNECTS.INAPPROPRIATE_PROTOCOL);
    if (payloadEnd - payloadStart > this.#context.limits.messageBytes) {
      this.#context.meter.limitExceeded("channel_message");
      return client?.disconnect(TOO_BIG);
    }
    client?.receive(payload, payloadStart, payloadEnd);
  }

  draining(peer: WebSocketPeer): void {
    const client = clientOf(peer);
    if (client !== undefined) this.#context.drain.add(client);
  }

  drained(peer: WebSocketPeer): void {
    clientOf(peer)?.drained();
  }

  closed(peer: WebSocketPeer): void {
    const client = clientOf(peer);
    if (client === undefined) return;
    peer.attachment = undefined;
    this.#directory.remove(client);
    client.closed();
  }
}

/** The client of a WebSocket, while it is open. */
function clientOf({ attachment }: WebSocketPeer): Client | undefined {
  return attachment as Client | undefined;
}

/** The route of {@link WEBSOCKET_PATH}. */
export function channelSocketRoute(context: ChannelContext, directory: ClientDirectory): Route {
  return {
    label: new LogLabel(`${WEBSOCKET_PATH} (channels)`),
    methods: ["GET"],
    wantsBody: false,
    handle: refuse,
    webSocket: new ClientSockets(context, directory),
  };
}

/** Answers a request that is not a WebSocket handshake (RFC 9110 section 15.5.22). */
function refuse(exchange: Exchange): void {
  exchange.respondText(426, "This is a WebSocket endpoint: connect with a client of channels\n", [
    ["Upgrade", "websocket"],
    ["Sec-WebSocket-Version", "13"],
  ]);
}
