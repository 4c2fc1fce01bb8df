/**
 * The open connections of one worker.
 *
 * In: connections that begin and end. Out: their number, and all of them. A connection knows its place in the list;
 * the last one takes the place of one that is deleted, so the order is arbitrary. Measured with connections that
 * come and go: a Set costs a tenth of a worker's JavaScript for each, as it is rebuilt again and again.
 */

/** A connection that can be in one list. */
export interface ListedConnection {
  /** Its place; written by the list. */
  place: number;
}

/** The connections that are open. */
export class ConnectionList<Connection extends ListedConnection> implements Iterable<Connection> {
  readonly #connections: Connection[] = [];

  /** How many there are. */
  get size(): number {
    return this.#connections.length;
  }

  /** Adds a connection that is in no list. */
  add(connection: Connection): void {
    connection.place = this.#connections.length;
    this.#connections.push(connection);
  }

  /** Deletes a connection; does nothing if it is not in the list. */
  delete(connection: Connection): void {
    const { place } = connection;
    if (this.#connections[place] !== connection) return;
    const last = this.#connections.pop();
    if (last === undefined || last === connection) return;
    this.#connections[place] = last;
    last.place = place;
  }

  /** All of them; the list must not be changed meanwhile. */
  [Symbol.iterator](): Iterator<Connection> {
    return this.#connections.values();
  }
}
