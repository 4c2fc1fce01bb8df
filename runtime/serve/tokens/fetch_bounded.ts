/**
 * Fetches a key set, and no more of an answer than one has.
 *
 * In: what jose gives to fetch. Out: the answer with its whole body. The body of any other answer is cancelled, because jose does
 * not read it and its connection would stay open.
 */

/** Bytes of a key set: a large one of an identity provider has 20 KiB. */
const MOST_BYTES = 1024 * 1024;

/** Fetches a key set: an answer with its whole body, or a rejection if the network fails. */
export type KeySetFetch = (url: string, options: RequestInit) => Promise<Response>;

/** Fetches like `fetch`. @throws {TypeError} if the network fails or the body is too long */
export async function fetchBounded(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, options);
  const { body, status, headers } = response;
  if (body === null || status !== 200) {
    await body?.cancel();
    return new Response(null, { status: status < 200 || status > 599 ? 500 : status, headers });
  }
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    // Leaving the loop cancels the body.
    if (length > MOST_BYTES) throw new TypeError(`the answer has more than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new Response(new Blob(chunks as Uint8Array<ArrayBuffer>[]), { status, headers });
}
