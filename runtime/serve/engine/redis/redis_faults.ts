/**
 * What an error of the Redis client means.
 *
 * In: whatever a command was rejected with. Out: a {@link RedisFault}. The texts are those of Redis 6.2 to 8; an error
 * within a script has the text of the command's error somewhere inside.
 */
import type { EngineUnavailable } from "../driver.ts";

/** What has to be done about it. */
export interface RedisFault {
  /**
   * - `full`: the server has no memory left; nothing was done.
   * - `scripts`: the server has lost the scripts; they are loaded again.
   * - `lost`: this is no server to write to any more; a new connection finds out which one is.
   * - `failed`: nothing about the connection.
   */
  readonly kind: "full" | "scripts" | "lost" | "failed";
  readonly reason: string;
  /** Whether the command may have been carried out. */
  readonly mayBeDone: boolean;
}

const KINDS: readonly (readonly [RegExp, RedisFault["kind"]])[] = [
  [/^NOSCRIPT\b/, "scripts"],
  [/\bOOM command not allowed\b/, "full"],
  [/\b(?:READONLY|MASTERDOWN|LOADING|UNBLOCKED|NOAUTH)\b/, "lost"],
];

/** Judges an error. */
export function redisFault(error: unknown): RedisFault {
  const reason = error instanceof Error ? error.message : String(error);
  // Only an answer of the server says that it did nothing.
  const isAnswer = error instanceof Error && error.name === "ReplyError";
  if (!isAnswer) return { kind: "failed", reason, mayBeDone: true };
  const kind = KINDS.find(([pattern]) => pattern.test(reason))?.[1] ?? "failed";
  return { kind, reason, mayBeDone: false };
}

/** The answer to a request that failed. */
export function unavailable({ reason, mayBeDone }: Omit<RedisFault, "kind">): EngineUnavailable {
  return { status: "unavailable", reason, mayBeDone };
}
