/**
 * Decides which requests are answered: the interface between sessions and authentication.
 *
 * In: the head of each request and its client. Out: an admission, with the authenticated user if there is one, or the reason
 * of a refusal. A session calls the guard of its router before it looks for a route.
 */

import type { RequestHead } from "../../../protocol/mod.ts";
import type { Exchange } from "./route.ts";

/** A request may be answered. Made once for each user, not for each request. */
export interface Admission {
  /** The authenticated user; null if none was required. */
  readonly user: string | null;
}

/** A guard's decision: the request is admitted, it needs valid credentials, or the client may try again later. */
export type Verdict = Admission | "refused" | "busy";

/** The admission of requests that need no credentials. */
export const ANYBODY: Admission = { user: null };

/** The client whose request is judged; may be kept until the verdict. */
export interface JudgedClient {
  /** Its address, as in {@link Exchange}; valid only during the call. */
  readonly clientAddress: string;
  /** Its connection is closed: nobody waits for the verdict. */
  readonly hasLeft: boolean;
  /** It has ended its stream: it has probably left, but may still read an answer. */
  readonly hasEnded: boolean;
}

/** Called before every endpoint. */
export interface Guard {
  /** Judges a request by its head, which is valid only during the call. */
  judge(request: RequestHead, client: JudgedClient): Verdict | Promise<Verdict>;
  /** Answers a request that is not admitted. */
  refuse(exchange: Exchange, verdict: "refused" | "busy"): void;
}
