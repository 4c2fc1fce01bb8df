/**
 * A TLS client that does what no well-behaved one does: OpenSSL in memory, whose bytes a test sends as it likes.
 *
 * In: the server's bytes (`take`), and orders: plaintext, key updates. Out: ciphertext to be sent, as it is and
 * when the test wants. It knows no socket, and does not verify the server.
 */

const LIBSSL = {
  TLS_client_method: { parameters: [], result: "pointer" },
  SSL_CTX_new: { parameters: ["pointer"], result: "pointer" }, // const SSL_METHOD *
  SSL_CTX_free: { parameters: ["pointer"], result: "void" }, // SSL_CTX *
  SSL_new: { parameters: ["pointer"], result: "pointer" }, // SSL_CTX *
  SSL_free: { parameters: ["pointer"], result: "void" }, // SSL *
  SSL_set_bio: { parameters: ["pointer", "pointer", "pointer"], result: "void" }, // SSL *, BIO *r, BIO *w
  SSL_set_connect_state: { parameters: ["pointer"], result: "void" }, // SSL *
  SSL_do_handshake: { parameters: ["pointer"], result: "i32" }, // SSL *
  SSL_is_init_finished: { parameters: ["pointer"], result: "i32" }, // const SSL *
  SSL_renegotiate: { parameters: ["pointer"], result: "i32" }, // SSL *
  SSL_ctrl: { parameters: ["pointer", "i32", "i64", "pointer"], result: "i64" }, // SSL *, cmd, larg, parg
  SSL_set_alpn_protos: { parameters: ["pointer", "buffer", "u32"], result: "i32" }, // SSL *, list, its length
  SSL_set_session_ticket_ext: { parameters: ["pointer", "buffer", "i32"], result: "i32" }, // SSL *, void *, int
  SSL_key_update: { parameters: ["pointer", "i32"], result: "i32" }, // SSL *, int updatetype
  SSL_read: { parameters: ["pointer", "buffer", "i32"], result: "i32" }, // SSL *, void *, int
  SSL_write: { parameters: ["pointer", "buffer", "i32"], result: "i32" }, // SSL *, const void *, int
  SSL_get_shutdown: { parameters: ["pointer"], result: "i32" }, // const SSL *
} as const satisfies Deno.ForeignLibraryInterface;

const LIBCRYPTO = {
  BIO_s_mem: { parameters: [], result: "pointer" },
  BIO_new: { parameters: ["pointer"], result: "pointer" }, // const BIO_METHOD *
  BIO_ctrl_pending: { parameters: ["pointer"], result: "usize" }, // BIO *
  BIO_read: { parameters: ["pointer", "buffer", "i32"], result: "i32" }, // BIO *, void *, int
  BIO_write: { parameters: ["pointer", "buffer", "i32"], result: "i32" }, // BIO *, const void *, int
} as const satisfies Deno.ForeignLibraryInterface;

const SSL_KEY_UPDATE_NOT_REQUESTED = 0;
const SSL_KEY_UPDATE_REQUESTED = 1;
const SSL_RECEIVED_SHUTDOWN = 2;
const SSL_CTRL_SET_MAX_PROTO_VERSION = 124;
const TLS1_2_VERSION = 0x0303n;
const BUFFER = 256 * 1024;

/** One client. */
export class OpensslPeer implements Disposable {
  readonly #ssl = Deno.dlopen("libssl.so.3", LIBSSL);
  readonly #crypto = Deno.dlopen("libcrypto.so.3", LIBCRYPTO);
  readonly #context: Deno.PointerValue;
  readonly #connection: Deno.PointerValue;
  readonly #in: Deno.PointerValue;
  readonly #out: Deno.PointerValue;
  readonly #buffer = new Uint8Array(BUFFER);

