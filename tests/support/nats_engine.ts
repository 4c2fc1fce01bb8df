/**
 * A NATS server with JetStream for a test, which can be killed, frozen and started again.
 *
 * In: lines of its configuration. Out: its URL. Port and folder stay the same over a restart. Ends only the process that it started.
 */

import { connect } from "@nats-io/transport-node";
import { freePort } from "./free_port.ts";
import { findProgram } from "./process_facts.ts";
import { waitFor } from "./wait_for.ts";

/** The nats-server program, or undefined. */
export const NATS_SERVER: string | undefined = findProgram("nats-server");

/** Appended to the name of a test that cannot run. */
export const NO_NATS: string = NATS_SERVER === undefined
  ? " (skipped, to install it: apt-get install nats-server)"
  : "";

/** The options of {@link NatsEngine.start}. */
export interface NatsEngineOptions {
  /** Forgets everything at a restart. */
  readonly isForgetful?: boolean;
  /** The block `jetstream`; "": it is off. */
  readonly jetstream?: string;
  /** More lines of the configuration. */
  readonly config?: string;
}

/** The server. */
export class NatsEngine implements AsyncDisposable {
  readonly port = freePort();
  readonly #folder = Deno.makeTempDirSync({ prefix: "nats-engine-" });
  readonly #options: NatsEngineOptions;
  #process: Deno.ChildProcess | undefined;

  private constructor(options: NatsEngineOptions) {
    this.#options = options;
  }

  /** Starts a server, and waits until it answers. */
  static async start(options: NatsEngineOptions = {}): Promise<NatsEngine> {
    const engine = new NatsEngine(options);
    try {
      await engine.start();
      return engine;
    } catch (error) {
      await engine[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Where it is. */
  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  /** Its process while it runs. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Starts it, again after `kill`. */
  async start(): Promise<void> {
    const store = `${this.#folder}/store`;
    const { isForgetful = false, jetstream = "", config = "" } = this.#options;
    const isOff = this.#options.jetstream === "";
    if (isForgetful) await Deno.remove(store, { recursive: true }).catch(() => {});
    const file = `${this.#folder}/nats.conf`;
    const block = isOff ? "" : `jetstream { store_dir: "${store}", ${jetstream} }`;
    await Deno.writeTextFile(file, `listen: "127.0.0.1:${this.port}"\n${block}\n${config}\n`);
    const process = this.#process = new Deno.Command(NATS_SERVER!, {
      args: ["-c", file],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    let hasEnded = false;
    void process.status.then(() => hasEnded = true);
    const answers = () => {
      if (hasEnded) throw new Error("nats-server has ended: is its port taken?");
      return this.#answers();
    };
    await waitFor(answers, { what: "an answer of nats-server" });
  }

  /** Ends it by a signal that it cannot handle. */
  async kill(): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    this.#process = undefined;
    try {
      process.kill("SIGKILL");
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
    await process.status;
  }

  /** Stops the process; connections stay. Returns when none of its threads runs any more. */
  freeze(): void {
    const process = this.#process!;
    process.kill("SIGSTOP");
    const tasks = `/proc/${process.pid}/task`;
    const isStopped = ({ name }: Deno.DirEntry) =>
      /\) [Tt] /.test(Deno.readTextFileSync(`${tasks}/${name}/stat`));
    for (let i = 0; i < 100_000; i++) if ([...Deno.readDirSync(tasks)].every(isStopped)) return;
    throw new Error("nats-server does not stop");
  }

  /** Lets it go on. */
  thaw(): void {
    this.#process!.kill("SIGCONT");
  }

  /** Asks JetStream. */
  async ask(request: string, body: unknown): Promise<unknown> {
    const client = await connect({ servers: `127.0.0.1:${this.port}` });
    try {
      const { data } = await client.request(`$JS.API.${request}`, JSON.stringify(body));
      return JSON.parse(new TextDecoder().decode(data));
    } finally {
      await client.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #answers(): Promise<boolean> {
    try {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port: this.port });
      return (await connection.read(new Uint8Array(4))) === 4;
    } catch {
      return false;
    }
  }
}
