/**
 * A PostgreSQL server for a test, which can be killed and started again.
 *
 * In: nothing. Out: the URL of an empty database. Port and data stay the same over a restart. Ends only the process that it started.
 * Debian's package has its programs outside of PATH, and none of them runs as root: then another user runs them.
 */

import { freePort } from "./free_port.ts";
import { findProgram } from "./process_facts.ts";
import { waitFor } from "./wait_for.ts";

/** Where Debian's package has its programs, by version. */
const DEBIAN = "/usr/lib/postgresql";
/** nobody and nogroup, who have entries in /etc/passwd and /etc/group of every Debian. */
const NOBODY = { uid: 65534, gid: 65534 };
const USER = "tester";

/** The folder of `postgres` and `initdb`, or undefined. */
const PROGRAMS: string | undefined = debianPrograms() ??
  findProgram("initdb")?.replace(/\/initdb$/, "");

/** Appended to the name of a test that cannot run. */
export const NO_POSTGRES: string = PROGRAMS === undefined
  ? " (skipped, to install it: apt-get install postgresql)"
  : "";

/** The server. */
export class PostgresServer implements AsyncDisposable {
  readonly port = freePort();
  readonly #folder = Deno.makeTempDirSync({ prefix: "postgres-" });
  #process: Deno.ChildProcess | undefined;

  /** Makes a database, starts a server for it, and waits until it answers. */
  static async start(): Promise<PostgresServer> {
    const server = new PostgresServer();
    const user = asUser();
    if (user !== undefined) await Deno.chown(server.#folder, user.uid, user.gid);
    // The files of a test need not outlive the machine.
    const args = ["--no-sync", "--no-locale", "-E", "UTF8", "-A", "trust", "-U", USER, "-D"];
    const { success, stderr } = await new Deno.Command(`${PROGRAMS}/initdb`, {
      args: [...args, server.#folder],
      ...{ ...user, cwd: server.#folder, stdin: "null" },
    }).output();
    if (!success) throw new Error(`initdb: ${new TextDecoder().decode(stderr)}`);
    await server.start();
    return server;
  }

  /** Where it is. */
  get url(): string {
    return `postgres://${USER}@127.0.0.1:${this.port}/postgres`;
  }

  /** Starts it, again after `kill`. */
  async start(): Promise<void> {
    const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"];
    this.#process = new Deno.Command(`${PROGRAMS}/postgres`, {
      args: ["-D", this.#folder, "-p", `${this.port}`, ...settings.flatMap((each) => ["-c", each])],
      ...{ ...asUser(), cwd: this.#folder, stdin: "null", stdout: "null", stderr: "null" },
    }).spawn();
    await waitFor(() => this.#isReady(), { what: "an answer of postgres" });
  }

  /** Ends all connections at once, and the server (SIGQUIT: an immediate shutdown). */
  async kill(): Promise<void> {
    const process = this.#process;
    if (process === undefined) return;
    this.#process = undefined;
    process.kill("SIGQUIT");
    await process.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #isReady(): Promise<boolean> {
    const args = ["-q", "-h", "127.0.0.1", "-p", `${this.port}`, "-U", USER];
    return (await new Deno.Command(`${PROGRAMS}/pg_isready`, { args }).output()).success;
  }
}

/** Who runs it; undefined: this user. */
function asUser(): { uid: number; gid: number } | undefined {
  return Deno.uid() === 0 ? NOBODY : undefined;
}

function debianPrograms(): string | undefined {
  try {
    const versions = [...Deno.readDirSync(DEBIAN)].map(({ name }) => Number(name));
    const newest = Math.max(...versions.filter((version) => version > 0));
    return Deno.statSync(`${DEBIAN}/${newest}/bin/initdb`).isFile
      ? `${DEBIAN}/${newest}/bin`
      : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
