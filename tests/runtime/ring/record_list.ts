/** A sink that keeps copies of the records it is given, for the tests of the inbox. */
import type { InboxSink } from "../../../runtime/ring/inbox.ts";

/** A copy of one record. */
export interface RecordCopy {
  type: number;
  payload: number[];
}

/** Collects records. */
export class RecordList implements InboxSink {
  readonly records: RecordCopy[] = [];

  record(type: number, bytes: Uint8Array, start: number, end: number): void {
    this.records.push({ type, payload: [...bytes.subarray(start, end)] });
  }
}
