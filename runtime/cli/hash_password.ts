/**
 * `async-deno hash-password`: prints a line for the file that `--basic-auth` names.
 *
 * In: a password, the first line of standard input; on a terminal it is asked for twice, without
 * showing it. Out: its hash. The password is never an argument, because every user of the machine can
 * see those.
 */

import { PasswordInput, type PasswordSource } from "./password_input.ts";
import { UsageError } from "./usage_error.ts";

/** The hash of the password that is read. @throws {UsageError} if there is none, or the two differ */
export async function hashOfInput(source: PasswordSource): Promise<string> {
  const password = await readPassword(source);
  const { hashPassword } = await import("../serve/auth/mod.ts");
  return await hashPassword(password);
}

async function readPassword(source: PasswordSource): Promise<string> {
  using input = new PasswordInput(source);
  if (input.isTerminal) console.error("Password (not shown):");
  const password = await input.line();
  if (password === undefined) {
    throw new UsageError("no password on standard input: hash-password reads its first line");
  }
  if (password === "") {
    throw new UsageError("the password is empty: anybody could guess it");
  }
  if (!input.isTerminal) return password;
  console.error("The same password again:");
  if (await input.line() !== password) {
    throw new UsageError("the two passwords differ: nothing was hashed");
  }
  return password;
}
