// The program for `deno serve`: HTTP and the WebSocket echo. The path is compared without parsing the URL,
// which would cost more than the response.

import { file } from "./deno_file.ts";

const page = Deno.readFileSync(Deno.env.get("BENCH_PAGE")!);
const PLAIN = { headers: { "Content-Type": "text/plain; charset=utf-8" } };
const HTML = { headers: { "Content-Type": "text/html; charset=utf-8" } };
const BINARY = { headers: { "Content-Type": "application/octet-stream" } };

function upgrade(request: Request): Response {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.binaryType = "arraybuffer";
  socket.onmessage = (event) => socket.send(event.data);
  return response;
}

// A third cheaper than responding with request.body, which is a stream.
async function echo(request: Request): Promise<Response> {
  return new Response(await request.arrayBuffer(), BINARY);
}

export default {
  fetch(request) {
    if (request.url.endsWith("/healthz")) return new Response("ok", PLAIN);
    if (request.url.endsWith("/echo")) {
      return request.method === "GET" ? upgrade(request) : echo(request);
    }
    const at = request.url.indexOf("/files/");
    if (at > 0) return file(request.url.slice(at));
    return new Response(page, HTML);
  },
} satisfies Deno.ServeDefaultExport;
