/**
 * Constant answers with one line of text as their body.
 *
 * In: a status, and the line, which tells a person what to do next. Out: the answer, for a session to encode;
 * or the encoded response, for a connection without a session.
 */

import { type DateField, PreparedResponse } from "../../../protocol/basics.ts";

const encoder = new TextEncoder();

/** The media type of every short text. */
export const TEXT_PLAIN = ["Content-Type", "text/plain; charset=utf-8"] as const;

/** A constant answer. */
export interface ShortAnswer {
  readonly status: number;
  readonly fields: readonly (readonly [string, string])[];
  readonly body: Uint8Array;
}

/** Makes an answer with one line of text. */
export function shortAnswer(
  status: number,
  text: string,
  fields: ShortAnswer["fields"] = [],
): ShortAnswer {
  return { status, fields: [TEXT_PLAIN, ...fields], body: encoder.encode(`${text}\n`) };
}

/** Encodes a short answer for a connection without a session; it carries `Connection: close`. */
export function lastAnswer(answer: ShortAnswer, date: DateField): PreparedResponse {
  const fields = [...answer.fields, ["Connection", "close"] as const];
  return new PreparedResponse({ status: answer.status, fields }, answer.body, date);
}
