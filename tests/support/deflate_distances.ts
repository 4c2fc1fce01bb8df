/**
 * Reads a raw DEFLATE stream and says how far back its matches look (RFC 1951 section 3.2).
 *
 * In: the payload of a compressed message, without the four bytes that RFC 7692 section 7.2.1 removes. Out: the
 * longest distance, and the bytes that the stream becomes. An inflater cannot tell: it may have more window than was negotiated.
 */

const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67];
LENGTH_BASE.push(83, 99, 115, 131, 163, 195, 227, 258);
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4];
LENGTH_EXTRA.push(5, 5, 5, 5, 0);
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Takes bits from bytes, the lowest first. */
class Bits {
  #at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length * 8;
  }

  take(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++, this.#at++) {
      const byte = this.#bytes[this.#at >>> 3];
      if (byte === undefined) throw new Error("the stream is cut off");
      value |= ((byte >>> (this.#at & 7)) & 1) << i;
    }
    return value;
  }

  align(): void {
    this.#at = Math.ceil(this.#at / 8) * 8;
  }
}

/** A Huffman code, as a table from "length:bits" to its symbol. */
class Code {
  readonly #symbols = new Map<number, number>();

  constructor(lengths: readonly number[]) {
    let code = 0;
    for (let bits = 1; bits <= 15; bits++, code <<= 1) {
      lengths.forEach((length, symbol) => {
        if (length === bits) this.#symbols.set(bits << 16 | code++, symbol);
      });
    }
  }

  read(bits: Bits): number {
    let code = 0;
    for (let length = 1; length <= 15; length++) {
      code = code << 1 | bits.take(1);
      const symbol = this.#symbols.get(length << 16 | code);
      if (symbol !== undefined) return symbol;
    }
    throw new Error("no such code");
  }
}

/** The longest distance of the matches in a payload, 0 if there is none, and its bytes. */
export function longestDistance(payload: Uint8Array): { distance: number; bytes: Uint8Array } {
  const whole = new Uint8Array(payload.length + 4);
  whole.set(payload);
  whole.set([0, 0, 0xff, 0xff], payload.length);
  const bits = new Bits(whole);
  const out: number[] = [];
  let distance = 0;
  while (!bits.isAtEnd) {
    bits.take(1);
    const kind = bits.take(2);
    if (kind === 0) readStored(bits, out);
    else {distance = Math.max(
        distance,
        readMatches(bits, kind === 1 ? fixed() : dynamic(bits), out),
      );}
  }
  return { distance, bytes: Uint8Array.from(out) };
}

function readStored(bits: Bits, out: number[]): void {
  bits.align();
  const length = bits.take(16);
  bits.take(16);
  for (let i = 0; i < length; i++) out.push(bits.take(8));
}

function readMatches(bits: Bits, [literals, distances]: [Code, Code], out: number[]): number {
  let longest = 0;
  for (;;) {
    const symbol = literals.read(bits);
    if (symbol === 256) return longest;
    if (symbol < 256) {
      out.push(symbol);
      continue;
    }
    const length = LENGTH_BASE[symbol - 257]! + bits.take(LENGTH_EXTRA[symbol - 257]!);
    const slot = distances.read(bits);
    const extra = slot < 4 ? 0 : (slot >>> 1) - 1;
    const distance = slot < 4 ? slot + 1 : ((2 + (slot & 1)) << extra) + bits.take(extra) + 1;
    longest = Math.max(longest, distance);
    for (let i = 0; i < length; i++) out.push(out[out.length - distance]!);
  }
}

function fixed(): [Code, Code] {
  const lengths = Array.from(
    { length: 288 },
    (_, i) => i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8,
  );
  return [new Code(lengths), new Code(new Array(30).fill(5))];
}

function dynamic(bits: Bits): [Code, Code] {
  const literals = bits.take(5) + 257;
  const distances = bits.take(5) + 1;
  const orders = bits.take(4) + 4;
  const ofLengths = new Array<number>(19).fill(0);
  for (let i = 0; i < orders; i++) ofLengths[ORDER[i]!] = bits.take(3);
  const code = new Code(ofLengths);
  const lengths: number[] = [];
  while (lengths.length < literals + distances) {
    const symbol = code.read(bits);
    if (symbol < 16) lengths.push(symbol);
    else if (symbol === 16) repeat(lengths, lengths.at(-1)!, 3 + bits.take(2));
    else repeat(lengths, 0, symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7));
  }
  return [new Code(lengths.slice(0, literals)), new Code(lengths.slice(literals))];
}

function repeat(lengths: number[], value: number, count: number): void {
  for (let i = 0; i < count; i++) lengths.push(value);
}
