/**
 * The tables of accepted requests, refused requests and streams; each row is split in every way.
 */
import { assertEquals } from "@std/assert";
import type { Http1Limits } from "../../../protocol/limits.ts";
import type { RequestHead } from "../../../protocol/http1/mod.ts";
import acceptedRows from "../../../fixtures/http1/requests_accepted.json" with { type: "json" };
import refusedRows from "../../../fixtures/http1/requests_refused.json" with { type: "json" };
import streamRows from "../../../fixtures/http1/streams.json" with { type: "json" };
import { arrivalsOf, bytesOf, type InputText, piecesOf } from "../../support/protocol_cases.ts";
import { Dialogue, type DialogueOptions } from "./dialogue.ts";

interface Row {
  readonly name: string;
  readonly spec: string;
  readonly input: InputText;
  readonly limits?: Partial<Http1Limits>;
  readonly end?: boolean;
}

interface AcceptedRow extends Row {
  readonly expect: {
    readonly request: Readonly<Record<string, unknown>>;
    readonly body?: string;
  };
}

interface RefusedRow extends Row {
  readonly error: { readonly code: string; readonly status: number };
}

interface StreamRow extends Row {
  readonly expect: readonly string[];
}

const TRAILING = "\u0000 GET\r\n\r\n";

/** Feeds the input of `row`, split in one way. */
function speak(
  row: Row,
  bytes: Uint8Array,
  cuts: readonly number[],
  options: DialogueOptions,
): Dialogue {
  const dialogue = new Dialogue({ ...options, limits: row.limits });
  for (const piece of piecesOf(bytes, cuts)) dialogue.feed(piece);
  if (row.end) dialogue.end();
  return dialogue;
}

/** The properties of a head that a row names. */
function namedParts(head: RequestHead, names: readonly string[], row: AcceptedRow): unknown {
  const joined = (row.expect.request["joined"] ?? {}) as Record<string, string>;
  const parts: Record<string, unknown> = {
    ...head,
    fields: [...head.fields],
    host: head.host(),
    joined: Object.fromEntries(Object.keys(joined).map((name) => [name, head.field(name)])),
  };
  return Object.fromEntries(names.map((name) => [name, parts[name]]));
}

for (const row of acceptedRows as readonly AcceptedRow[]) {
  Deno.test(`request accepted: ${row.name} (${row.spec})`, () => {
    const { request, body = "" } = row.expect;
    const bytes = bytesOf(row.input);
    for (const { name, cuts } of arrivalsOf(bytes.length)) {
      const { heads, transcript, connection } = speak(row, bytes, cuts, { answers: false });
      assertEquals(heads.length, 1, name);
      assertEquals(namedParts(heads[0]!, Object.keys(request), row), request, name);
      const data = body === "" ? [] : [`data ${body}`];
      assertEquals(transcript.slice(1), [...data, "end"], name);
      assertEquals(connection.buffered, 0, name);
    }
  });

  Deno.test(`request accepted, bytes after it untouched: ${row.name}`, () => {
    const bytes = bytesOf(row.input);
    const more = bytesOf([...(typeof row.input === "string" ? [row.input] : row.input), TRAILING]);
    for (const cuts of [[], [bytes.length], [bytes.length - 1], [bytes.length + 1]]) {
      const { transcript, connection } = speak(row, more, cuts, { answers: false });
      assertEquals(transcript.at(-1), "end", `${cuts}`);
      assertEquals(connection.buffered, TRAILING.length, `${cuts}`);
    }
  });
}

for (const row of refusedRows as readonly RefusedRow[]) {
  Deno.test(`request refused: ${row.name} (${row.spec})`, () => {
    const expected = `error ${row.error.code} ${row.error.status}`;
    const bytes = bytesOf(row.input);
    for (const { name, cuts } of arrivalsOf(bytes.length)) {
      const dialogue = speak(row, bytes, cuts, { answers: false });
      assertEquals(dialogue.transcript.at(-1), expected, name);
      assertEquals(dialogue.connection.clientState, "ERROR", name);
      assertEquals(dialogue.connection.buffered, 0, name);
    }
  });
}

for (const row of streamRows as readonly StreamRow[]) {
  Deno.test(`stream: ${row.name} (${row.spec})`, () => {
    const bytes = bytesOf(row.input);
    for (const { name, cuts } of arrivalsOf(bytes.length)) {
      assertEquals(speak(row, bytes, cuts, {}).close(), [...row.expect], name);
    }
  });
}
