/**
 * A raw HTTP/1.1 client: what is sent is exactly what the test wrote, and what comes back is parsed
 * strictly.
 *
 * In: bytes, or strings of which each code unit is one byte. Out: answers one at a time, so that
 * pipelining, 100-continue and early answers can be observed. An answer that violates RFC 9112 (a bare LF,
 * two lengths, no Date…) is an error here, so every test that uses this client checks that too.
 * Shares no code with protocol/, so that one mistake cannot be made on both sides.
 */

import { connectTo } from "./suite_tls.ts";
import { within } from "./wait_for.ts";

/** Where to connect; a server of server.ts is one. */
export interface Endpoint {
  /** An IPv4 or IPv6 address, without brackets. */
  readonly hostname: string;
  /** The port. */
  readonly port: number;
  /** The PEM of the authority that signed its certificate; absent: no TLS, but that of suite_tls.ts. */
  readonly ca?: string;
  /** The file of a Unix socket, in place of all that. */
  readonly path?: string;
}

/** One answer, with its body. */
export interface HttpAnswer {
  /** The status, 100 to 599. */
  readonly status: number;
  /** The reason phrase. */
  readonly reason: string;
  /** The field lines in order, with names as sent. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** The body after decoding; empty for HEAD, 1xx, 204 and 304. */
  readonly body: Uint8Array;
  /** The body as UTF-8. */
  readonly text: string;
}

/** Maximum bytes of one read. */
const READ_BYTES = 65_536;

const STATUS_LINE = /^HTTP\/1\.1 ([1-5][0-9][0-9]) ([\x20-\x7e]*)$/;
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ([\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?|)$/;
// RFC 9110 section 5.6.7, IMF-fixdate
const DATE =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/;

/** The value of the field `name` (any case), or undefined. @throws {Error} if there are two */
export function field(answer: HttpAnswer, name: string): string | undefined {
  const values = answer.fields.filter(([each]) => each.toLowerCase() === name.toLowerCase());
  if (values.length > 1) throw new Error(`${name} is there ${values.length} times`);
  return values[0]?.[1];
}

/** One code unit, one byte. @throws {RangeError} for a code unit above 255 */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) throw new RangeError(`not a byte: ${JSON.stringify(text[i])}`);
    bytes[i] = code;
  }
  return bytes;
}

/** Sends one request on a connection of its own and returns the answer. */
export async function ask(endpoint: Endpoint, request: string): Promise<HttpAnswer> {
  using connection = await HttpConnection.open(endpoint);
  await connection.send(request);
  return await connection.answer(request.split(" ", 1)[0]);
}

