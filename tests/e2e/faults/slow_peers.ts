/**
 * Peers that send one byte a second each: the program that slow_peers_test.ts starts.
 *
 * In: `PORT COUNT`. Out: on stdout, once a second after all are connected, a line of JSON
 * {@link SlowPeersReport}. Half of them send a request head, half the body of one. The bytes are
 * spread evenly over the second, so that the server gets a steady stream and not a burst.
 */

/** The report of each second. */
export interface SlowPeersReport {
  /** Bytes that the peers have sent one at a time, in total. */
  readonly bytes: number;
  /** Peers whose connection has ended. */
  readonly lost: number;
}

const TICK_MS = 10;
const TICKS_A_SECOND = 1_000 / TICK_MS;
const CONNECTS_AT_ONCE = 50;
const HEAD = "GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ";
const BODY = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
const BYTE = new TextEncoder().encode("a");

async function connect(port: number, count: number): Promise<Deno.Conn[]> {
  const peers: Deno.Conn[] = [];
  while (peers.length < count) {
    const group = Math.min(CONNECTS_AT_ONCE, count - peers.length);
    peers.push(
      ...await Promise.all(Array.from({ length: group }, async (_, i) => {
        const peer = await Deno.connect({ hostname: "127.0.0.1", port });
        await peer.write(new TextEncoder().encode(i % 2 === 0 ? HEAD : BODY));
        return peer;
      })),
    );
  }
  return peers;
}

/** Sends byte after byte until the process ends. */
function drip(peers: readonly Deno.Conn[]): void {
  let [tick, bytes] = [0, 0];
  const lost = new Set<Deno.Conn>();
  setInterval(() => {
    const phase = tick++ % TICKS_A_SECOND;
    for (let i = phase; i < peers.length; i += TICKS_A_SECOND) {
      const peer = peers[i]!;
      peer.write(BYTE).then(() => bytes++, () => lost.add(peer));
    }
    if (phase === TICKS_A_SECOND - 1) {
      console.log(JSON.stringify({ bytes, lost: lost.size } satisfies SlowPeersReport));
    }
  }, TICK_MS);
}

if (import.meta.main) {
  const [port, count] = Deno.args.map(Number) as [number, number];
  drip(await connect(port, count));
}
