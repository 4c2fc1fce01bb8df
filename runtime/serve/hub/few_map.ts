/**
 * A map for the many places where there is nearly always one entry, such as the subscriptions of a connection.
 *
 * In and out: as with a Map, whose table takes 190 bytes for the first entry. Here the first one is two fields; with the second
 * one it becomes a Map. Entries may be deleted while they are iterated over.
 */

/** A map that is small while it has one entry. */
export class FewMap<Key extends string | object, Value> {
  #key: Key | undefined = undefined;
  #value: Value | undefined = undefined;
  #map: Map<Key, Value> | null = null;

  /** The number of entries. */
  get size(): number {
    if (this.#map !== null) return this.#map.size;
    return this.#key === undefined ? 0 : 1;
  }

  /** Whether there is such an entry. */
  has(key: Key): boolean {
    return this.#map === null ? this.#key === key : this.#map.has(key);
  }

  /** The value of an entry, or undefined. */
  get(key: Key): Value | undefined {
    if (this.#map !== null) return this.#map.get(key);
    return this.#key === key ? this.#value : undefined;
  }

  /** Adds or replaces an entry. */
  set(key: Key, value: Value): void {
    if (this.#map === null && this.#key !== undefined && this.#key !== key) {
      this.#map = new Map([[this.#key, this.#value!]]);
      this.#key = this.#value = undefined;
    }
    if (this.#map !== null) {
      this.#map.set(key, value);
      return;
    }
    this.#key = key;
    this.#value = value;
  }

  /** Removes an entry; returns whether there was one. */
  delete(key: Key): boolean {
    if (this.#map !== null) return this.#map.delete(key);
    if (this.#key !== key) return false;
    this.#key = this.#value = undefined;
    return true;
  }

  /** The values, in the order in which they were added. */
  values(): Iterable<Value> {
    if (this.#map !== null) return this.#map.values();
    return this.#key === undefined ? [] : [this.#value!];
  }

  /** The entries, in the order in which they were added. */
  entries(): Iterable<readonly [Key, Value]> {
    if (this.#map !== null) return this.#map;
    return this.#key === undefined ? [] : [[this.#key, this.#value!]];
  }
}
