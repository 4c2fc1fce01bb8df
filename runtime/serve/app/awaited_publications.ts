/**
 * Publications of an app's sockets that an engine has not answered yet: they may come back before the answer, which has their offset.
 *
 * In: what was published, and by whom; entries of channels. Out: the publisher of an entry. Until the answer it is known by its bytes: who
 * publishes what somebody else publishes at the same moment misses either of the two, which are alike. Without an engine there are none.
 */

import type { Entry, EntryForm } from "../../channels/mod.ts";

/** One of them. */
export interface AwaitedPublication {
  readonly topic: string;
  readonly publisher: object;
  readonly data: Uint8Array;
  readonly form: EntryForm;
  /** Whether an entry was taken for it. */
  hasCome: boolean;
}

/** Those of one worker. */
export class AwaitedPublications {
  readonly #byTopic = new Map<string, AwaitedPublication[]>();

  /** It was handed to the engine. */
  add(publication: AwaitedPublication): void {
    const others = this.#byTopic.get(publication.topic);
    if (others === undefined) this.#byTopic.set(publication.topic, [publication]);
    else others.push(publication);
  }

  /** The engine has answered. */
  remove(publication: AwaitedPublication): void {
    const all = this.#byTopic.get(publication.topic) ?? [];
    const others = all.filter((each) => each !== publication);
    if (others.length === 0) this.#byTopic.delete(publication.topic);
    else this.#byTopic.set(publication.topic, others);
  }

  /** Whether there is one of this publisher. */
  has(topic: string, publisher: object): boolean {
    return this.#byTopic.get(topic)?.some((each) => each.publisher === publisher) === true;
  }

  /** Who has published this entry, if it is one of them. */
  takePublisher(topic: string, entry: Entry): object | undefined {
    const found = this.#byTopic.get(topic)?.find((each) => !each.hasCome && isSame(each, entry));
    if (found === undefined) return undefined;
    found.hasCome = true;
    return found.publisher;
  }
}

function isSame({ data, form }: AwaitedPublication, entry: Entry): boolean {
  const { bytes, dataStart, dataEnd } = entry;
  if (form !== entry.form || data.length !== dataEnd - dataStart) return false;
  return data.every((byte, at) => byte === bytes[dataStart + at]);
}
