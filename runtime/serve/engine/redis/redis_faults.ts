/**
 * What an error of the Redis client means.
 *
 * In: whatever a command was rejected with. Out: a {@link RedisFault}. The texts are those of Redis 6.2 to 8; an error
 * within a script has the text of the command's error somewhere inside.
 */
import { errorMessage } from "../../../error_message.ts";
import { reachHint } from "../reach_hint.ts";
import type { RequestFault } from "../refusals.ts";

/** What has to be done about it. */
export interface RedisFault extends RequestFault {
  /**
   * - `full`: the server has no memory left; nothing was done.
   * - `scripts`: the server has lost the scripts; they are loaded again.
   * - `lost`: this is no server to write to any more; a new connection finds out which one is.
   * - `moved`: another master of the cluster has the slot, or will have it, or nobody has it now; nothing was done.
   * - `denied`: the user may not do it; a new connection finds out what else it may not do.
   * - `failed`: nothing about the connection.
   */
  readonly kind: "full" | "scripts" | "lost" | "moved" | "denied" | "failed";
}

/** What Redis 6.2 to 8 says if a user may not do something, also within a script. */
const DENIED = /\bNOPERM\b|\bACL failure in script\b|can't (?:run this|access|publish)/;

const KINDS: readonly (readonly [RegExp, RedisFault["kind"]])[] = [
  [/^NOSCRIPT\b/, "scripts"],
  [/^(?:MOVED|ASK|TRYAGAIN|CLUSTERDOWN)\b/, "moved"],
  [/\bOOM command not allowed\b/, "full"],
  [/\b(?:READONLY|MASTERDOWN|LOADING|UNBLOCKED|NOAUTH)\b/, "lost"],
  [DENIED, "denied"],
];

/** Why no link could be opened, and what the operator can do about it; in the order in which they are looked for. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /^the sentinel .*WRONGPASS/,
    "the password of the sentinels is wrong: engine_sentinel_password_…",
  ],
  [
    /^the sentinel .*without any password configured/,
    "the sentinels ask for no password: remove engine_sentinel_password_…",
  ],
  [/^the sentinel .*NOAUTH/, "the sentinels ask for a password: engine_sentinel_password_file"],
  [/^the sentinel .*unknown command/, "it is a server and no sentinel: redis://HOST:PORT"],
  [/is a node of a cluster/, "redis+cluster://HOST:PORT"],
  [/cluster support disabled|is in no cluster/, "it is a server alone: redis://HOST:PORT"],
  [
    /\bWRONGPASS\b/,
    "the user or the password is wrong: engine has the user, engine_password_… the password; " +
    "a new password is read at a restart or an upgrade",
  ],
  [/without any password configured/, "the server asks for no password: remove engine_password_…"],
  [/is a sentinel/, "redis+sentinel://HOST:PORT/NAME"],
  [
    /\bNOAUTH\b/,
    "the server asks for a password: engine_password_file or engine_password_variable",
  ],
  [/max number of clients/, "raise maxclients of the server, or find out who has its connections"],
  [/lacks rights/, "docs/channels/engine.md has the list of those that it needs"],
  [
    /issuer|self-signed|self signed|unable to (?:get|verify)/i,
    "the certificate is signed by no known authority: engine_ca_file",
  ],
  [/is a replica/, "engine names the master, or sentinels: redis+sentinel://HOST:PORT/NAME"],
  [/has the slot/, "redis-cli --cluster check HOST:PORT says what the cluster lacks"],
  [
    /DB index is out of range/,
    "the number behind the slash of engine: 0 to 15, unless the Redis server has other databases",
  ],
  [
    /Unknown RESP type/,
    "it is no Redis server: check the address in engine; a NATS server is nats://HOST:PORT",
  ],
  [/\bENOENT\b/, "engine names a socket that is not there: unixsocket of the Redis server"],
  [/\bEACCES\b/, "this user may not open the socket: unixsocketperm of the Redis server"],
];

/** Whether an error says that the user of the connection may not do something. */
export function isDenied(reason: string): boolean {
  return DENIED.test(reason);
}

/** What the client puts before an error that the server has sent without having been asked. */
const UNASKED = /^Command queue state error\..*?Last error: /s;

/** Why no link could be opened, with a hint for the operator. */
export function connectionFault(given: string, { url }: { readonly url: string }): string {
  const reason = given.replace(UNASKED, "");
  const hint = HINTS.find(([pattern]) => pattern.test(reason))?.[1] ?? hintOfTls(reason, url) ??
    reachHint(reason);
  return hint === undefined ? reason : `${reason} (${hint})`;
}

/** What a server with this policy does to channels; undefined: nothing. */
export function evictionWarning(policy: string): string | undefined {
  if (!policy.startsWith("allkeys")) return undefined;
  return `the engine evicts any key if its memory is full (maxmemory-policy ${policy}): channels lose their history; set noeviction`;
}

function hintOfTls(reason: string, url: string): string | undefined {
  if (/^redis(?:\+cluster)?:/.test(url) && /ECONNRESET|EPIPE|UNKNOWN|closed/.test(reason)) {
    return `a port for TLS needs ${url.replace(/^redis(.*?):.*$/s, "rediss$1")}://`;
  }
  return /^rediss(?:\+cluster)?:/.test(url) && /ETIMEDOUT|timed out|wrong version/i.test(reason)
    ? `a port without TLS needs ${url.replace(/^rediss(.*?):.*$/s, "redis$1")}://`
    : undefined;
}

/** Judges an error. */
export function redisFault(error: unknown): RedisFault {
  const reason = errorMessage(error);
  // Only an answer of the server says that it did nothing.
  return isAnswer(error) ? answeredFault(reason) : { kind: "failed", reason, mayBeDone: true };
}

/** Whether the server has answered with this error. */
export function isAnswer(error: unknown): boolean {
  return error instanceof Error && error.name === "ReplyError";
}

/** Judges what the server has answered. */
export function answeredFault(reason: string): RedisFault {
  const kind = KINDS.find(([pattern]) => pattern.test(reason))?.[1] ?? "failed";
  return { kind, reason, mayBeDone: false };
}
