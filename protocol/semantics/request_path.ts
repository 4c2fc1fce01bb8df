/**
 * A request's path as the names of a tree: decoded once, or refused (RFC 3986 sections 2.1 and 3.3).
 *
 * In: the path as it was received. Out: its segments, none of which can lead out of a folder; or why
 * not, 400 for what is no path, and 404 for a path that can name nothing here. Called before any file is
 * looked for. What it lets through is still opened beneath the root by the kernel's own check: this
 * is the first of two locks.
 */

/** A path that may be looked for. */
export interface RequestPath {
  /** The names from the root down, decoded: none is empty, `.` or `..`, none has a slash or NUL. */
  readonly segments: readonly string[];
  /** Whether it ends in a slash: a folder is asked for. The root itself is one. */
  readonly isFolder: boolean;
  /**
   * Whether a name begins with a dot. `/.well-known/` at the top is not hidden: it is what sites show
   * to certificate authorities and the like (RFC 8615).
   */
  readonly isHidden: boolean;
}

/** A path that is not looked for. */
export interface RefusedPath {
  /** What to answer. */
  readonly status: 400 | 404;
  /** Stable code for logs and tests. */
  readonly code: RefusedPathCode;
}

/** Why a path is refused. */
export type RefusedPathCode = keyof typeof REFUSALS;

const REFUSALS = {
  /** It does not begin with a slash: `*`, or the path of no request. */
  PATH_NOT_ABSOLUTE: 400,
  /** A percent sign without two hexadecimal digits behind it. */
  PATH_BAD_PERCENT: 400,
  /** What was encoded is not UTF-8; overlong forms of `.` and `/` end here. */
  PATH_NOT_UTF8: 400,
  /** A NUL, where a system call would see the name end. */
  PATH_NUL: 400,
  /** A segment `.` or `..`: clients resolve these themselves (RFC 3986 section 5.2.4); others probe. */
  PATH_DOT_SEGMENT: 400,
  /** An encoded slash: no name has one, and to decode it would make another path. */
  PATH_ENCODED_SLASH: 404,
  /** A backslash, which is a slash to some readers. */
  PATH_BACKSLASH: 404,
  /** A name that no file system here takes. */
  PATH_TOO_LONG: 404,
} as const;

/** Bytes of a name, NAME_MAX of Linux. */
const NAME_BYTES = 255;
/** Bytes of a whole path, PATH_MAX of Linux with its final NUL. */
const PATH_BYTES = 4095;

const ENCODED_SLASH = /%2f/i;
const BAD_PERCENT = /%(?![0-9A-Fa-f]{2})/;
/** Dot segments, also behind a backslash: those are told as what they try to be. */
const DOT_SEGMENT = /(?:^|[/\\])\.{1,2}(?:$|[/\\])/;

const encoder = new TextEncoder();

/** Decodes a path, `%` forms once. */
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
    // Strict: overlong forms, lone surrogates and what is above U+10FFFF are errors, none replaced.
    return decodeURIComponent(path);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return refused("PATH_NOT_UTF8");
  }
}

/** What is wrong wherever in the path it stands; what cannot be a path comes before what is not here. */
function judgeWhole(path: string, decoded: string): RefusedPath | undefined {
  if (decoded.includes("\0")) return refused("PATH_NUL");
  if (DOT_SEGMENT.test(decoded)) return refused("PATH_DOT_SEGMENT");
  if (decoded.includes("\\")) return refused("PATH_BACKSLASH");
  if (ENCODED_SLASH.test(path)) return refused("PATH_ENCODED_SLASH");
  return bytesOf(decoded) > PATH_BYTES ? refused("PATH_TOO_LONG") : undefined;
}

function split(decoded: string): RequestPath | RefusedPath {
  const isFolder = decoded.endsWith("/");
  // Slashes in a row count as one, as in every file system, nginx (merge_slashes) and Caddy.
  const segments = decoded.split("/").filter((name) => name !== "");
  if (segments.some((name) => bytesOf(name) > NAME_BYTES)) return refused("PATH_TOO_LONG");
  const isHidden = segments.some((name, depth) => {
    return name.startsWith(".") && !(depth === 0 && name === ".well-known");
  });
  return { segments, isFolder, isHidden };
}

/** Bytes in UTF-8; not counted where even three for each code unit would be few. */
function bytesOf(text: string): number {
  return text.length * 3 <= NAME_BYTES ? text.length : encoder.encode(text).length;
}

function refused(code: RefusedPathCode): RefusedPath {
  return { status: REFUSALS[code], code };
}