/** A connection; closed when disposed of. */
export class HttpConnection implements Disposable {
  readonly #conn: Deno.Conn;
  #buffer = new Uint8Array(0);
  #ended = false;

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
  }

  /** Connects. */
  static async open(endpoint: Endpoint): Promise<HttpConnection> {
    const { hostname, port, ca, path } = endpoint;
    if (path !== undefined) {
      return new HttpConnection(await Deno.connect({ transport: "unix", path }));
    }
    return new HttpConnection(
      ca === undefined
        ? await connectTo({ hostname, port })
        : await Deno.connectTls({ hostname, port, caCerts: [ca], alpnProtocols: ["http/1.1"] }),
    );
  }

  /** Sends all of `data`. */
  async send(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? latin1(data) : data;
    for (let sent = 0; sent < bytes.length;) {
      sent += await within(this.#conn.write(bytes.subarray(sent)), { what: "a socket with room" });
    }
  }

  /** Ends the sending side (FIN); reading is still possible. */
  closeWrite(): Promise<void> {
    return this.#conn.closeWrite();
  }

  /**
   * The next answer; an interim one (1xx) counts as one.
   *
   * @param method the method of the request: the answer to HEAD has no body (RFC 9112 section 6.3)
   * @throws {Error} if the answer violates the protocol, or the connection ends in the middle of it
   */
  async answer(method = "GET"): Promise<HttpAnswer> {
    const statusLine = await this.#line();
    const match = STATUS_LINE.exec(statusLine);
    if (!match) throw new Error(`not a status line: ${JSON.stringify(statusLine)}`);
    const status = Number(match[1]);
    const fields = await this.#fields();
    checkFields(status, fields);
    const body = await this.#body(method, status, fields);
    return { status, reason: match[2]!, fields, body, text: new TextDecoder().decode(body) };
  }

  /** Exactly `count` raw bytes. @throws {Error} if the connection ends before */
  async bytes(count: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (; length + this.#buffer.length < count; await this.#more()) {
      length += this.#buffer.length;
      parts.push(this.#take(this.#buffer.length));
    }
    parts.push(this.#take(count - length));
    return joined(parts);
  }

  /** Everything up to the end of the connection. */
  async rest(): Promise<Uint8Array> {
    const parts = [this.#take(this.#buffer.length)];
    for (; !this.#ended; parts.push(this.#take(this.#buffer.length))) await this.#read();
    return joined(parts);
  }

  /** Waits for the next byte or the end; returns whether it was the end, which may be an abort. */
  async isAtEnd(): Promise<boolean> {
    try {
      while (!this.#ended && this.#buffer.length === 0) await this.#read();
    } catch (error) {
      expectAbort(error);
      this.#ended = true;
    }
    return this.#ended && this.#buffer.length === 0;
  }

  /** Waits for the connection's end. @throws {Error} if bytes come before it, or it does not come */
  async expectEnd(): Promise<void> {
    const rest = await this.rest();
    if (rest.length > 0) {
      throw new Error(`expected the end, got ${JSON.stringify(new TextDecoder().decode(rest))}`);
    }
  }

  /** Closes the socket. */
  close(): void {
    this.#conn.close();
  }

  /** Closes the socket. */
  [Symbol.dispose](): void {
    this.close();
  }

  async #line(): Promise<string> {
    let end = this.#buffer.indexOf(10);
    while (end < 0) {
      await this.#more();
      end = this.#buffer.indexOf(10);
    }
    const line = this.#take(end + 1);
    if (line[line.length - 2] !== 13) throw new Error("a line ends without CR");
    return String.fromCharCode(...line.subarray(0, -2));
  }

  async #fields(): Promise<[string, string][]> {
    const fields: [string, string][] = [];
    for (let line = await this.#line(); line !== ""; line = await this.#line()) {
      const match = FIELD_LINE.exec(line);
      if (!match) throw new Error(`not a field line: ${JSON.stringify(line)}`);
      fields.push([match[1]!, match[2]!]);
    }
    return fields;
  }

  /** RFC 9112 section 6.3: the length of an answer's body. */
  async #body(method: string, status: number, fields: [string, string][]): Promise<Uint8Array> {
    if (method === "HEAD" || status < 200 || status === 204 || status === 304) {
      return new Uint8Array(0);
    }
    const named = new Map(fields.map(([name, value]) => [name.toLowerCase(), value]));
    const length = named.get("content-length");
    if (length !== undefined) return await this.bytes(Number(length));
    if (named.has("transfer-encoding")) return await this.#chunks();
    return await this.rest();
  }

  async #chunks(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    while (true) {
      const line = await this.#line();
      if (!/^[0-9a-fA-F]+$/.test(line)) throw new Error(`not a chunk size: ${line}`);
      const size = parseInt(line, 16);
      if (size === 0) break;
      chunks.push(await this.bytes(size));
      if (await this.#line() !== "") throw new Error("a chunk does not end in CRLF");
    }
    await this.#fields();
    return joined(chunks);
  }

  async #more(): Promise<void> {
    await this.#read();
    if (this.#ended) {
      const had = new TextDecoder().decode(this.#buffer.subarray(0, 200));
      throw new Error(
        `the connection ended in the middle of an answer, after ${JSON.stringify(had)}`,
      );
    }
  }

  async #read(): Promise<void> {
    const into = new Uint8Array(READ_BYTES);
    const count = await within(this.#conn.read(into), { what: "bytes from the server" });
    if (count === null) {
      this.#ended = true;
      return;
    }
    this.#buffer = joined([this.#buffer, into.subarray(0, count)]);
  }

  #take(count: number): Uint8Array {
    const taken = this.#buffer.slice(0, count);
    this.#buffer = this.#buffer.slice(count);
    return taken;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function checkFields(status: number, fields: readonly [string, string][]): void {
  const names = fields.map(([name]) => name.toLowerCase());
  for (const single of ["content-length", "transfer-encoding", "date", "content-type", "etag"]) {
    if (names.indexOf(single) !== names.lastIndexOf(single)) throw new Error(`two of ${single}`);
  }
  if (names.includes("content-length") && names.includes("transfer-encoding")) {
    throw new Error("both a Content-Length and a Transfer-Encoding"); // RFC 9112 section 6.2
  }
  const value = (wanted: string) => fields.find(([name]) => name.toLowerCase() === wanted)?.[1];
  if (!/^[0-9]+$/.test(value("content-length") ?? "0")) throw new Error("a bad Content-Length");
  if (!/^chunked$/.test(value("transfer-encoding") ?? "chunked")) throw new Error("not chunked");
  // RFC 9110 section 6.6.1: a server with a clock sends Date on every answer but 1xx and 5xx.
  if (status >= 200 && status < 500 && !DATE.test(value("date") ?? "")) throw new Error("no Date");
}

/** How a connection ends that the server has aborted: with a reset, or over TLS without close_notify. */
export function expectAbort(error: unknown): void {
  const { ConnectionReset, UnexpectedEof } = Deno.errors;
  if (!(error instanceof ConnectionReset || error instanceof UnexpectedEof)) throw error;
}
