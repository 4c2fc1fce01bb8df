/**
 * Bun, for apps that must do the same under Bun and here.
 *
 * In: an app's file. Out: Bun serving it on a free port, while `body` runs. Bun is what BUN_PATH names, or what PATH has; without either,
 * tests that compare do not run: their expectations are in fixtures/, too.
 */

import { findProgram } from "./process_facts.ts";
import { within } from "./wait_for.ts";

/** The program, or undefined. */
export const BUN = Deno.env.get("BUN_PATH") ?? findProgram("bun");

/** Imports the app and serves it, as `bun FILE` does on a port of its own choice. */
const SERVE = `
  const app = (await import(process.argv[1])).default;
  const { port } = Bun.serve({ ...app, port: 0, hostname: "127.0.0.1" });
  console.log("port " + port);
`;

/** Serves an app while `body` runs. */
export async function withBun(
  file: string,
  body: (server: { readonly url: string; readonly wsUrl: string }) => Promise<void>,
): Promise<void> {
  const child = new Deno.Command(BUN!, {
    args: ["-e", SERVE, file],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    const port = await within(portOf(child.stdout), { what: "the port of Bun" });
    await body({ url: `http://127.0.0.1:${port}`, wsUrl: `ws://127.0.0.1:${port}` });
  } finally {
    child.kill("SIGKILL");
    await Promise.all([child.status, child.stdout.cancel()]);
  }
}

async function portOf(output: ReadableStream<Uint8Array>): Promise<number> {
  let text = "";
  for await (const chunk of output.values({ preventCancel: true })) {
    text += new TextDecoder().decode(chunk);
    const port = /port (\d+)\n/.exec(text)?.[1];
    if (port !== undefined) return Number(port);
  }
  throw new Error(`Bun has ended: ${text}`);
}
