/**
 * `deno run -A tests/bench/micro.ts [REGEX]`: the microbenchmarks, in ns and bytes a second.
 *
 * In: every `*_bench.ts` in this folder, or with REGEX the benchmarks whose names match. Out: a table on
 * standard output. It runs `deno bench` and formats the output; exit code 1 if that failed.
 */

import { fileURLToPath } from "node:url";
import { microLines, parseMicroResults } from "./micro_report.ts";
import { ROOT } from "./paths.ts";

const filter = Deno.args[0] === undefined ? [] : [`--filter=/${Deno.args[0]}/`];
const folder = fileURLToPath(new URL(".", import.meta.url));
const { success, stdout } = await new Deno.Command(Deno.execPath(), {
  args: ["bench", "--json", "--no-check", "-A", ...filter, folder],
  cwd: ROOT,
  stderr: "inherit",
}).output();
if (!success) Deno.exit(1);
console.log(microLines(parseMicroResults(new TextDecoder().decode(stdout))).join("\n"));
