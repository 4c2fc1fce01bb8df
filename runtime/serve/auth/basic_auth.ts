/**
 * Checks the Authorization field of every request (RFC 7617) against a table of users and hashes.
 *
 * In: a request. Out: whether its credentials are valid: at once if they are cached, else when the hash
 * is computed. Computing a hash takes a tenth of a second of a core: so valid credentials are cached, as
 * a salted digest and never as plain text, and only a few hashes are computed concurrently.
 */

import { createHash, randomBytes } from "node:crypto";
import type { RequestHead } from "../../../protocol/mod.ts";
import type { Admission, Exchange, Guard, Verdict } from "../session/mod.ts";
import { base64Bytes } from "./base64_bytes.ts";
import { verifyPassword } from "./password_hash.ts";

/** Valid credentials that each worker caches. */
const CACHED = 1024;
/** Hashes that each worker computes concurrently, 32 MiB each. */
const CONCURRENT = 2;
/** Requests that may wait for a hash; more are refused: somebody is probably guessing passwords. */
const WAITING = 32;

/** RFC 7617 section 2: the scheme is case-insensitive; token68 is Base64. */
const CREDENTIALS = /^Basic +([A-Za-z0-9+/]+=*)$/i;
const CHALLENGE = 'Basic realm="async-deno", charset="UTF-8"';
/** The hash of an unknown user, compared so that the refusal takes as long as for a wrong password. */
const UNKNOWN_USER = `$scrypt$ln=15,r=8,p=1$${"A".repeat(22)}$${"A".repeat(43)}`;

/** Checks the credentials of one worker's requests. */
export class BasicAuth implements Guard {
  readonly #hashes: ReadonlyMap<string, string>;
  // The salt of the digests: a client cannot choose a key of the cache, so the time of a look-up
  // reveals nothing.
  readonly #key = randomBytes(32);
  readonly #valid = new Map<string, Admission>();
  readonly #waiting: (() => void)[] = [];
  #active = 0;

  /** @param hashes by user */
  constructor(hashes: ReadonlyMap<string, string>) {
    this.#hashes = hashes;
  }

  judge(request: RequestHead): Verdict | Promise<Verdict> {
    const field = request.field("authorization");
    if (field === undefined) return "refused";
    const digest = createHash("sha256").update(this.#key).update(field, "latin1").digest("base64");
    const admission = this.#valid.get(digest);
    if (admission !== undefined) return admission;
    const credentials = parseCredentials(field);
    if (credentials === undefined) return "refused";
    if (this.#active >= CONCURRENT && this.#waiting.length >= WAITING) return "busy";
    return this.#check(credentials, digest);
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

  async #check({ user, password }: Credentials, digest: string): Promise<Verdict> {
    if (this.#active >= CONCURRENT) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#active++;
    try {
      const known = this.#hashes.get(user);
      const isValid = await verifyPassword(password, known ?? UNKNOWN_USER);
      if (!isValid || known === undefined) return "refused";
      if (this.#valid.size >= CACHED) this.#valid.clear();
      const admission: Admission = { user };
      this.#valid.set(digest, admission);
      return admission;
    } finally {
      this.#active--;
      this.#waiting.shift()?.();
    }
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
