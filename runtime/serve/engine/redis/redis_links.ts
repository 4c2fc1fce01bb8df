/**
 * What the keeper of the link does with a Redis server.
 *
 * In: where the server is; the names and the leases of this node. Out: links with which everything has been tried, and which listen to this
 * node's probes; the messages of all of them.
 */
import type { LinkFault, LinkWork } from "../link_keeper.ts";
import type { RedisNames } from "./names.ts";
import { connectionFault, evictionWarning, redisFault } from "./redis_faults.ts";
import { type LinkTrace, RedisLink, type RedisServer } from "./redis_link.ts";
import type { NodesPlace, RedisNodes } from "./redis_nodes.ts";
import { rehearse } from "./rehearsal.ts";

/** What the links are used for. */
export interface RedisLinksParts {
  readonly names: RedisNames;
  readonly nodes: RedisNodes;
  /** A message of a publish/subscribe channel. */
  message(channel: string, bytes: Uint8Array): void;
}

/** Opens links. */
export class RedisLinks implements LinkWork<RedisLink> {
  readonly #server: RedisServer;
  readonly #parts: RedisLinksParts;
  /** The publish/subscribe channel of the probes. */
  readonly #own: string;
  #trace: LinkTrace | undefined;
  /** The life of the server in which all members of this node are known to be entered; "": none yet. */
  #enteredIn = "";

  constructor(server: RedisServer, parts: RedisLinksParts) {
    this.#server = server;
    this.#parts = parts;
    this.#own = parts.names.ofPubSub("y", parts.nodes.id);
  }

  async open(lost: (reason: string) => void): Promise<RedisLink> {
    const { names, message } = this.#parts;
    const link = await RedisLink.open(this.#server, { message, lost }, this.#trace);
    try {
      await rehearse(link, names);
      await link.subscribe(this.#own);
    } catch (error) {
      link.close();
      throw error;
    }
    this.#trace = link.trace;
    return link;
  }

  describe(reason: string): string {
    return connectionFault(reason, this.#server);
  }

  warningOf({ facts }: RedisLink): string | undefined {
    return evictionWarning(facts.evictionPolicy);
  }

  probe(link: RedisLink, text: string): void {
    void link.publish(this.#own, text);
  }

  /**
   * A server that was a replica, or that was started again, may lack the members that were entered last, though the lease is there: so they are
   * entered again. Who is there already is not announced.
   */
  async renew(link: RedisLink): Promise<boolean> {
    const [wasLost] = await Promise.all([
      this.#parts.nodes.renew(placeOf(link)),
      link.followMaster(),
    ]);
    const before = this.#enteredIn;
    this.#enteredIn = link.facts.life;
    return wasLost || (before !== "" && before !== this.#enteredIn);
  }

  end(link: RedisLink): Promise<void> {
    return this.#parts.nodes.end(placeOf(link));
  }

  faultOf(error: unknown): LinkFault {
    const { kind, mayBeDone, reason } = redisFault(error);
    const passes = kind === "scripts" || kind === "moved";
    return { isRefusal: !mayBeDone && !passes, reason };
  }
}

/** Everything is at this server. */
function placeOf(link: RedisLink): NodesPlace {
  return {
    command: (name, ...args) => link.command(name, ...args),
    runAt: (_channel, ...script) => link.run(...script),
  };
}
