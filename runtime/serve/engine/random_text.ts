/**
 * Random names for publications, epochs and nodes.
 *
 * In: nothing. Out: two random words of 32 bits in base 36, as `<word>-<word>`: the shape of the store's own epochs. The bytes
 * are drawn for many texts at once.
 */
const POOL = new Uint32Array(1024);
let next = POOL.length;

/** A text that, in practice, no other call returns. */
export function randomText(): string {
  if (next === POOL.length) {
    crypto.getRandomValues(POOL);
    next = 0;
  }
  return `${POOL[next++]!.toString(36)}-${POOL[next++]!.toString(36)}`;
}
