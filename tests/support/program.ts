/**
 * Runs other programs to their end: curl, openssl, wrk.
 *
 * In: a program that `findProgram` found, and its arguments. Out: its output. Bounded by 30 s.
 */

import { within } from "./wait_for.ts";

/** The exit code and the output of a program. */
export interface ProgramResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs it, with `input` as its stdin. */
export async function runProgram(
  program: string,
  args: readonly string[],
  input: Uint8Array<ArrayBuffer> = new Uint8Array(0),
): Promise<ProgramResult> {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const feed = async () => {
    const writer = child.stdin.getWriter();
    await writer.write(input);
    await writer.close();
  };
  // A program that does not read to the end closes the pipe.
  const feeding = feed().catch(() => {});
  try {
    const what = `the end of ${program} ${args.join(" ")}`;
    const [{ code, stdout, stderr }] = await within(Promise.all([child.output(), feeding]), {
      what,
    });
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: text(stdout), stderr: text(stderr) };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

/** The same, but the exit code must be 0. @throws {Error} with the program's output */
export async function expectProgram(
  program: string,
  args: readonly string[],
  input?: Uint8Array<ArrayBuffer>,
): Promise<string> {
  const { code, stdout, stderr } = await runProgram(program, args, input);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}\n${stderr}`);
  return stdout;
}
