/**
 * The combined format of Apache and nginx, then request id, microseconds and worker.
 *
 * In: an answered request, and the prepared parts of its head. Out: its line in the log's memory:
 * `ADDRESS - USER [TIME] "REQUEST" STATUS BYTES "REFERER" "AGENT" ID MICROSECONDS WORKER`.
 */

import type { RequestHead } from "../../../protocol/mod.ts";
import type { LogBuffer } from "../../ring/mod.ts";
import { type AccessLine, type AnsweredRequest, type LineHead, writeId } from "./access_line.ts";
import { addField, addText, LONGEST_TEXT } from "./client_text.ts";
import { escapeText } from "./escape.ts";
import { LinePiece } from "./line_piece.ts";
import { loggedTarget } from "./logged_target.ts";

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** Lines in the combined format, of one worker. */
export class CombinedLine implements AccessLine {
  readonly worker: number;
  readonly #end: string;
  // A thread writes many lines within one second, so its text is kept: `[10/Oct/2026:13:55:36 +0000] "`.
  readonly #time = new LinePiece();
  #second = NaN;

  constructor(worker: number) {
    this.worker = worker;
    this.#end = ` ${worker}\n`;
  }

  prepare({ asked, client }: LineHead, request: RequestHead | null): void {
    if (request === null) {
      asked.add('-" ');
      client.add(' "-" "-" ');
      return;
    }
    addText(asked, request.method, escaped);
    asked.add(" ");
    addText(asked, loggedTarget(request.target), escaped);
    asked.add(request.minorVersion === 0 ? ' HTTP/1.0" ' : ' HTTP/1.1" ');
    client.add(' "');
    if (!addField(client, request, "referer", escaped)) client.add("-");
    client.add('" "');
    if (!addField(client, request, "user-agent", escaped)) client.add("-");
    client.add('" ');
  }

  write(lines: LogBuffer, of: AnsweredRequest, head: LineHead, time: number): void {
    const second = Math.trunc(time / 1000);
    if (second !== this.#second) this.#setSecond(second);
    const { user } = of;
    lines.text(of.address);
    lines.text(user === null ? " - - " : ` - ${userWord(user)} `);
    lines.copyWords(this.#time.words, this.#time.length);
    lines.copyWords(head.asked.words, head.asked.length);
    lines.number(of.status);
    lines.text(" ");
    lines.number(of.bytes);
    lines.copyWords(head.client.words, head.client.length);
    writeId(lines, of, head);
    lines.text(" ");
    lines.number(of.microseconds);
    lines.text(this.#end);
  }

  #setSecond(second: number): void {
    this.#second = second;
    const date = new Date(second * 1000);
    const day = `${two(date.getUTCDate())}/${MONTHS[date.getUTCMonth()]}/${date.getUTCFullYear()}`;
    this.#time.clear();
    this.#time.add(
      `[${day}:${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:` +
        `${two(date.getUTCSeconds())} +0000] "`,
    );
  }
}

/** Not quoted in this format: the next space ends the field. */
function userWord(user: string): string {
  return escaped(user).replaceAll(" ", "\\x20");
}

function escaped(text: string): string {
  return escapeText(text, LONGEST_TEXT);
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
