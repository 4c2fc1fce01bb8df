/**
 * Uploads that are answered before they are read: the client receives its answer regardless of what is in flight, and
 * whether it stops sending or not.
 */

import { assert, assertEquals } from "@std/assert";
import { HttpConnection } from "../support/http_client.ts";
import { findProgram } from "../support/process_facts.ts";
import { hold, type Server, withServer } from "../support/server.ts";

const CURL = findProgram("curl");
const MISSING = CURL === undefined ? " (skipped, to install it: apt-get install curl)" : "";
const MEBIBYTE = 1024 * 1024;
const UPLOAD_BYTES = 100 * MEBIBYTE;
const UPLOADS = 12;

/** The ways to send an upload, each with its endpoint. */
const WAYS: readonly (readonly [name: string, args: readonly string[], path: string])[] = [
  ["with its length", ["-T"], "/echo"],
  ["in chunks", ["-H", "Transfer-Encoding: chunked", "-T"], "/echo"],
  ["in chunks, to nowhere", ["-H", "Transfer-Encoding: chunked", "-T"], "/nowhere"],
];

Deno.test({
  name: `early answer: curl receives the answer to each of many uploads of 100 MiB${MISSING}`,
  ignore: CURL === undefined,
  fn: () =>
    withServer({ workers: 2 }, async (server) => {
      const file = await Deno.makeTempFile({ prefix: "async-deno-test-" });
      try {
        await Deno.truncate(file, UPLOAD_BYTES);
        for (const [name, args, path] of WAYS) {
          for (let i = 0; i < UPLOADS; i++) {
            const said = await upload([...args, file, `${server.url}${path}`]);
            const wanted = path === "/nowhere" ? "404 " : "413 ";
            assertEquals(`${name}: ${said}`, `${name}: ${wanted}`);
          }
        }
      } finally {
        await Deno.remove(file);
      }
    }),
});

/** The status that curl saw, and its error messages. */
async function upload(args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(CURL!, {
    args: [
      ...["-q", "-sS", "--noproxy", "*", "--max-time", "60", "-H", "Expect:"],
      ...["-o", "/dev/null", "-w", "%{http_code} ", ...args],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return decoder.decode(stdout) + decoder.decode(stderr);
}

/** The head of an upload that is answered 413 at once. */
function head(bytes: number): string {
  return `POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n`;
}

Deno.test("early answer: a client that sends everything before it reads gets its answer", () =>
  withServer({ workers: 1 }, async (server) => {
    using connection = await HttpConnection.open(server);
    const bytes = 24 * MEBIBYTE;
    await connection.send(head(bytes));
    const piece = new Uint8Array(MEBIBYTE);
    for (let sent = 0; sent < bytes; sent += piece.length) await connection.send(piece);
    assertEquals((await connection.answer("POST")).status, 413);
    await connection.expectEnd();
  }));

Deno.test("early answer: a client that stops sending and reads much later gets its answer", () =>
  withServer({ workers: 1 }, async (server) => {
    using connection = await HttpConnection.open(server);
    await connection.send(head(UPLOAD_BYTES));
    // More than the server used to drain: all of it is in flight when the server has answered.
    await connection.send(new Uint8Array(6 * MEBIBYTE));
    await answered(server);
    await hold(3000); // longer than the two seconds that the server used to wait
    await connection.send(new Uint8Array(MEBIBYTE));
    assertEquals((await connection.answer("POST")).status, 413);
  }));

async function answered(server: Server): Promise<void> {
  const log = await server.waitForLog("413");
  assert(log.includes("413"));
}
