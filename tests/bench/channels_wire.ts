/**
 * How a server's channels are used: what subscribers and publishers send, for fanload and wrk.
 *
 * In: nothing. Out: data, which each peer has in its own file. `{c}` stands for the number of a channel, `{d}` for the data.
 */

/** The wire of one peer. */
export interface ChannelsWire {
  readonly subscriber: {
    /** The path of the WebSocket. */
    readonly path: string;
    /** What it sends first; empty: nothing. */
    readonly hello: string;
    /** What is in the answer when it is subscribed; empty: the handshake is the answer. */
    readonly ack: string;
    /** What it sends first to get deltas. */
    readonly deltaHello?: string;
  };
  /** The publisher of the fan-out rows. */
  readonly publisher:
    | { readonly by: "websocket"; readonly path: string; readonly message: string }
    | { readonly by: "http" };
  /** Publishing by HTTP. */
  readonly post: {
    readonly path: string;
    /** Fields of the head beside Host and Content-Length. */
    readonly fields: readonly string[];
    readonly body: string;
  };
  /** What stands in front of the offsets that the server counts; undefined: it does not. */
  readonly offset?: string;
}

/** The subscribers and the publisher of our programs for Bun, uWebSockets.js and ws. */
export const PROGRAM_WIRE: ChannelsWire = {
  subscriber: { path: "/channels?{c}", hello: "", ack: "ready" },
  publisher: { by: "websocket", path: "/publish", message: "{c}:{d}" },
  post: {
    path: "/publish",
    fields: ["Content-Type: application/json"],
    body: '{"channel":"{c}","data":{d}}',
  },
};

/** What browsers offer. */
export const DEFLATE_OFFER = "permessage-deflate; client_max_window_bits";

/** How subscribers get publications: with permessage-deflate, as deltas, or as they are. */
export type Delivery = "deflate" | "delta" | "plain";

/** The head of a publication by HTTP, for a body of `length` bytes. */
export function publishHead({ post }: ChannelsWire, port: number, length: number | string): string {
  const fields = [`Host: 127.0.0.1:${port}`, ...post.fields, `Content-Length: ${length}`];
  return [`POST ${post.path} HTTP/1.1`, ...fields, "\r\n"].join("\r\n");
}

/** The body of a publication by HTTP to channel 0, of 64 bytes of data. */
export function publishBody({ post }: ChannelsWire): string {
  const data = `{"x":"${"x".repeat(64 - 8)}"}`;
  return post.body.replace("{c}", "0").replace("{d}", data);
}

/** The arguments of fanload that come from the wire. */
export function fanloadWire(
  wire: ChannelsWire,
  port: number,
  delivery: Delivery = "plain",
): string[] {
  const { subscriber, publisher, post, offset } = wire;
  const { path, hello, deltaHello, ack } = subscriber;
  if (delivery === "delta" && deltaHello === undefined) {
    throw new TypeError("the peer has no deltas");
  }
  const first = delivery === "delta" ? deltaHello! : hello;
  const subscribes = [
    ...["-s", path, "-h", first, "-a", ack],
    ...(delivery === "deflate" ? ["-e", DEFLATE_OFFER] : delivery === "delta" ? ["-D"] : []),
  ];
  const publishes = publisher.by === "http"
    ? ["-S", post.path, "-M", publishHead(wire, port, "{l}"), "-m", post.body]
    : ["-S", publisher.path, "-m", publisher.message];
  return [...subscribes, ...publishes, ...(offset === undefined ? [] : ["-o", offset])];
}
