/**
 * Checks every invariant of the store's memory: that each block of the heap is free or referred to exactly once, that lists,
 * tables and counts agree, and that the offsets of each history have no hole.
 *
 * In: the views of memory that no thread is using. Out: nothing; it throws at the first fault.
 */
import { assert, assertEquals } from "@std/assert";
import {
  channelLayout,
  HEAD,
  HEADER,
  HEAP_LEVELS,
  HEAP_STEPS,
  LOCK,
  SLOT_WORDS,
  STATE,
  TAIL,
} from "../../../runtime/channels/layout.ts";
import {
  CHANNEL,
  IDEMPOTENCY,
  IN_FEED,
  IN_HISTORY,
  MEMBER,
  NODE,
  NODE_KIND,
  PUBLICATION,
  readWide,
  USER,
} from "../../../runtime/channels/records.ts";

/** Checks the memory. */
export function checkStore(words: Int32Array): void {
  new Checker(words).check();
}

class Checker {
  readonly #words: Int32Array;
  readonly #layout;
  /** Words of each allocated block, by address; what was referred to is deleted. */
  readonly #blocks = new Map<number, number>();
  readonly #records = new Map<number, number>();
  readonly #users = new Map<number, number>();
  #used = 0;
  #publications = 0;

  constructor(words: Int32Array) {
    this.#words = words;
    this.#layout = channelLayout(words[HEADER.bytes]! >>> 0, words[HEADER.workers]!);
  }

