/**
 * The names of all subjects and streams in NATS.
 *
 * In: the prefix of this installation, and names of channels, nodes and clients. Out: subjects, whose parts hold no `.`, `*`, `>`, space
 * or other character that a subject cannot have. Pure.
 *
 * ```text
 * R.c.<channel>                    stream R_channels: the records of a channel; each is republished, when it is stored, as
 * R.d.<channel>                    what who listens gets; joins, leaves and publications that are live only are sent there at once
 * R.p.<channel>.<node>.<client>    stream R_members: a member           R.n.<node>   the same stream: a node
 * R.k.<channel>.<key>              stream R_keys, in a cluster: the publication of an idempotency key
 * R.l.<node>                       stream R_leases: the lease of a node  R.y.<node>   a probe, republished as R.z.<node>
 * ```
 * `R` is the prefix. Of each name, letters, digits, `_`, `-` and `:` stay, and every other byte of its UTF-8 is `=` and two
 * hexadecimal digits; an empty name is `=`.
 */

import { decodeUtf8 } from "../../../../protocol/basics.ts";

const PLAIN = /^[\w:-]+$/;
const OTHER = /[^\w:-]/g;
const ENCODER = new TextEncoder();

/** A name as a part of a subject. */
export function tokenOf(name: string): string {
  if (PLAIN.test(name)) return name;
  if (name === "") return "=";
  // One character for each byte: those beyond ASCII are none of the plain ones.
  const bytes = String.fromCharCode(...ENCODER.encode(name));
  return bytes.replace(
    OTHER,
    (byte) => `=${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/** The name of which this is the part of a subject. */
function nameOf(token: string): string {
  if (!token.includes("=")) return token;
  const bytes: number[] = [];
  for (let i = 0; i < token.length; i++) {
    if (token[i] !== "=") bytes.push(token.charCodeAt(i));
    else if (i + 2 < token.length) bytes.push(parseInt(token.slice(i + 1, i += 3), 16)), i--;
  }
  return decodeUtf8(Uint8Array.from(bytes));
}

/** The names of one installation. */
export class NatsNames {
  readonly root: string;
  readonly #delivery: string;

  constructor(prefix: string) {
    this.root = tokenOf(prefix);
    this.#delivery = `${this.root}.d.`;
  }

  /** The name of a stream. */
  stream(which: "channels" | "members" | "leases" | "keys"): string {
    return `${this.root}_${which}`;
  }

  /** Where the records of a channel are stored. */
  records(channel: string): string {
    return `${this.root}.c.${tokenOf(channel)}`;
  }

  /** Where the publication of an idempotency key is noted. @param key in hexadecimal digits */
  key(channel: string, key: string): string {
    return `${this.root}.k.${tokenOf(channel)}.${key}`;
  }

  /** What is listened to for a channel. */
  delivery(channel: string): string {
    return this.#delivery + tokenOf(channel);
  }

  /** The channel that is delivered by this subject; undefined if it is none. */
  channelOf(subject: string): string | undefined {
    if (!subject.startsWith(this.#delivery)) return undefined;
    return nameOf(subject.slice(this.#delivery.length));
  }

  /** A member of a channel. */
  member(channel: string, node: string, client: string): string {
    return `${this.root}.p.${tokenOf(channel)}.${node}.${tokenOf(client)}`;
  }

  /** All members of a channel. */
  membersOf(channel: string): string {
    return `${this.root}.p.${tokenOf(channel)}.>`;
  }

  /** All members that a node has entered. */
  membersOfNode(node: string): string {
    return `${this.root}.p.*.${node}.*`;
  }

  /** Whose member this is; undefined if it is none. */
  memberOf(subject: string): { channel: string; node: string; client: string } | undefined {
    const start = `${this.root}.p.`;
    const [channel, node, client, ...more] = subject.slice(start.length).split(".");
    if (!subject.startsWith(start) || client === undefined || more.length > 0) return undefined;
    return { channel: nameOf(channel!), node: node!, client: nameOf(client) };
  }

  /** Something of a node; `*` is all nodes. */
  ofNode(kind: "n" | "l" | "y" | "z", node: string): string {
    return `${this.root}.${kind}.${node}`;
  }
}
