/**
 * What an idle WebSocket costs of the server's memory, the kernel's part excluded: at most 1 KiB.
 */

import { RawWebSocket } from "../support/raw_websocket.ts";
import { hold, type Server, waitFor, withServer } from "../support/server.ts";
import { OVER_TLS } from "../support/suite_tls.ts";
import { OVER_DENO_TRANSPORT } from "../support/suite_transport.ts";
import { residentBytes } from "./faults/process_size.ts";

/** Open before the first measurement: the one-time growth of the heap and of compiled code belongs to no connection. */
const FIRST = 1_000;
const CONNECTIONS = 5_000;
const AT_ONCE = 50;
const MOST_BYTES = 1024;
/** A second after the last connection the server returns freed memory to the kernel; then it is idle. */
const IDLE_MS = 2_500;

/** Fields of a handshake. */
type Fields = Readonly<Record<string, string>>;

// Over Deno's sockets each connection has a pending read buffer and Deno's own state: 6 KiB. OpenSSL takes 15 KiB.
if (!OVER_DENO_TRANSPORT && !OVER_TLS) {
  Deno.test("memory: five thousand idle WebSockets take at most 1 KiB each", () => {
    return withServer({ workers: 1 }, (server) => takesLittle(server, {}));
  });

  Deno.test("memory: nor do those that negotiated compression take more", () => {
    const offer = { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" };
    const args = ["--websocket-compression"];
    return withServer({ workers: 1, args }, (server) => takesLittle(server, offer));
  });
}

async function takesLittle(server: Server, fields: Fields): Promise<void> {
  const open: RawWebSocket[] = [];
  try {
    await openMore(server, open, { count: FIRST, fields });
    await hold(IDLE_MS);
    const before = residentBytes(server.pid);
    await openMore(server, open, { count: CONNECTIONS, fields });
    const each = () => (residentBytes(server.pid) - before) / CONNECTIONS;
    await waitFor(() => each() <= MOST_BYTES, {
      what: () => `${each().toFixed(0)} bytes each to become ${MOST_BYTES}`,
      timeoutMs: 10_000,
    });
  } finally {
    open.forEach((socket) => socket[Symbol.dispose]());
  }
}

async function openMore(
  server: Server,
  open: RawWebSocket[],
  { count, fields }: { readonly count: number; readonly fields: Fields },
): Promise<void> {
  for (let start = 0; start < count; start += AT_ONCE) {
    const batch = Array.from({ length: AT_ONCE }, () => RawWebSocket.open(server, "/echo", fields));
    open.push(...await Promise.all(batch));
  }
}
