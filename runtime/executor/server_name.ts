/**
 * What this server is called among the servers of an engine.
 *
 * In: the address that it listens on. Out: the name of the machine and the port, as Centrifugo has it: `web1_8000`. Names need
 * not be different.
 */

/** The name. @param port undefined: there is none, as with a Unix socket */
export function serverName({ hostname }: Deno.NetAddr, port: number | undefined): string {
  // Without the right to know it, nobody is asked for the right.
  const isKnown = Deno.permissions.querySync({ name: "sys", kind: "hostname" }).state === "granted";
  const host = isKnown ? Deno.hostname() : hostname;
  return port === undefined ? host : `${host}_${port}`;
}
