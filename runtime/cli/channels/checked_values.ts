/**
 * Values that several sections check in the same way: addresses over HTTP, and numbers with a range.
 *
 * In: the reader of a table. Out: the value; a fault for what is wrong. Connects to nothing.
 */

import type { TableReader } from "./table_reader.ts";

/** An address without a password; undefined if it is missing, or after a fault. @param instead how the receiver knows the server */
export function readUrl(reader: TableReader, key: string, instead: string): string | undefined {
  const text = reader.text(key);
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  if (url === null || !["https:", "http:"].includes(url.protocol)) {
    reader.fault(`${key} must be an address that begins with https:// or http://`);
    return undefined;
  }
  if (url.username !== "" || url.password !== "") {
    reader.fault(
      `${key} must have no user and password, which others may read here: ${instead}`,
    );
    return undefined;
  }
  return text;
}

/** A fault if the key is there, and its value outside. */
export function refuseOutside(
  reader: TableReader,
  key: string,
  value: number,
  [least, most, range]: readonly [least: number, most: number, range: string],
): void {
  if (!reader.has(key) || (value >= least && value <= most)) return;
  reader.fault(`${key} must be from ${range}`);
}
