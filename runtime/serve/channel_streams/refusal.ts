/**
 * Why a request is refused: a status, and a reason in plain text.
 *
 * In: errors of the Centrifuge protocol, which the shared checks return, or a reason. Out: an answer for people who read it in a terminal.
 */

import type { ResponseFields } from "../../../protocol/mod.ts";
import { CLIENT_ERRORS, type ClientError } from "../../../protocol/centrifuge/mod.ts";
import { escapeText } from "../../observe/log/mod.ts";
import type { HookRefusal } from "../centrifuge/mod.ts";
import type { Exchange } from "../session/mod.ts";

/** A refusal. */
export class Refusal {
  readonly status: number;
  /** One line. */
  readonly text: string;
  readonly #fields: ResponseFields;

  constructor(status: number, text: string, fields: ResponseFields = []) {
    this.status = status;
    this.text = text;
    this.#fields = fields;
  }

  /** Answers with it. */
  answer(exchange: Exchange, fields: ResponseFields): void {
    exchange.respondText(this.status, `${this.text}\n`, [
      ...NOT_SNIFFED,
      ...this.#fields,
      ...fields,
    ]);
  }
}

/** The text repeats a part of the request. */
const NOT_SNIFFED = [["X-Content-Type-Options", "nosniff"]] as const;
/** RFC 9110 section 11.6.1: a 401 says how to authenticate; RFC 6750 section 3. */
const BEARER = [["WWW-Authenticate", "Bearer"]] as const;
const RETRY_AFTER = [["Retry-After", "1"]] as const;
const LONGEST_QUOTE = 64;

/** A part of the request, for a text. */
export function quoted(text: string): string {
  return `"${escapeText(text, LONGEST_QUOTE)}"`;
}

/** 400 */
export function badRequest(text: string): Refusal {
  return new Refusal(400, text);
}

/** 401: without a valid token. */
export function unauthorized(text: string): Refusal {
  return new Refusal(401, text, BEARER);
}

/** 429: what a limit admits again in a moment. */
export function tooManyRequests(text: string): Refusal {
  return new Refusal(429, text, RETRY_AFTER);
}

/** 503: the store, or the keys of tokens, later. */
export function unavailable(text: string): Refusal {
  return new Refusal(503, text, RETRY_AFTER);
}

/** The refusal of a name that is no channel's. */
export function channelRefusal(name: string, error: ClientError): Refusal {
  if (error === CLIENT_ERRORS.UNKNOWN_CHANNEL) {
    return new Refusal(404, `The channel ${quoted(name)} has a namespace that does not exist`);
  }
  const problem = name === "" ? "is empty" : "is too long, or not one that its namespace allows";
  return badRequest(`The name of the channel ${quoted(name)} ${problem}`);
}

/** The refusal of an app. */
export function hookRefusal(refusal: HookRefusal): Refusal {
  if ("disconnect" in refusal) return new Refusal(403, escapeText(refusal.disconnect.reason));
  const { code, message } = refusal.error;
  if (code === CLIENT_ERRORS.INTERNAL.code) {
    return unavailable("What decides about clients has failed: try again later");
  }
  return new Refusal(403, escapeText(message));
}
