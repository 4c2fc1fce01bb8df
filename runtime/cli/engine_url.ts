/**
 * Checks the address of the engine that several servers share: of `--engine`, and of the key `engine` of the section `channels`.
 *
 * In: the text. Out: the URL, or a fault that begins with the name of the option. Pure; the driver reads its parts.
 */

const SCHEMES: readonly string[] = ["redis:", "rediss:", "unix:", "redis+unix:", "nats:"];
/** What may stand behind the path of a Unix socket. */
const SOCKET_PARAMETERS: readonly string[] = ["db", "user"];
const PASSWORD_FAULT = "must not have a password, as others may read it: " +
  "in [channels], name a file with engine_password_file, or a variable of the environment with engine_password_variable";
const DATABASE = /^\d{0,5}$/;

/** The URL, or what is wrong with the text. @param name how the fault names the option */
export function readEngineUrl(
  text: string,
  name: string,
): { readonly url: URL; readonly fault?: undefined } | {
  readonly url?: undefined;
  readonly fault: string;
} {
  const url = URL.parse(text);
  if (url?.protocol === "tls:") {
    return { fault: `${name} cannot be a NATS server over TLS: begin it with nats://` };
  }
  if (url === null || !SCHEMES.includes(url.protocol)) {
    const fault =
      'must be the address of a Redis, Valkey or NATS server, as "redis://127.0.0.1:6379", ' +
      "with TLS rediss://, a Unix socket, as unix:///run/redis.sock, or nats://127.0.0.1:4222; " +
      "without it this server keeps the channels itself";
    return { fault: `${name} ${fault}` };
  }
  const fault = url.protocol.endsWith("unix:") ? socketFault(url) : hostFault(url);
  return fault === undefined ? { url } : { fault: `${name} ${fault}` };
}

function hostFault({ protocol, hostname, username, password, pathname, search, hash }: URL) {
  const isNats = protocol === "nats:";
  if (hostname === "") {
    return `must have a host, as in ${isNats ? "nats://127.0.0.1:4222" : "redis://127.0.0.1:6379"}`;
  }
  if (hostname.includes(",")) return "must be the address of a single server, without commas";
  if (password !== "") return PASSWORD_FAULT;
  if (!isEncoded(username)) return "has a user with a % without two hexadecimal digits";
  if (isNats && pathname.length > 1) return "has no path, as in nats://127.0.0.1:4222";
  if (!isNats && !DATABASE.test(pathname.slice(1))) {
    return "has the number of a database as its path, as in redis://127.0.0.1:6379/2";
  }
  return search === "" && hash === ""
    ? undefined
    : "has no parameters behind its address: remove what begins with ? or #";
}

function socketFault({ href, host, pathname, searchParams, hash }: URL) {
  if (host !== "" || !href.includes(":///") || pathname === "/" || !isEncoded(pathname)) {
    return "has three slashes before the path of a Unix socket, as in unix:///run/redis.sock";
  }
  if (searchParams.has("password") || searchParams.has("pass")) return PASSWORD_FAULT;
  const others = [...searchParams.keys()].filter((key) => !SOCKET_PARAMETERS.includes(key));
  if (others.length > 0 || hash !== "") {
    return "with a Unix socket may have the parameters db and user, as in unix:///run/redis.sock?db=2";
  }
  return DATABASE.test(searchParams.get("db") ?? "")
    ? undefined
    : "has the number of a database as db, as in unix:///run/redis.sock?db=2";
}

function isEncoded(text: string): boolean {
  return !/%(?![\da-f]{2})/i.test(text);
}
