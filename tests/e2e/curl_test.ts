/**
 * curl as the client: plain requests, large bodies (with Expect: 100-continue), streams (chunked), connections kept
 * open, and an offer of HTTP/2.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { findProgram } from "../support/process_facts.ts";
import { sameBytes } from "../support/same_bytes.ts";
import { type Server, withServer } from "../support/server.ts";

const CURL = findProgram("curl");
const MISSING = CURL === undefined ? " (skipped, to install it: apt-get install curl)" : "";

/** What curl printed. */
interface CurlResult {
  stdout: Uint8Array;
  stderr: string;
}

function curlTest(name: string, run: (server: Server) => Promise<void>): void {
  Deno.test({
    name: `curl: ${name}${MISSING}`,
    ignore: CURL === undefined,
    fn: () => withServer({ workers: 2 }, run),
  });
}

curlTest("GET of the page returns its head and its body", async (server) => {
  const { stdout } = await curl(["-i", `${server.url}/`]);
  const text = new TextDecoder().decode(stdout);
  assert(text.startsWith("HTTP/1.1 200 OK\r\n"), text.slice(0, 200));
  assertStringIncludes(text, "<!doctype html>");
});

curlTest("HEAD has no body, and an unknown path is a 404", async (server) => {
  const { stdout } = await curl(["-I", `${server.url}/healthz`, `${server.url}/nothing`]);
  const statuses = new TextDecoder().decode(stdout).match(/^HTTP\/1\.1 \d+/gm);
  assertEquals(statuses, ["HTTP/1.1 200", "HTTP/1.1 404"]);
});

curlTest("a body of 3 MiB sent with Expect: 100-continue is echoed", async (server) => {
  const file = await Deno.makeTempFile({ prefix: "async-deno-test-" });
  try {
    const body = new Uint8Array(3 * 1024 * 1024).map((_, i) => i % 251);
    await Deno.writeFile(file, body);
    const { stdout } = await curl([
      ...["-H", "Expect: 100-continue", "-H", "Content-Type: application/x-test"],
      ...["--data-binary", `@${file}`, `${server.url}/echo`],
    ]);
    assert(sameBytes(stdout, body), `${stdout.length} bytes came back`);
  } finally {
    await Deno.remove(file);
  }
});

curlTest("a stream, which curl sends chunked, is echoed", async (server) => {
  const body = new TextEncoder().encode("line of a stream\n".repeat(50_000));
  const { stdout } = await curl(["-T", "-", `${server.url}/echo`], body);
  assert(sameBytes(stdout, body), `${stdout.length} bytes came back`);
});

curlTest("several requests share one connection", async (server) => {
  const urls = Array.from({ length: 5 }, () => `${server.url}/healthz`);
  const { stdout, stderr } = await curl(["-v", ...urls]);
  assertEquals(new TextDecoder().decode(stdout), "okokokokok");
  assertEquals(stderr.match(/Re-using existing/g)?.length, 4, stderr);
});

curlTest("an offer of HTTP/2 is ignored", async (server) => {
  const { stdout } = await curl(["--http2", "-i", `${server.url}/healthz`]);
  const text = new TextDecoder().decode(stdout);
  assert(text.startsWith("HTTP/1.1 200 OK\r\n") && text.endsWith("\r\n\r\nok"), text);
});

curlTest("HTTP/1.0", async (server) => {
  const { stdout } = await curl(["--http1.0", `${server.url}/healthz`]);
  assertEquals(new TextDecoder().decode(stdout), "ok");
});

/** Runs curl, with `input` as its stdin. @throws {Error} with curl's message if it fails */
async function curl(args: readonly string[], input?: Uint8Array): Promise<CurlResult> {
  const child = new Deno.Command(CURL!, {
    // No configuration file, errors on stderr, and a bound on the time.
    args: ["-q", "-sS", "--noproxy", "*", "--max-time", "20", ...args],
    stdin: input ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const feeding = input ? feed(child, input) : Promise.resolve();
  const [{ code, stdout, stderr }] = await Promise.all([child.output(), feeding]);
  const said = new TextDecoder().decode(stderr);
  if (code !== 0) throw new Error(`curl ${args.join(" ")} ended with ${code}\n${said}`);
  return { stdout, stderr: said };
}

async function feed(child: Deno.ChildProcess, input: Uint8Array): Promise<void> {
  const writer = child.stdin.getWriter();
  await writer.write(input);
  await writer.close();
}
