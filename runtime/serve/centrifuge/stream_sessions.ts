/**
 * Clients over SSE and HTTP streams: what is pushed goes down a stream, and later commands come by requests of their own.
 *
 * In: streams with their first message; messages for a session, from this worker's requests or from those of another. Out:
 * clients, each of which gets its messages in their order. At an upgrade a client goes on in the new server, on the worker of the same
 * number, as the name of its session is one of that worker. What comes for it while the channels are handed over goes along, and what
 * comes there before it waits for it.
 */

import { ByteBuffer, decodeUtf8, utf8Of } from "../../../protocol/mod.ts";
import { type Disconnect, writeDisconnectPush } from "../../../protocol/centrifuge/mod.ts";
import { TimerNode } from "../../net/mod.ts";
import {
  type AnswerStream,
  type BegunAnswer,
  DROPPED,
  type StreamListener,
} from "../session/mod.ts";
import type { ChannelContext } from "./channel_context.ts";
import { Client } from "./client.ts";
import type { ClientDirectory } from "./client_directory.ts";
import type { ClientLink } from "./client_link.ts";
import { type ClientState, decodeClientState, encodeClientState } from "./client_state.ts";
import type { ControlHandler } from "./control_channel.ts";
import { HeldBytes } from "./held_bytes.ts";
import type { KeptFields } from "./kept_fields.ts";
import { Replies } from "./replies.ts";
import { readNodeName, type SessionNames } from "./session_names.ts";
import { WaitingMessages } from "./waiting_messages.ts";
import type { Wire } from "./wire.ts";

/** Where streams begin, by the names of their transports. */
export const STREAM_PATHS = {
  sse: "/connection/sse",
  http_stream: "/connection/http_stream",
} as const;

/** Milliseconds for which streams of the server before may come. */
const ARRIVAL_TIME = 10_000;
/** The longest messages that wait for streams on their way, of all of a worker. */
const WAITING_MESSAGES = 2;
/** Ends an answer that nobody goes on with. */
const NOBODY = { left() {}, stopping() {} };

/** What the streams of one worker share. */
export interface StreamSessionsParts {
  readonly context: ChannelContext;
  readonly directory: ClientDirectory;
  readonly names: SessionNames;
}

/** What a stream is made of. */
interface StreamSessionParts {
  readonly session: string;
  readonly wire: Wire<Uint8Array>;
  readonly fields: KeptFields | undefined;
  /** Of a client that comes from the server before; absent: it is a new one. */
  readonly id?: string;
}

/** One stream, and its client. */
class StreamSession implements ClientLink<Uint8Array>, StreamListener {
  /** What later commands name. Unlike the id of the client, nobody else is told. */
  readonly session: string;
  readonly wire: Wire<Uint8Array>;
  readonly fields: KeptFields | undefined;
  readonly client: Client;
  readonly #owner: StreamSessions;
  #stream: AnswerStream | null = null;

  constructor(owner: StreamSessions, { session, wire, fields, id }: StreamSessionParts) {
    this.session = session;
    this.wire = wire;
    this.fields = fields;
    this.#owner = owner;
    this.client = new Client(owner.context, this, owner.directory, id);
  }

  /** The answer has begun. */
  begin(stream: AnswerStream, message: Uint8Array): void {
    this.#stream = stream;
    this.receive(message);
  }

  /** The server before has begun the answer. */
  resume(stream: AnswerStream, state: ClientState): void {
    this.#stream = stream;
    this.client.resume(state);
  }

  /** A message, which belongs to this from now on. */
  receive(message: Uint8Array): void {
    this.client.receive(message, 0, message.length);
  }

  get queuedBytes(): number {
    return this.#stream?.queuedBytes ?? 0;
  }

  drained(): void {
    this.client.drained();
  }

  send(bytes: Uint8Array, start: number, end: number): boolean {
    const stream = this.#stream;
    return stream !== null && stream.send(bytes, start, end) !== DROPPED;
  }

  sendShared(message: Uint8Array): boolean {
    return this.send(message, 0, message.length);
  }

  disconnect(reason: Disconnect): void {
    const push = new Replies(this);
    push.add((out: ByteBuffer) => writeDisconnectPush(out, reason));
    // A slow client does not get it, and comes back as after a broken connection.
    if (push.send()) this.#stream?.end();
    else this.#stream?.abort();
    this.left();
  }

  left(): void {
    this.#owner.remove(this);
    this.client.closed();
  }

  /** A getter, as there are many: a field would be in each. */
  get isFreezable(): boolean {
    return true;
  }

  get resumesAt(): string {
    return this.wire.transport === "sse" ? STREAM_PATHS.sse : STREAM_PATHS.http_stream;
  }

