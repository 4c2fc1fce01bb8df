/**
 * The WebSocket that `Deno.upgradeWebSocket` returns: an EventTarget with the attributes and events of the Web's WebSocket.
 *
 * In: the session's events, through {@link DenoSocket.handler}; calls of the app. Out: events `open`, `message`, `error` and `close`; frames to
 * the peer. There is no value by which `send` could tell that a message was dropped: if more than `--max-queued` waits for the
 * peer, the connection ends. `bufferedAmount` is what waits.
 */

import { BINARY, decodeUtf8, isCloseCode, TEXT } from "../../../protocol/mod.ts";
import { DROPPED, type WebSocketHandler, type WebSocketPeer } from "../session/mod.ts";
import { bytesOfBinary, bytesOfText } from "./message_bytes.ts";

const STATES = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const;
type State = (typeof STATES)[keyof typeof STATES];
const EVENTS = ["open", "message", "error", "close"] as const;
const NO_STATUS = 1005;
const ABNORMAL_CLOSURE = 1006;
const NORMAL_CLOSURE = 1000;
const MOST_REASON = 123;
const UTF8 = new TextEncoder();

type Listener = ((event: Event) => unknown) | null;

/** A WebSocket. */
export class DenoSocket extends EventTarget {
  readonly url = "";
  readonly protocol: string;
  readonly extensions = "";
  // As Deno has it at servers; the default of the Web is `blob`.
  #binaryType: BinaryType = "arraybuffer";
  #state: State = STATES.CONNECTING;
  #peer: WebSocketPeer | null = null;
  /** What was queued when the connection ended, which is never sent. */
  #unsent = 0;
  /** `close` was called before the socket was open. */
  #early: { readonly code: number; readonly reason: string } | null = null;
  /** Blobs are read one after another: what is sent behind one waits for it. */
  #reading: Promise<void> | null = null;

  constructor(protocol: string) {
    super();
    this.protocol = protocol;
  }

  get readyState(): State {
    return this.#state;
  }

  get binaryType(): BinaryType {
    return this.#binaryType;
  }

  set binaryType(type: BinaryType) {
    // As of any enumeration of Web IDL, another value is ignored.
    if (type === "blob" || type === "arraybuffer") this.#binaryType = type;
  }

  get bufferedAmount(): number {
    return this.#unsent + (this.#peer?.queuedBytes ?? 0);
  }

