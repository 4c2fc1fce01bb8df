/**
 * One life of the two connections to a Redis server: one for commands, one that listens.
 *
 * In: where the server is. Out: answers of commands and scripts, messages, and once, at the end, why the link is lost. A
 * link is never mended: if one of the connections ends, both are closed, and the driver opens another link. The scripts are
 * loaded at the start, and again if the server says that it has lost them; nothing is sent twice.
 *
 * Two connections, because a connection that listens in RESP2 can do nothing else, and because in RESP3 the client loses
 * messages between the answers of a transaction (findings/redis_push_inside_exec.sh).
 */
import { Buffer } from "node:buffer";
import type { Redis } from "ioredis";
import { addressOf, findMaster, type Master } from "./find_master.ts";
import { type RedisAddress, redisAddress, type RedisPlace, tlsOf } from "./redis_address.ts";
import { closeRedis, enterRedis, redisClient } from "./redis_client.ts";
import { answeredFault, type RedisFault, redisFault } from "./redis_faults.ts";
import { NO_FACTS, type RedisFacts, redisFacts } from "./redis_facts.ts";
import { type RedisScripts, type ScriptName, SCRIPTS, SHARDED_SCRIPTS } from "./scripts.ts";
import { ShardedListener } from "./sharded_listener.ts";

/** Where the server is, and how long to wait. */
export interface RedisServer {
  /** See `redisAddress`. */
  readonly url: string;
  /** Instead of the URL's. */
  readonly password?: string;
  /** PEM of the authorities that may have signed the server's certificate; default: those of the system. */
  readonly ca?: string;
  /** As whom the sentinels are asked; default: the default user. */
  readonly sentinelUser?: string;
  /** Default: they ask for none. */
  readonly sentinelPassword?: string;
  /** Whether it is a master of a cluster, whose publish/subscribe is sharded by slots. Default: no. */
  readonly isMaster?: boolean;
  /** Milliseconds until a connection attempt or a command fails. */
  readonly timeoutMs: number;
}

/** The events of a link. */
export interface RedisLinkEvents {
  /** A message of a publish/subscribe channel. */
  message(channel: string, bytes: Uint8Array): void;
  /** The link has ended, and not by `close`; called once. */
  lost(reason: string): void;
  /** In a cluster: the server has said that it does not have a slot, or that the cluster is down. */
  moved?(): void;
  /** In a cluster: these publish/subscribe channels are listened to no more. */
  dropped?(channels: readonly string[]): void;
}

/** By what a later link ends this one on the server, too. */
export interface LinkTrace {
  /** The process of the server; empty if it does not say. */
  readonly runId: string;
  /** What it calls the two connections. */
  readonly clients: readonly number[];
}

/** An open link. */
export class RedisLink {
  readonly #commands: Redis;
  readonly #listening: Redis;
  readonly #events: RedisLinkEvents;
  readonly #server: RedisServer;
  readonly #address: RedisAddress;
  /** As the sentinels knew it; undefined: there are none. */
  readonly #master: Master | undefined;
  readonly #scripts: RedisScripts;
  /** Undefined: listening is not sharded. */
  readonly #sharded: ShardedListener | undefined;
  #facts: RedisFacts = NO_FACTS;
  #trace: LinkTrace = { runId: "", clients: [] };
  /** The first error of one of the connections. */
  #cause = "";
  #isClosed = false;
  #isLoading = false;
  #isRehearsed = false;

