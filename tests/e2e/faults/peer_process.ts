/**
 * Peers in a process of their own, so that they can be paused together and take no time of the test.
 *
 * In: a module of this folder and its arguments. Out: the lines that it writes, one at a time, and a way
 * to pause it: a process that got SIGSTOP reads nothing and closes nothing, while its kernel still
 * acknowledges what arrives, as with a peer whose program hangs. Ends only that child.
 */

import { REPOSITORY, within } from "../../support/server.ts";

/** A child process that runs peers; killed when disposed of. */
export class PeerProcess implements AsyncDisposable {
  /** The process id of the child. */
  readonly pid: number;
  readonly #process: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  /** @param module a file name of this folder; @param args its `Deno.args` */
  constructor(module: string, args: readonly (string | number)[]) {
    const script = new URL(`tests/e2e/faults/${module}`, REPOSITORY).pathname;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "--allow-all", script, ...args.map(String)],
      cwd: REPOSITORY,
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.pid = this.#process.pid;
    this.#reader = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next line. @throws {Error} if the child ends before, or writes nothing for 30 s */
  async line(): Promise<string> {
    while (!this.#text.includes("\n")) {
      const { value, done } = await within(this.#reader.read(), { what: "a line of the peers" });
      if (done) throw new Error(`the peers ended; their last words: ${JSON.stringify(this.#text)}`);
      this.#text += value;
    }
    const end = this.#text.indexOf("\n");
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    return line;
  }

  /** Waits for a line for which `wanted` is true; lines before it are dropped. */
  async waitForLine(wanted: string): Promise<void> {
    while (await this.line() !== wanted);
  }

  /** Pauses the child; its sockets stay open. */
  pause(): void {
    this.#process.kill("SIGSTOP");
  }

  /** Whether the child exists and is paused: proc(5), state T. */
  get isPaused(): boolean {
    const stat = Deno.readTextFileSync(`/proc/${this.pid}/stat`);
    return stat.slice(stat.lastIndexOf(")")).startsWith(") T");
  }

  /** Ends the child, paused or not; afterwards neither process nor stream is open. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    // To the end of the stream: only then is its descriptor closed.
    while (!(await this.#reader.read()).done);
  }
}
