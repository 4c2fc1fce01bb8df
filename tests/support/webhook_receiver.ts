/**
 * A receiver of webhooks: a real HTTP server, whose requests are checked by the library of backends, npm `pusher`.
 *
 * In: the key and the secret of an app, and how requests are answered, which may change at any time. Out: the events in the order of the
 * requests that were answered with 2xx, and all requests. Disposing it ends it.
 */

import PusherLibrary from "npm:pusher@5.3.4";

/** An event as Pusher has it. */
export interface ReceivedEvent {
  readonly name: string;
  readonly channel: string;
  readonly event?: string;
  readonly data?: string;
  readonly socket_id?: string;
  readonly user_id?: string;
}

/** A request. */
export interface ReceivedWebhook {
  readonly body: string;
  readonly signature: string;
  /** Whether the library takes it. */
  readonly isValid: boolean;
  readonly events: readonly ReceivedEvent[];
  /** `time_ms`. */
  readonly time: number;
  readonly status: number;
}

/** How a request is answered: a status, perhaps after a while. */
export type Answering = () => number | Promise<number>;

interface Library {
  webhook(request: { headers: Record<string, string>; rawBody: string }): {
    isValid(): boolean;
    getEvents(): ReceivedEvent[];
    getTime(): Date;
  };
}

/** A receiver. */
export class WebhookReceiver implements AsyncDisposable {
  /** All requests, in the order of their answers. */
  readonly requests: ReceivedWebhook[] = [];
  /** Requests that have come, with those that are not answered yet. */
  arrived = 0;
  answer: Answering = () => 200;
  readonly #library: Library;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  private constructor(key: string, secret: string, port: number) {
    const options = { appId: "1", key, secret, host: "127.0.0.1" };
    this.#library = new PusherLibrary(options as never) as unknown as Library;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port, onListen: () => {} },
      (request) => this.#receive(request),
    );
  }

  /** Starts one. @param port default: a free one */
  static start(key: string, secret: string, port = 0): WebhookReceiver {
    return new WebhookReceiver(key, secret, port);
  }

  /** The port. */
  get port(): number {
    return this.#server.addr.port;
  }

  /** The address that is told. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/hook?token=hidden`;
  }

  /** The events that were taken. */
  get events(): ReceivedEvent[] {
    return this.requests.filter(({ status }) => status < 300).flatMap(({ events }) => events);
  }

  /** The same as short texts: name, channel, user. */
  get told(): string[] {
    return this.events.map(({ name, channel, user_id: user }) =>
      [name, channel, ...(user === undefined ? [] : [user])].join(" ")
    );
  }

  async #receive(request: Request): Promise<Response> {
    this.arrived++;
    const body = await request.text();
    const headers = Object.fromEntries(request.headers);
    const hook = this.#library.webhook({ headers, rawBody: body });
    const isValid = request.method === "POST" && hook.isValid();
    const events = isValid ? hook.getEvents() : [];
    const status = await this.answer();
    const signature = headers["x-pusher-signature"] ?? "";
    const time = isValid ? hook.getTime().getTime() : 0;
    this.requests.push({ body, signature, isValid, events, time, status });
    const fields = status === 302 ? { Location: this.url } : {};
    return new Response(status === 204 ? null : "ok", { status, headers: fields });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
