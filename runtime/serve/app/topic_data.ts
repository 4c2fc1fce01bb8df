/**
 * What an app publishes, as the store keeps it, and back.
 *
 * In: text or bytes that an app publishes; entries of a channel, from any publisher. Out: JSON for the store, with what it
 * stands for; the message that an app's WebSockets get. They get to the byte what an app has published. All others get JSON:
 *
 *   '{"a":1}'  ──► {"a":1}          what is JSON is the publication's data as it is
 *   'hello'    ──► "hello"          other text is a JSON string
 *   bytes      ──► "aGVsbG8="       bytes are a JSON string, as Base64
 */

import { BINARY, TEXT } from "../../../protocol/mod.ts";
import { isJson, JSON_DEPTH } from "../../../protocol/json/mod.ts";
import { type Entry, ENTRY_FORM, type EntryForm } from "../../channels/mod.ts";
import { bytesOfBinary, textOf } from "./message_bytes.ts";
import { Buffer } from "node:buffer";

const LF = 0x0a;
const CR = 0x0d;
const UTF8 = new TextEncoder();
const TEXTS = new TextDecoder("utf-8", { ignoreBOM: true });

/** Data for the store. */
export interface TopicData {
  /** JSON. */
  readonly data: Uint8Array;
  readonly form: EntryForm;
  /** Bytes of the message that an app's sockets get. */
  readonly length: number;
}

/** Text for the store. */
export function encodeTopicText(text: string): TopicData {
  const data = UTF8.encode(text);
  const { length } = data;
  if (!isJson({ bytes: data, start: 0, end: length, depth: JSON_DEPTH })) {
    return { data: UTF8.encode(JSON.stringify(text)), form: ENTRY_FORM.text, length };
  }
  const hasLines = data.indexOf(LF) >= 0 || data.indexOf(CR) >= 0;
  return { data, form: hasLines ? ENTRY_FORM.lines : ENTRY_FORM.json, length };
}

/** Bytes for the store. */
export function encodeTopicBytes(bytes: Uint8Array): TopicData {
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  const { length } = bytes;
  return { data: UTF8.encode(`"${base64}"`), form: ENTRY_FORM.binary, length };
}

/** What an app publishes, for the store. @throws {TypeError} if it is nothing that can be sent */
export function topicDataOf(data: unknown): TopicData {
  const bytes = bytesOfBinary(data);
  return bytes === undefined ? encodeTopicText(textOf(data, "publish")) : encodeTopicBytes(bytes);
}

/** A message for a WebSocket: `bytes[start, end)`, valid as long as the entry. */
export interface TopicMessage {
  readonly opcode: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

/** The message that a publication is for an app's WebSockets. */
export function topicMessageOf(entry: Entry): TopicMessage {
  const { form, bytes, dataStart: start, dataEnd: end } = entry;
  if (form === ENTRY_FORM.json || form === ENTRY_FORM.lines) {
    return { opcode: TEXT, bytes, start, end };
  }
  const text: string = JSON.parse(TEXTS.decode(entry.data));
  const own = form === ENTRY_FORM.text ? UTF8.encode(text) : Buffer.from(text, "base64");
  const opcode = form === ENTRY_FORM.text ? TEXT : BINARY;
  return { opcode, bytes: own, start: 0, end: own.length };
}
