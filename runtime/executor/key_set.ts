/**
 * Fetches the key set of tokens for workers that may not connect to its address, since their app may not.
 *
 * In: the address that the config names. Out: the answer, or why there is none, for the worker's own key set (serve/tokens). Called by the
 * main thread, which has no app. Loaded only if a worker asks.
 */

import { fetchBounded, KEY_SET_TIMES } from "../serve/tokens/mod.ts";
import { fetchFault, type KeySetAnswer, TimeLimit } from "../thread/mod.ts";

/** Fetches it once. Never rejects. */
export async function fetchKeySet(endpoint: string): Promise<KeySetAnswer> {
  const longest = KEY_SET_TIMES.fetch;
  using limit = new TimeLimit(longest);
  try {
    const headers = { accept: "application/json, application/jwk-set+json" };
    const init: RequestInit = { headers, redirect: "manual", signal: limit.signal };
    const response = await fetchBounded(endpoint, init);
    return { status: response.status, text: await response.text() };
  } catch (error) {
    if (limit.isOver) return { fault: `there is no answer after ${longest / 1000} s` };
    return { fault: fetchFault(error) };
  }
}
