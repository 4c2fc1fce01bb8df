/**
 * docs/cluster.md as a reader follows it who copies its blocks into a shell: keys, an engine, a configuration, servers, a proxy, a subscriber, an
 * upgrade. But for the ports, two servers in place of three, and one of them that is upgraded.
 *
 * The page is for who has the executable: the other runs have no such test.
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { docsBlock } from "../../support/docs_block.ts";
import { freePort } from "../../support/free_port.ts";
import { findProgram } from "../../support/process_facts.ts";
import { REPOSITORY } from "../../support/server.ts";

const EXECUTABLE = Deno.env.get("ASYNC_DENO_EXECUTABLE");
const PATIENCE_SECONDS = 120;
const PROGRAMS = ["redis-server", "nats-server", "haproxy", "nginx", "curl"];
const MISSING = PROGRAMS.filter((name) => findProgram(name) === undefined);
const TITLE = MISSING.length === 0
  ? ""
  : ` (skipped, to install it: apt-get install ${MISSING.join(" ")})`;
/** What the subscriber prints. */
const ARRIVED = [1, 2].map((i) => `\n{"offset":${i},"data":{"text":"hello from ${i}"}}\n`);
const THREE = "Three servers, by copy and paste";

function block(heading: string, language: string, containing: string): string {
  return docsBlock({ page: "docs/cluster.md", heading, language, containing });
}

/** The page's ports, and free ones in their places: those of servers are ten in a row. */
class Ports {
  readonly #others = new Map(["6379", "4222", "8080"].map((port) => [port, freePort()]));
  readonly #tens = new Map([["800", freeTen()], ["900", freeTen()]]);

  in(text: string): string {
    return text.replaceAll(/\b(?:6379|4222|8080)\b/g, (port) => `${this.#others.get(port)}`)
      .replaceAll(/\b[89]00(?=[123$])/g, (ten) => `${this.#tens.get(ten)}`);
  }

  /** The address of the admin server of the first server. */
  get admin(): string {
    return `http://127.0.0.1:${this.#tens.get("900")}1`;
  }
}

/** What ten ports begin with whose first three can be listened to. */
function freeTen(): number {
  for (let i = 0; i < 100; i++) {
    const ten = Math.floor(freePort() / 10);
    if ([1, 2, 3].every((digit) => isFree(10 * ten + digit))) return ten;
  }
  throw new Error("no three free ports");
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

/** Runs blocks in a new folder, in one shell that stops at the first error, and at its end what it has started. */
async function follow(ports: Ports, blocks: readonly string[]): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "async-deno-test-" });
  try {
    const executable = new URL(EXECUTABLE!, REPOSITORY).pathname;
    await Deno.symlink(executable, `${folder}/async-deno`);
    const text = ports.in(blocks.join("\n")).replaceAll("1 2 3", "1 2").replace("5s", "0s")
      .replace("--limit 3", "--limit 2");
    const end = block(THREE, "sh", "*.pid").trim();
    const all =
      'for pid in $(cat *.pid); do while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done; done';
    const script = ["exec >output.txt 2>&1", `trap '${end}; ${all}' EXIT`, "set -eux", text];
    await Deno.writeTextFile(`${folder}/follow.sh`, script.join("\n"));
    // What it ends, it ends as a group.
    const command = new Deno.Command("timeout", {
      args: [`${PATIENCE_SECONDS}`, "bash", "follow.sh"],
      cwd: folder,
      stdin: "null",
    });
    const { code } = await command.output();
    const output = await Deno.readTextFile(`${folder}/output.txt`);
    assertEquals(code, 0, output);
    return output;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (EXECUTABLE !== undefined) {
  Deno.test({
    name:
      `cluster page: servers with Redis behind HAProxy, and an upgrade, by copy and paste${TITLE}`,
    ignore: MISSING.length > 0,
    async fn() {
      const ports = new Ports();
      const metrics = `curl -fsS ${ports.admin}/metrics >metrics.txt; cat metrics.txt`;
      const output = await follow(ports, [
        block(THREE, "sh", "api.key"),
        block(THREE, "sh", "redis.conf"),
        block(THREE, "sh", "async-deno.toml"),
        block(THREE, "sh", "start()"),
        block(THREE, "sh", "haproxy"),
        block(THREE, "sh", "--since"),
        block("How to deploy", "sh", "upgrade.txt").replace("1 2 3", "1"),
        metrics,
      ]);
      assertMatch(output, /^# Engine: Redis \S+, maxmemory-policy noeviction, at redis:/m);
      for (const line of ARRIVED) assertStringIncludes(output, line);
      assertMatch(output, /^process \d+ serves; process \d+ finishes what is open, and ends$/m);
      const named = [...block("What to watch", "yaml", "expr").matchAll(/async_deno_\w+/g)];
      for (const [name] of named) assert(output.includes(`\n# TYPE ${name} `), `no metric ${name}`);
    },
  });

  Deno.test({
    name: `cluster page: servers with NATS behind nginx, by copy and paste${TITLE}`,
    ignore: MISSING.length > 0,
    async fn() {
      const output = await follow(new Ports(), [
        block(THREE, "sh", "api.key"),
        block(THREE, "sh", "nats.conf"),
        block(THREE, "sh", "async-deno.toml"),
        block(THREE, "sh", "start()"),
        block(THREE, "sh", "nginx.conf"),
        block(THREE, "sh", "--since"),
      ]);
      assertMatch(output, /^# Engine: NATS \S+ with JetStream, at nats:/m);
      for (const line of ARRIVED) assertStringIncludes(output, line);
    },
  });
}
