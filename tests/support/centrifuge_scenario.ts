/**
 * What npm `centrifuge` does outside of Deno: in a browser, and under Node. One scenario as a function of JavaScript, which runs there.
 *
 * In: where the function runs. Out: the text of the function and of the package, the options that the function takes, and what it returns if
 * all is well. It connects over one transport, subscribes, publishes, asks who is there and for the history, is disconnected by the backend,
 * comes back by itself, and recovers.
 */

import source from "npm:centrifuge@5.8.0" with { type: "text" };
import { API_KEY, type Backend, sign } from "./channel_backend.ts";

/** The package, as one module without imports: its export `Centrifuge` is the client. */
export const CENTRIFUGE_MODULE: string = source;

/** The transports that a client chooses from. */
export const TRANSPORTS = ["websocket", "sse", "http_stream"] as const;

/** `(Centrifuge, options) => Promise<result>` */
export const SCENARIO = `async (Centrifuge, { transport, origin, token, key }) => {
  const scheme = transport === "websocket" ? "ws" : "http";
  const endpoint = origin.replace(/^http/, scheme) + "/connection/" + transport;
  const api = async (method, request) => {
    const headers = { "X-API-Key": key };
    const init = { method: "POST", headers, body: JSON.stringify(request) };
    const { error } = await (await fetch(origin + "/api/" + method, init)).json();
    if (error) throw new Error(method + ": " + error.message);
  };
  const until = async (what, condition) => {
    for (let i = 0; i < 3000; i++) {
      if (condition()) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error("waited for " + what);
  };
  const client = new Centrifuge([{ transport, endpoint }], {
    emulationEndpoint: origin + "/emulation",
    token,
    minReconnectDelay: 10,
    maxReconnectDelay: 50,
  });
  const channel = "chat:" + transport;
  const [offsets, data, subscribed, connecting] = [[], [], [], []];
  client.on("connecting", ({ code }) => connecting.push(code));
  const subscription = client.newSubscription(channel, { recoverable: true });
  subscription.on("publication", (publication) => {
    offsets.push(publication.offset);
    data.push(publication.data);
  });
  subscription.on("subscribed", ({ wasRecovering, recovered }) =>
    subscribed.push([wasRecovering, recovered]));
  subscription.subscribe();
  client.connect();
  await until("the subscription", () => subscribed.length === 1);
  await api("publish", { channel, data: { n: 1 } });
  await client.publish(channel, { n: 2 });
  await until("two publications", () => offsets.length === 2);
  const { numClients } = await client.presenceStats(channel);
  const { publications } = await client.history(channel, { limit: 1, reverse: true });
  await api("disconnect", { user: transport, disconnect: { code: 3000, reason: "come back" } });
  await until("the end of the connection", () => connecting.length === 2);
  await api("publish", { channel, data: { n: 3 } });
  await until("the third publication", () => offsets.length === 3 && subscribed.length === 2);
  client.disconnect();
  const newest = publications.map(({ offset }) => offset);
  return { offsets, data, subscribed, connecting, numClients, newest };
}`;

/** The second argument of {@link SCENARIO}; its user is named as the transport. */
export async function scenarioOptions(
  backend: Backend,
  transport: typeof TRANSPORTS[number],
): Promise<Readonly<Record<string, string>>> {
  const token = await sign({ sub: transport });
  return { transport, origin: backend.url(""), token, key: API_KEY };
}

/** What {@link SCENARIO} returns. Code 0: `connect()` was called. */
export const SCENARIO_RESULT = {
  offsets: [1, 2, 3],
  data: [{ n: 1 }, { n: 2 }, { n: 3 }],
  subscribed: [[false, false], [true, true]],
  connecting: [0, 3000],
  numClients: 1,
  newest: [2],
} as const;
