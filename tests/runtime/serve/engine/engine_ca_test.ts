/** Whose certificates an engine may have: those of the system's authorities, and of those in `engine_ca_file`. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Authority, OPENSSL } from "../../../support/certificates.ts";
import { NATS_SERVER, NatsEngine, NO_NATS } from "../../../support/nats_engine.ts";
import { NO_REDIS, REDIS_SERVER, RedisEngine } from "../../../support/redis_engine.ts";

const ATTEMPT = new URL("../../../support/engine_attempt.ts", import.meta.url).pathname;
const LOCK = new URL("../../../deno.lock", import.meta.url).pathname;

Deno.test({
  name: `engine_ca_file: its authorities are trusted besides the system's${NO_NATS || NO_REDIS}`,
  ignore: NATS_SERVER === undefined || REDIS_SERVER === undefined || OPENSSL === undefined,
  async fn() {
    await using own = await Authority.make();
    await using other = await Authority.make();
    const { cert, key } = await own.sign("engine");
    await using redis = await RedisEngine.start({ tls: { authority: own, cert, key } });
    await using nats = await NatsEngine.start({
      config: `tls { cert_file: "${cert}", key_file: "${key}" }`,
    });
    /** Why an attempt fails, with the authority of the system and that of `engine_ca_file`. */
    const attempt = async (url: string, system: Authority, ca?: Authority) => {
      const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "-A",
          "--no-check",
          `--lock=${LOCK}`,
          ATTEMPT,
          url,
          ...ca === undefined ? [] : [ca.pem],
        ],
        env: { DENO_CERT: system.file },
      }).output();
      assert(success, new TextDecoder().decode(stderr));
      return new TextDecoder().decode(stdout).trim();
    };
    const redisUrl = `rediss://127.0.0.1:${redis.port}`;
    const natsUrl = `tls://127.0.0.1:${nats.port}`;
    for (const url of [redisUrl, natsUrl]) {
      assertEquals(await attempt(url, own), "");
      assertEquals(await attempt(url, other, own), "");
      assertStringIncludes(await attempt(url, other), "certificate");
    }
    assertEquals(await attempt(natsUrl, own, other), "");
  },
});
