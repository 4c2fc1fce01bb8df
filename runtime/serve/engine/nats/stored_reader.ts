/**
 * Reads all messages of a subject that a stream holds, oldest first, in batches.
 *
 * In: a link, a stream and a subject, perhaps with wildcards. Out: calls of a visitor, until it has enough. A consumer is made for it in
 * the server's memory, and removed.
 */
import { JetStreamError } from "./nats_faults.ts";
import type { NatsLink, StoredMessage } from "./nats_link.ts";

/** Messages that are asked for at once. */
const BATCH = 256;
/** In how many parts the time for making a consumer is divided in a cluster. */
const CLUSTER_TRIES = 4;
/** Nanoseconds after which the server removes a consumer that nobody uses. */
const FORGET_AFTER = 5e9;
/** `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>.<sequence of the consumer>.<time>.<pending>` */
const ACK = { sequence: -4, time: -2, pending: -1 } as const;

/** The options of {@link readStored}. */
export interface StoredQuery {
  readonly stream: string;
  readonly subject: string;
  readonly timeoutMs: number;
  /** Default: {@link BATCH}. */
  readonly batch?: number;
}

/** What takes messages one after another. */
export interface StoredVisitor {
  /** Whether no message is of use. */
  readonly isEmpty: boolean;
  /** Takes the next one. Returns whether more are of use. */
  add(message: StoredMessage): boolean;
}

let inboxes = 0;

/** Reads. @param visit returns false if it has enough @throws what the link does, and if an answer is late */
export async function readStored(
  link: NatsLink,
  { stream, subject, timeoutMs, batch = BATCH }: StoredQuery,
  visit: (message: StoredMessage) => boolean,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  const made = await makeConsumer(link, { stream, subject, timeoutMs });
  let left = made.num_pending;
  try {
    while (left > 0) {
      const page = await nextBatch(link, `CONSUMER.MSG.NEXT.${stream}.${made.name}`, {
        count: Math.min(batch, left),
        timeoutMs: deadline - performance.now(),
      });
      if (!page.messages.every(visit) || page.messages.length === 0) return;
      left = page.pending;
    }
  } finally {
    link.post(`CONSUMER.DELETE.${stream}.${made.name}`);
  }
}

/** In a cluster the server that is to have the consumer may have failed a moment ago, so that nobody answers: then it is tried again. */
async function makeConsumer(
  link: NatsLink,
  { stream, subject, timeoutMs }: Omit<StoredQuery, "batch">,
): Promise<{ readonly name: string; readonly num_pending: number }> {
  const request = {
    stream_name: stream,
    config: {
      ...{ deliver_policy: "all", ack_policy: "none", filter_subject: subject },
      ...{ mem_storage: true, num_replicas: 1, inactive_threshold: FORGET_AFTER },
    },
  };
  const tries = link.isCluster ? CLUSTER_TRIES : 1;
  for (let left = tries - 1;; left--) {
    try {
      const made = await link.ask(`CONSUMER.CREATE.${stream}`, request, timeoutMs / tries);
      return made as { readonly name: string; readonly num_pending: number };
    } catch (error) {
      if (left === 0 || link.isClosed || error instanceof JetStreamError) throw error;
    }
  }
}

/** One batch; it is shorter if the stream does not hold as many any more. */
function nextBatch(
  link: NatsLink,
  request: string,
  { count, timeoutMs }: { readonly count: number; readonly timeoutMs: number },
): Promise<{ readonly messages: readonly StoredMessage[]; readonly pending: number }> {
  const inbox = `${link.inbox}.r${++inboxes}`;
  const messages: StoredMessage[] = [];
  return new Promise((resolve, reject) => {
    const end = (pending: number) => {
      clearTimeout(timer);
      subscription.unsubscribe();
      resolve({ messages, pending });
    };
    const timer = setTimeout(() => {
      subscription.unsubscribe();
      reject(new Error("timeout: JetStream does not send what is stored"));
    }, Math.max(1, timeoutMs));
    const subscription = link.receive(inbox, ({ subject, reply, data }) => {
      const parts = (reply ?? "").split(".");
      // Without a reply it is no message of the stream: it says that there are no more.
      if (parts.length < 9) return end(0);
      const number = (at: number) => Number(parts.at(at));
      messages.push({
        subject,
        sequence: number(ACK.sequence),
        time: number(ACK.time) / 1e6,
        data,
      });
      if (messages.length === count) end(number(ACK.pending));
    });
    link.request(request, { batch: count, no_wait: true }, inbox);
  });
}
