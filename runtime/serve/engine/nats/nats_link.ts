/**
 * One life of the connection to a NATS server with JetStream.
 *
 * In: where the server is. Out: answers, messages of subjects, and once, at the end, why the link is lost. A link is
 * never mended: the client does not reconnect, as it would drop what is published meanwhile
 * (findings/nats_publish_while_reconnecting.sh); the driver opens another link. Nothing is sent twice.
 */
import {
  type ConnectionOptions,
  createInbox,
  credsAuthenticator,
  headers,
  type Msg,
  type NatsConnection,
  type Subscription,
} from "@nats-io/transport-node";
import { decodeBase64 } from "@std/encoding/base64";
import type { NatsPlace, NatsServer } from "./nats_address.ts";
import { JetStreamError, natsFault } from "./nats_faults.ts";
import { connectNats } from "./nats_socket.ts";

const API = "$JS.API";
const NOTHING_FOUND = 404;
/** What JetStream calls it if a stream has no such message. */
const NO_MESSAGE = 10037;
const CREDENTIALS = /BEGIN NATS USER JWT/;
const DECODER = new TextDecoder();
const ENCODER = new TextEncoder();
/** Milliseconds after which a server that is silent is asked whether it is there: the probe is faster. */
const PING_MS = 20_000;

/** The events of a link. */
export interface NatsLinkEvents {
  /** A message of a subject that is listened to. */
  message(subject: string, bytes: Uint8Array, sequence: number): void;
  /** The link has ended, and not by `close`; called once. */
  lost(reason: string): void;
}

/** A message that is stored. */
export interface StoredMessage {
  readonly subject: string;
  readonly sequence: number;
  /** When it was stored, in milliseconds since 1970, by the server's clock. */
  readonly time: number;
  readonly data: Uint8Array;
}

/** What is stored, and on which condition. */
export interface StoreOptions {
  /** The sequence of the newest message of the subject; 0: there is none. */
  readonly expected?: number;
  /** A message with the same id was stored in the last five minutes: it is not stored again. */
  readonly id?: string;
  readonly timeoutMs?: number;
}

/** An open link. */
export class NatsLink {
  readonly #client: NatsConnection;
  readonly #server: NatsServer;
  readonly #events: NatsLinkEvents;
  readonly #subscriptions = new Map<string, Subscription>();
  #cause = "";
  #isClosed = false;
  /** What begins the names of subjects for answers. */
  readonly inbox: string = createInbox();
  /** In which the channels' records are kept, in milliseconds. */
  keepMs = 0;
  /** Changes whenever something that was stored may be gone: see `judge`. */
  life: string;
  /** When the stream of the channels was made, as it says: another one is another stream. */
  streamLife = "";
  /** The server of the cluster that leads the stream of the channels; empty without a cluster. */
  leader = "";
  /** What may lose data. */
  warning: string | undefined;

  private constructor(client: NatsConnection, server: NatsServer, events: NatsLinkEvents) {
    this.#client = client;
    this.#server = server;
    this.#events = events;
    this.life = client.info!.server_id.slice(-16);
    void this.#watch();
    void client.closed().then((error) => {
      this.fail(
        error instanceof Error ? error.message : this.#cause || "the connection was closed",
      );
    });
  }

  /**
   * Opens a link.
   *
   * @throws {Error} if the server cannot be reached, refuses, or is not one that can be used; the message says why
   */
  static async open(
    server: NatsServer,
    place: NatsPlace,
    { isOneOfSeveral, ...events }: NatsLinkEvents & { readonly isOneOfSeveral: boolean },
  ): Promise<NatsLink> {
    const client = await connectNats(optionsOf(server, place));
    const fault = faultOf(client, isOneOfSeveral);
    if (fault === undefined) return new NatsLink(client, server, events);
    await client.close();
    throw new Error(fault);
  }

  /** Whether nothing can be sent any more. */
  get isClosed(): boolean {
    return this.#isClosed || this.#client.isClosed();
  }

  /** Whether the server belongs to a cluster. */
  get isCluster(): boolean {
    return this.#client.info!.cluster !== undefined;
  }

