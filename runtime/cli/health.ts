/**
 * `async-deno health`: checks whether the server with the same options answers.
 *
 * In: the config. Out: why it is not healthy, or undefined. For container platforms and scripts
 * without an HTTP client. Takes a bounded time. Every answer but a 5xx counts as healthy, because
 * `/healthz` may be disabled. Over TLS, a certificate that this machine does not trust, or that is not
 * for a loopback address, counts as an answer too: verifying it is up to the clients. So does a server that demands
 * a client's certificate.
 */

import type { Config } from "../config/mod.ts";
import { errorMessage } from "../error_message.ts";
import { errnoText, hasLibc, SystemError, UnixConnection } from "../os/mod.ts";
import { reachableHost } from "./reachable_host.ts";

/** Milliseconds; less than container platforms allow. */
const PATIENCE = 4_000;
const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d) /;
const REQUEST = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/** PROXY protocol, section 2.1: the header of a proxy's own connection. */
const PROXY_HEADER = "PROXY UNKNOWN\r\n";

/** The part of a connection that one request takes. */
interface Connection {
  read(bytes: Uint8Array<ArrayBuffer>): number | null | Promise<number | null>;
  write(bytes: Uint8Array): unknown;
}

/** Sends the request; fulfilled with the reason if the server is not healthy. */
export async function healthProblem(config: Config): Promise<string | undefined> {
  const { unix: { path }, port, proxy } = config;
  const request = proxy.protocol ? PROXY_HEADER + REQUEST : REQUEST;
  if (path !== undefined) return await unixProblem(path, request);
  if (port === 0) {
    return "the port is unknown: port 0 means any free port; name the server's --port";
  }
  const hostname = reachableHost(config.hostname);
  return await problemAt(`${hostname} port ${port}`, () => {
    return statusOverTcp({ hostname, port, isTls: config.tls.cert !== undefined }, request);
  });
}

async function unixProblem(path: string, request: string): Promise<string | undefined> {
  if (!hasLibc()) {
    return `cannot connect to ${path} on this system: use curl --unix-socket ${path} http://localhost/healthz`;
  }
  return await problemAt(path, async () => {
    using connection = new UnixConnection(path, PATIENCE);
    return await statusOf(connection, request);
  });
}

async function problemAt(where: string, ask: () => Promise<number>): Promise<string | undefined> {
  try {
    const status = await ask();
    return status < 500 ? undefined : `${where} answers with status ${status}`;
  } catch (error) {
    if (error instanceof Deno.errors.InvalidData && /certificate/i.test(error.message)) return;
    return `${where} does not answer: ${reasonOf(error)}`;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof SystemError) return errnoText(error.errno);
  return errorMessage(error);
}

interface Peer {
  readonly hostname: string;
  readonly port: number;
  readonly isTls: boolean;
}

async function statusOverTcp(peer: Peer, request: string): Promise<number> {
  let connection: Deno.Conn | undefined;
  const deadline = Promise.withResolvers<never>();
  const timer = setTimeout(() => deadline.reject(new Error("no answer in time")), PATIENCE);
  try {
    const asked = connect(peer).then((opened) => {
      connection = opened;
      return statusOf(opened, request);
    });
    return await Promise.race([asked, deadline.promise]);
  } finally {
    clearTimeout(timer);
    connection?.close();
  }
}

async function connect({ hostname, port, isTls }: Peer): Promise<Deno.Conn> {
  if (!isTls) return await Deno.connect({ hostname, port });
  const connection = await Deno.connectTls({ hostname, port });
  try {
    await connection.handshake();
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function statusOf(connection: Connection, request: string): Promise<number> {
  await connection.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(256);
  let text = "";
  while (!text.includes("\n")) {
    const count = await connection.read(buffer);
    if (count === null || text.length > buffer.length) break;
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
  const status = STATUS_LINE.exec(text)?.[1];
  if (status === undefined) throw new Error("the answer is not HTTP/1.1");
  return Number(status);
}
