/**
 * The records in the heap: publications, and the nodes of the hash table.
 *
 * In: nothing but the numbers of words. Out: word indexes from a record's address, and small conversions.
 *
 * ```text
 * publication    0 flags (4 bits; 4: AS_DELTA), kind (2), form (2) | length of the fields (24)
 *                1 length of the data
 *                2 epoch of its channel
 *                3 offset, 2 words: 0 if it has none
 *                5 tick at which it expires
 *                6 the next older publication of the history, or 0
 *                7 the next newer one, or 0
 *                8 when it was appended: see stamp.ts
 *                9 the bytes of the fields, then those of the data
 *
 * every node     0 next node of the bucket, or 0
 *                1 hash
 *                2 kind (8 bits) | length of the key (24)
 *                3 epoch of its channel
 * channel        4 offset of the latest publication, 2 words
 *                6 oldest publication of the history, or 0        7 newest
 *                8 publications in the history                    9 words of them
 *               10 tick of the last use                           11 idempotency keys
 *               12 first (newest) member, or 0                    13 members
 *               14 users                                          15 number of the latest member
 *               16 subscribers on worker 0, 1, …                  then the key: the name
 * idempotency    4 offset, 2 words      6 tick at which it expires      7 its channel     8 the key
 * version        4 version, 2 words     6 length of the version epoch   7 its bytes; no key
 * user           4 members that are this user                           5 the key: the user
 * member         4 worker | announced (bit 16)   5 its channel   6 next newer member, or 0   7 next older one
 *                8 its user             9 length of the info    10 number of the member
 *               11 the key: the client, then the bytes of the info
 * followed       4 length of the text   5 the text of the epoch in the engine; no key
 * rate           4 moment at which the bucket is full again, 2 words      6 tick after it        7 the key; no channel
 * ```
 */

/** Words of a publication. */
export const PUBLICATION = {
  flags: 0,
  dataLength: 1,
  epoch: 2,
  offset: 3,
  expires: 5,
  older: 6,
  newer: 7,
  appended: 8,
  bytes: 9,
} as const;

/** The publication is in its channel's history. */
export const IN_HISTORY = 1;
/** The publication is in the feed. */
export const IN_FEED = 2;
/** A publication's kind begins at this bit of its flags, its form at that one. */
export const KIND_SHIFT = 4;
/** See {@link KIND_SHIFT}. */
const FORM_SHIFT = 6;
const KIND_MASK = 0x3;
const FORM_MASK = 0x3;
/** The length of a publication's fields begins at this bit of its flags, that of a node's key at this bit of its kind. */
export const LENGTH_SHIFT = 8;

/** The kinds of a feed entry. `lost`: the channel goes on with another epoch, and who was subscribed is no more. */
export const ENTRY_KIND = { publication: 0, join: 1, leave: 2, lost: 3 } as const;

/** One of {@link ENTRY_KIND}. */
export type EntryKind = typeof ENTRY_KIND[keyof typeof ENTRY_KIND];

/**
 * What the data of a publication stands for: who publishes and subscribes without a protocol of its own gets back what was
 * published, to the byte. For everybody else the data is JSON.
 *
 * - `json`: itself.
 * - `lines`: the same, but it has line breaks between its tokens, which some protocols cannot have.
 * - `text`: a JSON string, which stands for the text in it.
 * - `binary`: a JSON string, which stands for bytes: it has them as Base64.
 */
export const ENTRY_FORM = { json: 0, lines: 1, text: 2, binary: 3 } as const;

/** One of {@link ENTRY_FORM}. */
export type EntryForm = typeof ENTRY_FORM[keyof typeof ENTRY_FORM];

/**
 * Added to the form of what is published: subscribers that want deltas may get it as the difference to the publication before. It is
 * the same bit of a record's flags, and travels with the form through an engine.
 */
export const AS_DELTA = 4;

/** One of {@link ENTRY_FORM}, and {@link AS_DELTA} perhaps. */
export type PublishedForm = EntryForm | 4 | 5 | 6 | 7;

