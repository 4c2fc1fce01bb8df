/**
 * The Web's own classes, as they were before this folder's took their names in the worker.
 *
 * In: nothing. Out: Deno's Request, Response and Headers. Imported before web_globals.ts is called.
 */

/** Deno's Request. */
export const WebRequest = globalThis.Request;
/** Deno's Response. */
export const WebResponse = globalThis.Response;
/** Deno's Headers. */
export const WebHeaders = globalThis.Headers;
