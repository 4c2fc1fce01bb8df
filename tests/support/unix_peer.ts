/**
 * A peer that listens on a Unix socket and answers one client, in a process of its own, because the
 * client under test blocks its thread.
 *
 * In: a path, and the text of the answer. Out: a listening peer, and the request that it received. Needs
 * python3; ends only the process that it started.
 */

import { waitFor } from "./wait_for.ts";

/** Listens, prints that it does, accepts one client, reads up to a blank line, answers, prints what it read. */
const PROGRAM = `
import os, socket, sys
path, answer = sys.argv[1], sys.argv[2].encode()
if os.path.exists(path): os.unlink(path)
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen(1)
print("listening", flush=True)
client, _ = listener.accept()
request = b""
while b"\\r\\n\\r\\n" not in request:
    received = client.recv(4096)
    if not received: break
    request += received
if answer: client.sendall(answer)
else: client.recv(1)
client.close()
print(request.decode(), flush=True)
`;

/** A running peer. */
export class UnixPeer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #read: Promise<void>;
  #output = "";

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#read = this.#follow();
  }

  /** Listens at `path`; with an empty answer it sends nothing. */
  static async start(path: string, answer: string): Promise<UnixPeer> {
    const command = new Deno.Command("python3", {
      args: ["-c", PROGRAM, path, answer],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    });
    const peer = new UnixPeer(command.spawn());
    await waitFor(() => peer.#output.startsWith("listening\n"), { what: () => "a Unix peer" });
    return peer;
  }

  /** The request of the client, once the peer has ended. */
  async request(): Promise<string> {
    await this.#read;
    return this.#output.slice("listening\n".length);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended
    }
    await this.#child.status;
    await this.#read;
  }

  async #follow(): Promise<void> {
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      this.#output += text;
    }
  }
}
