/**
 * What permessage-deflate is tested with: what clients offer, what they send, in which sizes, whole and in fragments.
 *
 * In: an open connection to an echo, and a cell of the grid. Out: nothing, or an error that names the first message that did not come back as
 * it was. The offers are all that RFC 7692 section 7.1 allows, one parameter at a time and together; the sizes are those of sections 12 and 13
 * of the Autobahn test suite, 16 B to 128 KiB. Called by tests with clients of several libraries.
 */

import type { DeflateClient, DeflateOptions } from "./deflate_client.ts";
import { Random } from "./random.ts";
import { sameBytes } from "./same_bytes.ts";

/** A kind of payload: enough bytes that messages are cut out of it. */
export interface PayloadKind {
  readonly name: string;
  readonly isText: boolean;
  /** Whether a message of 256 bytes or more becomes smaller. */
  readonly compresses: boolean;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Messages of a size, sent whole or in frames of `fragment` bytes. */
export interface Shape {
  readonly size: number;
  /** 0: whole. */
  readonly fragment: number;
  readonly count: number;
}

/** A server compresses no shorter message. */
const LEAST_COMPRESSED = 256;
/** So many messages are under way. */
const UNDER_WAY = 8;
const BLOB_BYTES = 320 * 1024;
const BITS = [8, 9, 10, 11, 12, 13, 14, 15] as const;

/** All legal offers of one extension; the absent parameter `clientMaxWindowBits` is false. */
export const OFFERS: readonly DeflateOptions[] = [
  { clientMaxWindowBits: false },
  { clientMaxWindowBits: true },
  { clientMaxWindowBits: false, serverNoContextTakeover: true },
  { clientMaxWindowBits: false, clientNoContextTakeover: true },
  { clientMaxWindowBits: false, serverNoContextTakeover: true, clientNoContextTakeover: true },
  ...BITS.map((bits) => ({ clientMaxWindowBits: false, serverMaxWindowBits: bits }) as const),
  ...BITS.map((bits) => ({ clientMaxWindowBits: bits })),
  ...[8, 12, 15].map((bits) => ({
    clientMaxWindowBits: 23 - bits,
    serverMaxWindowBits: bits,
    serverNoContextTakeover: true,
    clientNoContextTakeover: true,
  })),
];

/** What the server has to answer. */
export function answerTo({ serverMaxWindowBits }: DeflateOptions): string {
  const answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  return serverMaxWindowBits === undefined
    ? answer
    : `${answer}; server_max_window_bits=${serverMaxWindowBits}`;
}

const WHOLE = [16, 64, 256, 1024, 4096, 8192, 16_384, 32_768, 65_536, 131_072];
/** The first ones are many frames, for one offer. */
const FRAGMENTED: readonly (readonly [size: number, fragment: number])[] = [
  [16_384, 256],
  [32_768, 256],
  [65_536, 256],
  [131_072, 256],
  [131_072, 1024],
  [8192, 256],
  [131_072, 4096],
  [131_072, 32_768],
];
const FEW_FRAMES = FRAGMENTED.slice(5);

/**
 * Every size whole, and the long ones in fragments.
 *
 * @param bytes about so many of each shape, but at least one message and at most `most`
 */
export function shapesOf(bytes: number, most: number, fragmented = FRAGMENTED): Shape[] {
  const shape = (size: number, fragment: number) => {
    return { size, fragment, count: Math.min(most, Math.max(1, Math.floor(bytes / size))) };
  };
  return [
    ...WHOLE.map((size) => shape(size, 0)),
    ...fragmented.map(([size, fragment]) => shape(size, fragment)),
  ];
}

/** The same, without those of many frames. */
export function shapesOfFewFrames(bytes: number, most: number): Shape[] {
  return shapesOf(bytes, most, FEW_FRAMES);
}

/** Some of these: for other clients, and for other transports. */
export const SOME_SHAPES: readonly Shape[] = [
  { size: 16, fragment: 0, count: 2 },
  { size: 256, fragment: 0, count: 2 },
  { size: 4096, fragment: 0, count: 2 },
  { size: 131_072, fragment: 0, count: 1 },
  { size: 8192, fragment: 256, count: 1 },
  { size: 131_072, fragment: 4096, count: 1 },
  { size: 131_072, fragment: 32_768, count: 1 },
];

/** Text that compresses well, JSON, characters of each length, and noise. */
export function payloadKinds(): readonly PayloadKind[] {
  const random = new Random(1);
  const words = ["the ", "server ", "sends ", "a ", "message ", "to ", "every ", "client.\n"];
  const characters = ["a", "é", "Ж", "€", "語", "😀", "🜁", " ", "ß"];
  const pick = (list: readonly string[]) => list[random.below(list.length)]!;
  const record = () =>
    `{"id":${random.below(1_000_000)},"name":"${pick(words)}","tags":["${pick(characters)}"],` +
    `"price":${random.below(10_000) / 100},"sold":${random.below(2) === 0}},\n`;
  const kinds: [name: string, part: () => string][] = [
    ["text", () => pick(words)],
    ["JSON", record],
    ["UTF-8", () => pick(characters)],
  ];
  return [
    ...kinds.map(([name, part]) => ({
      name,
      isText: true,
      compresses: true,
      bytes: filled(part),
    })),
    { name: "noise", isText: false, compresses: false, bytes: random.bytes(BLOB_BYTES) },
  ];
}

function filled(part: () => string): Uint8Array<ArrayBuffer> {
  let text = "";
  while (text.length < BLOB_BYTES) text += part();
  return new TextEncoder().encode(text).slice(0, BLOB_BYTES);
}

/** Message number `n` of a kind: whole characters, and some `x` for the bytes of one that has no room. */
export function messageOf({ bytes, isText }: PayloadKind, size: number, n: number): Uint8Array {
  let start = n * 7919 % (BLOB_BYTES - size);
  if (!isText) return bytes.subarray(start, start + size);
  const isInside = (at: number) => (bytes[at]! & 0xc0) === 0x80;
  while (isInside(start)) start++;
  let end = Math.min(start + size, BLOB_BYTES);
  while (end > start && (end === BLOB_BYTES || isInside(end))) end--;
  const message = new Uint8Array(size).fill(0x78);
  message.set(bytes.subarray(start, end));
  return message;
}

/** Sends the messages of a cell of the grid, and compares what comes back: bytes, type, and whether it is compressed. */
export async function echoCell(
  client: DeflateClient,
  kind: PayloadKind,
  { size, fragment, count }: Shape,
): Promise<void> {
  const waiting: Uint8Array[] = [];
  for (let n = 0; n < count || waiting.length > 0;) {
    if (n < count && waiting.length < UNDER_WAY) {
      const message = messageOf(kind, size, n++);
      client.sendFragments(partsOf(message, fragment), !kind.isText);
      waiting.push(message);
      continue;
    }
    const sent = waiting.shift()!;
    const echo = await client.next();
    const isCompressed = client.extensions !== "" && kind.compresses && size >= LEAST_COMPRESSED;
    if (
      !sameBytes(echo.data, sent) || echo.binary === kind.isText || echo.compressed !== isCompressed
    ) {
      const { data, binary, compressed } = echo;
      throw new Error(
        `${kind.name}, ${size} bytes, fragments of ${fragment}: ${data.length} bytes came, ` +
          `${sameBytes(data, sent) ? "the" : "not the"} same; ${
            JSON.stringify({ binary, compressed })
          }`,
      );
    }
  }
}

function partsOf(message: Uint8Array, fragment: number): Uint8Array[] {
  const length = fragment === 0 ? message.length : fragment;
  const count = Math.ceil(message.length / length);
  return Array.from({ length: count }, (_, i) => message.subarray(i * length, (i + 1) * length));
}