  check(): void {
    assertEquals(this.#words[LOCK], 0, "the lock is free");
    assertEquals(this.#words[this.#layout.journal], 0, "the journal is empty");
    this.#checkHeap();
    this.#checkNodes();
    this.#checkFeed();
    assertEquals(this.#state("usedWords"), this.#used, "used words");
    assertEquals(this.#state("publications"), this.#publications, "publications");
    for (const [record, flags] of this.#records) {
      assertEquals(this.#words[record + PUBLICATION.flags]! & 3, flags, "flags of a record");
    }
    assertEquals([...this.#blocks.keys()], [], "leaked blocks");
  }

  #state(name: keyof typeof STATE): number {
    return this.#words[STATE[name]]!;
  }

  #checkHeap(): void {
    const words = this.#words;
    const free = new Map<number, number>();
    const end = (words.length & ~1) - 4;
    let before = 0;
    let beforeFree = false;
    for (let block = this.#layout.heap; block !== end;) {
      const size = words[block]! & ~1;
      const isFree = (words[block]! & 1) !== 0;
      assert(size >= 4 && size % 2 === 0 && block + size <= end, `block ${block} of ${size} words`);
      assertEquals(words[block + 1], before, "the block before");
      assert(!(isFree && beforeFree), "two free neighbours");
      if (isFree) free.set(block, size);
      else this.#blocks.set(block + 2, size);
      before = block;
      beforeFree = isFree;
      block += size;
    }
    assertEquals(words[end + 1], before, "the last block");
    this.#checkLists(free);
  }

  #checkLists(free: Map<number, number>): void {
    const words = this.#words;
    const control = this.#layout.heapControl;
    for (let level = 0; level < HEAP_LEVELS; level++) {
      const steps = words[control + 1 + level]!;
      assertEquals((words[control]! >>> level & 1) === 1, steps !== 0, "bit of a level");
      for (let step = 0; step < HEAP_STEPS; step++) {
        let block = words[control + 1 + HEAP_LEVELS + level * HEAP_STEPS + step]!;
        assertEquals((steps >>> step & 1) === 1, block !== 0, "bit of a step");
        for (let previous = 0; block !== 0; block = words[block + 2]!) {
          const size = free.get(block)!;
          assert(free.delete(block), `block ${block} is listed and not free`);
          assertEquals(words[block + 3], previous, "previous block of the list");
          const least = level === 0 ? 2 * step : (16 + step) * 2 ** level;
          assert(size >= least && size < least + 2 ** Math.max(1, level), "class of a block");
          previous = block;
        }
      }
    }
    assertEquals(free.size, 0, "free blocks that are in no list");
  }

  #checkNodes(): void {
    const words = this.#words;
    const channels: number[] = [];
    const counts = { channels: 0, members: 0, keys: 0 };
    const followed: number[] = [];
    const keysOf = new Map<number, number>();
    let rateWords = 0;
    for (let bucket = 0; bucket < this.#layout.bucketCount; bucket++) {
      let node = words[this.#layout.buckets + bucket]!;
      for (; node !== 0; node = words[node + NODE.next]!) {
        const size = this.#take(node);
        this.#used += size;
        assertEquals(words[node + NODE.hash]! & (this.#layout.bucketCount - 1), bucket, "bucket");
        const kind = words[node + NODE.kind]! & 0xff;
        if (kind === NODE_KIND.channel) {
          counts.channels++;
          channels.push(node);
        } else if (kind === NODE_KIND.member) counts.members++;
        else if (kind === NODE_KIND.followed) followed.push(words[node + NODE.epoch]!);
        else if (kind === NODE_KIND.rate) rateWords += size;
        else if (kind === NODE_KIND.user) this.#users.set(node, 0);
        else if (kind === NODE_KIND.idempotency) {
          counts.keys++;
          const channel = words[node + IDEMPOTENCY.channel]!;
          keysOf.set(channel, (keysOf.get(channel) ?? 0) + 1);
        }
      }
    }
    const { channels: count, members, keys } = counts;
    assertEquals([count, members, keys], [
      this.#state("channels"),
      this.#state("members"),
      this.#state("keys"),
    ]);
    assertEquals(rateWords, this.#state("rateWords"), "words of token buckets");
    assertEquals(followed.length, this.#state("followed"), "followed channels");
    const epochs = channels.map((channel) => words[channel + NODE.epoch]!);
    assertEquals(followed.filter((epoch) => !epochs.includes(epoch)), [], "followed, and gone");
    for (const channel of channels) {
      assertEquals(words[channel + CHANNEL.keys], keysOf.get(channel) ?? 0, "keys of a channel");
      this.#checkHistory(channel);
    }
    let listed = 0;
    for (const channel of channels) listed += this.#checkMembers(channel);
    assertEquals(listed, members, "members in lists");
    for (const [user, found] of this.#users) {
      assertEquals(words[user + USER.members], found, "members of a user");
    }
    assert(this.#state("largest") === 0 || channels.includes(this.#state("largest")), "largest");
  }

  #checkHistory(channel: number): void {
    const words = this.#words;
    let [count, sum, older, offset] = [0, 0, 0, 0];
    let record = words[channel + CHANNEL.oldest]!;
    for (; record !== 0; record = words[record + PUBLICATION.newer]!) {
      const size = this.#take(record);
      sum += size;
      count++;
      this.#records.set(record, IN_HISTORY);
      assertEquals(words[record + PUBLICATION.older], older, "the older publication");
      assertEquals(words[record + PUBLICATION.epoch], words[channel + NODE.epoch], "epoch");
      const own = readWide(words, record + PUBLICATION.offset);
      assert(offset === 0 || own === offset + 1, `offset ${own} behind ${offset}`);
      offset = own;
      older = record;
    }
    assertEquals(words[channel + CHANNEL.newest], older, "the newest publication");
    assert(offset <= readWide(words, channel + CHANNEL.offset), "an offset above the channel's");
    assertEquals([words[channel + CHANNEL.count], words[channel + CHANNEL.words]], [count, sum]);
    this.#used += sum;
    this.#publications += count;
  }

  #checkMembers(channel: number): number {
    const words = this.#words;
    let [count, newer] = [0, 0];
    const users = new Set<number>();
    let member = words[channel + CHANNEL.firstMember]!;
    for (; member !== 0; member = words[member + MEMBER.older]!) {
      assertEquals(words[member + MEMBER.channel], channel, "channel of a member");
      assertEquals(words[member + MEMBER.newer], newer, "the newer member");
      const user = words[member + MEMBER.user]!;
      assert(this.#users.has(user), "user of a member");
      this.#users.set(user, this.#users.get(user)! + 1);
      users.add(user);
      newer = member;
      count++;
    }
    assertEquals(
      [words[channel + CHANNEL.members], words[channel + CHANNEL.users]],
      [count, users.size],
      "members and users of a channel",
    );
    return count;
  }

  #checkFeed(): void {
    const words = this.#words;
    const [next, released] = [this.#state("feedNext"), this.#state("feedReleased")];
    const tail = Atomics.load(words, TAIL);
    const head = Atomics.load(words, HEAD);
    assertEquals(tail, next, "the tail");
    assert(((head - released) | 0) >= 0 && ((tail - head) | 0) >= 0, "the head");
    assert(((next - released) | 0) <= this.#layout.slotCount, "length of the feed");
    let sum = 0;
    for (let number = released; number !== next; number = (number + 1) | 0) {
      const slot = this.#layout.slots + (number & (this.#layout.slotCount - 1)) * SLOT_WORDS;
      const record = words[slot]!;
      assertEquals(words[slot + 1], words[record + PUBLICATION.epoch], "epoch of an entry");
      sum += words[record - 2]! & ~1;
      if (!this.#records.has(record)) this.#take(record);
      this.#records.set(record, (this.#records.get(record) ?? 0) | IN_FEED);
    }
    assertEquals(this.#state("feedWords"), sum, "words of the feed");
    assert(sum <= this.#layout.feedWords, "the feed's budget");
  }

  /** Marks a block as referred to, and returns its size. */
  #take(address: number): number {
    const size = this.#blocks.get(address);
    assert(this.#blocks.delete(address), `${address} is no block, or is referred to twice`);
    return size!;
  }
}
