/**
 * The JSON format of the access log: one object a line.
 *
 * In: an answered request, and the prepared parts of its head. Out: its line in the log's memory. The members and
 * their order are in docs/prometheus.md.
 */

import type { RequestHead } from "../../../protocol/mod.ts";
import type { LogBuffer } from "../../ring/mod.ts";
import { type AccessLine, type AnsweredRequest, type LineHead, writeId } from "./access_line.ts";
import { addField, addText, LONGEST_TEXT } from "./client_text.ts";
import { jsonText } from "./escape.ts";
import { LinePiece } from "./line_piece.ts";
import { loggedTarget } from "./logged_target.ts";

const TIME = '{"time":"';
/** `2026-10-10T13:55:36.` */
const BEFORE_MILLISECONDS = 20;

const VERSION_0 = '","protocol":"HTTP/1.0","status":';
const VERSION_1 = '","protocol":"HTTP/1.1","status":';
const ADDRESS = new LinePiece('","address":"');
const USER = new LinePiece('","user":');
const BYTES = new LinePiece(',"bytes":');
const MICROSECONDS = new LinePiece(',"microseconds":');

/** Lines of JSON, of one worker. */
export class JsonLine implements AccessLine {
  readonly worker: number;
  readonly #workerMember: LinePiece;
  // `{"time":"2026-10-10T13:55:36.123Z","id":"`: of a second the milliseconds alone change.
  readonly #time = new LinePiece();
  #second = NaN;
  #millisecond = NaN;

  constructor(worker: number) {
    this.worker = worker;
    this.#workerMember = new LinePiece(`,"worker":${worker}`);
  }

  prepare({ asked, client }: LineHead, request: RequestHead | null): void {
    if (request === null) {
      asked.add(',"method":null,"path":null,"protocol":null,"status":');
      client.add(',"referer":null,"user_agent":null}\n');
      return;
    }
    asked.add(',"method":"');
    addText(asked, request.method, escaped);
    asked.add('","path":"');
    addText(asked, loggedTarget(request.target), escaped);
    asked.add(request.minorVersion === 0 ? VERSION_0 : VERSION_1);
    client.add(',"referer":');
    addMember(client, request, "referer");
    client.add(',"user_agent":');
    addMember(client, request, "user-agent");
    client.add("}\n");
  }

  write(lines: LogBuffer, of: AnsweredRequest, head: LineHead, time: number): void {
    this.#setTime(Math.trunc(time));
    copy(lines, this.#time);
    writeId(lines, of, head);
    copy(lines, ADDRESS);
    lines.text(of.address);
    copy(lines, USER);
    lines.text(of.user === null ? "null" : jsonText(of.user, LONGEST_TEXT));
    copy(lines, head.asked);
    lines.number(of.status);
    copy(lines, BYTES);
    lines.number(of.bytes);
    copy(lines, MICROSECONDS);
    lines.number(of.microseconds);
    copy(lines, this.#workerMember);
    copy(lines, head.client);
  }

  #setTime(time: number): void {
    if (time === this.#millisecond) return;
    this.#millisecond = time;
    const second = Math.trunc(time / 1000);
    if (second === this.#second) {
      const milliseconds = String(time % 1000).padStart(3, "0");
      return this.#time.replace(TIME.length + BEFORE_MILLISECONDS, milliseconds);
    }
    this.#second = second;
    this.#time.clear();
    this.#time.add(`${TIME}${new Date(time).toISOString()}","id":"`);
  }
}

function copy(lines: LogBuffer, { words, length }: LinePiece): void {
  lines.copyWords(words, length);
}

/** The value of a field as a string of JSON, or null. */
function addMember(piece: LinePiece, request: RequestHead, name: "referer" | "user-agent"): void {
  if (!request.fields.has(name)) return piece.add("null");
  piece.add('"');
  addField(piece, request, name, escaped);
  piece.add('"');
}

/** A text within the quotes of JSON. */
function escaped(text: string): string {
  return jsonText(text, LONGEST_TEXT).slice(1, -1);
}
