/**
 * TLS under a whole suite: `deno task test tls-quick` runs tests that were written for plain HTTP over TLS.
 *
 * In: the folder of ASYNC_DENO_TEST_TLS, in which a runner has put an authority and a certificate. Out: the
 * arguments that make a server speak TLS by OpenSSL, and connections to such servers. Servers that a test
 * gives a certificate, a Unix socket or a PROXY header stay as they are. Other clients (fetch, curl, ws) trust
 * the authority by their own variables: see SuiteTls.
 */

import { Authority, tlsArguments } from "./certificates.ts";

/** The variable with the folder. */
const SUITE_TLS = "ASYNC_DENO_TEST_TLS";

/** What a runner makes for one run; its files are removed when it is disposed of. */
export class SuiteTls implements AsyncDisposable {
  /** Make the tests start servers that speak TLS, and their clients trust the authority. */
  readonly variables: Readonly<Record<string, string>>;
  readonly #authority: Authority;

  private constructor(authority: Authority) {
    const { folder, file } = authority;
    this.#authority = authority;
    this.variables = { [SUITE_TLS]: folder, DENO_CERT: file, CURL_CA_BUNDLE: file };
  }

  /** Makes an authority and the server's certificate. */
  static async make(): Promise<SuiteTls> {
    const authority = await Authority.make();
    await authority.sign("server");
    return new SuiteTls(authority);
  }

  /** Removes the files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#authority[Symbol.asyncDispose]();
  }
}

const FOLDER = Deno.env.get(SUITE_TLS);
/** Options of servers that cannot, or need not, speak TLS of the suite. */
const OTHERS: readonly string[] = ["--tls-cert", "--unix", "--proxy-protocol", "--transport"];

/** Whether the suite runs over TLS; tests that cannot pass there are skipped by name. */
export const OVER_TLS: boolean = FOLDER !== undefined;

// The ports of servers that got the arguments.
const ports = new Set<number>();

/** The arguments to add to a server's own ones. */
export function suiteTlsArguments(args: readonly string[]): readonly string[] {
  if (FOLDER === undefined || args.some((arg) => OTHERS.includes(arg.split("=", 1)[0]!))) return [];
  const files = { cert: `${FOLDER}/server.pem`, key: `${FOLDER}/server.key` };
  return [...tlsArguments(files), "--tls", "openssl"];
}

/** A server that got them listens on this port. */
export function noteTlsPort(port: number): void {
  ports.add(port);
}

/**
 * Connects, over TLS if the server on this port got the arguments. The handshake is done then: a client that sends
 * and leaves at once would leave before it.
 */
export async function connectTo(
  { hostname, port }: { readonly hostname: string; readonly port: number },
): Promise<Deno.Conn> {
  if (!ports.has(port)) return await Deno.connect({ hostname, port });
  const caCerts = [Deno.readTextFileSync(`${FOLDER}/ca.pem`)];
  const alpnProtocols = ["http/1.1"];
  const connection = await Deno.connectTls({ hostname, port, caCerts, alpnProtocols });
  await connection.handshake();
  return connection;
}