  constructor() {
    const { TLS_client_method, SSL_CTX_new, SSL_new, SSL_set_bio, SSL_set_connect_state } =
      this.#ssl.symbols;
    const { BIO_new, BIO_s_mem } = this.#crypto.symbols;
    this.#context = SSL_CTX_new(TLS_client_method());
    this.#connection = SSL_new(this.#context);
    this.#in = BIO_new(BIO_s_mem());
    this.#out = BIO_new(BIO_s_mem());
    SSL_set_bio(this.#connection, this.#in, this.#out); // which frees them
    SSL_set_connect_state(this.#connection);
  }

  /** Shakes hands over a socket. */
  async shakeHands(conn: Deno.Conn): Promise<void> {
    for (let isDone = false; !isDone;) {
      isDone = this.step();
      await writeAll(conn, this.ciphertext());
      if (isDone) return;
      const count = await conn.read(this.#buffer);
      if (count === null) throw new Error("the server has closed the connection");
      this.take(this.#buffer.subarray(0, count));
    }
  }

  /** Continues the handshake; whether it is done. */
  step(): boolean {
    const { SSL_do_handshake, SSL_is_init_finished } = this.#ssl.symbols;
    SSL_do_handshake(this.#connection);
    return SSL_is_init_finished(this.#connection) === 1;
  }

  /** Bytes that the server has sent. */
  take(bytes: Uint8Array<ArrayBuffer>): void {
    this.#crypto.symbols.BIO_write(this.#in, bytes, bytes.length);
  }

  /** From now on at most TLS 1.2 is offered. */
  useTls12(): void {
    const { SSL_ctrl } = this.#ssl.symbols;
    SSL_ctrl(this.#connection, SSL_CTRL_SET_MAX_PROTO_VERSION, TLS1_2_VERSION, null);
  }

  /** From now on a ClientHello has about so many bytes, by a list of protocols (ALPN) that ends in http/1.1. */
  enlargeHello(bytes: number): void {
    const last = new TextEncoder().encode("\x08http/1.1");
    const list = new Uint8Array(Math.ceil(bytes / 256) * 256 + last.length).fill(255);
    list.set(last, list.length - last.length);
    const { SSL_set_alpn_protos } = this.#ssl.symbols;
    if (SSL_set_alpn_protos(this.#connection, list, list.length) !== 0) throw new Error("no ALPN");
  }

  /** Begins another handshake, which TLS 1.2 allows, by a ClientHello with so many bytes of a ticket. */
  renegotiate(ticketBytes = 0): void {
    const { SSL_renegotiate, SSL_do_handshake, SSL_set_session_ticket_ext } = this.#ssl.symbols;
    const ticket = new Uint8Array(ticketBytes);
    if (ticketBytes > 0) SSL_set_session_ticket_ext(this.#connection, ticket, ticketBytes);
    if (SSL_renegotiate(this.#connection) !== 1) throw new Error("no renegotiation");
    SSL_do_handshake(this.#connection);
  }

  /** Encrypts. */
  write(bytes: Uint8Array<ArrayBuffer>): void {
    this.#ssl.symbols.SSL_write(this.#connection, bytes, bytes.length);
  }

  /** Updates the keys so many times; the server is asked to do the same, or not. */
  updateKeys(times: number, isRequested: boolean): void {
    const { SSL_key_update, SSL_do_handshake } = this.#ssl.symbols;
    for (let i = 0; i < times; i++) {
      const type = isRequested ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED;
      if (SSL_key_update(this.#connection, type) !== 1) throw new Error("no key update");
      SSL_do_handshake(this.#connection);
    }
  }

  /** What is to be sent, and has not been asked for yet. */
  ciphertext(): Uint8Array<ArrayBuffer> {
    const { BIO_ctrl_pending, BIO_read } = this.#crypto.symbols;
    const bytes = new Uint8Array(Number(BIO_ctrl_pending(this.#out)));
    if (bytes.length > 0) BIO_read(this.#out, bytes, bytes.length);
    return bytes;
  }

  /** The plaintext of what the server has sent so far. */
  plaintext(): Uint8Array<ArrayBuffer> {
    const count = this.#ssl.symbols.SSL_read(this.#connection, this.#buffer, BUFFER);
    return this.#buffer.slice(0, Math.max(count, 0));
  }

  /** Whether the server has sent close_notify; {@link plaintext} has to be called first. */
  get hasEnd(): boolean {
    return (this.#ssl.symbols.SSL_get_shutdown(this.#connection) & SSL_RECEIVED_SHUTDOWN) !== 0;
  }

  [Symbol.dispose](): void {
    this.#ssl.symbols.SSL_free(this.#connection);
    this.#ssl.symbols.SSL_CTX_free(this.#context);
    this.#ssl.close();
    this.#crypto.close();
  }
}

/** Writes all of the bytes. */
export async function writeAll(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}
