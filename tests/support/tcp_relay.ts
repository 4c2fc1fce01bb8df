/**
 * A TCP relay in front of a server, whose connections a test cuts.
 *
 * In: the server's port. Out: a port of 127.0.0.1 that leads there; `cut` resets all connections, and closes new ones at once until
 * `mend`. `lead` sends new connections to another server.
 */

/** The relay. */
export class TcpRelay implements AsyncDisposable {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  #target: number;
  readonly #open = new Set<Deno.Conn>();
  readonly #running: Promise<unknown>[] = [];
  #isCut = false;

  /** @param target the port that it leads to */
  constructor(target: number) {
    this.#target = target;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#running.push(this.#accept());
  }

  /** New connections lead to another port; those that are open stay. */
  lead(target: number): void {
    this.#target = target;
  }

  /** Ends all connections, and lets none through. */
  cut(): void {
    this.#isCut = true;
    this.#closeAll();
  }

  /** Lets connections through again. */
  mend(): void {
    this.#isCut = false;
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      if (this.#isCut) connection.close();
      else this.#running.push(this.#relay(connection));
    }
  }

  async #relay(client: Deno.Conn): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: this.#target });
    this.#open.add(client).add(server);
    const ends = (error: unknown) => {
      if (!(error instanceof Error)) throw error;
    };
    await Promise.race([
      client.readable.pipeTo(server.writable).catch(ends),
      server.readable.pipeTo(client.writable).catch(ends),
    ]);
    this.#close(client);
    this.#close(server);
  }

  #closeAll(): void {
    for (const connection of this.#open) this.#close(connection);
  }

  #close(connection: Deno.Conn): void {
    if (!this.#open.delete(connection)) return;
    try {
      connection.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error; // its stream has closed it
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.#closeAll();
    await Promise.allSettled(this.#running);
  }
}
