// Deno.serve with a certificate: `deno serve` has no flag for one, so several processes share the port.

import { file } from "./deno_file.ts";

const { BENCH_PORT, BENCH_CERT, BENCH_KEY } = Deno.env.toObject();
const PLAIN = { headers: { "Content-Type": "text/plain; charset=utf-8" } };

Deno.serve({
  hostname: "127.0.0.1",
  port: Number(BENCH_PORT),
  reusePort: true,
  cert: Deno.readTextFileSync(BENCH_CERT!),
  key: Deno.readTextFileSync(BENCH_KEY!),
}, (request) => {
  const at = request.url.indexOf("/files/");
  return at > 0 ? file(request.url.slice(at)) : new Response("ok", PLAIN);
});
