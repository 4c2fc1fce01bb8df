/**
 * Up to where the records of a channel can be removed, as nobody can see them any more.
 *
 * In: the publications that this node has written, with the sequences that the stream gave them. Out: now and then a sequence, before which the
 * channel has nothing that its history shows. That holds whenever the removal is carried out; of a number of records to be kept, those
 * that are written until then would take their part. Remembers a few publications of each of {@link MOST} channels. Pure.
 */
import type { ChannelRecord } from "./records.ts";

const MOST = 10_000;
/** Publications between two that are remembered; of a long history, a quarter of it. */
const EVERY = 16;

/** A publication, and where the stream has it. */
interface Mark {
  readonly offset: number;
  readonly sequence: number;
}

/** The marks of all channels. */
export class TrimMarks {
  /** Those that were used last are at the end. */
  readonly #channels = new Map<string, { readonly epoch: string; marks: readonly Mark[] }>();

  /** A publication was stored. Returns before which sequence everything can be removed, if that has changed much. */
  note(
    channel: string,
    { epoch, offset, first }: Pick<ChannelRecord, "epoch" | "offset" | "first">,
    sequence: number,
  ): number | undefined {
    const known = this.#channels.get(channel);
    let marks = known?.epoch === epoch ? known.marks : [];
    const every = Math.max(EVERY, (offset - first + 1) >> 2);
    if (offset % every === 0) marks = [...marks, { offset, sequence }];
    // What is before the mark has a lower offset.
    const passed = marks.findLast((mark) => mark.offset <= first);
    if (passed !== undefined) marks = marks.filter((mark) => mark.offset > passed.offset);
    this.#channels.delete(channel);
    if (marks.length > 0) this.#channels.set(channel, { epoch, marks });
    if (this.#channels.size > MOST) this.#forgetOldest();
    return passed?.sequence;
  }

  #forgetOldest(): void {
    for (const oldest of this.#channels.keys()) {
      this.#channels.delete(oldest);
      return;
    }
  }
}
