/**
 * A simulated WebSocket client that checks its echoes.
 *
 * In: messages and pings to send. Out: nothing, or an error at the first frame that is not the echo
 * of what was sent, in order. It uses the client role of protocol/websocket, which the pair tests check
 * against the server role and the conformance tables against RFC 6455.
 */

import {
  ByteBuffer,
  CLOSE,
  FrameReaderPool,
  MESSAGE,
  MessageBufferPool,
  NEED_DATA,
  PING,
  PONG,
  WEBSOCKET_CLOSED,
  WEBSOCKET_LIMITS,
  WebSocketConnection,
} from "../../protocol/mod.ts";
import { encodeMaskedFrame } from "../../protocol/websocket/frame_encoder.ts";
import { FIN } from "../../protocol/websocket/mod.ts";
import { FakePeer, type PeerPace } from "./fake_peer.ts";
import type { FakeSocket } from "./fake_socket.ts";
import { bytesOf, textOf } from "./protocol_cases.ts";
import { handshakeRequest } from "./raw_websocket.ts";
import type { Random } from "./random.ts";
import { sameBytes } from "./same_bytes.ts";

const CONTINUATION = 0;

/** A message, in a number of frames. */
export interface ExpectedMessage {
  readonly opcode: number;
  readonly payload: Uint8Array;
  readonly fragments: number;
}

/** What a client does after it has all its echoes. */
export type WebSocketEnding = "close frame" | "end" | "half-close" | "silent" | "answers pings";

/** One WebSocket client on /echo. */
export class FakeWebSocketPeer extends FakePeer {
  /** Whether the handshake is complete. */
  upgraded = false;
  /** The code of the server's close frame; 0: none arrived. */
  closeCode = 0;
  /** What the client does at the end. */
  ending: WebSocketEnding = "close frame";
  /** How many echoes have arrived. */
  echoed = 0;
  /** The server's clock when the last echo or pong arrived. */
  satisfiedAt = NaN;
  /** Pings of the server. */
  pinged = 0;
  readonly #connection: WebSocketConnection;
  readonly #messages: ExpectedMessage[] = [];
  readonly #pings: Uint8Array[] = [];
  #head = "";
  #endingSent = false;
  #halfClosed = false;

  constructor(socket: FakeSocket, random: Random, pace: PeerPace) {
    super(socket, random, pace);
    const keys = () => random.uint32();
    const readers = new FrameReaderPool("client", WEBSOCKET_LIMITS, new MessageBufferPool(0));
    this.#connection = new WebSocketConnection(readers, keys);
    this.enqueue(bytesOf(handshakeRequest("/echo")));
  }

  /** Sends a message whose echo is expected. */
  message(message: ExpectedMessage): void {
    this.#messages.push(message);
    const out = new ByteBuffer();
    const { payload, fragments } = message;
    for (let i = 0; i < fragments; i++) {
      const start = Math.floor(payload.length * i / fragments);
      const end = Math.floor(payload.length * (i + 1) / fragments);
      const first = (i === 0 ? message.opcode : CONTINUATION) | (i === fragments - 1 ? FIN : 0);
      encodeMaskedFrame(out, first, payload, start, end, this.random.uint32());
    }
    this.enqueue(out.view().slice());
  }

  /** Sends a ping whose pong is expected. */
  ping(payload: Uint8Array): void {
    this.#pings.push(payload);
    const out = new ByteBuffer();
    this.#connection.sendPing(out, payload, 0, payload.length);
    this.enqueue(out.view().slice());
  }

  /** Whether every message and ping has come back. */
  get satisfied(): boolean {
    return this.upgraded && this.#messages.length === 0 && this.#pings.length === 0;
  }

  protected override received(bytes: Uint8Array): void {
    let start = 0;
    if (!this.upgraded) {
      this.#head += textOf(bytes);
      const end = this.#head.indexOf("\r\n\r\n");
      if (end < 0) return;
      if (!this.#head.startsWith("HTTP/1.1 101 ")) throw new Error(`no upgrade: ${this.#head}`);
      this.upgraded = true;
      start = bytes.length - (this.#head.length - end - 4);
    }
    this.#connection.receive(bytes, start, bytes.length);
    for (
      let event = this.#connection.next();
      event !== NEED_DATA;
      event = this.#connection.next()
    ) {
      this.#take(event);
      if (event === WEBSOCKET_CLOSED) break;
      // The close frame was sent: only the end of the stream is left.
      if (event === CLOSE) break;
    }
    this.#connection.retain();
    if (this.satisfied && Number.isNaN(this.satisfiedAt)) this.satisfiedAt = this.clock;
  }

  protected override acted(): void {
    if (this.outcome !== "open") return super.acted();
    if (!this.satisfied || this.#endingSent || !this.allSent) return;
    this.#endingSent = true;
    if (this.ending === "close frame") this.#enqueueClose(1000);
    else if (this.ending === "end") this.close();
    else if (this.ending === "half-close") this.#halfClose();
  }

  #halfClose(): void {
    this.#halfClosed = true;
    this.socket.endPeer();
  }

  #take(event: number): void {
    const { payload, payloadStart, payloadEnd } = this.#connection;
    const bytes = payload.slice(payloadStart, payloadEnd);
    if (event === MESSAGE) return this.#takeEcho(bytes);
    if (event === PONG) {
      const expected = this.#pings.shift();
      if (expected === undefined || !sameBytes(expected, bytes)) throw new Error("a wrong pong");
    } else if (event === PING) {
      this.pinged++;
      if (this.ending === "answers pings") this.#pong(bytes);
    } else if (event === CLOSE) {
      this.closeCode = this.#connection.closeCode;
      this.#enqueueClose(this.closeCode);
    }
  }

  #takeEcho(bytes: Uint8Array): void {
    const expected = this.#messages.shift();
    this.echoed++;
    if (expected?.opcode !== this.#connection.opcode) {
      throw new Error(`echo ${this.echoed}: opcode`);
    }
    if (sameBytes(expected.payload, bytes)) return;
    throw new Error(
      `echo ${this.echoed}: ${bytes.length} of ${expected.payload.length} bytes differ`,
    );
  }

  #pong(bytes: Uint8Array): void {
    const out = new ByteBuffer();
    this.#connection.sendPong(out, bytes, 0, bytes.length);
    this.enqueue(out.view().slice());
  }

  #enqueueClose(code: number): void {
    const out = new ByteBuffer();
    this.#connection.sendClose(out, code);
    this.#endingSent = true;
    if (!this.#halfClosed) this.enqueue(out.view().slice());
  }
}