  /** The program and its version. */
  get program(): string {
    return `NATS ${this.#client.info!.version}`;
  }

  /** The longest message. */
  get maxBytes(): number {
    return this.#client.info!.max_payload;
  }

  /** The last thing that the server has complained of; empty: nothing. */
  get cause(): string {
    return this.#cause;
  }

  /** Asks JetStream. @throws {JetStreamError} if it refuses */
  async ask(request: string, body?: unknown, timeoutMs?: number): Promise<unknown> {
    const text = body === undefined ? "" : JSON.stringify(body);
    const message = await this.#request(`${API}.${request}`, ENCODER.encode(text), { timeoutMs });
    return answerOf(message);
  }

  /** Stores a message. @throws {JetStreamError} if JetStream refuses; of kind `conflict` if another one was expected */
  async store(
    subject: string,
    data: Uint8Array,
    { expected, id, timeoutMs }: StoreOptions = {},
  ): Promise<{ readonly seq: number; readonly duplicate?: boolean }> {
    const more = headers();
    if (expected !== undefined) more.set("Nats-Expected-Last-Subject-Sequence", `${expected}`);
    if (id !== undefined) more.set("Nats-Msg-Id", id);
    const message = await this.#request(subject, data, { headers: more, timeoutMs });
    return answerOf(message) as { seq: number; duplicate?: boolean };
  }

  /** The newest message of a subject. In a cluster the leader of the stream is asked: another server may be behind. */
  async newest(
    stream: string,
    subject: string,
    timeoutMs?: number,
  ): Promise<StoredMessage | undefined> {
    if (this.isCluster) return await this.#ofLeader(stream, { last_by_subj: subject }, timeoutMs);
    const request = `${API}.DIRECT.GET.${stream}.${subject}`;
    return storedOf(await this.#request(request, new Uint8Array(0), { timeoutMs }));
  }

  /** The message with this sequence. */
  async at(stream: string, sequence: number): Promise<StoredMessage | undefined> {
    const body = ENCODER.encode(JSON.stringify({ seq: sequence }));
    return storedOf(await this.#request(`${API}.DIRECT.GET.${stream}`, body));
  }

  /** Calls back for each message that arrives, until the end of the subscription. */
  receive(subject: string, callback: (message: Msg) => void): Subscription {
    return this.#client.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) callback(message);
        else this.#note(error);
      },
    });
  }

  /** Asks JetStream for something that is answered to another subject. */
  request(request: string, body: unknown, reply: string): void {
    this.#client.publish(`${API}.${request}`, JSON.stringify(body), { reply });
  }

  /** Asks JetStream for something whose answer is of no use. */
  post(request: string, body?: unknown): void {
    const text = body === undefined ? "" : JSON.stringify(body);
    if (!this.isClosed) this.#client.publish(`${API}.${request}`, text);
  }

  /** Publishes without storing. What is published before `flush` is with the server when that is fulfilled. */
  publish(subject: string, data: Uint8Array): void {
    this.#client.publish(subject, data);
  }

  /** Waits for the server. @throws {Error} if it does not answer in time */
  async flush(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("timeout")), this.#server.timeoutMs);
    });
    try {
      await Promise.race([this.#client.flush(), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Listens to a subject. */
  async subscribe(subject: string): Promise<void> {
    if (!this.#subscriptions.has(subject)) {
      const subscription = this.receive(subject, ({ subject, data, headers }) => {
        if (this.#isClosed) return;
        this.#events.message(subject, data, Number(headers?.get("Nats-Sequence") ?? 0));
      });
      this.#subscriptions.set(subject, subscription);
    }
    await this.flush();
  }

  /** Listens no more. */
  async unsubscribe(subject: string): Promise<void> {
    this.#subscriptions.get(subject)?.unsubscribe();
    this.#subscriptions.delete(subject);
    await this.flush();
  }

  /** Closes the connection; what is under way is rejected. */
  close(): void {
    this.#isClosed = true;
    void this.#client.close();
  }

  async #ofLeader(
    stream: string,
    query: { readonly last_by_subj: string },
    timeoutMs: number | undefined,
  ): Promise<StoredMessage | undefined> {
    let answer;
    try {
      answer = await this.ask(`STREAM.MSG.GET.${stream}`, query, timeoutMs);
    } catch (error) {
      if (error instanceof JetStreamError && error.code === NO_MESSAGE) return undefined;
      throw error;
    }
    const { message } = answer as { message: { [key: string]: string } & { seq: number } };
    const { subject = "", seq, time = "", data = "" } = message;
    return { subject, sequence: seq, time: Date.parse(time), data: decodeBase64(data) };
  }

  /** Ends the link, and tells. */
  fail(reason: string): void {
    if (this.#isClosed) return;
    this.close();
    this.#events.lost(reason);
  }

  /** A request whose failure concerns the whole link ends it. */
  async #request(
    subject: string,
    data: Uint8Array,
    { timeoutMs = this.#server.timeoutMs, ...more }: {
      readonly timeoutMs?: number | undefined;
      readonly headers?: ReturnType<typeof headers>;
    } = {},
  ): Promise<Msg> {
    try {
      return await this.#client.request(subject, data, {
        ...more,
        timeout: Math.max(1, Math.ceil(timeoutMs)),
      });
    } catch (error) {
      const { kind, reason } = natsFault(error);
      if (kind === "lost") this.fail(`JetStream does not answer: ${reason}`);
      throw error;
    }
  }

  async #watch(): Promise<void> {
    for await (const status of this.#client.status()) {
      if (status.type === "error") this.#note(status.error);
    }
  }

  #note(error: Error): void {
    this.#cause = error.message;
  }
}

