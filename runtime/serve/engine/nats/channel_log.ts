/**
 * The records of all channels in JetStream: how one is added, and how a history is read.
 *
 * In: requests of the driver, and the link. Out: answers; a request that fails is rejected with the error of the link.
 *
 * A record is stored on the condition that the newest one of the channel is the one that it was made for, so each has the next
 * offset, whichever node writes. If another node was faster, the newest record is read, and it is tried again, until the
 * time of the request is over. The newest record of a channel has its whole state. It stays until the channel was not
 * used for a day; older ones are removed when nobody can see them any more, some time later.
 */
import { encodeHex } from "@std/encoding/hex";
import type {
  EnginePosition,
  EnginePublication,
  EnginePublishResult,
  EngineRangeQuery,
  EngineRangeResult,
} from "../driver.ts";
import { randomText } from "../random_text.ts";
import { judge, type Judgement } from "./channel_judgement.ts";
import { ClusterKeys } from "./cluster_keys.ts";
import { HistoryPage } from "./history_page.ts";
import { natsFault } from "./nats_faults.ts";
import type { NatsLink } from "./nats_link.ts";
import { type NatsNames, tokenOf } from "./names.ts";
import { NewestRecords } from "./newest_records.ts";
import { type ChannelRecord, decodeRecord, emptyRecord, encodeRecord } from "./records.ts";
import { readStored, type StoredVisitor } from "./stored_reader.ts";
import { keepLonger } from "./streams.ts";
import { TagSearch } from "./tag_search.ts";
import { TrimMarks } from "./trim_marks.ts";

const NO_BYTES = new Uint8Array(0);
/** Messages that are asked for at once when a tag is looked for. */
const SEARCH_BATCH = 16;
/** A record of this age is written again by who asks for it, so that the channel stays: milliseconds. */
const RENEW_AFTER = 6 * 60 * 60 * 1000;
/** Bytes that are asked for at once when a history is read. */
const BATCH_BYTES = 1024 * 1024;
/** Milliseconds until a server of a cluster that is behind is read again. */
const LAG_PAUSE_MS = 20;

/** The options of a log. */
export interface ChannelLogOptions {
  readonly names: NatsNames;
  readonly timeoutMs: number;
}

/** A channel as it was read. */
export interface ReadRecord {
  readonly sequence: number;
  readonly time: number;
  readonly record: ChannelRecord;
}

/** What a request is judged by. */
export interface ClaimParts {
  readonly proof: EnginePosition | undefined;
  readonly isDeep: boolean;
  readonly inGrace: boolean;
  /** When the request has to be answered, by `performance.now()`. */
  readonly deadline: number;
}

/** The records. */
export class ChannelLog {
  readonly #names: NatsNames;
  readonly #timeoutMs: number;
  readonly #stream: string;
  readonly #newest = new NewestRecords();
  readonly #marks = new TrimMarks();
  readonly #keys: ClusterKeys;

  constructor({ names, timeoutMs }: ChannelLogOptions) {
    this.#keys = new ClusterKeys(names);
    this.#names = names;
    this.#timeoutMs = timeoutMs;
    this.#stream = names.stream("channels");
  }

  /** A record has been delivered. */
  arrived(channel: string, read: ReadRecord): void {
    this.#newest.arrived(channel, { ...read, record: small(read.record) });
  }

  /** What was known of the link before may be wrong. */
  forget(): void {
    this.#newest.clear();
  }