  private constructor(server: RedisServer, events: RedisLinkEvents, { place, master }: FoundPlace) {
    this.#server = server;
    this.#events = events;
    this.#address = addressAndPassword(server);
    this.#master = master;
    this.#commands = this.#connection(place);
    this.#listening = this.#connection(place);
    const { isMaster = false } = server;
    this.#scripts = isMaster ? SHARDED_SCRIPTS : SCRIPTS;
    const event = isMaster ? "smessageBuffer" : "messageBuffer";
    this.#listening.on(event, (channel: Buffer, message: Buffer) => {
      if (!this.#isClosed) events.message(channel.toString(), message);
    });
    this.#sharded = isMaster
      ? new ShardedListener(this.#listening, (channels) => {
        if (!this.#isClosed) events.dropped?.(channels);
      })
      : undefined;
  }

  /**
   * Opens a link.
   *
   * @param before the link before, of which nothing is carried out any more after this one has been opened
   * @throws {Error} if the server cannot be reached, refuses, or cannot be written to; the message says why
   */
  static async open(
    server: RedisServer,
    events: RedisLinkEvents,
    before?: LinkTrace,
  ): Promise<RedisLink> {
    const link = new RedisLink(server, events, await placeOf(server));
    try {
      const { database } = link.#address;
      const both = [link.#commands, link.#listening];
      await Promise.all(both.map((redis) => enterRedis(redis, link.#address, database)));
      await link.#readFacts();
      await Promise.all([link.#endLate(before), link.#loadScripts()]);
      if (link.#isClosed) throw new Error("the connection was closed at once");
      return link;
    } catch (error) {
      link.close();
      // The client says only that the connection is closed.
      const { mayBeDone, reason } = redisFault(error);
      const cause = link.#cause === "" || !mayBeDone ? undefined : link.#cause;
      if (link.#master !== undefined) {
        throw new Error(`the master at ${addressOf(link.#master)}: ${cause ?? reason}`);
      }
      throw cause === undefined ? error : new Error(cause);
    }
  }

  /** Whether it is to a master of a cluster. */
  get isMaster(): boolean {
    return this.#sharded !== undefined;
  }

  /** What the server says about itself. */
  get facts(): RedisFacts {
    return this.#facts;
  }

  /** For the link after this one. */
  get trace(): LinkTrace {
    return this.#trace;
  }

  /** Runs a script; rejected as a command of the client is. Faults of the whole link are handled here. */
  async run(
    script: ScriptName,
    keys: readonly (string | Uint8Array)[],
    args: readonly (string | Uint8Array)[],
  ): Promise<unknown> {
    const { sha } = this.#scripts[script];
    const all = [sha, keys.length, ...keys.map(asArgument), ...args.map(asArgument)];
    return await this.#guarded(this.#commands.callBuffer("EVALSHA", all));
  }

  /** A script has answered that the server has refused a part of what it was to do: with this error. */
  refused(error: string): RedisFault {
    const fault = answeredFault(error);
    this.#judge(fault);
    return fault;
  }

  /** Runs a command whose answer is a text, a number, or a list of texts. */
  async command(name: string, ...args: (string | number)[]): Promise<unknown> {
    return await this.#guarded(this.#commands.call(name, ...args));
  }

  /** Its user has all rights: if one is missing later, the link ends, and the next one reports all that are. */
  rehearsed(): void {
    this.#isRehearsed = true;
  }

  /** Runs a command whose texts come as bytes. */
  async bytesCommand(name: string, ...args: string[]): Promise<unknown> {
    return await this.#guarded(this.#commands.callBuffer(name, args));
  }

  /** Listens to a publish/subscribe channel. */
  async subscribe(channel: string): Promise<void> {
    await this.#guarded((this.#sharded ?? this.#listening).subscribe(channel));
  }

  /** Listens no more. */
  async unsubscribe(channel: string): Promise<void> {
    await this.#guarded((this.#sharded ?? this.#listening).unsubscribe(channel));
  }

  /** Publishes a text, without waiting for the answer. @returns an answer that is never rejected: whether the server has taken it */
  async publish(channel: string, text: string): Promise<boolean> {
    const name = this.#sharded === undefined ? "PUBLISH" : "SPUBLISH";
    return await this.command(name, channel, text).then(() => true, () => false);
  }

  /** Closes both connections; what is under way is rejected. */
  close(): void {
    this.#isClosed = true;
    closeRedis(this.#commands);
    closeRedis(this.#listening);
  }

  /** Where the sentinels have found the server; undefined: there are none. */
  get masterAddress(): string | undefined {
    return this.#master && addressOf(this.#master);
  }

  /**
   * Asks the sentinels again, and ends the link if they have decided for another server: this one still takes publications if it was cut off
   * from the sentinels alone, and loses them when it becomes a replica. Never rejected: while nobody answers, the link is as good as it was.
   */
  async followMaster(): Promise<void> {
    const mine = this.#master;
    if (mine === undefined) return;
    const found = await placeOf(this.#server).catch(() => undefined);
    const master = found?.master;
    if (master === undefined || master.epoch <= mine.epoch) return;
    const address = addressOf(master);
    if (address !== addressOf(mine)) this.fail(`the sentinels have made ${address} the master`);
  }

  /** Ends the link, with its event. */
  fail(reason: string): void {
    if (this.#isClosed) return;
    this.close();
    this.#events.lost(reason);
  }

  #connection(place: RedisPlace): Redis {
    const redis = redisClient(place, this.#server.timeoutMs);
    // The client reports an error besides the end of the connection, which follows.
    redis.on("error", (error: Error) => this.#cause ||= error.message);
    redis.on("end", () => this.fail(this.#cause || "the connection was closed"));
    return redis;
  }

  async #guarded<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      this.#judge(redisFault(error));
      throw error;
    }
  }

  #judge({ kind, reason }: RedisFault): void {
    if (kind === "lost" || (kind === "denied" && this.#isRehearsed)) this.fail(reason);
    if (kind === "scripts") this.#reload();
    if (kind === "moved") this.#events.moved?.();
  }

  /**
   * Loads the scripts that the server has lost. What was sent before has failed or fails; what is sent from now on comes
   * behind the scripts: so no publication overtakes another one.
   */
  #reload(): void {
    if (this.#isLoading || this.#isClosed) return;
    this.#isLoading = true;
    this.#loadScripts().then(
      () => this.#isLoading = false,
      (error) => this.fail(`cannot load the scripts: ${redisFault(error).reason}`),
    );
  }

  async #readFacts(): Promise<void> {
    const both = [this.#commands, this.#listening];
    const ids = both.map((redis) => this.#optional(redis.call("CLIENT", "ID")));
    const [text, ...clients] = await Promise.all([this.#commands.info(), ...ids]);
    this.#facts = redisFacts(text, this.#sharded !== undefined);
    this.#trace = {
      runId: this.#facts.runId,
      clients: clients.filter((id) => typeof id === "number"),
    };
  }

  /**
   * Ends connections that are closed here, and of which the network may still deliver commands: a client that has left would be
   * entered again. Numbers of another process of the server are those of others.
   */
  async #endLate(before: LinkTrace | undefined): Promise<void> {
    if (before === undefined || before.runId === "" || before.runId !== this.#trace.runId) return;
    const calls = before.clients.map((id) => this.#commands.call("CLIENT", "KILL", "ID", id));
    await Promise.all(calls.map((call) => this.#optional(call)));
  }

  /** The answer to a command that the server need not allow; undefined if it does not. */
  async #optional(answer: Promise<unknown>): Promise<unknown> {
    try {
      return await answer;
    } catch (error) {
      if (redisFault(error).mayBeDone) throw error; // no answer of the server
      return undefined;
    }
  }

  async #loadScripts(): Promise<void> {
    const scripts = Object.values(this.#scripts);
    await Promise.all(scripts.map(({ lua }) => this.#commands.script("LOAD", lua)));
  }
}

function asArgument(value: string | Uint8Array): string | Buffer {
  if (typeof value === "string") return value;
  return Buffer.from(value.buffer as ArrayBuffer, value.byteOffset, value.byteLength);
}

/** Where the server is now. */
interface FoundPlace {
  readonly place: RedisPlace;
  readonly master?: Master;
}

/** Asks the sentinels, if there are any. */
async function placeOf(server: RedisServer): Promise<FoundPlace> {
  const { place } = redisAddress(server.url, server.ca);
  if ("seeds" in place) throw new Error("each master of a cluster has a link of its own");
  if (!("sentinels" in place)) return { place };
  const { sentinelUser: user, sentinelPassword: password, timeoutMs } = server;
  const master = await findMaster(place, { user, password, timeoutMs });
  const { host, port } = master;
  const tls = place.tls === undefined ? {} : { tls: tlsOf(host, place.tls.ca) };
  return { place: { host, port, ...tls }, master };
}

function addressAndPassword({ url, password }: RedisServer): RedisAddress {
  const address = redisAddress(url);
  return { ...address, password: password ?? address.password };
}
