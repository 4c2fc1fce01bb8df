/**
 * One version of a file in all its codings: compressed copies found beside it, and those made here.
 *
 * In: what the loader found. Out: the variant that a client gets. A compressed copy, `app.js.br` beside
 * `app.js`, is sent as it is; if there is none, text is compressed at its first request, once for each
 * version and coding, and kept. That request and all that arrive meanwhile wait for the same work. A coding
 * that saves nothing is not offered again.
 */

import { type ContentCoding, NOT_ACCEPTABLE } from "../../../protocol/mod.ts";
import type { CodingChooser } from "./coding_chooser.ts";
import { type Compressor, MADE_CODINGS, type MadeCoding } from "./compressor.ts";
import type { Variant } from "./variant.ts";

/** What a file is made of. */
export interface SiteFileParts {
  /** The file itself, not encoded: always there. */
  readonly identity: Variant;
  /** Compressed copies found beside it. */
  readonly neighbours: ReadonlyMap<ContentCoding, Variant>;
  /** Whether missing codings are made here. */
  readonly compressible: boolean;
  readonly chooser: CodingChooser;
  readonly compressor: Compressor;
  /** Makes the variant of compressed bytes. */
  encoded(coding: MadeCoding, bytes: Uint8Array): Variant;
  /** Called when its memory has grown by `bytes`. */
  grown(bytes: number): void;
}

/** A file that can be sent. */
export class SiteFile {
  readonly identity: Variant;
  readonly #parts: SiteFileParts;
  readonly #variants: Map<ContentCoding, Variant>;
  readonly #making = new Map<ContentCoding, Promise<Variant>>();
  // The codings that may be sent, as bits: see coding_chooser.ts.
  #available: number;

  constructor(parts: SiteFileParts) {
    this.#parts = parts;
    this.identity = parts.identity;
    this.#variants = new Map([...parts.neighbours, ["identity", parts.identity]]);
    const { chooser, compressible } = parts;
    const codings = [...this.#variants.keys()];
    const made = compressible ? MADE_CODINGS : [];
    this.#available = chooser.maskOf([...codings, ...made]);
  }

  /** Bytes of memory that it holds now. */
  get memoryBytes(): number {
    return [...this.#variants.values()].reduce((sum, { memoryBytes }) => sum + memoryBytes, 0);
  }

  /** Files that it holds open. */
  get openFiles(): number {
    return this.#sources().length;
  }

  /**
   * The variant for this value of Accept-Encoding; a promise if it has to be made first, and
   * NOT_ACCEPTABLE if the client accepts none.
   */
  choose(
    acceptEncoding: string | undefined,
  ): Variant | Promise<Variant> | typeof NOT_ACCEPTABLE {
    const { chooser } = this.#parts;
    if (this.#available === chooser.identityAlone && acceptEncoding === undefined) {
      return this.identity;
    }
    const coding = chooser.choose(acceptEncoding, this.#available);
    if (coding === NOT_ACCEPTABLE) return NOT_ACCEPTABLE;
    return this.#variants.get(coding) ?? this.#make(coding);
  }

  /** Keeps its files open for an answer that is sent later; release them with {@link release}. */
  hold(): void {
    for (const source of this.#sources()) source.hold();
  }

  /** The counterpart of {@link hold}, and of the constructor. */
  release(): void {
    for (const source of this.#sources()) source.release();
  }

  #make(coding: ContentCoding): Promise<Variant> | Variant {
    if (coding === "identity") return this.identity;
    const making = this.#making.get(coding);
    if (making !== undefined) return making;
    const { compressor } = this.#parts;
    // Many files at once would delay each other: above the limit, the file is sent uncompressed.
    if (compressor.busy) return this.identity;
    const work = this.#compress(coding).finally(() => this.#making.delete(coding));
    this.#making.set(coding, work);
    return work;
  }

  async #compress(coding: MadeCoding): Promise<Variant> {
    this.hold();
    try {
      const bytes = await this.#parts.compressor.compress(coding, this.identity.part);
      if (bytes === undefined) {
        this.#available = this.#parts.chooser.without(this.#available, coding);
        return this.identity;
      }
      const variant = this.#parts.encoded(coding, bytes);
      this.#variants.set(coding, variant);
      this.#parts.grown(variant.memoryBytes);
      return variant;
    } finally {
      this.release();
    }
  }

  #sources() {
    return [...this.#variants.values()].flatMap(({ part: { source } }) => {
      return source instanceof Uint8Array ? [] : [source];
    });
  }
}
