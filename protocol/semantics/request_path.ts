/**
 * Decodes the path of a request into path segments, once, or refuses it (RFC 3986 sections 2.1 and 3.3).
 *
 * In: the path as received. Out: its segments, none of which can leave the root folder; or the reason, 400
 * for an invalid path, 404 for a path that cannot name a file here. Called before any file is opened.
 * Files are also opened beneath the root with a check by the kernel: this is the first of two checks.
 */

/** An accepted path. */
export interface RequestPath {
  /** The names from the root down, decoded. None is empty, `.` or `..`; none contains a slash or NUL. */
  readonly segments: readonly string[];
  /** Whether the path ends in a slash and so names a folder. The root is one. */
  readonly isFolder: boolean;
  /**
   * Whether a name begins with a dot. `/.well-known/` at the root is not hidden: certificate authorities
   * and other services read it (RFC 8615).
   */
  readonly isHidden: boolean;
}

/** A refused path. */
export interface RefusedPath {
  /** The status to answer with. */
  readonly status: 400 | 404;
  /** Stable code for logs and tests. */
  readonly code: RefusedPathCode;
}

/** Why a path is refused. */
export type RefusedPathCode = keyof typeof REFUSALS;

const REFUSALS = {
  /** The path does not begin with a slash: `*`, or a caller's mistake. */
  PATH_NOT_ABSOLUTE: 400,
  /** A percent sign is not followed by two hexadecimal digits. */
  PATH_BAD_PERCENT: 400,
  /** The decoded bytes are not UTF-8; this rejects overlong forms of `.` and `/`. */
  PATH_NOT_UTF8: 400,
  /** A NUL: a system call would end the name there. */
  PATH_NUL: 400,
  /** A segment `.` or `..`: clients resolve these before sending (RFC 3986 section 5.2.4); attackers do not. */
  PATH_DOT_SEGMENT: 400,
  /** An encoded slash: no file name contains one, and decoding it would change the path. */
  PATH_ENCODED_SLASH: 404,
  /** A backslash: some software reads it as a slash. */
  PATH_BACKSLASH: 404,
  /** A name or path is longer than Linux allows. */
  PATH_TOO_LONG: 404,
} as const;

/** Most bytes of a name: Linux NAME_MAX. */
const NAME_BYTES = 255;
/** Most bytes of a path: Linux PATH_MAX without the final NUL. */
const PATH_BYTES = 4095;

const ENCODED_SLASH = /%2f/i;
const BAD_PERCENT = /%(?![0-9A-Fa-f]{2})/;
/** A dot segment, after a slash or a backslash: both are reported as PATH_DOT_SEGMENT. */
const DOT_SEGMENT = /(?:^|[/\\])\.{1,2}(?:$|[/\\])/;

const encoder = new TextEncoder();

/** Decodes a path; percent-encoding is decoded once. */
export function decodeRequestPath(path: string): RequestPath | RefusedPath {
  if (!path.startsWith("/")) return refused("PATH_NOT_ABSOLUTE");
  const decoded = path.includes("%") ? decode(path) : path;
  if (typeof decoded !== "string") return decoded;
  const refusal = judgeWhole(path, decoded);
  return refusal ?? split(decoded);
}

/** Whether {@link decodeRequestPath} refused. */
export function isRefusedPath(result: RequestPath | RefusedPath): result is RefusedPath {
  return "status" in result;
}

function decode(path: string): string | RefusedPath {
  if (BAD_PERCENT.test(path)) return refused("PATH_BAD_PERCENT");
  try {
    // Strict: overlong forms, lone surrogates and code points above U+10FFFF throw; nothing is replaced.
    return decodeURIComponent(path);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return refused("PATH_NOT_UTF8");
  }
}

/** Checks the whole path. The faults with status 400 come before those with 404. */
function judgeWhole(path: string, decoded: string): RefusedPath | undefined {
  if (decoded.includes("\0")) return refused("PATH_NUL");
  if (DOT_SEGMENT.test(decoded)) return refused("PATH_DOT_SEGMENT");
  if (decoded.includes("\\")) return refused("PATH_BACKSLASH");
  if (ENCODED_SLASH.test(path)) return refused("PATH_ENCODED_SLASH");
  return bytesOf(decoded) > PATH_BYTES ? refused("PATH_TOO_LONG") : undefined;
}

function split(decoded: string): RequestPath | RefusedPath {
  const isFolder = decoded.endsWith("/");
  // Repeated slashes count as one, as in file systems, nginx (merge_slashes) and Caddy.
  const segments = decoded.split("/").filter((name) => name !== "");
  if (segments.some((name) => bytesOf(name) > NAME_BYTES)) return refused("PATH_TOO_LONG");
  const isHidden = segments.some((name, depth) => {
    return name.startsWith(".") && !(depth === 0 && name === ".well-known");
  });
  return { segments, isFolder, isHidden };
}

/** The length in UTF-8 bytes; an upper bound if even three bytes per code unit are few. */
function bytesOf(text: string): number {
  return text.length * 3 <= NAME_BYTES ? text.length : encoder.encode(text).length;
}

function refused(code: RefusedPathCode): RefusedPath {
  return { status: REFUSALS[code], code };
}
