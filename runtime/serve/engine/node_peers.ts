/**
 * How this server reaches the others of its engine, and they reach it: on the main thread.
 *
 * In: what this server's workers send and ask, and messages of other servers by channels of the engine that no client can name. Out: messages
 * to the workers of this server, and answers. All servers listen to one channel, whose members they are, and each one to a channel of its own.
 *
 * - Requests are kept in the engine for a minute: a server that was cut off gets them when it is back. If it was cut off for
 *   longer, it says so in its log.
 * - The later commands of a session are sent to the server that has it, and are kept for some seconds.
 * - Questions and answers are not kept. A server that does not answer within a second is left out, and the log says so.
 */
import {
  COMMANDS,
  ControlSender,
  type ControlStore,
  REQUESTS,
  type SessionKey,
  type WorkerPlace,
} from "../broker/mod.ts";
import type { Conductor } from "./conductor.ts";
import type { ChainPosition } from "./followed_channel.ts";
import type { EngineDriver } from "./driver.ts";
import { MessageStore } from "./message_store.ts";
import type { NodeMembers } from "./node_members.ts";
import { ServerDirectory } from "./server_directory.ts";
import { ALL_SERVERS, ServerMember, type SharedSettings } from "./server_member.ts";
import { type AnswerPart, SURVEY_TIME, Surveys } from "./surveys.ts";

/** The words of messages between servers that are not for all workers; behind each: what it is about. */
const WORD = { question: "?", answer: "!", commands: ">" } as const;
/** Longer commands of a session are not kept in the engine: the client asks again. */
const LONGEST_KEPT = 16 * 1024;
const MISSING_OTHERS = "info and channels of the HTTP API are without the other servers";
const UTF8 = new TextEncoder();

/** What it works with. */
export interface NodePeersParts {
  /** Another one in each run. */
  readonly uid: string;
  /** The machine and the port. */
  readonly name: string;
  /** By which other servers check the names of this one's sessions. */
  readonly sessionKey: Uint8Array;
  readonly settings: SharedSettings;
  readonly driver: Pick<EngineDriver, "members" | "publish">;
  readonly conductor: Pick<Conductor, "keep" | "positionOf">;
  readonly members: Pick<NodeMembers, "joinAsServer">;
  /** Which of the engine's servers it is, as "1 of 3"; empty: the only one. */
  readonly place: string;
  readonly store: ControlStore;
  /** Tells the operator. */
  warn(text: string): void;
}

/** The peers. */
export class NodePeers {
  readonly #parts: NodePeersParts;
  readonly #local: ControlSender;
  readonly #surveys = new Surveys();
  readonly #servers: ServerDirectory;
  readonly #member: ServerMember;
  /** Those of which the log has said that they do not answer. */
  readonly #silent = new Set<string>();
  readonly #channels: ReadonlyMap<string, MessageStore>;
  /** Whether the log has said that the others cannot be asked. */
  #isAlone = false;

  constructor(parts: NodePeersParts) {
    this.#parts = parts;
    this.#local = new ControlSender(parts.store);
    this.#servers = new ServerDirectory(parts.driver, ALL_SERVERS, () => performance.now());
    const { warn, uid, sessionKey } = parts;
    this.#member = new ServerMember({ ...parts, info: sessionKey });
    const forAll = new MessageStore({
      begun: () => {},
      receive: (word, data) => this.#receiveForAll(word, data),
      lost: () =>
        warn(
          "requests of the HTTP API about clients of this server may be lost: they are not in the engine",
        ),
    });
    const forThis = new MessageStore({
      // Whoever finds this server among the members can reach it.
      begun: () => void this.#member.enter(),
      receive: (word, data) => this.#receive(word, data),
      lost: () => {}, // who has asked asks again
    });
    this.#channels = new Map([[ALL_SERVERS, forAll], [channelOf(uid), forThis]]);
  }

  /** Begins. @param places where the server before was, which had the same uid; default: there was none */
  begin(places: ReadonlyMap<string, ChainPosition> = new Map()): void {
    for (const [name, store] of this.#channels) {
      this.#parts.conductor.keep(name, store, places.get(name));
    }
  }

  /** Sends a request to all servers. Returns false if it was not done, or nobody knows whether it was. */
  async request(word: string, data: Uint8Array): Promise<boolean> {
    const { driver, conductor, store } = this.#parts;
    const fields = UTF8.encode(word);
    if (fields.length + data.length > store.maxEntryBytes) return false;
    const { historySize, historyTtlMs } = REQUESTS;
    const proof = conductor.positionOf(ALL_SERVERS);
    const { status } = await driver.publish(ALL_SERVERS, {
      ...{ data, fields, historySize, historyTtlMs },
      ...(proof === undefined ? {} : { proof }),
    });
    return status === "stored";
  }

