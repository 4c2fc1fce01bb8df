/**
 * Judges the Authorization field of every request (RFC 7617), by a table of users and hashes.
 *
 * In: a request. Out: whether its credentials are right: at once where they were seen before, else when
 * the hash is reckoned. To try a password takes a tenth of a second of a core: so right ones are
 * remembered, by a salted digest and never as they are, and of others few are tried at the same time.
 */

import { createHash, randomBytes } from "node:crypto";
import type { RequestHead } from "../../../protocol/mod.ts";
import type { Admission, Exchange, Guard, Verdict } from "../session/mod.ts";
import { base64Bytes } from "./base64_bytes.ts";
import { verifyPassword } from "./password_hash.ts";

/** Credentials that were right, remembered by each worker. */
const REMEMBERED = 1024;
/** Hashes reckoned at the same time by each worker, 32 MiB each … */
const AT_ONCE = 2;
/** … and requests that wait for that; more are refused: somebody is guessing. */
const WAITING = 32;

/** RFC 7617 section 2: the scheme has no case; token68 is Base64. */
const CREDENTIALS = /^Basic +([A-Za-z0-9+/]+=*)$/i;
const CHALLENGE = 'Basic realm="async-deno", charset="UTF-8"';
/** Somebody's hash, for users that there are not: their refusal takes as long as a wrong password's. */
const NOBODY = `$scrypt$ln=15,r=8,p=1$${"A".repeat(22)}$${"A".repeat(43)}`;

/** The users of one worker. */
export class BasicAuth implements Guard {
  readonly #hashes: ReadonlyMap<string, string>;
  // The digests' salt: what is looked up in the table cannot be chosen from outside, so that how long
  // it takes tells nothing.
  readonly #key = randomBytes(32);
  readonly #right = new Map<string, Admission>();
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
    const admission = this.#right.get(digest);
    if (admission !== undefined) return admission;
    const credentials = parseCredentials(field);
    if (credentials === undefined) return "refused";
    if (this.#active >= AT_ONCE && this.#waiting.length >= WAITING) return "busy";
    return this.#try(credentials, digest);
  }

  refuse(exchange: Exchange, verdict: "refused" | "busy"): void {
    if (verdict === "busy") {
      return exchange.respondText(503, "Too many passwords at once, try again later\n", [
        ["Retry-After", "1"],
      ]);
    }
    exchange.respondText(401, "A name and a password are needed here\n", [
      ["WWW-Authenticate", CHALLENGE],
      ["Cache-Control", "no-store"],
    ]);
  }

  async #try({ user, password }: Credentials, digest: string): Promise<Verdict> {
    if (this.#active >= AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#active++;
    try {
      const known = this.#hashes.get(user);
      const isRight = await verifyPassword(password, known ?? NOBODY);
      if (!isRight || known === undefined) return "refused";
      if (this.#right.size >= REMEMBERED) this.#right.clear();
      const admission: Admission = { user };
      this.#right.set(digest, admission);
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
