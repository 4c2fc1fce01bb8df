/**
 * The transport of a whole suite: `deno task test deno-transport` runs tests that were written for any of them over
 * Deno's sockets.
 *
 * In: the variable of the runner. Out: whether it names Deno's sockets. Servers that are child processes inherit the
 * variable; tests that start a server in their own process pass the transport to it.
 */

/** The variable with the value of `--transport`. */
export const SUITE_TRANSPORT = "ASYNC_DENO_TRANSPORT";

/** Whether the tests run over Deno's sockets; tests that cannot pass there are skipped by name. */
export const OVER_DENO_TRANSPORT: boolean = Deno.env.get(SUITE_TRANSPORT) === "deno";
