/**
 * A backend that the proxy of channels asks: a real HTTP server, whose answers a test chooses.
 *
 * In: what is answered to each event, which may change at any time. Out: every request, with its body and its fields. Disposing it ends it.
 */

import {
  CHANNEL_PROXY,
  type ChannelProxyConfig,
  PROXY_EVENTS,
  type ProxyEvent,
} from "../../runtime/config/mod.ts";

/** A request. */
export interface Asked {
  readonly event: ProxyEvent;
  // deno-lint-ignore no-explicit-any -- of whichever event
  readonly body: any;
  /** The body as it came. */
  readonly text: string;
  readonly headers: Headers;
}

/** Answers a request: what becomes JSON, or a whole response; perhaps after a while. */
export type Answering = (asked: Asked) => unknown;

/** A backend. */
export class ProxyBackend implements AsyncDisposable {
  /** All requests, in the order in which they came. */
  readonly asked: Asked[] = [];
  readonly #answers: Partial<Record<ProxyEvent, Answering>>;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(answers: Partial<Record<ProxyEvent, Answering>>, port: number) {
    this.#answers = answers;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port, onListen: () => {} },
      (request) => this.#receive(request),
    );
  }

  /** Starts one. @param port default: a free one */
  static start(answers: Partial<Record<ProxyEvent, Answering>>, port = 0): ProxyBackend {
    return new ProxyBackend(answers, port);
  }

  /** The port. */
  get port(): number {
    return this.#server.addr.port;
  }

  /** The config of a proxy that asks it about what it has answers for. */
  config(more: Partial<ChannelProxyConfig> = {}): ChannelProxyConfig {
    const events = PROXY_EVENTS.filter((event) => this.#answers[event] !== undefined);
    const urls = events.map((
      event,
    ) => [event, `http://127.0.0.1:${this.port}/${event}?key=hidden`]);
    return { ...CHANNEL_PROXY, endpoints: Object.fromEntries(urls), timeout: 20_000, ...more };
  }

  /** From now on, this is answered. */
  answer(event: ProxyEvent, answering: Answering): void {
    this.#answers[event] = answering;
  }

  /** The bodies of the requests about an event. */
  // deno-lint-ignore no-explicit-any -- of whichever event
  bodies(event: ProxyEvent): any[] {
    return this.asked.filter((one) => one.event === event).map(({ body }) => body);
  }

  async #receive(request: Request): Promise<Response> {
    const event = new URL(request.url).pathname.slice(1) as ProxyEvent;
    const text = await request.text();
    const asked = { event, body: JSON.parse(text), text, headers: request.headers };
    this.asked.push(asked);
    const answer = await this.#answers[event]?.(asked);
    if (answer instanceof Response) return answer;
    const body = typeof answer === "string" ? answer : JSON.stringify(answer);
    return new Response(body, { status: request.method === "POST" ? 200 : 405 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
