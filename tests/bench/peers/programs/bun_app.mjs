// The app in Bun.serve.

import process from "node:process";
import app from "./app.mjs";

Bun.serve({
  ...app,
  hostname: "127.0.0.1",
  port: Number(process.env.BENCH_PORT),
  reusePort: true,
  development: false,
});
