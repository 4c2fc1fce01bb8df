/**
 * A program that runs beside the test until it is told to end: `async-deno channels subscribe`.
 *
 * In: a program and its arguments. Out: its lines of both streams as they come, and its exit code. Killed by the disposal if it still
 * runs. Ends only the child that it started.
 */

import { serverCommand } from "./server.ts";
import { waitFor, within } from "./wait_for.ts";

/** A program that runs. */
export class RunningProgram implements AsyncDisposable {
  /** The lines of standard output that are whole. */
  readonly lines: string[] = [];
  /** What it wrote to standard error. */
  stderr = "";
  readonly #title: string;
  readonly #process: Deno.ChildProcess;
  readonly #streams: Promise<unknown>;
  #stdout: ReadableStreamDefaultReader<string> | undefined;

  private constructor(process: Deno.ChildProcess, title: string, readsOutput: boolean) {
    this.#title = title;
    this.#process = process;
    this.#streams = Promise.all([
      readsOutput ? this.readOutput() : undefined,
      this.#readErrors(process.stderr),
    ]);
  }

  /** Starts async-deno. @param readsOutput false: standard output is not read before `readOutput` is called */
  static start(
    args: readonly string[],
    { readsOutput = true, env = {} }: {
      readonly readsOutput?: boolean;
      readonly env?: Readonly<Record<string, string>>;
    } = {},
  ): RunningProgram {
    const [program, before, inherited] = serverCommand();
    const child = new Deno.Command(program, {
      args: [...before, ...args],
      env: { ...inherited, ...env },
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    return new RunningProgram(child, args.join(" "), readsOutput);
  }

  /** Its process id. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Sends a signal. */
  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  /** The exit code. @throws {Error} if it does not end in time */
  async code(): Promise<number> {
    const { code } = await within(this.#process.status, { what: `the end of ${this.#title}` });
    return code;
  }

  /** Waits until there are so many lines on standard output. */
  async waitForLines(count: number): Promise<readonly string[]> {
    await waitFor(() => this.lines.length >= count, {
      what: () => `${count} lines of ${this.#title}: ${this.lines.join("\n")}\n${this.stderr}`,
    });
    return this.lines;
  }

  /** Waits until standard error has this text. */
  async waitForError(text: string): Promise<void> {
    await waitFor(() => this.stderr.includes(text), {
      what: () => `"${text}" on the standard error of ${this.#title}: ${this.stderr}`,
    });
  }

  /** Reads standard output to its end, or until `endOutput`. */
  async readOutput(): Promise<void> {
    this.#stdout = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { value, done } = await this.#stdout.read();
      if (done) return;
      const parts = (text + value).split("\n");
      text = parts.pop()!; // there is always one
      this.lines.push(...parts);
    }
  }

  /** Closes the reading end of standard output, as `| head` does. */
  async endOutput(): Promise<void> {
    await this.#stdout?.cancel();
  }

  async #readErrors(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) this.stderr += text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended
    }
    await this.#process.status;
    if (this.#stdout === undefined) await this.#process.stdout.cancel();
    await this.#streams;
  }
}
