/**
 * Answers of the Pusher API: JSON, or a refusal with a text for the developer of the backend.
 *
 * In: a value, or a status with a text. Out: the answer of an exchange.
 */

import type { Exchange } from "../session/mod.ts";

/** A refusal. */
export interface ApiRefusal {
  readonly status: number;
  readonly text: string;
}

/** What a request is answered with: the JSON of an object, or a refusal. */
export type PusherApiAnswer = { readonly json: object } | ApiRefusal;

/** Nothing to say. */
export const DONE: PusherApiAnswer = { json: {} };
/** The store has no room, or is busy; or an engine is. */
export const UNAVAILABLE: ApiRefusal = { status: 503, text: "The server has no room now" };

const UTF8 = new TextEncoder();
const JSON_FIELDS = [["Content-Type", "application/json"], [
  "X-Content-Type-Options",
  "nosniff",
]] as const;
const RETRY_AFTER = [["Retry-After", "1"]] as const;

/** Answers. */
export function answerApi(exchange: Exchange, answer: PusherApiAnswer): void {
  if ("text" in answer) {
    const fields = answer.status === UNAVAILABLE.status ? RETRY_AFTER : [];
    return exchange.respondText(answer.status, `${answer.text}\n`, fields);
  }
  const bytes = UTF8.encode(JSON.stringify(answer.json));
  const head = { status: 200, fields: JSON_FIELDS, contentLength: bytes.length };
  exchange.respond(head, bytes, 0, bytes.length);
}
