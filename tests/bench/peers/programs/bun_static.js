// Bun.serve with static routes: the responses are made once, and later requests do not enter JavaScript.

import process from "node:process";
const { BENCH_SITE } = process.env;
const files = [...new Bun.Glob("files/*").scanSync(BENCH_SITE)].map((name) => {
  return [`/${name}`, new Response(Bun.file(BENCH_SITE + name))];
});
const page = await Bun.file(process.env.BENCH_PAGE).bytes();

Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.BENCH_PORT),
  reusePort: true,
  development: false,
  routes: {
    ...Object.fromEntries(files),
    "/healthz": new Response("ok", { headers: { "Content-Type": "text/plain; charset=utf-8" } }),
    "/": new Response(page, { headers: { "Content-Type": "text/html; charset=utf-8" } }),
  },
});
