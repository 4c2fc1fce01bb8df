/**
 * Makes this server one of the members of all servers, at one server of the engine.
 *
 * In: a call whenever the engine is there. Out: the membership, tried again until it is there, and a warning for each other member that has
 * another list of the engine's servers, so that the two look for a channel at different places and miss what is published; or other settings
 * that all servers must have the same. On the main thread.
 */
import type { EngineDriver } from "./driver.ts";
import type { NodeMembers } from "./node_members.ts";

/** The channel to which all servers listen. A client's channel has no empty namespace. */
export const ALL_SERVERS = ":servers";
/** Milliseconds until a server that could not become a member tries again. */
const RETRY = 1_000;

/** What all servers must have the same: the section of the configuration, and a digest of what it says. */
export type SharedSettings = Readonly<Record<string, string>>;

/** What it works with. */
export interface ServerMemberParts {
  /** Names this server. */
  readonly uid: string;
  /** The machine and the port. A server that replaces another one has its name. */
  readonly name: string;
  /** By which other servers check the names of its sessions. */
  readonly info: Uint8Array;
  readonly settings: SharedSettings;
  /** Which of the engine's servers this one is, as "2 of 3"; empty: it is the only one. */
  readonly place: string;
  readonly driver: Pick<EngineDriver, "members">;
  readonly members: Pick<NodeMembers, "joinAsServer">;
  /** Tells the operator. */
  warn(text: string): void;
}

/** What others read of a server, in place of the user of a member. */
type Card = Pick<ServerMemberParts, "name" | "place" | "settings">;

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
    const { uid, info, place, name, settings, members } = this.#parts;
    const user = JSON.stringify({ name, place, settings } satisfies Card);
    const member = { client: uid, user, info, announce: false };
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
    const { driver, warn } = this.#parts;
    const found = await driver.members(ALL_SERVERS);
    if (found.status !== "read") return;
    for (const { client, user } of found.members) {
      if (this.#others.has(client)) continue;
      const difference = differenceOf(this.#parts, cardOf(user));
      if (difference === undefined) continue;
      this.#others.add(client);
      warn(difference);
    }
  }
}

/** Undefined: another version wrote something else. */
function cardOf(text: string): Card | undefined {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function differenceOf(here: Card, there: Card | undefined): string | undefined {
  if (there === undefined) return undefined;
  if (here.place !== there.place) {
    const [placeHere, placeThere] = [here, there].map(({ place }) => place || "the only one");
    return `engine names other servers, or in another order, than at the server ${there.name}: ` +
      `a server of the engine is ${placeHere} here and ${placeThere} there; ` +
      "clients miss publications until all servers have the same list";
  }
  // One that this server replaces will end.
  if (here.name === there.name) return undefined;
  const sections = Object.keys(here.settings).filter((section) =>
    here.settings[section] !== there.settings[section]
  );
  if (sections.length === 0) return undefined;
  return `${sections.join(" and ")} differ from those of the server ${there.name}: ` +
    "what one server allows or keeps, another does not; all need the same configuration and keys";
}
