/**
 * `async-deno health`: asks the server that was started with the same options whether it answers.
 *
 * In: the config. Out: why it is not well, or undefined. For container platforms and scripts that
 * have no HTTP client at hand. Waits a bounded time; any answer but a 5xx will do, since `/healthz`
 * may have been switched off. Over TLS a certificate that this machine does not trust, or that is not
 * for a loopback address, is an answer too: whether it is right is for those to judge who use it.
 */

import type { Config } from "../config/mod.ts";

/** Shorter than the time that container platforms give. */
const PATIENCE = 4_000;
const STATUS_LINE = /^HTTP\/1\.1 ([1-5]\d\d) /;
/** Where a server that listens on all addresses is found. */
const LOOPBACK: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
const REQUEST = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/** The header of a proxy's own connection, not one it passes on (PROXY protocol, section 2.1). */
const PROXY_HEADER = "PROXY UNKNOWN\r\n";

/** Asks; fulfilled with the reason in words when the server is not well. */
export async function sickness(config: Config): Promise<string | undefined> {
  const { unix: { path }, port } = config;
  if (path !== undefined) {
    // Deno wants the right to write files for that, which the program has not.
    return `a Unix socket is asked by: curl --unix-socket ${path} http://localhost/healthz`;
  }
  if (port === 0) return "a server on a free port cannot be found: name its --port";
  const hostname = LOOPBACK[config.hostname] ?? config.hostname;
  const where = `${hostname} port ${port}`;
  let connection: Deno.Conn | undefined;
  const deadline = Promise.withResolvers<never>();
  const timer = setTimeout(() => deadline.reject(new Error("no answer in time")), PATIENCE);
  try {
    const isTls = config.tls.cert !== undefined;
    const asked = connect({ hostname, port }, isTls).then((opened) => {
      connection = opened;
      return statusOf(opened, config.proxy.protocol ? PROXY_HEADER + REQUEST : REQUEST);
    });
    const status = await Promise.race([asked, deadline.promise]);
    return status < 500 ? undefined : `${where} answers with ${status}`;
  } catch (error) {
    if (error instanceof Deno.errors.InvalidData && /certificate/.test(error.message)) return;
    return `${where} does not answer: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    clearTimeout(timer);
    connection?.close();
  }
}

async function connect(address: Deno.ConnectOptions, isTls: boolean): Promise<Deno.Conn> {
  if (!isTls) return await Deno.connect(address);
  const connection = await Deno.connectTls(address);
  try {
    await connection.handshake();
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function statusOf(connection: Deno.Conn, request: string): Promise<number> {
  await connection.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(256);
  let text = "";
  while (!text.includes("\n")) {
    const count = await connection.read(buffer);
    if (count === null || text.length > buffer.length) break;
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
  const status = STATUS_LINE.exec(text)?.[1];
  if (status === undefined) throw new Error("what it says is no HTTP/1.1");
  return Number(status);
}
