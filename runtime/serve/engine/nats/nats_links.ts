/**
 * What the keeper of the link does with a NATS server.
 *
 * In: where the server is; the names and the leases of this node. Out: links whose streams are there, and which listen to this node's
 * probes; the messages of all of them.
 *
 * A probe is a message that is stored, and that is delivered when it is: so it fails if JetStream does.
 */
import type { LinkWork } from "../link_keeper.ts";
import type { NatsServer } from "./nats_address.ts";
import { connectionFault, natsFault } from "./nats_faults.ts";
import { NatsLink } from "./nats_link.ts";
import type { NatsNodes } from "./nats_nodes.ts";
import type { NatsNames } from "./names.ts";
import { ensureStreams } from "./streams.ts";

const DECODER = new TextDecoder();
const ENCODER = new TextEncoder();

/** What the links are used for. */
export interface NatsLinksParts {
  readonly names: NatsNames;
  readonly nodes: NatsNodes;
  /** Names this node in the subject of its probes. */
  readonly probes: string;
  /** A probe has come back. */
  probed(text: string): void;
  /** A message of another subject. */
  message(subject: string, bytes: Uint8Array, sequence: number): void;
  /** A new link begins: what is known of the one before may be wrong. */
  begun(): void;
}

/** Opens links. */
export class NatsLinks implements LinkWork<NatsLink> {
  readonly #server: NatsServer;
  readonly #parts: NatsLinksParts;

  constructor(server: NatsServer, parts: NatsLinksParts) {
    this.#server = server;
    this.#parts = parts;
  }

  async open(lost: (reason: string) => void): Promise<NatsLink> {
    const { names, message, probed, begun, probes } = this.#parts;
    const link = await NatsLink.open(this.#server, { message, lost });
    try {
      const { keepMs, warning } = await ensureStreams((...request) => link.ask(...request), names);
      link.keepMs = keepMs;
      link.warning = warning;
      link.receive(names.ofNode("z", probes), ({ data }) => probed(DECODER.decode(data)));
      await link.flush();
    } catch (error) {
      link.close();
      throw link.cause === "" ? error : new Error(link.cause);
    }
    begun();
    return link;
  }

  describe(reason: string): string {
    return connectionFault(reason);
  }

  warningOf(link: NatsLink): string | undefined {
    return link.warning;
  }

  probe(link: NatsLink, text: string): void {
    // Called by a timer: the client throws if the connection has just ended, and that is told anyway.
    if (link.isClosed) return;
    link.publish(this.#parts.names.ofNode("y", this.#parts.probes), ENCODER.encode(text));
  }

  /** A stream that was deleted is noticed here, too: JetStream does not answer who stores in it. */
  async renew(link: NatsLink): Promise<boolean> {
    const { names, nodes } = this.#parts;
    try {
      const wasLost = await nodes.renew(link);
      await link.ask(`STREAM.INFO.${names.stream("channels")}`);
      return wasLost;
    } catch (error) {
      const { kind, reason } = natsFault(error);
      if (kind === "lost") link.fail(reason);
      throw error;
    }
  }

  end(link: NatsLink): Promise<void> {
    return this.#parts.nodes.end(link);
  }

  faultOf(error: unknown): { readonly isFull: boolean; readonly reason: string } {
    const { kind, reason } = natsFault(error);
    return { isFull: kind === "full", reason };
  }
}