  send(data: string | ArrayBufferLike | ArrayBufferView | Blob): void {
    if (this.#state === STATES.CONNECTING) {
      throw new DOMException("'readyState' not OPEN", "InvalidStateError");
    }
    if (this.#reading !== null || data instanceof Blob) return this.#sendLater(data);
    const bytes = bytesOfBinary(data);
    if (bytes === undefined) this.#send(TEXT, bytesOfText(String(data)));
    else this.#send(BINARY, bytes);
  }

  close(code?: number, reason?: string): void {
    // The Web's WebSocket, a client's, allows fewer; Deno's allows these at a server.
    if (code !== undefined && !isCloseCode(code)) {
      throw new DOMException(`${code} is no code of a close frame`, "InvalidAccessError");
    }
    if (reason !== undefined && UTF8.encode(reason).length > MOST_REASON) {
      throw new DOMException("The close reason is too long: 123 bytes are allowed", "SyntaxError");
    }
    const end = { code: code ?? (reason ? NORMAL_CLOSURE : NO_STATUS), reason: reason ?? "" };
    if (this.#state === STATES.CONNECTING) this.#early = end;
    if (this.#state > STATES.OPEN) return;
    this.#state = STATES.CLOSING;
    // What was sent before leaves before.
    if (this.#reading !== null) void this.#reading.then(() => this.#close(end));
    else this.#close(end);
  }

  /** What the session calls. */
  readonly handler: WebSocketHandler = {
    overflow: "close",
    opened: (peer) => this.#opened(peer),
    message: (peer) => this.#received(peer),
    closed: (peer) => this.#closed(peer),
  };

  /** The request did not become a WebSocket. */
  fail(code: number): void {
    this.#end(code, "");
  }

  #opened(peer: WebSocketPeer): void {
    this.#peer = peer;
    if (this.#early !== null) return this.#close(this.#early);
    this.#state = STATES.OPEN;
    this.dispatchEvent(new Event("open"));
  }

  #received({ opcode, payload, payloadStart, payloadEnd }: WebSocketPeer): void {
    if (this.#state !== STATES.OPEN) return;
    const data = opcode === TEXT
      ? decodeUtf8(payload, payloadStart, payloadEnd)
      : this.#binary(payload.slice(payloadStart, payloadEnd) as Uint8Array<ArrayBuffer>);
    this.dispatchEvent(new MessageEvent("message", { data }));
  }

  #binary(bytes: Uint8Array<ArrayBuffer>): Blob | ArrayBuffer {
    return this.#binaryType === "blob" ? new Blob([bytes]) : bytes.buffer;
  }

  #closed({ closeCode, closeReason }: WebSocketPeer): void {
    this.#end(closeCode, closeReason);
  }

  #end(code: number, reason: string): void {
    this.#state = STATES.CLOSED;
    this.#unsent = this.bufferedAmount;
    this.#peer = null;
    const wasClean = code !== ABNORMAL_CLOSURE;
    if (!wasClean) {
      this.dispatchEvent(new ErrorEvent("error", { message: "The connection was lost" }));
    }
    this.dispatchEvent(new CloseEvent("close", { code, reason, wasClean }));
  }

  #close({ code, reason }: { readonly code: number; readonly reason: string }): void {
    this.#peer?.close(code, reason);
  }

  #send(opcode: number, bytes: Uint8Array): void {
    if (this.#peer === null || !this.#peer.isOpen) return void (this.#unsent += bytes.length);
    if (this.#peer.send(opcode, bytes, 0, bytes.length) === DROPPED) this.#unsent += bytes.length;
  }

  #sendLater(data: string | ArrayBufferLike | ArrayBufferView | Blob): void {
    const before = this.#reading ?? Promise.resolve();
    const bytes = data instanceof Blob
      ? data.bytes()
      : bytesOfBinary(data)?.slice() ?? UTF8.encode(String(data));
    const opcode = typeof data === "string" ? TEXT : BINARY;
    const sent: Promise<void> = before.then(async () => {
      const read = await bytes;
      this.#send(opcode, read);
      if (this.#reading === sent) this.#reading = null;
    });
    this.#reading = sent;
    sent.catch(() => this.#peer?.abort());
  }
}

for (const [name, value] of Object.entries(STATES)) {
  const constant = { value, enumerable: true };
  Object.defineProperty(DenoSocket, name, constant);
  Object.defineProperty(DenoSocket.prototype, name, constant);
}

/** `onopen` and the others: attributes that hold one listener, which keeps its place while it is replaced. */
for (const name of EVENTS) {
  const listeners = new WeakMap<DenoSocket, Listener>();
  Object.defineProperty(DenoSocket.prototype, `on${name}`, {
    configurable: true,
    enumerable: true,
    get(this: DenoSocket): Listener {
      return listeners.get(this) ?? null;
    },
    set(this: DenoSocket, listener: unknown) {
      const isFirst = !listeners.has(this);
      listeners.set(this, typeof listener === "function" ? listener as Listener : null);
      if (!isFirst) return;
      this.addEventListener(name, (event) => listeners.get(this)?.call(this, event));
    },
  });
}

// `instanceof WebSocket` is true; everything that it has is defined above.
Object.setPrototypeOf(DenoSocket.prototype, WebSocket.prototype);
Object.defineProperty(DenoSocket.prototype, Symbol.toStringTag, {
  value: "WebSocket",
  configurable: true,
});
