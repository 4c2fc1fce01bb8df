/**
 * A parsed request head: request line, fields, body framing and persistence.
 *
 * In: filled by `parseRequestHead`. Out: read by sessions and handlers. A worker has one instance as
 * scratch for all its connections: it is valid until that worker parses another head or receives more
 * bytes on the same connection. A handler that needs it longer makes a `clone()`, which owns its bytes.
 */
import { HeaderList } from "./header_list.ts";
import { TargetReader } from "./request_target.ts";
import { StringCache } from "./text_cache.ts";

/** `marks`: there is a Host field. */
export const SAW_HOST = 1;
/** `marks`: there is an Upgrade field. */
export const SAW_UPGRADE = 2;
/** `marks`: Connection has the option `close`. */
export const SAYS_CLOSE = 4;
/** `marks`: Connection has the option `keep-alive`. */
export const SAYS_KEEP_ALIVE = 8;
/** `marks`: Connection has the option `upgrade`. */
export const SAYS_UPGRADE = 16;
/** `marks`: Expect is `100-continue`. */
export const SAYS_CONTINUE = 32;
/** `marks`: Expect is something else. */
export const SAYS_OTHER_EXPECTATION = 64;
/** `marks`: there is a Transfer-Encoding field. */
export const SAW_ENCODING = 128;
/** `marks`: Transfer-Encoding is not a single `chunked`. */
export const SAYS_OTHER_ENCODING = 256;

const NO_BYTES = new Uint8Array(0);

/** One request's head. */
export class RequestHead {
  /** The method as received; it is case-sensitive (RFC 9110 section 9.1). */
  method = "";
  /** The request target as received. */
  target = "";
  /** The target before its first "?", not decoded; `*` for `OPTIONS *`. */
  path = "";
  /** The target after its first "?", not decoded; empty if there is none. */
  query = "";
  /** Host and port of a target in absolute form, otherwise empty; see {@link host}. */
  authority = "";
  /** 0 for HTTP/1.0, 1 for HTTP/1.1 and later minor versions. */
  minorVersion = 1;
  /** The field lines in the order received. */
  fields: HeaderList;
  /** The value of Content-Length, or -1 if there is none. */
  contentLength = -1;
  /** Whether the body is chunked. */
  chunked = false;
  /** Whether the client wants a persistent connection (RFC 9112 section 9.3). */
  keepAlive = true;
  /** Whether the client may wait for `100 Continue` before it sends the body. */
  expectContinue = false;
  /** Whether the client requests an upgrade: HTTP/1.1, `Connection: upgrade` and an Upgrade field. */
  upgrade = false;
  /** The parser's notes about fields: the bits defined at the top of this file. */
  marks = 0;
  /** Cache of method strings; shared with clones. */
  readonly methods: StringCache;
  /** Cache of targets; shared with clones. */
  readonly targets: TargetReader;
  /** Whether a clone has been made that is this head itself: it must not change any more. For the cache of heads. */
  isLent = false;
  readonly #ownFields: HeaderList;
  // The kept head that this one shows; null: it has been parsed, or is a copy.
  #shown: RequestHead | null = null;
  #memo: unknown = null;
  // Null: nobody has asked for it.
  #host: string | null = null;
  #bytes: Uint8Array = NO_BYTES;
  #start = 0;
  #end = 0;

  /**
   * @param texts a head whose caches are shared; by default the head has its own
   * @param fields for how many it has room at first
   */
  constructor(texts?: RequestHead, fields?: number) {
    this.fields = this.#ownFields = new HeaderList(fields);
    this.methods = texts?.methods ?? new StringCache();
    this.targets = texts?.targets ?? new TargetReader();
  }

  /** Resets the head for a request in `bytes`. For the parser. */
  begin(bytes: Uint8Array): void {
    this.method = "";
    this.target = "";
    this.path = "";
    this.query = "";
    this.authority = "";
    this.minorVersion = 1;
    this.fields = this.#ownFields;
    this.fields.reset(bytes);
    this.contentLength = -1;
    this.chunked = false;
    this.keepAlive = true;
    this.expectContinue = false;
    this.upgrade = false;
    this.marks = 0;
    this.#shown = null;
    this.#memo = null;
    this.#host = null;
    this.#bytes = bytes;
    this.#start = 0;
    this.#end = 0;
  }

  /** Sets the range of the head in the bytes given to {@link begin}. For the parser. */
  finish(start: number, end: number): void {
    this.#start = start;
    this.#end = end;
  }

  /**
   * The value of a field by its name in lower case, lines with one name joined by ", ", those of Cookie by "; "; undefined if there
   * is none. Decoded as latin1, without white space around it.
   */
  field(name: string): string | undefined {
    return this.fields.get(name);
  }

  /** Host and port: those of a target in absolute form (RFC 9112 section 3.2.2), otherwise of Host. Decoded once for all repetitions. */
  host(): string {
    const kept = this.#shown ?? this;
    return kept.#host ??= this.authority !== "" ? this.authority : this.fields.get("host") ?? "";
  }

  /** Whether a body follows: chunked, or of at least one byte. */
  hasBody(): boolean {
    return this.chunked || this.contentLength > 0;
  }

  /** Whether its bytes were compared with those of an earlier head, and not parsed: its client repeats itself. */
  get isRepeated(): boolean {
    return this.#shown !== null;
  }

  /**
   * What a caller has derived from this head, and from nothing else; null: nothing. Later repetitions of the head have it,
   * too, on any connection of the worker. It is dropped with the head.
   */
  get memo(): unknown {
    return this.#shown === null ? this.#memo : this.#shown.#memo;
  }

  set memo(memo: unknown) {
    if (this.#shown === null) this.#memo = memo;
    else this.#shown.#memo = memo;
  }

  /** A head with the same content that owns its bytes, and is only to be read: if a kept head is shown, that one. */
  clone(): RequestHead {
    if (this.#shown !== null) {
      this.#shown.isLent = true;
      return this.#shown;
    }
    const copy = new RequestHead(this, this.fields.length);
    copy.take(this, this.#bytes.slice(this.#start, this.#end), this.#start);
    return copy;
  }

  /** A copy of its bytes as received. */
  toBytes(): Uint8Array {
    return this.#bytes.slice(this.#start, this.#end);
  }

  /**
   * Becomes a copy of `other` over `bytes`, which are the bytes of `other` from its offset `shift` on. For
   * {@link clone} and for the cache of heads.
   */
  take(other: RequestHead, bytes: Uint8Array, shift: number): void {
    this.show(other);
    this.#shown = null;
    this.#memo = null;
    this.#host = null;
    this.fields = this.#ownFields;
    this.fields.take(other.fields, bytes, shift);
    this.#bytes = bytes;
    this.#start = other.#start - shift;
    this.#end = other.#end - shift;
  }

  /** Shows the same as `other`, which owns its bytes, as long as that is unchanged. For the cache of heads. */
  show(other: RequestHead): void {
    this.#shown = other;
    this.method = other.method;
    this.target = other.target;
    this.path = other.path;
    this.query = other.query;
    this.authority = other.authority;
    this.minorVersion = other.minorVersion;
    this.fields = other.fields;
    this.contentLength = other.contentLength;
    this.chunked = other.chunked;
    this.keepAlive = other.keepAlive;
    this.expectContinue = other.expectContinue;
    this.upgrade = other.upgrade;
    this.marks = other.marks;
    this.#bytes = other.#bytes;
    this.#start = other.#start;
    this.#end = other.#end;
  }
}
