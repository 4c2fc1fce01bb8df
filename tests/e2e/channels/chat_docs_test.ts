/**
 * The chat of docs/channels/, the client with the package, the token and the publication that it shows: as they are written there, but
 * for the port and the folder.
 */

import { Centrifuge } from "npm:centrifuge@5.8.0";
import { assertEquals, assertMatch } from "@std/assert";
import { CENTRIFUGE_MODULE } from "../../support/centrifuge_scenario.ts";
import { docsBlock } from "../../support/docs_block.ts";
import { NodeSocket } from "../../support/node_socket.ts";
import { findProgram } from "../../support/process_facts.ts";
import { startServer } from "../../support/server.ts";
import { OVER_TLS } from "../../support/suite_tls.ts";
import { waitFor, within } from "../../support/wait_for.ts";

const NODE = findProgram("node");
const MISSING = NODE === undefined ? " (skipped: no node here)" : "";
/** Until version 22 it is behind a flag. */
const FLAGS = ["--no-warnings", "--experimental-websocket"];

const CHAT = "A chat in five minutes";
const PACKAGE = "With the package centrifuge";
const TOKENS = "Connection tokens";
const PAGES: Readonly<Record<string, string>> = {
  [CHAT]: "getting-started",
  [PACKAGE]: "clients",
  [TOKENS]: "tokens",
};

function block(heading: string, language: string, containing?: string): string {
  const place = { page: `docs/channels/${PAGES[heading]}.md`, heading, language };
  return docsBlock(containing === undefined ? place : { ...place, containing });
}

/** Runs a shell in the folder. */
async function shell(folder: string, script: string): Promise<void> {
  const { success, stderr } = await new Deno.Command("sh", {
    args: ["-eu", "-c", script],
    cwd: folder,
    stdin: "null",
  }).output();
  assertEquals([success, new TextDecoder().decode(stderr)], [true, ""]);
}

Deno.test({
  name: `channels: the chat of docs/channels/, its client, token and publication${MISSING}`,
  // The page has the address of a server without TLS.
  ignore: NODE === undefined || OVER_TLS,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
    try {
      await shell(folder, block(CHAT, "sh", "chat.toml"));
      await shell(folder, block(TOKENS, "sh"));
      const toml = await Deno.readTextFile(`${folder}/chat.toml`);
      const absolute = toml.replaceAll(/"(api|token)\.key"/g, `"${folder}/$1.key"`);
      await Deno.writeTextFile(`${folder}/chat.toml`, absolute);
      const args = ["--root", `${folder}/chat`, "--config", `${folder}/chat.toml`];
      await using server = await startServer({ workers: 1, args });
      const page = await (await fetch(`${server.url}/`)).text();
      assertMatch(page, /src="chat.js"/);

      const key = (await Deno.readTextFile(`${folder}/api.key`)).trim();
      const [, body = ""] = /-d '(.*)'/.exec(block(CHAT, "sh", "api/publish")) ?? [];
      const headers = { "X-API-Key": key };
      const answer = await fetch(`${server.url}/api/publish`, { method: "POST", headers, body });
      assertEquals((await answer.json()).result.offset, 1);

      await installPackage(folder);
      const client = block(PACKAGE, "js").replace("127.0.0.1:8000", new URL(server.url).host);
      await Deno.writeTextFile(`${folder}/client.mjs`, client);
      assertEquals(await firstLine(folder, "client.mjs"), "2 hello from Node");

      await Deno.writeTextFile(`${folder}/token.mjs`, block(TOKENS, "js"));
      const token = await firstLine(folder, "token.mjs", "ann");
      const ann = new Centrifuge(`${server.wsUrl}/connection/websocket`, {
        token,
        websocket: NodeSocket,
      });
      ann.connect();
      try {
        await within(ann.ready(), { what: "the connection with the token" });
      } finally {
        ann.disconnect();
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** What `npm install centrifuge` does. */
async function installPackage(folder: string): Promise<void> {
  const place = `${folder}/node_modules/centrifuge`;
  await Deno.mkdir(place, { recursive: true });
  const manifest = { name: "centrifuge", type: "module", exports: "./index.js" };
  await Deno.writeTextFile(`${place}/package.json`, JSON.stringify(manifest));
  await Deno.writeTextFile(`${place}/index.js`, CENTRIFUGE_MODULE);
}

/** Runs a file in Node until its first line. */
async function firstLine(folder: string, ...args: readonly string[]): Promise<string> {
  await using node = new NodeProgram(folder, args);
  await waitFor(() => node.output.includes("\n"), { what: `a line of ${args[0]}` });
  return node.output.split("\n")[0]!;
}

/** A file that runs in Node until it is disposed of. */
class NodeProgram implements AsyncDisposable {
  output = "";
  readonly #process: Deno.ChildProcess;
  readonly #reading: Promise<void>;

  constructor(folder: string, args: readonly string[]) {
    const command = { args: [...FLAGS, ...args], cwd: folder };
    this.#process = new Deno.Command(NODE!, {
      ...command,
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#reading = this.#read();
  }

  async #read(): Promise<void> {
    for await (const text of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      this.output += text;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill();
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#process.status;
    await this.#reading;
  }
}
