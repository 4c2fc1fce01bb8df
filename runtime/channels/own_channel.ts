/**
 * Tells the channels of the server itself from those of clients.
 *
 * In: the record of a channel. Out: whether its name can be no client's: names are UTF-8, which has the byte 0xff nowhere. They are
 * counted apart, so that metrics are about clients.
 */
import { NODE_KIND } from "./records.ts";
import type { StoreMemory } from "./store_memory.ts";

const OWN = 0xff;

/** Whether the name is one of the server itself. */
export function isOwnName(name: Uint8Array): boolean {
  return name[0] === OWN;
}

/** Whether the channel is one of the server itself. */
export function isOwnChannel({ table, bytes }: StoreMemory, channel: number): boolean {
  return bytes[(channel + table.fixedWords(NODE_KIND.channel)) * 4] === OWN;
}
