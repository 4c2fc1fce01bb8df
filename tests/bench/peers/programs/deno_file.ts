// Files for both programs with Deno.serve.

const SITE = Deno.env.get("BENCH_SITE")!.slice(0, -1);

/** Like @std/http/file-server without entity tag and ranges: stat, and the stream of an open file. */
export async function file(path: string): Promise<Response> {
  const opened = await Deno.open(SITE + path);
  const { size, mtime } = await opened.stat();
  return new Response(opened.readable, {
    headers: {
      "Content-Type": "application/octet-stream",
      "Content-Length": `${size}`,
      "Last-Modified": mtime!.toUTCString(),
    },
  });
}