  /** Asks all other servers. Undefined: too many questions are open. */
  async survey(question: Uint8Array): Promise<readonly Uint8Array[] | undefined> {
    const { uid, warn } = this.#parts;
    const others = await within(SURVEY_TIME, this.#others());
    if (others === undefined) {
      if (!this.#isAlone) warn(`the engine does not answer: ${MISSING_OTHERS}`);
      this.#isAlone = true;
      return [];
    }
    this.#isAlone = false;
    const survey = this.#surveys.open(others);
    if (survey === undefined) return undefined;
    if (others.length > 0) {
      this.#tell(ALL_SERVERS, `${WORD.question} ${survey.id} ${uid}`, question);
    }
    const { answers, missing } = await survey.result;
    for (const other of answers.keys()) this.#silent.delete(other);
    for (const other of missing) this.#noteSilent(other);
    return [...answers.values()];
  }

  /** Sends a part of an answer. @param address what came with the question */
  answer(address: string, { index, count, bytes }: AnswerPart): void {
    const { uid, warn } = this.#parts;
    if (count === 0) {
      return warn("what another server asks for is too long: it goes without this server");
    }
    const [id, to = ""] = address.split(" ");
    this.#tell(channelOf(to), `${WORD.answer} ${id} ${uid} ${index} ${count}`, bytes);
  }

  /** The key of another server's sessions. */
  sessionKey(server: string): Promise<SessionKey> {
    return this.#servers.sessionKey(server);
  }

  /** Sends commands of a session to the server that has it; returns what `request` does. */
  async pass(
    { server, worker }: WorkerPlace,
    session: string,
    data: Uint8Array,
  ): Promise<boolean> {
    const { historySize, historyTtlMs } = COMMANDS;
    const { status } = await this.#parts.driver.publish(channelOf(server), {
      fields: UTF8.encode(`${WORD.commands} ${worker} ${session}`),
      ...{ data, historySize, historyTtlMs },
      skipHistory: data.length > LONGEST_KEPT,
    });
    return status === "stored";
  }

  /** Ends what is open. */
  close(): void {
    this.#member.close();
    this.#surveys.close();
  }

  /** The uids of the other servers; undefined: the engine does not say. */
  async #others(): Promise<readonly string[] | undefined> {
    const all = await this.#servers.all();
    return all?.filter((uid) => uid !== this.#parts.uid);
  }

  #receiveForAll(word: string, data: Uint8Array): void {
    const [kind, id, from] = word.split(" ");
    if (kind !== WORD.question) return this.#passToWorkers(word, data);
    // Not the workers' answer: it is missing there, and said there.
    if (from !== this.#parts.uid) this.#local.ask(`${id} ${from}`, data);
  }

  #passToWorkers(word: string, data: Uint8Array): void {
    if (this.#local.request(word, data)) return;
    this.#parts.warn(
      `a request of the HTTP API (${word}) has not reached the clients of this server: its channels have no room; see --channels-memory`,
    );
  }

  #receive(word: string, bytes: Uint8Array): void {
    const [kind, id = "", from = "", index, count] = word.split(" ");
    // Without room, the client's command is lost: it asks again.
    if (kind === WORD.commands) this.#local.pass(Number(id), from, bytes);
    if (kind !== WORD.answer) return;
    this.#surveys.add(id, from, { index: Number(index), count: Number(count), bytes });
  }

  /** Sends a message that is not kept; if that fails, its receivers miss it. */
  #tell(channel: string, word: string, data: Uint8Array): void {
    const fields = UTF8.encode(word);
    const message = { data, fields, historySize: 0, historyTtlMs: 0, skipHistory: true };
    void this.#parts.driver.publish(channel, message);
  }

  #noteSilent(uid: string): void {
    if (this.#silent.has(uid)) return;
    this.#silent.add(uid);
    const seconds = SURVEY_TIME / 1000;
    this.#parts.warn(
      `the server ${uid} has not answered within ${seconds} s: info and channels of the HTTP API are without it`,
    );
  }
}

function channelOf(uid: string): string {
  return `:server:${uid}`;
}

/** The value of a promise that is not rejected, or undefined if it takes longer. */
async function within<Value>(
  milliseconds: number,
  promise: Promise<Value>,
): Promise<Value | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  const value = await Promise.race([promise, late]);
  clearTimeout(timer);
  return value;
}
