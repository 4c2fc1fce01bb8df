/**
 * The servers of the engine, as one of them knows them: who lives, and the keys by which their sessions' names are checked.
 *
 * In: the members of the channel of all servers. Out: those of now, or those of the last seconds. Servers that do not exist can be asked
 * for as often as somebody wants: the engine is asked twice a second at most.
 */
import type { SessionKey } from "../broker/mod.ts";
import type { EngineDriver } from "./driver.ts";

/** Milliseconds for which a server that was there is taken to be there, and one that was not is not looked for again. */
const KNOWN_TIME = 3_000;
const UNKNOWN_TIME = 500;

/** The servers. */
export class ServerDirectory {
  readonly #driver: Pick<EngineDriver, "members">;
  readonly #channel: string;
  readonly #now: () => number;
  #keys: ReadonlyMap<string, Uint8Array> = new Map();
  #readAt = -Infinity;
  #reading: Promise<boolean> | undefined;

  /**
   * @param channel that of all servers: each is a member, with its key as the info
   * @param now milliseconds of any clock
   */
  constructor(driver: Pick<EngineDriver, "members">, channel: string, now: () => number) {
    this.#driver = driver;
    this.#channel = channel;
    this.#now = now;
  }

  /** The uids of all servers; undefined: the engine does not say. */
  async all(): Promise<readonly string[] | undefined> {
    return await this.#read() ? [...this.#keys.keys()] : undefined;
  }

  /** The key of a server's sessions. */
  async sessionKey(uid: string): Promise<SessionKey> {
    const time = this.#keys.has(uid) ? KNOWN_TIME : UNKNOWN_TIME;
    const isFresh = this.#now() - this.#readAt < time;
    if (!isFresh && !await this.#read()) return { status: "busy" };
    const key = this.#keys.get(uid);
    return key === undefined ? { status: "unknown" } : { status: "known", key };
  }

  /** One reading at a time, for all who wait. */
  #read(): Promise<boolean> {
    return this.#reading ??= this.#readNow().finally(() => this.#reading = undefined);
  }

  async #readNow(): Promise<boolean> {
    const found = await this.#driver.members(this.#channel);
    if (found.status !== "read") return false;
    this.#keys = new Map(found.members.map(({ client, info }) => [client, info.slice()]));
    this.#readAt = this.#now();
    return true;
  }
}
