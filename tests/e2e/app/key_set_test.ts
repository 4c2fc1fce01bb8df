/**
 * The key set of tokens beside an app that may connect nowhere: the server reads it, the app cannot.
 */

import { assertEquals } from "@std/assert";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { Centrifuge } from "npm:centrifuge@5.8.0";
import { AppFolder } from "../../support/app_folder.ts";
import { NodeSocket } from "../../support/node_socket.ts";
import { type Server, withServer } from "../../support/server.ts";
import { within } from "../../support/wait_for.ts";

/** Tries to fetch what its query names. */
const APP = `
export default {
  async fetch(request) {
    const address = new URL(request.url).searchParams.get("fetch");
    if (address === null) return undefined;
    return new Response(await fetch(address).then(() => "fetched", (error) => error.name));
  },
};
`;

/** An issuer of tokens, whose address can fail. */
class Issuer implements AsyncDisposable {
  isAway = false;
  readonly address: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #privateKey: CryptoKey;

  private constructor(privateKey: CryptoKey, jwk: object) {
    this.#privateKey = privateKey;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () =>
        this.isAway
          ? new Response("away", { status: 503 })
          : Response.json({ keys: [{ ...jwk, kid: "a" }] }),
    );
    this.address = `http://127.0.0.1:${this.#server.addr.port}/keys`;
  }

  static async make(): Promise<Issuer> {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    return new Issuer(privateKey, await exportJWK(publicKey));
  }

  token(user: string): Promise<string> {
    const header = { alg: "ES256", kid: "a" };
    return new SignJWT({ sub: user }).setProtectedHeader(header).sign(this.#privateKey);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }
}

/** Which code a client's first attempt to connect ends with; 0: it is connected. */
async function connect({ wsUrl }: Server, token: string): Promise<number> {
  const url = `${wsUrl}/connection/websocket`;
  const client = new Centrifuge(url, { websocket: NodeSocket, token });
  try {
    const outcome = new Promise<number>((resolve) => {
      client.on("connected", () => resolve(0));
      client.on("error", ({ error }) => resolve(error.code));
      client.on("disconnected", ({ code }) => resolve(code));
    });
    client.connect();
    return await within(outcome, { what: "the outcome of a connection" });
  } finally {
    client.disconnect();
  }
}

Deno.test("app rights: the key set of tokens is read by the server alone, in all workers", async () => {
  await using issuer = await Issuer.make();
  const config = `[channels.token]\njwks_public_endpoint = "${issuer.address}"\n`;
  using folder = new AppFolder({ "app.js": APP, "server.toml": config });
  const args = ["--app", folder.file("app.js"), "--config", folder.file("server.toml")];
  await withServer({ workers: 2, args }, async (server) => {
    const query = encodeURIComponent(issuer.address);
    const tried = await fetch(`${server.url}/?fetch=${query}`);
    assertEquals(await tried.text(), "NotCapable");
    // An address that fails is no fault of the token: the client is told to try again.
    issuer.isAway = true;
    assertEquals(await connect(server, await issuer.token("early")), 100);
  });
  issuer.isAway = false;
  await withServer({ workers: 2, args }, async (server) => {
    const all = Array.from({ length: 6 }, async (_, i) => {
      return await connect(server, await issuer.token(`user ${i}`));
    });
    assertEquals(await Promise.all(all), Array(6).fill(0));
    assertEquals(await connect(server, "forged"), 3500);
  });
});