/** The form of what is published, with or without {@link AS_DELTA}. */
export function publishedForm(form: EntryForm, asDelta: boolean): PublishedForm {
  return (form | (asDelta ? AS_DELTA : 0)) as PublishedForm;
}

/** A published form as text has it; undefined if there is none. */
export function asPublishedForm(text: string): PublishedForm | undefined {
  return /^[0-7]$/.test(text) ? Number(text) as PublishedForm : undefined;
}

/** Words of every node. */
export const NODE = { next: 0, hash: 1, kind: 2, epoch: 3 } as const;

/** The kinds of nodes. */
export const NODE_KIND = {
  channel: 1,
  idempotency: 2,
  version: 3,
  user: 4,
  member: 5,
  followed: 6,
  rate: 7,
} as const;

/** One of {@link NODE_KIND}. */
export type NodeKind = typeof NODE_KIND[keyof typeof NODE_KIND];

/** Words of a channel; `subscribers` has one word per worker, the name follows. */
export const CHANNEL = {
  offset: 4,
  oldest: 6,
  newest: 7,
  count: 8,
  words: 9,
  used: 10,
  keys: 11,
  firstMember: 12,
  members: 13,
  users: 14,
  lastMember: 15,
  subscribers: 16,
} as const;

/** Words of an idempotency key. */
export const IDEMPOTENCY = { offset: 4, expires: 6, channel: 7, key: 8 } as const;
/** Words of a channel's version. */
export const VERSION = { version: 4, epochLength: 6, epoch: 7 } as const;
/** Words of a user. */
export const USER = { members: 4, key: 5 } as const;
/** Words of a member. */
export const MEMBER = {
  worker: 4,
  channel: 5,
  newer: 6,
  older: 7,
  user: 8,
  infoLength: 9,
  number: 10,
  key: 11,
} as const;
/** Words of what is known of a followed channel. */
export const FOLLOWED = { length: 4, text: 5 } as const;
/** Words of a token bucket. */
export const RATE = { fullAt: 4, expires: 6, key: 7 } as const;
/** Bit of a member's worker word: its leaving is announced. */
export const ANNOUNCED = 1 << 16;

/** The kind in a publication's flags. */
export function kindOf(flags: number): EntryKind {
  return ((flags >> KIND_SHIFT) & KIND_MASK) as EntryKind;
}

/** The bits of a publication's flags that hold a form. */
export function formFlags(form: PublishedForm): number {
  return ((form & FORM_MASK) << FORM_SHIFT) | (form & AS_DELTA);
}

/** The form in a publication's flags. */
export function formOf(flags: number): EntryForm {
  return ((flags >> FORM_SHIFT) & FORM_MASK) as EntryForm;
}

/** Words of a publication with that many bytes of fields and data. */
export function publicationWords(bytes: number): number {
  return PUBLICATION.bytes + wordsFor(bytes);
}

/** Words of a stored publication, without the heap's header; of one that is being overwritten, any number. */
export function storedWords(words: Int32Array, record: number): number {
  const fields = words[record + PUBLICATION.flags]! >>> LENGTH_SHIFT;
  return publicationWords(fields + (words[record + PUBLICATION.dataLength]! >>> 0));
}

/** Bytes of a node's key. */
export function keyLengthOf(words: Int32Array, node: number): number {
  return words[node + NODE.kind]! >>> LENGTH_SHIFT;
}

/** Words for that many bytes. */
export function wordsFor(bytes: number): number {
  return (bytes + 3) >>> 2;
}

/** Reads an unsigned number of 53 bits from two words, the lower one first. */
export function readWide(words: Int32Array, at: number): number {
  return words[at + 1]! * 2 ** 32 + (words[at]! >>> 0);
}

/** The upper word of such a number; the lower one is `value | 0`. */
export function upperWord(value: number): number {
  return Math.floor(value / 2 ** 32) | 0;
}
