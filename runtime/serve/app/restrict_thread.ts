/**
 * Gives back the permissions that this thread needs no more, before the app is loaded.
 *
 * In: the config of the app, and whether the server goes on to use FFI. Out: nothing; afterwards the thread has what the operator allows the
 * app. What was opened stays open: the libraries of the server, its sockets, its files.
 */

import { type AppConfig, isUnrestricted } from "../../config/mod.ts";

/** @param keepsFfi the server makes pointers for each connection, as with TLS by OpenSSL */
export async function restrictThread(app: AppConfig, keepsFfi: boolean): Promise<void> {
  if (isUnrestricted(app)) return;
  // Of the folders that the thread may read, this one was for the server's own code: executor/app_rights.ts.
  await Deno.permissions.revoke({ name: "read", path: "/" });
  if (!keepsFfi) await Deno.permissions.revoke({ name: "ffi" });
}
