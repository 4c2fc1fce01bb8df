/**
 * What nodes of a cluster say about it, and which master has which slot by what all of them say.
 *
 * In: answers of CLUSTER NODES. Out: a map. Pure. Nodes learn of a change one after another, so they contradict each other for a moment.
 * A master that was asked knows best which slots it has itself. Where two still claim a slot, the higher configuration epoch counts: each
 * failover and each move of a slot makes a higher one.
 *
 * ```text
 * <id> <host>:<port>@<bus port>[,<name>[,…]] <flags> <master> <ping> <pong> <epoch> <link> <slot> <first>-<last> [<slot>-><id>] …
 * ```
 */
import { SLOTS } from "./hash_slot.ts";
import type { HostAndPort } from "./redis_address.ts";

/** A master, as one node sees it. */
interface SeenMaster {
  readonly epoch: number;
  /** The first and the last slot of each range. */
  readonly ranges: readonly (readonly [number, number])[];
}

/** The cluster, as one node sees it. */
export interface ClusterView {
  /** The id of that node. */
  readonly self: string;
  /** All nodes that are no strangers, by their ids. */
  readonly places: ReadonlyMap<string, HostAndPort>;
  readonly masters: ReadonlyMap<string, SeenMaster>;
}

/** Which master has which slot. */
export interface ClusterMap {
  /** The id of the master of each slot; undefined: nobody has it. */
  readonly owners: readonly (string | undefined)[];
  /** All nodes, by their ids. */
  readonly places: ReadonlyMap<string, HostAndPort>;
}

/** What takes a node out of the view: it is not known yet, or where it is. */
const STRANGER = /\b(?:handshake|noaddr)\b/;

/**
 * Reads an answer.
 *
 * @param asked the host of the node that was asked, which may not know its own
 * @param hasTls whether nodes are found by the name that they announce, for which their certificates are
 * @throws {Error} if it is none
 */
export function clusterView(text: string, asked: string, hasTls: boolean): ClusterView {
  const places = new Map<string, HostAndPort>();
  const masters = new Map<string, SeenMaster>();
  let self = "";
  for (const line of text.split("\n")) {
    const [id = "", address, flags, , , , epoch, , ...slots] = line.trim().split(" ");
    if (address === undefined || flags === undefined || STRANGER.test(flags)) continue;
    if (/\bmyself\b/.test(flags)) self = id;
    places.set(id, placeOf(address, asked, hasTls));
    if (/\bmaster\b/.test(flags)) {
      masters.set(id, { epoch: Number(epoch), ranges: rangesOf(slots) });
    }
  }
  if (self === "") throw new Error("the answer to CLUSTER NODES does not name the node itself");
  return { self, places, masters };
}

/** What all views say together. */
export function clusterMap(views: readonly ClusterView[]): ClusterMap {
  const asked = new Set(views.map(({ self }) => self));
  const owners: (string | undefined)[] = Array.from({ length: SLOTS });
  const epochs = new Float64Array(SLOTS).fill(-1);
  const places = new Map<string, HostAndPort>();
  for (const view of views) {
    for (const [id, { epoch, ranges }] of view.masters) {
      if (asked.has(id) && id !== view.self) continue;
      for (const [first, last] of ranges) {
        for (let slot = first; slot <= last; slot++) {
          if (epoch <= epochs[slot]!) continue;
          [owners[slot], epochs[slot]] = [id, epoch];
        }
      }
    }
    // What the others know counts: a node may know itself by another address.
    for (const [id, place] of view.places) {
      if (id !== view.self || !places.has(id)) places.set(id, place);
    }
  }
  return { owners, places };
}

function placeOf(address: string, asked: string, hasTls: boolean): HostAndPort {
  const [socket = "", name = ""] = address.split(",");
  const [hostAndPort = ""] = socket.split("@");
  const colon = hostAndPort.lastIndexOf(":");
  const ip = hostAndPort.slice(0, colon);
  const host = hasTls && name !== "" ? name : ip;
  return { host: host === "" ? asked : host, port: Number(hostAndPort.slice(colon + 1)) };
}

/** A slot that is on its way, in brackets, is still that of the node. */
function rangesOf(words: readonly string[]): [number, number][] {
  return words.filter((word) => !word.startsWith("[")).map((word) => {
    const [first = "", last = first] = word.split("-");
    return [Number(first), Number(last)];
  });
}
