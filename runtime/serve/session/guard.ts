/**
 * Who may ask: the seam between the sessions and what judges credentials.
 *
 * In: the head of each request. Out: an admission, with the name of who asks where that was proven, or why
 * there is none. A session asks the guard of its router before anything else.
 */

import type { RequestHead } from "../../../protocol/mod.ts";
import type { Exchange } from "./route.ts";

/** A request may be answered; made once for each user, as there is one for every request. */
export interface Admission {
  /** Who asks, by a name that was proven; null: whoever. */
  readonly user: string | null;
}

/** What a guard says of a request: it is answered, it wants credentials, or it may come again later. */
export type Verdict = Admission | "refused" | "busy";

/** The admission of requests that need no credentials. */
export const ANYBODY: Admission = { user: null };

/** Stands before every endpoint. */
export interface Guard {
  /** Judges a request by its head, which need not stay valid. */
  judge(request: RequestHead): Verdict | Promise<Verdict>;
  /** Answers one that is not admitted. */
  refuse(exchange: Exchange, verdict: "refused" | "busy"): void;
}
