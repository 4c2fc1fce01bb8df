/**
 * Checks the Authorization field of every request (RFC 7617) against a table of users and hashes.
 *
 * In: a request and its client. Out: whether its credentials are valid: at once if they are cached, else when
 * the hash is computed. Computing a hash takes a tenth of a second of a core, or more: so credentials are
 * cached, as a salted digest and never as plain text. Valid ones are kept; wrong ones are kept for some
 * seconds, so that the same guess is not computed again and again. Only a few hashes are computed
 * concurrently, and equal credentials share one; the others wait in check_queue.ts.
 */

import { createHash, randomBytes } from "node:crypto";
import type { RequestHead } from "../../../protocol/mod.ts";
import type { Admission, Exchange, Guard, JudgedClient, Verdict } from "../session/mod.ts";
import { base64Bytes } from "./base64_bytes.ts";
import { CheckQueue, type WaitingCheck } from "./check_queue.ts";
import { verifyPassword } from "./password_hash.ts";

/** Valid credentials that each worker caches, and as many wrong ones. */
const CACHED = 1024;
/** Milliseconds for which wrong credentials are refused without a new check. */
const WRONG_FOR = 10_000;
/** Hashes that each worker computes concurrently, 32 MiB each. */
const CONCURRENT = 2;

/** RFC 7617 section 2: the scheme is case-insensitive; token68 is Base64. */
const CREDENTIALS = /^Basic +([A-Za-z0-9+/]+=*)$/i;
const CHALLENGE = 'Basic realm="async-deno", charset="UTF-8"';
/** The hash of an unknown user, compared so that the refusal takes as long as for a wrong password. */
const UNKNOWN_USER = `$scrypt$ln=15,r=8,p=1$${"A".repeat(22)}$${"A".repeat(43)}`;

/** What a test may replace. */
export interface BasicAuthParts {
  /** Compares a password with a hash. */
  readonly verify: typeof verifyPassword;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/** A check that waits or is being computed. */
interface Check extends WaitingCheck {
  readonly clients: JudgedClient[];
  readonly digest: string;
  readonly credentials: Credentials;
  readonly verdict: PromiseWithResolvers<Verdict>;
}

/** Checks the credentials of one worker's requests. */
export class BasicAuth implements Guard {
  readonly #hashes: ReadonlyMap<string, string>;
  readonly #parts: BasicAuthParts;
  // The salt of the digests: a client cannot choose a key of the cache, so the time of a look-up
  // reveals nothing.
  readonly #key = randomBytes(32);
  readonly #valid = new Map<string, Admission>();
  /** Until when wrong credentials are refused, by digest. */
  readonly #wrong = new Map<string, number>();
  /** The checks without a verdict, by digest. */
  readonly #pending = new Map<string, Check>();
  readonly #queue = new CheckQueue<Check>((check) => {
    this.#pending.delete(check.digest);
    check.verdict.resolve("busy");
  });
  #active = 0;

  /** @param hashes by user */
  constructor(hashes: ReadonlyMap<string, string>, parts: Partial<BasicAuthParts> = {}) {
    this.#hashes = hashes;
    this.#parts = { verify: verifyPassword, now: () => performance.now(), ...parts };
  }

  judge(request: RequestHead, client: JudgedClient): Verdict | Promise<Verdict> {
    const field = request.field("authorization");
    if (field === undefined) return "refused";
    const digest = createHash("sha256").update(this.#key).update(field, "latin1").digest("base64");
    // First: known credentials never wait for the checks of others.
    const admission = this.#valid.get(digest);
    if (admission !== undefined) return admission;
    if ((this.#wrong.get(digest) ?? -Infinity) > this.#parts.now()) return "refused";
    const pending = this.#pending.get(digest);
    if (pending !== undefined) {
      pending.clients.push(client);
      return pending.verdict.promise;
    }
    const credentials = parseCredentials(field);
    if (credentials === undefined) return "refused";
    return this.#request({ digest, credentials, clients: [client] });
  }

  refuse(exchange: Exchange, verdict: "refused" | "busy"): void {
    if (verdict === "busy") {
      return exchange.respondText(503, "Too many password checks at once, try again later\n", [
        ["Retry-After", "1"],
      ]);
    }
    exchange.respondText(401, "A user name and a password are required\n", [
      ["WWW-Authenticate", CHALLENGE],
      ["Cache-Control", "no-store"],
    ]);
  }

  #request(parts: Omit<Check, "verdict">): Promise<Verdict> {
    const check = { ...parts, verdict: Promise.withResolvers<Verdict>() };
    this.#pending.set(check.digest, check);
    if (this.#active < CONCURRENT) void this.#compute(check);
    else this.#queue.add(check);
    return check.verdict.promise;
  }

  async #compute({ digest, credentials, verdict }: Check): Promise<void> {
    this.#active++;
    try {
      verdict.resolve(await this.#verify(credentials, digest));
    } catch (error) {
      verdict.reject(error);
    } finally {
      this.#active--;
      this.#pending.delete(digest);
      const next = this.#queue.take();
      if (next !== undefined) void this.#compute(next);
    }
  }

  async #verify({ user, password }: Credentials, digest: string): Promise<Verdict> {
    const known = this.#hashes.get(user);
    const isValid = await this.#parts.verify(password, known ?? UNKNOWN_USER);
    if (!isValid || known === undefined) {
      if (this.#wrong.size >= CACHED) this.#wrong.clear();
      this.#wrong.set(digest, this.#parts.now() + WRONG_FOR);
      return "refused";
    }
    if (this.#valid.size >= CACHED) this.#valid.clear();
    const admission: Admission = { user };
    this.#valid.set(digest, admission);
    return admission;
  }
}

interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** RFC 7617 section 2: the user ends at the first colon. UTF-8, as the challenge says. */
function parseCredentials(field: string): Credentials | undefined {
  const encoded = CREDENTIALS.exec(field)?.[1];
  const text = encoded === undefined ? undefined : decode(encoded);
  const colon = text?.indexOf(":") ?? -1;
  if (text === undefined || colon < 0) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

function decode(base64: string): string | undefined {
  const bytes = base64Bytes(base64);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined; // not UTF-8
    throw error;
  }
}
