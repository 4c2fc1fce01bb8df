/**
 * The data of an event as the store keeps it, so that subscribers of other protocols read it as JSON and those of Pusher get back
 * the text that was sent, to the byte.
 *
 * In: the text of an event. Out: JSON, and what it stands for: itself, or, if the text is no JSON, a JSON string of it.
 */

import { isJson, JSON_DEPTH } from "../json/mod.ts";

/** Data as JSON. */
export interface JsonData {
  readonly json: Uint8Array;
  /**
   * - `json`: the text itself.
   * - `lines`: the same, and it has line breaks between its tokens.
   * - `text`: a JSON string, which stands for the text.
   */
  readonly form: "json" | "lines" | "text";
}

const UTF8 = new TextEncoder();
const LINE_BREAK = /[\r\n]/;

/** The data of a text. */
export function jsonDataOf(text: string): JsonData {
  const bytes = UTF8.encode(text);
  if (!isJson({ bytes, start: 0, end: bytes.length, depth: JSON_DEPTH })) {
    return { json: UTF8.encode(JSON.stringify(text)), form: "text" };
  }
  return { json: bytes, form: LINE_BREAK.test(text) ? "lines" : "json" };
}