  get resumesOn(): number | undefined {
    return readNodeName(this.#owner.context.node)?.worker;
  }

  moving(): Uint8Array | undefined {
    return this.#owner.giveUp(this);
  }

  stopping(): "later" {
    this.#owner.context.drain.add(this.client);
    return "later";
  }
}

/** The streams of one worker. */
export class StreamSessions extends TimerNode implements ControlHandler {
  readonly context: ChannelContext;
  readonly directory: ClientDirectory;
  readonly #names: SessionNames;
  readonly #byId = new Map<string, StreamSession>();
  readonly #waiting: WaitingMessages;
  /** Whether those that wait for the end of a hand-over go on after it. */
  #isHolding = false;
  /** Whether streams of the server before may come. */
  #mayCome = false;

  constructor({ context, directory, names }: StreamSessionsParts) {
    super();
    this.context = context;
    this.directory = directory;
    this.#names = names;
    this.#waiting = new WaitingMessages(
      new HeldBytes(WAITING_MESSAGES * context.limits.messageBytes),
    );
  }

  /** A session whose stream is about to begin. */
  create(wire: Wire<Uint8Array>, fields?: KeptFields): StreamSession {
    return this.#add({ session: this.#names.make(this.context.node), wire, fields });
  }

  #add(parts: StreamSessionParts): StreamSession {
    const stream = new StreamSession(this, parts);
    this.#byId.set(parts.session, stream);
    return stream;
  }

  /** A message for a session. Returns false if there is no such session here. */
  receive(id: string, message: Uint8Array): boolean {
    const session = this.#byId.get(id);
    const { isSealed } = this.context.store;
    if (session === undefined) return this.#mayCome && !isSealed && this.#waiting.add(id, message);
    if (isSealed) return this.#hold(id, message);
    session.receive(message);
    return true;
  }

  control(id: string, message: Uint8Array): void {
    this.receive(id, message);
  }

  /** A session has ended. */
  remove({ session, client }: StreamSession): void {
    this.#byId.delete(session);
    this.#waiting.take(session);
    this.directory.remove(client);
  }

  // At an upgrade.

  /** Keeps a message until its session moves, or the server goes on. */
  #hold(id: string, message: Uint8Array): boolean {
    if (!this.#waiting.add(id, message)) return false;
    if (!this.#isHolding) this.context.hub.whenThere(() => this.#goOn());
    this.#isHolding = true;
    return true;
  }

  /** The new server has not taken over. */
  #goOn(): void {
    this.#isHolding = false;
    for (const id of this.#waiting.sessions) this.#passWaiting(this.#byId.get(id));
  }

  #passWaiting(session: StreamSession | undefined): void {
    if (session === undefined) return;
    for (const message of this.#waiting.take(session.session)) session.receive(message);
  }

  /** Gives up a session that goes on in the new server; undefined, and nothing has happened: it does not, or not now. */
  giveUp({ session, client }: StreamSession): Uint8Array | undefined {
    const { hub, store } = this.context;
    if (!store.isSealed) return undefined;
    hub.finish(); // may bring messages for it, or end it
    const state = client.leave();
    if (state === undefined) return undefined;
    this.directory.remove(client);
    this.#byId.delete(session);
    const messages = this.#waiting.take(session).map((bytes) => decodeUtf8(bytes));
    return encodeClientState({ ...state, stream: { session, messages } });
  }

  /** The store is about to become that of the server before: once it is there, so are its sessions, one after the other. */
  awaitStore(): void {
    const { hub, loop } = this.context;
    this.#mayCome = true;
    hub.whenThere(() => loop.timers.set(this, loop.now + ARRIVAL_TIME));
  }

  /** Goes on with a session of the server before. */
  resume(wire: Wire<Uint8Array>, answer: BegunAnswer, bytes: Uint8Array): void {
    const state = decodeClientState(bytes);
    const { session, messages } = state?.stream ?? { session: "", messages: [] };
    // On another worker its later messages would not find it.
    const isHere = this.#names.isNameOn(this.context.node, session);
    if (state === undefined || !isHere) return answer.goOn(NOBODY).end();
    const fields = state.fields && new Map(state.fields);
    const stream = this.#add({ session, wire, fields, id: state.id });
    stream.resume(answer.goOn(stream), state);
    for (const message of messages) stream.receive(utf8Of(message));
    this.#passWaiting(stream);
  }

  /** What has not come by now does not come. */
  override onDeadline(): void {
    this.#mayCome = false;
    for (const id of this.#waiting.sessions) if (!this.#byId.has(id)) this.#waiting.take(id);
  }
}
