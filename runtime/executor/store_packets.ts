/**
 * The memory of the channels as packets on the channel for connections, before any of those.
 *
 * In: the identity of the old server's memory, when it starts the new one; then a file with that memory, or none, right before it releases the
 * new one. Out: the same in the new process.
 *
 * ```text
 * packet   2 | JSON: the identity, with the secrets of the store
 *          4 | the length, with the descriptor of a file with a text: which channels of an engine are followed, if the new server asks for that;
 *              and what is known of the engine, right before the memory
 *          3, with the descriptor of the file; without one: the new server has channels of its own
 * ```
 */

import type { StoreIdentity } from "../channels/mod.ts";
import { type DescriptorChannel, MemoryFile } from "../os/mod.ts";
import { PACKET } from "./packet_kinds.ts";

/** Tells the new server about the memory that it may get. */
export function sendIdentity(channel: DescriptorChannel, identity: StoreIdentity): void {
  const json = new TextEncoder().encode(JSON.stringify(identity));
  channel.send(Uint8Array.of(PACKET.identity, ...json));
}

/** What the old server has told; undefined: nothing, as it has no channels. */
export function receiveIdentity(channel: DescriptorChannel): StoreIdentity | undefined {
  const packet = channel.receive();
  if (packet?.bytes[0] !== PACKET.identity) return undefined;
  return JSON.parse(new TextDecoder().decode(packet.bytes.subarray(1)));
}

/** Passes a text of any length on. Returns whether the new server gets it. @throws {SystemError} without memory or a descriptor */
export function sendText(channel: DescriptorChannel, text: string): boolean {
  const bytes = new TextEncoder().encode(text);
  using file = MemoryFile.of("async-deno engine", [bytes.slice()]);
  const packet = new TextEncoder().encode(`\0${bytes.length}`);
  packet[0] = PACKET.text;
  return channel.send(packet, [file.descriptor]) === "sent";
}

/** A text; undefined: there is none yet, null: there will be none. */
export function receiveText(channel: DescriptorChannel): string | undefined | null {
  const packet = channel.receive();
  if (packet === undefined) return undefined;
  const descriptor = packet?.descriptors[0];
  if (packet?.bytes[0] !== PACKET.text || descriptor === undefined) return null;
  using file = new MemoryFile(descriptor);
  const bytes = new Uint8Array(Number(new TextDecoder().decode(packet.bytes.subarray(1))));
  file.read(bytes, 0);
  return new TextDecoder().decode(bytes);
}

/** Passes the memory on. Returns whether the new server gets it. */
export function sendMemory(channel: DescriptorChannel, file: MemoryFile | undefined): boolean {
  const sent = channel.send(
    Uint8Array.of(PACKET.memory),
    file === undefined ? [] : [file.descriptor],
  );
  return file !== undefined && sent === "sent";
}

/** The memory; undefined: there is none. Once, when this server is released. */
export function receiveMemory(channel: DescriptorChannel): MemoryFile | undefined {
  const packet = channel.receive();
  const descriptor = packet?.descriptors[0];
  if (packet?.bytes[0] !== PACKET.memory || descriptor === undefined) return undefined;
  return new MemoryFile(descriptor);
}
