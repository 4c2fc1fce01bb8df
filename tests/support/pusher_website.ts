/**
 * A website whose pages use the Pusher protocol, as an application has it beside the server: pages, scripts, and who may subscribe.
 *
 * In: nothing. Out: a server on a free port of 127.0.0.1 with an empty page that has the browser builds of npm `pusher-js` and
 * `laravel-echo` as globals, and the addresses at which both ask by default for the right to subscribe. The page's query `user` says who
 * its visitor is; without it, all private channels are refused.
 */

import echoScript from "npm:laravel-echo@2.5.0" with { type: "text" };
import pusherScript from "npm:pusher-js@8.6.0/dist/web/pusher.js" with { type: "text" };
import { pusherLibrary } from "./pusher_server.ts";

const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>Shop</title>
<link rel="icon" href="data:,">
<script src="/pusher.js"></script>
<script type="module">
  import Echo from "/echo.js";
  globalThis.Echo = Echo;
</script>
`;

const FILES: Readonly<Record<string, readonly [type: string, text: string]>> = {
  "/": ["text/html", PAGE],
  "/pusher.js": ["text/javascript", pusherScript],
  "/echo.js": ["text/javascript", echoScript],
};

/** Where `pusher-js` and `laravel-echo` send a socket's id and a channel's name. */
const AUTHORIZATION: readonly string[] = ["/pusher/auth", "/broadcasting/auth"];

/** The website. */
export class PusherWebsite implements AsyncDisposable {
  /** Only to sign. */
  readonly #backend = pusherLibrary();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
  }

  /** `http://host:port`, without a slash at the end. */
  get origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (AUTHORIZATION.includes(pathname)) return await this.#authorize(request);
    const [type, text] = FILES[pathname] ?? [];
    if (type === undefined) return new Response(null, { status: 404 });
    const headers = new Headers({ "Content-Type": `${type}; charset=utf-8` });
    const user = searchParams.get("user");
    if (user !== null) headers.set("Set-Cookie", `user=${user}; HttpOnly; SameSite=Lax`);
    return new Response(text, { headers });
  }

  async #authorize(request: Request): Promise<Response> {
    const form = await request.formData();
    const [id, channel] = [String(form.get("socket_id")), String(form.get("channel_name"))];
    const user = /(?:^|; )user=(\w+)/.exec(request.headers.get("Cookie") ?? "")?.[1];
    if (user === undefined) return new Response(null, { status: 403 });
    const member = { user_id: user, user_info: { id: user, name: `User ${user}` } };
    const isPresence = channel.startsWith("presence-");
    return Response.json(
      this.#backend.authorizeChannel(id, channel, isPresence ? member : undefined),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