  /** Adds a publication. "unverified": nodes with a proof decide first. */
  async publish(
    link: NatsLink,
    channel: string,
    publication: EnginePublication,
    claim: ClaimParts,
  ): Promise<EnginePublishResult | "unverified"> {
    const { historyTtlMs, version, skipHistory = false } = publication;
    if (historyTtlMs > link.keepMs) {
      await keepLonger((...request) => link.ask(...request), this.#names, historyTtlMs);
      link.keepMs = historyTtlMs;
    }
    const tag = randomText();
    return await this.#write<EnginePublishResult>(link, channel, claim, (newest, isFresh) => {
      const before = isFresh ? emptyRecord(randomText(), link.life) : newest!.record;
      if (!isFresh && isOld(version, before)) {
        return { status: "skipped", offset: before.offset, epoch: before.epoch };
      }
      const next = nextRecord(before, publication, tag, link.life);
      const { idempotencyKey } = publication;
      const key = idempotencyKey && encodeHex(idempotencyKey);
      const record = link.isCluster && key !== undefined ? { ...next, key } : next;
      const offset = skipHistory ? 0 : record.offset;
      const { epoch } = record;
      const repeated = (offset: number) => ({ status: "repeated" as const, offset, epoch });
      return { record, key, done: { status: "stored", offset, epoch }, repeated };
    });
  }

  /** Reads where a channel is; begins it, or keeps it, by a record. */
  async state(
    link: NatsLink,
    channel: string,
    claim: ClaimParts,
  ): Promise<ReadRecord["record"] | "unverified"> {
    this.#newest.delete(channel);
    return await this.#write(link, channel, claim, (newest, isFresh, isMoved) => {
      if (isFresh) {
        const record = { ...emptyRecord(randomText(), link.life), count: 1, extra: 1 };
        const told: ChannelRecord = newest === undefined ? record : { ...record, kind: "e" };
        return { record: told, done: told };
      }
      const { record, time } = newest!;
      if (!isMoved && Date.now() - time < RENEW_AFTER) return record;
      const renewed = silentRecord(record, { kind: "s", life: link.life });
      return { record: renewed, done: renewed };
    });
  }

  /** Removes the history. */
  async removeHistory(link: NatsLink, channel: string, deadline: number): Promise<void> {
    const claim = { proof: undefined, isDeep: false, inGrace: true, deadline };
    this.#newest.delete(channel);
    await this.#write(link, channel, claim, (newest) => {
      if (newest === undefined) return "nothing";
      const { record } = newest;
      const gone = silentRecord(record, { kind: "x", life: record.life });
      return { record: { ...gone, first: record.offset + 1 }, done: "done" };
    }, () => "holds");
  }

  /** Reads a part of the history. "unverified": where the channel is has to be asked first. */
  async range(
    link: NatsLink,
    channel: string,
    query: EngineRangeQuery,
  ): Promise<EngineRangeResult | "unverified"> {
    const newest = await this.#read(link, channel);
    if (newest === undefined) {
      const position = { epoch: "", offset: 0, tag: "" };
      return { status: "read", position, entries: [], hasMore: false };
    }
    const { epoch, offset, tag, life, data } = newest.record;
    if (life !== link.life) return "unverified";
    const batch = Math.ceil(BATCH_BYTES / (data.length + 256));
    const read = { batch, upTo: newest.sequence };
    const page = await this.#readAll(link, channel, read, () => {
      return new HistoryPage(newest.record, query, Date.now());
    });
    return { status: "read", position: { epoch, offset, tag }, ...page.result() };
  }

  /** The offset of the publication with this sequence; 0 if it has none, or is gone. */
  async #offsetAt(link: NatsLink, sequence: number): Promise<number> {
    const message = await link.at(this.#stream, sequence);
    const record = message && decodeRecord(message.data);
    return record?.kind === "p" ? record.offset : 0;
  }

  /** Reads up to the newest record, which is there. In a cluster a server that is behind may be the one that is read from. */
  async #readAll<Visitor extends StoredVisitor>(
    link: NatsLink,
    channel: string,
    { batch, upTo }: { readonly batch: number; readonly upTo: number },
    newVisitor: () => Visitor,
  ): Promise<Visitor> {
    const deadline = performance.now() + this.#timeoutMs;
    const subject = this.#names.records(channel);
    const query = { stream: this.#stream, subject, batch: Math.min(512, batch) };
    for (;;) {
      const visitor = newVisitor();
      if (visitor.isEmpty) return visitor;
      let isWhole = false;
      const timeoutMs = deadline - performance.now();
      await readStored(link, { ...query, timeoutMs }, (message) => {
        const goesOn = visitor.add(message);
        isWhole = !goesOn || message.sequence >= upTo;
        return goesOn;
      });
      if (isWhole || !link.isCluster) return visitor;
      if (performance.now() >= deadline) throw new Error("timeout: a server of the cluster lags");
      await new Promise((resolve) => setTimeout(resolve, LAG_PAUSE_MS));
    }
  }

  async #read(
    link: NatsLink,
    channel: string,
    timeoutMs = this.#timeoutMs,
  ): Promise<ReadRecord | undefined> {
    const message = await link.newest(this.#stream, this.#names.records(channel), timeoutMs);
    const record = message && decodeRecord(message.data);
    if (message === undefined || record === undefined) return undefined;
    return { record, sequence: message.sequence, time: message.time };
  }

  /** The tag of a publication in the history; undefined: it is not there. */
  async #tagAt(link: NatsLink, channel: string, proof: EnginePosition, upTo: number) {
    const read = { batch: SEARCH_BATCH, upTo };
    return (await this.#readAll(link, channel, read, () => new TagSearch(proof))).tag;
  }

  async #judge(
    link: NatsLink,
    channel: string,
    newest: ReadRecord | undefined,
    claim: ClaimParts,
  ): Promise<Judgement> {
    const parts = { ...claim, newest: newest?.record, life: link.life };
    const judgement = judge({ ...parts, tagThere: "unknown" });
    if (judgement !== "look") return judgement;
    return judge({
      ...parts,
      tagThere: await this.#tagAt(link, channel, claim.proof!, newest!.sequence),
    });
  }

  /** Writes one record behind the newest one; `make` says which, or that there is nothing to write. */
  async #write<Result>(
    link: NatsLink,
    channel: string,
    claim: ClaimParts,
    make: (
      newest: ReadRecord | undefined,
      isFresh: boolean,
      isMoved: boolean,
    ) => Result | Write<Result>,
    override?: () => Judgement,
  ): Promise<Result | "unverified"> {
    const { deadline } = claim;
    const subject = this.#names.records(channel);
    /** What JetStream calls the newest sequence, although there is no message. */
    let claimed = 0;
    for (;;) {
      const timeoutMs = deadline - performance.now();
      if (timeoutMs <= 0) throw new TooBusy();
      const known = this.#newest.get(channel);
      const newest = known ?? await this.#read(link, channel, timeoutMs);
      const judgement = override?.() ?? await this.#judge(link, channel, newest, claim);
      if (judgement === "unverified") return judgement;
      const isFresh = judgement === "fresh";
      const made = make(newest, isFresh, judgement === "moved");
      if (!isWrite(made)) return made;
      const { record, key, done, repeated } = made;
      if (link.isCluster) {
        const offset = await this.#keys.use(link, channel, { newest, epoch: record.epoch, key });
        if (offset !== undefined && repeated !== undefined) return repeated(offset);
      }
      try {
        const expected = newest?.sequence ?? claimed;
        const id = link.isCluster
          ? turnOf(channel, expected)
          : key && `${record.epoch}|${tokenOf(channel)}|${key}`;
        const ack = await link.store(subject, encodeRecord(record), {
          ...{ expected, timeoutMs: Math.max(1, deadline - performance.now()) },
          ...(id === undefined ? {} : { id }),
        });
        if (ack.duplicate === true && link.isCluster) {
          // Another record has taken this turn.
          this.#newest.delete(channel);
          claimed = 0;
          continue;
        }
        if (ack.duplicate === true && repeated !== undefined) {
          return repeated(await this.#offsetAt(link, ack.seq));
        }
        const now = Date.now();
        this.#newest.set(channel, { record: small(record), sequence: ack.seq, time: now });
        const before = isFresh || record.kind === "x" ? undefined : newest;
        this.#trim(link, channel, { record, sequence: ack.seq }, before);
        return done;
      } catch (error) {
        this.#newest.delete(channel);
        if (natsFault(error).kind !== "conflict") throw error;
        claimed = Number(/\d+$/.exec((error as Error).message)?.[0] ?? 0);
      }
    }
  }

  /** Removes what nobody can see any more, publications now and then. @param before undefined: nothing before it is shown */
  #trim(
    link: NatsLink,
    channel: string,
    { record, sequence }: Omit<ReadRecord, "time">,
    before: ReadRecord | undefined,
  ): void {
    if (before !== undefined && before.record.kind !== "p") {
      // It had the state of the channel, which the new record has now.
      link.post(`STREAM.MSG.DELETE.${this.#stream}`, { seq: before.sequence, no_erase: true });
    }
    const bound = record.kind === "p" ? this.#marks.note(channel, record, sequence) : undefined;
    const seq = before === undefined ? sequence : bound;
    // Nothing is before the first message, and the server would remove that one, too (findings/nats_purge_first.sh).
    if (seq === undefined || seq <= 1) return;
    link.post(`STREAM.PURGE.${this.#stream}`, { filter: this.#names.records(channel), seq });
  }
}

/** A record that is to be written, and what is answered then. */
interface Write<Result> {
  readonly record: ChannelRecord;
  /** The idempotency key, in hexadecimal digits. */
  readonly key?: string | undefined;
  readonly done: Result;
  /** What is answered if a record with the same id was stored before, with its offset. */
  readonly repeated?: (offset: number) => Result;
}

/**
 * An id of the record behind another one. In a cluster the leader compares the expected sequence only before the servers agree on a
 * message, up to nats-server 2.10: two that are under way at the same time would both be stored (findings/nats_cluster_expected_sequence.sh).
 * An id is looked up when they have agreed. Behind no record the sequence is compared then, too, and an id could be that of a record that is gone.
 */
function turnOf(channel: string, expected: number): string | undefined {
  return expected === 0 ? undefined : `${tokenOf(channel)}|${expected}`;
}

/** Other nodes have written in the channel all the time. */
class TooBusy extends Error {
  constructor() {
    super("other nodes publish in the channel all the time");
  }
}

function isWrite<Result>(made: Result | Write<Result>): made is Write<Result> {
  return typeof made === "object" && made !== null && "done" in made;
}

/** What is known of a record that this node has written: not its bytes. */
function small(record: ChannelRecord): ChannelRecord {
  const versionEpoch = record.versionEpoch.slice();
  return { ...record, versionEpoch, fields: NO_BYTES, data: NO_BYTES };
}

/** The state of a channel as a record that says something else than a publication. */
function silentRecord(
  before: ChannelRecord,
  { kind, life }: Pick<ChannelRecord, "kind" | "life">,
): ChannelRecord {
  return {
    ...small(before),
    ...{ kind, life, key: "", count: before.count + 1, extra: before.extra + 1 },
  };
}

function nextRecord(
  before: ChannelRecord,
  publication: EnginePublication,
  tag: string,
  life: string,
): ChannelRecord {
  const { data, fields = NO_BYTES, form = 0, historySize, version, skipHistory } = publication;
  const historyTtlMs = Math.ceil(publication.historyTtlMs);
  const named = version === undefined
    ? { version: before.version, versionEpoch: before.versionEpoch }
    : { version: String(version.version), versionEpoch: version.versionEpoch ?? NO_BYTES };
  const common = { ...named, life, key: "", form, fields, data, count: before.count + 1 };
  if (skipHistory === true) {
    return { ...before, ...common, kind: "l", extra: before.extra + 1 };
  }
  const offset = before.offset + 1;
  const isKept = historySize > 0 && historyTtlMs > 0;
  const first = isKept ? Math.max(before.first, offset - historySize + 1) : offset + 1;
  return {
    ...{ ...before, ...common, kind: "p", offset, tag, previousTag: before.tag },
    ...{ first, historySize, historyTtlMs },
  };
}

/** Whether a publication of the same or a later version was there. */
function isOld(
  version: EnginePublication["version"],
  { version: newest, versionEpoch }: ChannelRecord,
): boolean {
  if (version === undefined || newest === "" || version.version > Number(newest)) return false;
  const named = version.versionEpoch ?? NO_BYTES;
  return named.length === 0 || encodeHex(named) === encodeHex(versionEpoch);
}
