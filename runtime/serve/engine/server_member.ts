/**
 * Makes this server one of the members of all servers, at one server of the engine.
 *
 * In: a call whenever the engine is there. Out: the membership, tried again until it is there, and a warning if another member has another
 * list of the engine's servers: then the two would look for a channel at different places, and miss what is published. On the main thread.
 */
import type { EngineDriver } from "./driver.ts";
import type { NodeMembers } from "./node_members.ts";

/** The channel to which all servers listen. A client's channel has no empty namespace. */
export const ALL_SERVERS = ":servers";
/** Milliseconds until a server that could not become a member tries again. */
const RETRY = 1_000;

/** What it works with. */
export interface ServerMemberParts {
  /** Names this server. */
  readonly uid: string;
  /** What others learn about it. */
  readonly info: Uint8Array;
  /** Which of the engine's servers this one is, as "2 of 3"; empty: it is the only one. */
  readonly place: string;
  readonly driver: Pick<EngineDriver, "members">;
  readonly members: Pick<NodeMembers, "joinAsServer">;
  /** Tells the operator. */
  warn(text: string): void;
}

/** The membership. */
export class ServerMember {
  readonly #parts: ServerMemberParts;
  readonly #others = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  #isClosed = false;

  constructor(parts: ServerMemberParts) {
    this.#parts = parts;
  }

  /** Becomes a member, and looks at the others. */
  async enter(): Promise<void> {
    clearTimeout(this.#timer);
    const { uid, info, place, members } = this.#parts;
    const member = { client: uid, user: place, info, announce: false };
    const status = await members.joinAsServer(ALL_SERVERS, member);
    if (this.#isClosed) return;
    if (status === "joined") return await this.#compare();
    this.#timer = setTimeout(() => void this.enter(), RETRY);
  }

  /** Ends the tries. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** Whoever comes last sees all others. */
  async #compare(): Promise<void> {
    const { place, driver, warn } = this.#parts;
    const found = await driver.members(ALL_SERVERS);
    if (found.status !== "read") return;
    for (const { client, user } of found.members) {
      if (user === place || this.#others.has(client)) continue;
      this.#others.add(client);
      warn(
        `engine names other servers, or in another order, than at the server ${client}: ` +
          `a server of the engine is ${place || "the only one"} here and ${
            user || "the only one"
          } there; ` +
          "clients miss publications until all servers have the same list",
      );
    }
  }
}
