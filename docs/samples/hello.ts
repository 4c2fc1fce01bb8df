// Answers every request. Runs here, with `bun hello.ts` and with `deno serve hello.ts`.
export default {
  fetch(request: Request): Response {
    const { pathname } = new URL(request.url);
    return new Response(`hello from ${pathname}\n`);
  },
};
