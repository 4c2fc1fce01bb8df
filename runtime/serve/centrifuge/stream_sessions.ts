/**
 * Clients over SSE and HTTP streams: what is pushed goes down a stream, and later commands come by requests of their own.
 *
 * In: streams with their first message; messages for a session, from this worker's requests or from those of another. Out:
 * clients, each of which gets its messages in their order.
 */

import { ByteBuffer } from "../../../protocol/mod.ts";
import { type Disconnect, writeDisconnectPush } from "../../../protocol/centrifuge/mod.ts";
import { type AnswerStream, DROPPED, type StreamListener } from "../session/mod.ts";
import type { ChannelContext } from "./channel_context.ts";
import { Client } from "./client.ts";
import type { ClientDirectory } from "./client_directory.ts";
import type { ClientLink } from "./client_link.ts";
import type { ControlHandler } from "./control_channel.ts";
import type { DrainSpread } from "./drain_spread.ts";
import type { KeptFields } from "./kept_fields.ts";
import { Replies } from "./replies.ts";
import type { SessionNames } from "./session_names.ts";
import type { Wire } from "./wire.ts";

/** One stream, and its client. */
class StreamSession implements ClientLink<Uint8Array>, StreamListener {
  /** What later commands name. Unlike the id of the client, nobody else is told. */
  readonly session: string;
  readonly wire: Wire<Uint8Array>;
  readonly fields: KeptFields | undefined;
  readonly client: Client;
  readonly #ended: () => void;
  readonly #drain: DrainSpread;
  #stream: AnswerStream | null = null;

  constructor(
    sessions: StreamSessions,
    { session, wire, fields, context, directory }: {
      readonly session: string;
      readonly wire: Wire<Uint8Array>;
      readonly fields: KeptFields | undefined;
      readonly context: ChannelContext;
      readonly directory: ClientDirectory;
    },
  ) {
    this.session = session;
    this.wire = wire;
    this.fields = fields;
    this.#drain = context.drain;
    this.#ended = () => {
      sessions.remove(this);
      directory.remove(this.client);
      this.client.closed();
    };
    this.client = new Client(context, this, directory);
  }

  /** The answer has begun. */
  begin(stream: AnswerStream, message: Uint8Array): void {
    this.#stream = stream;
    this.receive(message);
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
    this.#ended();
  }

  left(): void {
    this.#ended();
  }

  /** A getter, as there are many: a field would be in each. */
  get isFreezable(): boolean {
    return true;
  }

  stopping(): "later" {
    this.#drain.add(this.client);
    return "later";
  }
}

/** The streams of one worker. */
export class StreamSessions implements ControlHandler {
  readonly #parts: {
    readonly context: ChannelContext;
    readonly directory: ClientDirectory;
    readonly names: SessionNames;
  };
  readonly #byId = new Map<string, StreamSession>();

  constructor(parts: {
    readonly context: ChannelContext;
    readonly directory: ClientDirectory;
    readonly names: SessionNames;
  }) {
    this.#parts = parts;
  }

  /** A session whose stream is about to begin. */
  create(wire: Wire<Uint8Array>, fields?: KeptFields): StreamSession {
    const session = this.#parts.names.make(this.#parts.context.node);
    const stream = new StreamSession(this, { session, wire, fields, ...this.#parts });
    this.#byId.set(session, stream);
    return stream;
  }

  /** A message for a session. Returns false if there is no such session here. */
  receive(id: string, message: Uint8Array): boolean {
    const session = this.#byId.get(id);
    session?.receive(message);
    return session !== undefined;
  }

  control(id: string, message: Uint8Array): void {
    this.receive(id, message);
  }

  /** A session has ended. */
  remove({ session }: StreamSession): void {
    this.#byId.delete(session);
  }
}
