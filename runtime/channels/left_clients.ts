/**
 * What stands in the memory of the channels for clients of a server that was replaced, until they have come to this one.
 *
 * In and out: words of members and channels. A member belongs to a worker that does not exist. A channel has a subscriber that is
 * nobody, on worker 0, so that the feed has what is published before its subscribers come.
 */
import { ANNOUNCED } from "./records.ts";

/** The worker of members whose server was replaced. */
export const LEFT_WORKER = ANNOUNCED - 1;

/** Added to the subscribers of worker 0: there were some. */
export const LEFT_SUBSCRIBER = 2 ** 30;

/** The word of a member that belongs to another worker from now on. */
export function memberWorker(word: number, worker: number): number {
  return (word & ANNOUNCED) | worker;
}
