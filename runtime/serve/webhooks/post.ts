/**
 * One POST request of a webhook.
 *
 * In: an address, a body and its fields, and when to give up. Out: nothing if the answer is 2xx; otherwise what went wrong, for the
 * operator, without the address. A redirect is not followed: the signature is for this address. Never throws.
 */

import { fetchFault, TimeLimit } from "../../thread/mod.ts";

/** Bytes of an answer that are read, so that the connection can be used again. */
const MOST_READ = 16 * 1024;

/** A request. */
interface PostRequest {
  readonly url: string;
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout: number;
  /** Aborts it. */
  readonly stop: AbortSignal;
}

/** Sends it. */
export async function post(
  { url, body, headers, timeout, stop }: PostRequest,
): Promise<string | undefined> {
  using limit = new TimeLimit(timeout);
  const signal = AbortSignal.any([limit.signal, stop]);
  try {
    const init = { method: "POST", body, headers, signal };
    const response = await fetch(url, { ...init, redirect: "manual" });
    await finish(response);
    if (response.ok) return undefined;
    return `it answered ${response.status}`;
  } catch (error) {
    if (limit.isOver) return `no answer within ${timeout / 1000} s`;
    if (stop.aborted) return "the server stops";
    return fetchFault(error);
  }
}

/** Reads a short answer; nobody wants what it says, and whether it arrives changes nothing. */
async function finish(response: Response): Promise<void> {
  const length = Number(response.headers.get("Content-Length") ?? Infinity);
  try {
    if (length <= MOST_READ) await response.arrayBuffer();
    else await response.body?.cancel();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}
