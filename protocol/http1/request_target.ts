/**
 * The request target: its form, path and query (RFC 9112 section 3.2).
 *
 * In: the target's bytes, already checked to be printable, and the hash computed while scanning. Out: the
 * four strings set in the head, and the form. Called by the request-line parser. Targets are not decoded:
 * the router handles percent-encoding, and decoding twice is a known vulnerability. A repeated target
 * creates no new strings.
 */
import { latin1, latin1Bytes } from "../ascii.ts";
import { isHost } from "./host.ts";
import { TEXT_SLOTS, TextCache } from "./text_cache.ts";

/** None of the forms that an origin server accepts. */
export const INVALID_FORM = 0;
/** `absolute-path [ "?" query ]`, RFC 9112 section 3.2.1. */
export const ORIGIN_FORM = 1;
/** `absolute-URI` of http, https, ws or wss, RFC 9112 section 3.2.2. */
export const ABSOLUTE_FORM = 2;
/** `*`, RFC 9112 section 3.2.4. */
export const ASTERISK_FORM = 3;

/** The parts of a target. */
export interface TargetParts {
  /** The target as received. */
  target: string;
  /** The part before the first "?", not decoded; only the path of an absolute URI. */
  path: string;
  /** The part after the first "?", not decoded; empty if there is none. */
  query: string;
  /** Host and port of an absolute URI, otherwise empty. */
  authority: string;
}

interface SplitTarget extends TargetParts {
  readonly form: number;
}

// RFC 9110 sections 4.2.1 and 4.2.2; RFC 6455 section 3. Schemes are case-insensitive (RFC 3986, 3.1).
const ABSOLUTE_URI = /^(?:https?|wss?):\/\/([^/?]+)(.*)$/i;

const NOTHING: SplitTarget = {
  target: "",
  path: "",
  query: "",
  authority: "",
  form: INVALID_FORM,
};

/** Splits targets and caches up to 64 results. One per worker. */
export class TargetReader {
  #cache = new TextCache();
  #known: SplitTarget[] = new Array<SplitTarget>(TEXT_SLOTS).fill(NOTHING);

  /** Sets the parts of the target `bytes[start, end)` in `parts` and returns its form. */
  read(
    bytes: Uint8Array,
    start: number,
    end: number,
    hash: number,
    parts: TargetParts,
  ): number {
    const found = this.#cache.find(bytes, start, end, hash);
    const split = found >= 0 ? this.#known[found]! : splitTarget(latin1(bytes, start, end));
    if (found < 0) {
      const slot = this.#cache.hold(bytes, start, end, hash);
      if (slot >= 0) this.#known[slot] = split;
    }
    parts.target = split.target;
    parts.path = split.path;
    parts.query = split.query;
    parts.authority = split.authority;
    return split.form;
  }
}

function splitTarget(target: string): SplitTarget {
  if (target.startsWith("/")) return splitPath(target, target, "", ORIGIN_FORM);
  if (target === "*") return { ...NOTHING, target, path: "*", form: ASTERISK_FORM };
  const [, authority, rest] = ABSOLUTE_URI.exec(target) ?? [];
  if (authority === undefined || rest === undefined) return { ...NOTHING, target };
  // RFC 9110 section 4.2.4: user names in a received URI are an error. "@" is not a host byte.
  const host = latin1Bytes(authority);
  if (!isHost(host, 0, host.length)) return { ...NOTHING, target };
  // RFC 9110 section 4.2.3: an empty path is "/".
  return splitPath(target, rest.startsWith("/") ? rest : "/" + rest, authority, ABSOLUTE_FORM);
}

function splitPath(target: string, rest: string, authority: string, form: number): SplitTarget {
  const mark = rest.indexOf("?");
  const path = mark < 0 ? rest : rest.slice(0, mark);
  const query = mark < 0 ? "" : rest.slice(mark + 1);
  return { target, path, query, authority, form };
}
