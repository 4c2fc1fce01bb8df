/**
 * HTTP Basic authentication (RFC 7617) with hashed passwords.
 *
 * ```ts
 * import { hashPassword, verifyPassword } from "./mod.ts";
 * const hash = await hashPassword("correct horse");
 * console.log(await verifyPassword("correct horse", hash)); // true
 * ```
 *
 * @module
 */

export { BasicAuth } from "./basic_auth.ts";
export { parsePasswordFile } from "./password_file.ts";
export { readUsers } from "./users.ts";
export { hashPassword, isPasswordHash, verifyPassword } from "./password_hash.ts";
