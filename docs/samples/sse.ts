// Server-Sent Events by a ReadableStream, which notices a client that leaves. Runs here, with `bun sse.ts` and with `deno serve sse.ts`.
const encoder = new TextEncoder();
let open = 0;

function ticks(count: number, interval: number): ReadableStream<Uint8Array> {
  let timer: ReturnType<typeof setInterval> | undefined;
  const finish = () => {
    clearInterval(timer);
    open--;
  };
  return new ReadableStream({
    start(controller) {
      open++;
      let sent = 0;
      timer = setInterval(() => {
        controller.enqueue(encoder.encode(`id: ${++sent}\ndata: tick ${sent}\n\n`));
        if (sent < count) return;
        finish();
        controller.close();
      }, interval);
    },
    cancel: finish,
  });
}

export default {
  fetch(request: Request): Response {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/open") return new Response(String(open));
    const body = ticks(
      Number(searchParams.get("count") ?? 5),
      Number(searchParams.get("ms") ?? 1000),
    );
    return new Response(body, {
      headers: { "content-type": "text/event-stream", "cache-control": "no-cache" },
    });
  },
};
