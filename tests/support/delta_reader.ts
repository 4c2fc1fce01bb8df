/**
 * The data of a subscription with deltas, as the client `centrifuge` from npm restores it, without a connection.
 *
 * In: publications as the wire has them. Out: their data. A delta that does not belong to the publication before it throws, as in the
 * client: it compares a checksum.
 */

import { Centrifuge } from "npm:centrifuge@5.8.0";

/** A publication of such a subscription. */
export interface TextPublication {
  readonly data: string;
  readonly delta?: boolean;
}

interface Codec {
  applyDeltaIfNeeded(
    publication: TextPublication,
    before: Uint8Array | undefined,
  ): { readonly newData: unknown; readonly newPrevValue: Uint8Array };
}

// The package has no types for its insides.
const { _codec: CODEC } = new Centrifuge("ws://127.0.0.1:1") as unknown as { _codec: Codec };

/** What a delta, in the client's hands, makes of the document before; throws if it cannot be applied. */
export function applyAsClient(before: Uint8Array, delta: Uint8Array): Uint8Array {
  const data = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(delta);
  return CODEC.applyDeltaIfNeeded({ data, delta: true }, before).newPrevValue;
}

/** One subscription. */
export class DeltaReader {
  /** How many publications were deltas. */
  deltas = 0;
  #before: Uint8Array | undefined = undefined;

  /** The data of the next publication. */
  read(publication: TextPublication): unknown {
    if (typeof publication.data !== "string") throw new Error("the data is no string");
    const { newData, newPrevValue } = CODEC.applyDeltaIfNeeded(publication, this.#before);
    this.#before = newPrevValue;
    if (publication.delta === true) this.deltas++;
    return newData;
  }
}
