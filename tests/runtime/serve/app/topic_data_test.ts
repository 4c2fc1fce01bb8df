/**
 * What an app publishes, as the store keeps it: JSON for everybody else, and the same text or bytes back for the app's sockets.
 */

import { assertEquals } from "@std/assert";
import { BINARY, TEXT } from "../../../../protocol/mod.ts";
import { ENTRY_FORM, ENTRY_KIND, type EntryForm } from "../../../../runtime/channels/mod.ts";
import { Entry } from "../../../../runtime/channels/record_buffer.ts";
import {
  encodeTopicBytes,
  encodeTopicText,
  type TopicData,
  topicMessageOf,
} from "../../../../runtime/serve/app/topic_data.ts";

const UTF8 = new TextEncoder();
const TEXTS = new TextDecoder("utf-8", { ignoreBOM: true });

function entryOf({ data, form }: Pick<TopicData, "data" | "form">): Entry {
  const bytes = new Uint8Array([1, 2, 3, ...data, 4]);
  const places = { fieldsStart: 1, dataStart: 3, dataEnd: 3 + data.length };
  return Object.assign(new Entry(), { kind: ENTRY_KIND.publication, form, bytes, ...places });
}

const ROWS: readonly (readonly [text: string, json: string, form: EntryForm])[] = [
  ['{"a":1.0}', '{"a":1.0}', ENTRY_FORM.json],
  ['  {"a": 1}\t', '  {"a": 1}\t', ENTRY_FORM.json],
  ["12345678901234567890", "12345678901234567890", ENTRY_FORM.json],
  ["null", "null", ENTRY_FORM.json],
  ['"x"', '"x"', ENTRY_FORM.json],
  ['{\n  "a": 1\r\n}', '{\n  "a": 1\r\n}', ENTRY_FORM.lines],
  ["hello", '"hello"', ENTRY_FORM.text],
  ["", '""', ENTRY_FORM.text],
  ["{", '"{"', ENTRY_FORM.text],
  ["a\nb\u0000", '"a\\nb\\u0000"', ENTRY_FORM.text],
  ["01", '"01"', ENTRY_FORM.text],
  ["\ufeff{}", '"\ufeff{}"', ENTRY_FORM.text],
  ["é 漢 😀", '"é 漢 😀"', ENTRY_FORM.text],
];

Deno.test("topic data: text is JSON if it can be, and comes back to the byte", () => {
  for (const [text, json, form] of ROWS) {
    const encoded = encodeTopicText(text);
    assertEquals([TEXTS.decode(encoded.data), encoded.form], [json, form], text);
    const { opcode, bytes, start, end } = topicMessageOf(entryOf(encoded));
    assertEquals(end - start, encoded.length);
    assertEquals([opcode, TEXTS.decode(bytes.subarray(start, end))], [TEXT, text]);
  }
});

Deno.test("topic data: half a surrogate pair becomes the replacement character, as in every WebSocket", () => {
  const { bytes, start, end } = topicMessageOf(entryOf(encodeTopicText("a\ud800")));
  assertEquals(TEXTS.decode(bytes.subarray(start, end)), "a\ufffd");
});

Deno.test("topic data: bytes are Base64 for others, and come back as they were", () => {
  for (let length = 0; length < 10; length++) {
    const sent = Uint8Array.from({ length }, (_, i) => 255 - i * 31);
    const encoded = encodeTopicBytes(sent);
    assertEquals(JSON.parse(TEXTS.decode(encoded.data)), btoa(String.fromCharCode(...sent)));
    const { opcode, bytes, start, end } = topicMessageOf(entryOf(encoded));
    assertEquals([opcode, [...bytes.subarray(start, end)]], [BINARY, [...sent]]);
  }
});

Deno.test("topic data: what others publish is text, as it is", () => {
  const data = UTF8.encode('{"x":"é"}');
  const { opcode, bytes, start, end } = topicMessageOf(entryOf({ data, form: ENTRY_FORM.json }));
  assertEquals([opcode, TEXTS.decode(bytes.subarray(start, end))], [TEXT, '{"x":"é"}']);
});
