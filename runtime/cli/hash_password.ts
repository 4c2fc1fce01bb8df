/**
 * `async-deno hash-password`: a line for the file that `--basic-auth` names.
 *
 * In: a password, the first line of standard input; asked for without showing it where that is a terminal.
 * Out: its hash. The password is never an argument: everybody on the machine sees those.
 */

import { UsageError } from "./usage_error.ts";

/** No longer line is read. */
const LONGEST = 4096;

/** The hash of the password that is read. @throws {UsageError} where there is none */
export async function hashOfInput(input: typeof Deno.stdin): Promise<string> {
  const isTerminal = input.isTerminal();
  if (isTerminal) {
    console.error("Password (it is not shown):");
    input.setRaw(true, { cbreak: true });
  }
  try {
    const password = await firstLine(input);
    if (password === "") throw new UsageError("hash-password reads a password from standard input");
    const { hashPassword } = await import("../serve/auth/mod.ts");
    return await hashPassword(password);
  } finally {
    if (isTerminal) input.setRaw(false);
  }
}

async function firstLine(
  input: { read(bytes: Uint8Array): Promise<number | null> },
): Promise<string> {
  const bytes = new Uint8Array(LONGEST);
  let length = 0;
  while (length < bytes.length) {
    const count = await input.read(bytes.subarray(length));
    if (count === null) break;
    length += count;
    if (bytes.subarray(0, length).some(isLineEnd)) break;
  }
  const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, length));
  return text.split(/[\r\n]/, 1)[0] ?? "";
}

function isLineEnd(byte: number): boolean {
  return byte === 0x0a || byte === 0x0d;
}
