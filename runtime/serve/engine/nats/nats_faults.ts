/**
 * What an error of the NATS client, or of JetStream, means.
 *
 * In: whatever a request was rejected with. Out: a {@link NatsFault}.
 */
import { errorMessage } from "../../../error_message.ts";
import { reachHint } from "../reach_hint.ts";
import type { RequestFault } from "../refusals.ts";

/** What has to be done about it. */
export interface NatsFault extends RequestFault {
  /**
   * - `full`: JetStream has no room left; nothing was done.
   * - `conflict`: another record was written first; nothing was done.
   * - `lost`: JetStream, or a stream, is not there any more; a new link finds out what is.
   * - `failed`: nothing about the connection.
   */
  readonly kind: "full" | "conflict" | "lost" | "failed";
}

/** An answer of JetStream that says why it did not do something. */
export class JetStreamError extends Error {
  override name = "JetStreamError";
  readonly code: number;

  /** @param code the number that is documented, as 10071 */
  constructor(code: number, description: string) {
    super(description);
    this.code = code;
  }
}

const WRONG_LAST_SEQUENCE: readonly number[] = [10070, 10071];
/** Insufficient resources, memory and storage of the server or the account. */
const NO_ROOM: readonly number[] = [10023, 10028, 10047];
/** The stream's own bounds, among other reasons. */
const STORE_FAILED = 10077;
/** Not enabled, not enabled for the account, no such stream; no leader, no server that has it. */
const GONE: readonly number[] = [10076, 10039, 10059, 10008, 10118];

/** Why no link could be opened, and what the operator can do about it. */
const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /JetStream is off/,
    "start nats-server with -js, or with a block jetstream {} in its configuration",
  ],
  [
    /authorization|authentication/i,
    "engine_password_file or engine_password_variable has the password, the token, or the text of a credentials file",
  ],
  [
    /no suitable peers/i,
    "a cluster has three servers with JetStream at least, or streams that you have made with fewer replicas",
  ],
  [/permissions? violation/i, "docs/channels/engine.md has the list of the subjects that it needs"],
  [/asks for TLS/, "begin engine with tls://"],
  [/has no TLS/, "begin engine with nats://"],
  [
    /UnknownIssuer/,
    "the certificate is signed by no known authority: engine_ca_file",
  ],
  [
    /^timeout$|: timeout$/i,
    "no NATS server answers there: check the address in engine; a Redis server is redis://HOST:PORT",
  ],
];

/** Why no link could be opened, with a hint for the operator. */
export function connectionFault(reason: string): string {
  const hint = HINTS.find(([pattern]) => pattern.test(reason))?.[1] ?? reachHint(reason);
  return hint === undefined ? reason : `${reason} (${hint})`;
}

/** Judges an error. */
export function natsFault(error: unknown): NatsFault {
  const reason = errorMessage(error);
  if (error instanceof JetStreamError) return { kind: kindOf(error), reason, mayBeDone: false };
  // Nobody listens to the subject: no stream takes it.
  if (/no responders/i.test(reason)) return { kind: "lost", reason, mayBeDone: false };
  return { kind: "failed", reason, mayBeDone: true };
}

function kindOf({ code, message }: JetStreamError): NatsFault["kind"] {
  if (WRONG_LAST_SEQUENCE.includes(code)) return "conflict";
  if (NO_ROOM.includes(code)) return "full";
  if (code === STORE_FAILED && /exceeded/.test(message)) return "full";
  return GONE.includes(code) ? "lost" : "failed";
}