/** Why this is no server that can be used. */
function faultOf({ info }: NatsConnection, isOneOfSeveral: boolean): string | undefined {
  if (info === undefined) return "the server does not say what it is";
  const [major = 0, minor = 0] = info.version.split(".").map(Number);
  if (major < 2 || (major === 2 && minor < 9)) {
    return `the server is NATS ${info.version}: 2.9 or later is needed`;
  }
  if (info.jetstream !== true) return "JetStream is off in this server, and channels need it";
  return isOneOfSeveral && info.cluster === undefined
    ? "the server belongs to no cluster: with several addresses, all are servers of one"
    : undefined;
}

function optionsOf(server: NatsServer, { place, user, tls }: NatsPlace): ConnectionOptions {
  const { password: secret = "", timeoutMs } = server;
  return {
    servers: place,
    name: "async-deno",
    timeout: timeoutMs,
    reconnect: false,
    maxReconnectAttempts: 0,
    pingInterval: PING_MS,
    noAsyncTraces: true,
    ignoreClusterUpdates: true,
    tls,
    ...accessOf(secret, user),
  };
}

/** By which the server knows this client. */
function accessOf(secret: string, user: string | undefined): ConnectionOptions {
  if (CREDENTIALS.test(secret)) {
    return { authenticator: credsAuthenticator(ENCODER.encode(secret)) };
  }
  if (user !== undefined) return { user, pass: secret };
  return secret === "" ? {} : { token: secret };
}

/** The answer in JSON. @throws {JetStreamError} */
function answerOf({ data }: Msg): unknown {
  const answer = JSON.parse(DECODER.decode(data));
  const { error } = answer as { error?: { err_code?: number; description?: string } };
  if (error === undefined) return answer;
  throw new JetStreamError(error.err_code ?? 0, error.description ?? "JetStream refuses");
}

/** @throws {JetStreamError} if it is no message of a stream and no "not found" */
function storedOf({ headers, data }: Msg): StoredMessage | undefined {
  if (headers === undefined) throw new JetStreamError(0, "there is no message");
  if (headers.code === NOTHING_FOUND) return undefined;
  if (headers.code !== 0) throw new JetStreamError(headers.code, headers.description);
  return {
    subject: headers.get("Nats-Subject"),
    sequence: Number(headers.get("Nats-Sequence")),
    time: Date.parse(headers.get("Nats-Time-Stamp")),
    data,
  };
}
