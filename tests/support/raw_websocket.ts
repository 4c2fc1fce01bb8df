/**
 * A WebSocket client that sends any frame, valid or not.
 *
 * In: frames as their parts (RFC 6455 section 5.2). Out: the server's frames, each checked to be
 * unmasked, without reserved bits and of minimal length. The handshake's accept value is computed by
 * Web Crypto, independent of the code under test. For frames that the npm client refuses to send, and
 * for a thousand cheap connections.
 */

import { type Endpoint, field, HttpConnection } from "./http_client.ts";

/** RFC 6455 section 5.2: the meaning of a frame. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A frame to send. */
export interface FrameToSend {
  /** The opcode, 0 to 15. */
  opcode: number;
  /** The payload; a string is sent as UTF-8. By default empty. */
  payload?: string | Uint8Array;
  /** Whether it is the last frame of its message; by default true. */
  fin?: boolean;
  /** Whether it is masked; by default true, as section 5.1 requires of clients. */
  masked?: boolean;
  /** The three reserved bits as a number, 4 for RSV1; by default 0. */
  reserved?: number;
  /** The length to declare instead of the payload's own. */
  declaredLength?: number;
  /** How the length is encoded; by default the shortest form. */
  lengthForm?: 7 | 16 | 64;
}

/** A received frame. */
export interface Frame {
  /** The opcode. */
  readonly opcode: number;
  /** Whether it is the last frame of its message. */
  readonly fin: boolean;
  /** The payload. */
  readonly payload: Uint8Array;
}

/** The example key of RFC 6455 section 1.3. */
export const SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ==";

// RFC 6455 section 5.7 masks its examples with this key. A fixed key keeps failures reproducible.
const MASK_KEY = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The request of a handshake; fields in `replaced` replace the default ones. */
export function handshakeRequest(
  path: string,
  replaced: Readonly<Record<string, string | null>> = {},
): string {
  const fields: Record<string, string | null> = {
    Host: "127.0.0.1",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": SAMPLE_KEY,
    "Sec-WebSocket-Version": "13",
    ...replaced,
  };
  const lines = Object.entries(fields).filter(([, value]) => value !== null);
  return `GET ${path} HTTP/1.1\r\n${
    lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")
  }\r\n`;
}

/** Encodes a frame as a client sends it. */
export function encodeFrame(frame: FrameToSend): Uint8Array<ArrayBuffer> {
  const given = frame.payload ?? "";
  const payload = typeof given === "string" ? new TextEncoder().encode(given) : given;
  const masked = frame.masked ?? true;
  const length = frame.declaredLength ?? payload.length;
  const form = frame.lengthForm ?? (length < 126 ? 7 : length < 65_536 ? 16 : 64);
  const lengthBytes = form === 7 ? 0 : form / 8;
  const bytes = new Uint8Array(2 + lengthBytes + (masked ? 4 : 0) + payload.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = ((frame.fin ?? true) ? 0x80 : 0) | ((frame.reserved ?? 0) << 4) | frame.opcode;
  bytes[1] = (masked ? 0x80 : 0) | (form === 7 ? length : form === 16 ? 126 : 127);
  if (form === 16) view.setUint16(2, length);
  if (form === 64) view.setBigUint64(2, BigInt(length));
  const start = bytes.length - payload.length;
  if (masked) bytes.set(MASK_KEY, start - 4);
  payload.forEach((byte, i) => bytes[start + i] = masked ? byte ^ MASK_KEY[i & 3]! : byte);
  return bytes;
}

/** A close frame's payload (section 5.5.1). */
export function closePayload(code: number, reason = ""): Uint8Array {
  return Uint8Array.of(code >> 8, code & 0xff, ...new TextEncoder().encode(reason));
}

/** The code of a received close frame; 1005 if it has none. */
export function closeCodeOf(frame: Frame): number {
  if (frame.opcode !== OPCODE.close) throw new Error(`not a close frame: opcode ${frame.opcode}`);
  if (frame.payload.length === 0) return 1005;
  return frame.payload[0]! << 8 | frame.payload[1]!;
}

/** An open WebSocket; the socket is closed when disposed of. */
export class RawWebSocket implements Disposable {
  /** The underlying connection, for bytes that are not frames. */
  readonly connection: HttpConnection;

  /** @param connection a connection after the handshake; see {@link open} */
  constructor(connection: HttpConnection) {
    this.connection = connection;
  }

  /**
   * Connects and upgrades.
   *
   * @param replaced as of {@link handshakeRequest}
   * @throws {Error} if the answer is not a valid 101
   */
  static async open(
    endpoint: Endpoint,
    path: string,
    replaced: Readonly<Record<string, string | null>> = {},
  ): Promise<RawWebSocket> {
    const connection = await HttpConnection.open(endpoint);
    await connection.send(handshakeRequest(path, replaced));
    const answer = await connection.answer();
    const accept = field(answer, "sec-websocket-accept");
    if (answer.status !== 101 || accept !== await acceptFor(SAMPLE_KEY)) {
      connection.close();
      throw new Error(`the upgrade was answered ${answer.status}, accept ${accept}`);
    }
    return new RawWebSocket(connection);
  }

  /** Sends a frame. */
  send(frame: FrameToSend): Promise<void> {
    return this.connection.send(encodeFrame(frame));
  }

  /** The next frame. @throws {Error} if it violates section 5.2, or the connection ends */
  async frame(): Promise<Frame> {
    const [first, second] = await this.connection.bytes(2) as Uint8Array & [number, number];
    if ((first & 0x70) !== 0) throw new Error("a reserved bit is set");
    if ((second & 0x80) !== 0) throw new Error("a server's frame is masked");
    const length = await this.#length(second & 0x7f);
    const payload = await this.connection.bytes(length);
    return { opcode: first & 15, fin: (first & 0x80) !== 0, payload };
  }

  /** Closes the socket, without a close handshake. */
  [Symbol.dispose](): void {
    this.connection.close();
  }

  async #length(short: number): Promise<number> {
    if (short < 126) return short;
    const bytes = await this.connection.bytes(short === 126 ? 2 : 8);
    const length = bytes.reduce((value, byte) => value * 256 + byte, 0);
    if (length < (short === 126 ? 126 : 65_536)) throw new Error("a length is not minimal");
    return length;
  }
}

async function acceptFor(key: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + GUID));
  return btoa(String.fromCharCode(...new Uint8Array(digest)));
}
