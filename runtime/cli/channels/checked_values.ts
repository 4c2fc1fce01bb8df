/**
 * Values that several sections check in the same way: addresses over HTTP, and numbers with a range.
 *
 * In: the reader of a table. Out: the value; a fault for what is wrong. Connects to nothing.
 */

import type { TableReader } from "./table_reader.ts";

/** What an address is written without: URL parsers remove some of it, and escape the rest. */
const BLANK = /[\s\p{Cc}]/u;

/** An address without a password; undefined if it is missing, or after a fault. @param instead how the receiver knows the server */
export function readUrl(reader: TableReader, key: string, instead: string): string | undefined {
  const text = reader.text(key);
  if (text === undefined) return undefined;
  const fault = addressFault(text, instead);
  if (fault === undefined) return text;
  reader.fault(`${key} ${fault}`);
  return undefined;
}

function addressFault(text: string, instead: string): string | undefined {
  if (!/^https?:\/\//i.test(text)) return "must be an address that begins with https:// or http://";
  if (BLANK.test(text)) return "must have no blanks and no line breaks: a blank is %20";
  if (text.includes("#")) return 'must have no "#": what follows it is never sent';
  const url = URL.parse(text);
  // URL parsers take the next part for the host if it is empty.
  if (url === null || url.port === "0" || /^https?:\/\/[/?\\]/i.test(text)) {
    return "is no address that can be asked: look at its host, and at its port, 1 to 65535";
  }
  if (url.username === "" && url.password === "") return undefined;
  return `must have no user and password, which others may read here: ${instead}`;
}

/** A fault if the key is there, and its value of the right type, but outside. */
export function refuseOutside(
  reader: TableReader,
  key: string,
  value: number,
  [least, most, range]: readonly [least: number, most: number, range: string],
): void {
  if (!reader.has(key) || reader.isWrong(key) || (value >= least && value <= most)) return;
  reader.fault(`${key} must be from ${range}`);
}
