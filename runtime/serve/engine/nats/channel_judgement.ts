/**
 * Decides whether the epoch of a channel goes on: the rules are those of the scripts for Redis.
 *
 * In: the newest record of the channel, the life of the server, and what the caller has followed the channel to. Out: what has to be done.
 * Pure.
 *
 * The life of the server changes with each restart, and publications may be lost then. The epoch is kept only if a caller proves
 * that nothing is missing of what it knows. A caller that knows more than the server, or something else, shows that
 * publications were lost: then a new epoch begins as well, also later in that life.
 */
import type { EnginePosition } from "../driver.ts";
import type { ChannelRecord } from "./records.ts";

/** What the judgement is about. */
export interface JudgementParts {
  readonly newest: Pick<ChannelRecord, "epoch" | "offset" | "tag" | "life"> | undefined;
  readonly life: string;
  readonly proof: EnginePosition | undefined;
  /** Whether only callers with a proof decide now. */
  readonly inGrace: boolean;
  /** Whether a proof is checked in the history, too, if the server was not restarted. */
  readonly isDeep: boolean;
  /** The tag that the history has at the offset of the proof; `unknown`: it was not looked up yet; undefined: it is not there. */
  readonly tagThere: string | "unknown" | undefined;
}

/**
 * - `holds`: the epoch goes on.
 * - `moved`: the epoch goes on, in another life of the server, which has to be written down.
 * - `fresh`: a new epoch begins.
 * - `look`: the tag at the offset of the proof is needed.
 * - `unverified`: nodes that have a proof decide first.
 */
export type Judgement = "holds" | "moved" | "fresh" | "look" | "unverified";

/** Judges. */
export function judge(parts: JudgementParts): Judgement {
  const { newest, life, inGrace } = parts;
  if (newest === undefined) return "fresh";
  const isMoved = newest.life !== life;
  const isProved = proved(parts, isMoved);
  if (isProved === "look") return "look";
  if (isProved === false) return "fresh";
  if (!isMoved) return "holds";
  if (isProved === true) return "moved";
  return inGrace ? "unverified" : "fresh";
}

/** Undefined: the proof says nothing. */
function proved(
  { newest, proof, isDeep, tagThere }: JudgementParts,
  isMoved: boolean,
): boolean | "look" | undefined {
  if (newest === undefined || proof === undefined || proof.epoch !== newest.epoch) return undefined;
  if (proof.offset === newest.offset) return proof.tag === newest.tag;
  if (proof.offset > newest.offset) return false;
  if (proof.offset === 0 || !(isMoved || isDeep)) return undefined;
  if (tagThere === "unknown") return "look";
  return tagThere === undefined ? undefined : tagThere === proof.tag;
}
