/**
 * Deno.serve and Deno.upgradeWebSocket, with the Deno that runs the benchmark.
 *
 * On several cores as in its manual: `deno serve --parallel`, with the number of threads in DENO_JOBS.
 */

import { CERT_FILE, KEY_FILE } from "../certificate.ts";
import { PAGE, PEER_PACKAGES, SITE } from "../paths.ts";
import { runsApp } from "../rows.ts";
import { appPath, type Peer, programPath } from "./peer.ts";

const HTTP = "Deno.serve";
const FILES = "Deno.serve, Deno.open";

/** The configuration that lets the app import what is installed. */
function packagesConfig(): string {
  const path = `${PEER_PACKAGES}deno.json`;
  Deno.writeTextFileSync(path, JSON.stringify({ nodeModulesDir: "manual" }));
  return path;
}

/** Deno.serve. */
export const denoServe: Peer = {
  id: "deno",
  does: {
    small: HTTP,
    echo: HTTP,
    page: HTTP,
    file: FILES,
    websocket: "Deno.upgradeWebSocket",
    app: HTTP,
    "app-echo": "Deno.upgradeWebSocket",
    "app-fan-out": "Deno.upgradeWebSocket, a Set",
  },
  find() {
    return Promise.resolve({ program: Deno.execPath(), version: Deno.version.deno });
  },
  launch(found, { port, workers, work }) {
    const [program, config] = runsApp(work)
      ? [appPath("app.mjs"), ["--config", packagesConfig()]]
      : [programPath("deno_serve.ts"), ["--no-config"]];
    // Without this project's deno.json and deno.lock.
    const options = [...config, "--no-lock", "-A", "--host", "127.0.0.1", "--port", `${port}`];
    const parallel = workers > 1 ? ["--parallel"] : [];
    return {
      command: found.program,
      args: ["serve", ...options, ...parallel, program],
      env: { DENO_JOBS: `${workers}`, BENCH_PAGE: PAGE, BENCH_SITE: SITE },
    };
  },
};

/**
 * Deno.serve with TLS. `deno serve` has no flag for a certificate, so several processes share a port,
 * which Deno still calls unstable with TLS.
 */
export const denoServeTls: Peer = {
  id: "deno-tls",
  does: { tls: HTTP, "tls-file": FILES },
  find: denoServe.find,
  launch(found, { port, workers }) {
    return {
      command: found.program,
      args: ["run", "--unstable-net", "--no-config", "--no-lock", "-A", programPath("deno_tls.ts")],
      env: {
        BENCH_PORT: `${port}`,
        BENCH_CERT: CERT_FILE,
        BENCH_KEY: KEY_FILE,
        BENCH_SITE: SITE,
      },
      copies: workers,
    };
  },
};
