/**
 * The processes of a measured server.
 *
 * In: a {@link Launch} from a peer. Out: a {@link ServerProcess} that answers requests, with its process
 * ids and `stop()`. Called by the harness. A server that does not answer in time is stopped, and an Error
 * with the end of its output is thrown. It ends only processes that it started.
 */

import { ask, originOf } from "./ask.ts";
import { familyOf, listenersOn } from "./proc.ts";
import { PATHS, type Work } from "./rows.ts";

/** How to start a server. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** How many such processes share the port by SO_REUSEPORT; default 1. */
  readonly copies?: number;
}

const START_MILLISECONDS = 15_000;
const STOP_MILLISECONDS = 5_000;
const PROBE_MILLISECONDS = 20;
const LAST_WORDS = 2_000;

const running = new Set<ServerProcess>();

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    return (listener.addr as Deno.NetAddr).port;
  } finally {
    listener.close();
  }
}

/** Stops all running servers if the benchmark is interrupted. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((server) => server.stop()));
}

/** A running server. */
export class ServerProcess {
  /** Its port on 127.0.0.1. */
  readonly port: number;
  readonly #children: Deno.ChildProcess[];
  readonly #words: Promise<string>[];
  #exited = false;

  private constructor(launch: Launch, port: number) {
    this.port = port;
    const command = new Deno.Command(launch.command, {
      args: [...launch.args],
      env: { ...launch.env },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    });
    this.#children = Array.from({ length: launch.copies ?? 1 }, () => command.spawn());
    this.#words = this.#children.map((child) => lastWords(child.stderr));
    for (const child of this.#children) child.status.then(() => this.#exited = true);
    running.add(this);
  }

  /**
   * Starts a server and waits until every copy of it listens and one answers.
   *
   * @param work the kind of work it was started for; decides whether the request uses TLS
   * @throws Error if it ends or does not answer within 15 s
   */
  static async start(
    launch: Launch,
    port: number,
    work: Work = "small",
  ): Promise<ServerProcess> {
    const server = new ServerProcess(launch, port);
    if (await server.#answers(work)) return server;
    await server.stop();
    const words = (await Promise.all(server.#words)).join("\n").trim();
    throw new Error(`did not answer on port ${port}${words === "" ? "" : `: ${words}`}`);
  }

  /** Process ids of all the server's processes, children included. */
  get ids(): readonly number[] {
    return familyOf(this.#children.map((child) => child.pid));
  }

  /** Stops the server: SIGTERM, and SIGKILL after 5 s, or so many milliseconds. */
  async stop(patience = STOP_MILLISECONDS): Promise<void> {
    running.delete(this);
    const family = this.ids;
    for (const child of this.#children) signal(child.pid, "SIGTERM");
    const ended = Promise.all(this.#children.map((child) => child.status));
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), patience);
    });
    if (await Promise.race([ended, late]) === "late") {
      for (const id of family) signal(id, "SIGKILL");
    }
    clearTimeout(timer);
    await ended;
    await Promise.all(this.#words); // to the end of their stderr
  }

  async #answers(work: Work): Promise<boolean> {
    const end = performance.now() + START_MILLISECONDS;
    while (performance.now() < end && !this.#exited) {
      // A response comes from one copy only, so the listening copies are counted first.
      const all = listenersOn(this.port) >= this.#children.length;
      if (all && await probe(work, this.port)) return true;
      await new Promise((resolve) => setTimeout(resolve, PROBE_MILLISECONDS));
    }
    return false;
  }
}

async function probe(work: Work, port: number): Promise<boolean> {
  try {
    const response = await ask(originOf(work, port) + PATHS.small);
    await response.body?.cancel();
    return response.ok;
  } catch (error) {
    // Refused: not listening yet. Waiting does not help against any other error.
    if (error instanceof TypeError) return false;
    throw error;
  }
}

function signal(id: number, name: Deno.Signal): void {
  try {
    Deno.kill(id, name);
  } catch (error) {
    // The process has already ended.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Reads a stream to its end, so that its writer never blocks, and returns the last part. */
async function lastWords(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  for await (
    const part of stream.pipeThrough(
      new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>,
    )
  ) {
    text = (text + part).slice(-LAST_WORDS);
  }
  return text;
}
