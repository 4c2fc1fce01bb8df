/**
 * The clients of reconnect.ts: a process of crowd.c.
 *
 * In: the port and the wire of the server, how many there are. Out: when all are there, and what they were told. It fails if one was told
 * something wrong.
 */

import { buildProgram } from "./c_programs.ts";
import { type ChannelsWire, publishHead } from "./channels_wire.ts";

/** Milliseconds within which all come back. */
export const WITHIN = 1_000;

/** Publications to the channels of the clients: they have something to recover. */
const PER_SECOND = 20;

/** What crowd.c tells when all clients are there. */
export interface ComeBack {
  /** Since the connections broke. */
  readonly seconds: number;
  /** Milliseconds from a client's connection to its subscription. */
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
  /** Publications that came by recovery. */
  readonly recovered: number;
  /** Connections that failed and subscriptions that were refused for the moment, and were tried again. */
  readonly retries: number;
}

/** How many there are. */
export interface CrowdSize {
  readonly clients: number;
  readonly channels: number;
  /** Milliseconds within which all come back. */
  readonly within?: number;
  /** Publications to their channels. */
  readonly perSecond?: number;
}

/** The running clients. Disposing of them ends their process, whatever they were told. */
export class Crowd implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #faults: Promise<string>;
  #text = "";

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#input = child.stdin.getWriter();
    const text = new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>;
    this.#lines = child.stdout.pipeThrough(text).getReader();
    this.#faults = new Response(child.stderr).text();
  }

  /** @throws Error if gcc is missing */
  static async start(
    port: number,
    wire: ChannelsWire,
    { clients, channels, within = WITHIN, perSecond = PER_SECOND }: CrowdSize,
  ): Promise<Crowd> {
    const program = await buildProgram("crowd");
    if (typeof program !== "string") {
      throw new Error(`missing ${program.missing}: ${program.install}`);
    }
    const message = wire.post.body.replace("{c}", "crowd-{c}").replace("{d}", '{"x":1}');
    const args = [
      ...["-p", `${port}`, "-n", `${clients}`, "-c", `${channels}`, "-w", `${within}`],
      ...["-r", `${perSecond}`],
      ...["-s", wire.subscriber.path, "-N", channelIn(message)],
      ...["-M", publishHead(wire, port, "{l}"), "-m", message],
    ];
    const streams = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    return new Crowd(new Deno.Command(program, { args, ...streams }).spawn());
  }

  /** Waits until all are there. @throws Error if one was told something wrong */
  async there(): Promise<ComeBack> {
    return JSON.parse(await this.#line("there "));
  }

  /** Lets all connections break; they come back. */
  async scatter(): Promise<void> {
    await this.#input.write(new Uint8Array(1));
  }

  /** Ends them when all have what was published last; returns how many publications they got. @throws Error as `there` does */
  async end(): Promise<number> {
    await this.#input.close();
    const { publications } = JSON.parse(await this.#line("told "));
    if (!(await this.#child.status).success) throw await this.#fault();
    return publications;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended
    }
    await this.#input.abort().catch(() => {});
    await this.#lines.cancel();
    await this.#child.status;
    await this.#faults;
  }

  async #fault(): Promise<Error> {
    return new Error(`a client was told something wrong:\n${await this.#faults}`);
  }

  async #line(start: string): Promise<string> {
    for (;;) {
      const end = this.#text.indexOf("\n");
      const line = this.#text.slice(0, Math.max(end, 0));
      this.#text = this.#text.slice(end + 1);
      if (line.startsWith(start)) return line.slice(start.length);
      if (end >= 0) continue;
      const { done, value } = await this.#lines.read();
      if (done) throw await this.#fault();
      this.#text += value;
    }
  }
}

/** The channel that a publication names. */
function channelIn(message: string): string {
  return /"channel":"([^"]+)"/.exec(message)?.[1] ?? "";
}
