/**
 * A parsed request head: what was asked, how its body is framed, how the connection goes on.
 *
 * In: filled by `parseRequestHead`. Out: read by sessions and handlers. A worker has one instance as
 * scratch for all its connections: it is valid until that worker parses another head or receives
 * more bytes on the same connection. A handler that outlives that takes a `clone()`, which owns its
 * bytes.
 */
import { HeaderList } from "./header_list.ts";
import { TargetReader } from "./request_target.ts";
import { StringCache } from "./text_cache.ts";

/** `marks`: a Host field was there. */
export const SAW_HOST = 1;
/** `marks`: an Upgrade field was there. */
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
/** `marks`: a Transfer-Encoding field was there. */
export const SAW_ENCODING = 128;
/** `marks`: Transfer-Encoding has more than one `chunked`. */
export const SAYS_OTHER_ENCODING = 256;

const NO_BYTES = new Uint8Array(0);

/** One request's head. */
export class RequestHead {
  /** The method as it was received, case and all (RFC 9110 section 9.1). */
  method = "";
  /** The request target as it was received. */
  target = "";
  /** The target before its first "?", not decoded; `*` for `OPTIONS *`. */
  path = "";
  /** The target behind its first "?", not decoded; empty without one. */
  query = "";
  /** Host and port of a target in absolute form, else empty; see {@link host}. */
  authority = "";
  /** 0 for HTTP/1.0, 1 for HTTP/1.1 and later minor versions. */
  minorVersion = 1;
  /** The field lines in their order. */
  fields: HeaderList = new HeaderList();
  /** Bytes of the body, or -1 without Content-Length. */
  contentLength = -1;
  /** Whether the body comes in chunks. */
  chunked = false;
  /** Whether the client wishes the connection to go on (RFC 9112 section 9.3). */
  keepAlive = true;
  /** Whether the client may be waiting for `100 Continue` before it sends a body. */
  expectContinue = false;
  /** Whether HTTP/1.1, `Connection: upgrade` and an Upgrade field ask for another protocol. */
  upgrade = false;
  /** What the fields said, for the parser: the bits named at the top of this file. */
  marks = 0;
  /** Strings of methods seen before; shared with clones. */
  readonly methods: StringCache;
  /** Targets seen before; shared with clones. */
  readonly targets: TargetReader;
  #bytes: Uint8Array = NO_BYTES;
  #start = 0;
  #end = 0;

  /** @param texts a head to share the caches of; without it the head has its own */
  constructor(texts?: RequestHead) {
    this.methods = texts?.methods ?? new StringCache();
    this.targets = texts?.targets ?? new TargetReader();
  }

  /** Forgets the last request; the next one lies in `bytes`. For the parser. */
  begin(bytes: Uint8Array): void {
    this.method = "";
    this.target = "";
    this.path = "";
    this.query = "";
    this.authority = "";
    this.minorVersion = 1;
    this.fields.reset(bytes);
    this.contentLength = -1;
    this.chunked = false;
    this.keepAlive = true;
    this.expectContinue = false;
    this.upgrade = false;
    this.marks = 0;
    this.#bytes = bytes;
    this.#start = 0;
    this.#end = 0;
  }

  /** Says where the head lies in the bytes given to {@link begin}. For the parser. */
  finish(start: number, end: number): void {
    this.#start = start;
    this.#end = end;
  }

  /**
   * The value of a field by its name in lower case, lines of one name joined by ", "; undefined
   * without one. Decoded as latin1, white space around it left out.
   */
  field(name: string): string | undefined {
    return this.fields.get(name);
  }

  /** Host and port asked for: the target's own in absolute form (RFC 9112 section 3.2.2), else Host. */
  host(): string {
    return this.authority !== "" ? this.authority : this.fields.get("host") ?? "";
  }

  /** Whether the framing says that a body of at least one chunk or byte follows. */
  hasBody(): boolean {
    return this.chunked || this.contentLength > 0;
  }

  /** The same head over bytes of its own. */
  clone(): RequestHead {
    const copy = new RequestHead(this);
    copy.method = this.method;
    copy.target = this.target;
    copy.path = this.path;
    copy.query = this.query;
    copy.authority = this.authority;
    copy.minorVersion = this.minorVersion;
    copy.contentLength = this.contentLength;
    copy.chunked = this.chunked;
    copy.keepAlive = this.keepAlive;
    copy.expectContinue = this.expectContinue;
    copy.upgrade = this.upgrade;
    copy.marks = this.marks;
    copy.#bytes = this.#bytes.slice(this.#start, this.#end);
    copy.#end = copy.#bytes.length;
    copy.fields = this.fields.rebasedCopy(copy.#bytes, this.#start);
    return copy;
  }
}
