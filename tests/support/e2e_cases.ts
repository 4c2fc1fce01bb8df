/**
 * The tables of fixtures/e2e: what is sent to a running server, and what must come back.
 *
 * In: a table's name. Out: its rows, checked for their shape. Long inputs are written as parts: a
 * string stands for its code units as bytes, `["a", 9000]` for a repetition.
 */

import { latin1 } from "./http_client.ts";
import { REPOSITORY } from "./server.ts";

/** Bytes in a table: a string, or parts, some of them repeated. */
export type BytesNotation = string | readonly (string | readonly [part: string, times: number])[];

/** A row of an HTTP table. */
export interface HttpCase {
  /** What is tested; the name of the step. */
  readonly name: string;
  /** The section of the specification. */
  readonly spec: string;
  /** What is sent, in one write. */
  readonly input: BytesNotation;
  /** The expected answer. */
  readonly expect: HttpExpectation;
}

/** The expected properties of an answer; absent ones are not checked. */
export interface HttpExpectation {
  readonly status: number;
  /** Fields by lower-case name; null: must be absent. */
  readonly fields?: Readonly<Record<string, string | null>>;
  /** The body, exactly. */
  readonly body?: string;
  /** Whether the connection ends after the answer, without a second one, or is kept. */
  readonly closes?: boolean;
}

/** A frame in a table: FrameToSend with the payload as text, or as hexadecimal digits. */
export interface FrameNotation {
  readonly opcode: number;
  readonly text?: string;
  readonly hex?: string;
  readonly fin?: boolean;
  readonly masked?: boolean;
  readonly reserved?: number;
  readonly declaredLength?: number;
  readonly lengthForm?: 7 | 16 | 64;
}

/** A row of a WebSocket table. */
export interface WebSocketCase {
  readonly name: string;
  readonly spec: string;
  readonly input: readonly FrameNotation[];
  /** The code of the server's close frame. */
  readonly expect: { readonly closeCode: number };
}

/** Reads `fixtures/e2e/NAME.json`. @throws {TypeError} for a row without name, spec or input */
export function readCases<Row extends { name: string; spec: string; input: unknown }>(
  name: string,
): readonly Row[] {
  const path = new URL(`fixtures/e2e/${name}.json`, REPOSITORY);
  const rows: Row[] = JSON.parse(Deno.readTextFileSync(path));
  for (const row of rows) {
    if (!row.name || !row.spec || row.input === undefined) {
      throw new TypeError(`${name}: incomplete row ${JSON.stringify(row).slice(0, 200)}`);
    }
  }
  if (new Set(rows.map((row) => row.name)).size !== rows.length) {
    throw new TypeError(`${name}: two rows have the same name`);
  }
  return rows;
}

/** The bytes that a notation stands for. */
export function bytesOf(notation: BytesNotation): Uint8Array<ArrayBuffer> {
  const parts = typeof notation === "string" ? [notation] : notation;
  return latin1(
    parts.map((part) => {
      return typeof part === "string" ? part : part[0].repeat(part[1]);
    }).join(""),
  );
}
