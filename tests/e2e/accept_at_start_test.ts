/**
 * When the program begins to accept: with its first worker, before it reports that it is ready; or with its last one if a low limit of
 * descriptors could let connections take what the other threads need.
 *
 * Each worker reads the password file while it starts. Here it is a FIFO, so the test knows which worker starts, and can
 * keep it waiting.
 */

import { assertEquals } from "@std/assert";
import { BlindServer } from "../support/blind_server.ts";
import { cheapHash } from "../support/cheap_hash.ts";
import { ask, type Endpoint } from "../support/http_client.ts";
import { NotifyReceiver } from "../support/notify_receiver.ts";
import { findProgram } from "../support/process_facts.ts";
import { expectProgram } from "../support/program.ts";
import { hold, within } from "../support/wait_for.ts";

const PRLIMIT = findProgram("prlimit");
const MKFIFO = findProgram("mkfifo");
const WORKERS = 3;
const REQUEST = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
/** Room for the threads, but not for the default of --max-connections. */
const DESCRIPTORS = 1000;
/** Milliseconds for an answer that must not come yet. */
const WHILE = 300;

/** A password file that its readers wait for. */
class SlowPasswords {
  readonly path: string;

  constructor(folder: string) {
    this.path = `${folder}/passwords`;
  }

  /** Waits for the next reader; the returned function lets it continue. */
  async reader(): Promise<() => Promise<void>> {
    // Opening the FIFO blocks until somebody reads it, on Deno 2.4 this whole thread. The reader after that one gets
    // another FIFO.
    const fifo = await within(Deno.open(this.path, { write: true }), { what: "a reader" });
    await this.make();
    return async () => {
      await fifo.write(new TextEncoder().encode(`me:${cheapHash("secret")}\n`));
      fifo.close();
    };
  }

  async make(): Promise<void> {
    await expectProgram(MKFIFO!, [`${this.path}.next`]);
    await Deno.rename(`${this.path}.next`, this.path);
  }
}

/** Runs `body` while the first worker serves and the second one starts; then waits for READY=1. */
async function whileStarting(
  through: readonly string[],
  body: (endpoint: Endpoint, isReady: () => boolean) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    const passwords = new SlowPasswords(folder);
    await passwords.make();
    const notified = `${folder}/notify`;
    using manager = new NotifyReceiver(notified);
    await using server = new BlindServer({
      workers: WORKERS,
      through,
      args: ["--basic-auth", `me:${passwords.path}`],
      env: { NOTIFY_SOCKET: notified },
    });
    let isReady = false;
    const ready = manager.next("READY=1").finally(() => isReady = true);
    await (await passwords.reader())(); // the main thread checks the file
    await (await passwords.reader())(); // the first worker
    const second = await passwords.reader();
    const checked = body({ hostname: "127.0.0.1", port: server.port }, () => isReady);
    // Whatever comes of it, the server must not be left waiting.
    await Promise.allSettled([checked]);
    await second();
    for (let worker = 2; worker < WORKERS; worker++) await (await passwords.reader())();
    await ready;
    await checked;
    await server.serves();
    assertEquals(await server.stop(), 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("accept at the start: the first worker answers before the server is ready", () =>
  whileStarting([], async (endpoint, isReady) => {
    const { text } = await within(ask(endpoint, REQUEST), { what: "an answer" });
    assertEquals([text, isReady()], ["ok", false]);
  }));

Deno.test({
  name:
    "accept at the start: at a low limit of descriptors nothing is accepted before all workers serve" +
    (PRLIMIT === undefined ? " (skipped: no prlimit here, see package util-linux)" : ""),
  ignore: PRLIMIT === undefined,
  fn: async () => {
    let answer: Promise<string> | undefined;
    await whileStarting([PRLIMIT!, `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`], async (endpoint) => {
      let isAnswered = false;
      answer = ask(endpoint, REQUEST).then(({ text }) => text).finally(() => isAnswered = true);
      await hold(WHILE);
      assertEquals(isAnswered, false);
    });
    assertEquals(await answer, "ok");
  },
});
