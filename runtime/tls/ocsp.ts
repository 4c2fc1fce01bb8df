/**
 * Checks an OCSP response before it is stapled (RFC 6960 section 4.2.1).
 *
 * In: the bytes of a file. Out: nothing, or an error with the reason. Whether it belongs to the certificate and is
 * recent is for clients to judge.
 */

import { libcrypto } from "./openssl.ts";
import { takeReason } from "./openssl_error.ts";

/** OCSPResponseStatus: the others are errors of the responder, such as tryLater. */
const SUCCESSFUL = 0;

/** @throws {Error} if it is no response, or one that reports an error of the responder */
export function checkOcspResponse(der: Uint8Array<ArrayBuffer>): void {
  const { d2i_OCSP_RESPONSE, OCSP_response_status, OCSP_RESPONSE_free } = libcrypto();
  if (der.length === 0) throw new Error("the file is empty");
  // const unsigned char **in: d2i moves it behind what it has read. An ArrayBuffer of its own does not move.
  const copy = new Uint8Array(new ArrayBuffer(der.length));
  copy.set(der);
  const begin = Deno.UnsafePointer.value(Deno.UnsafePointer.of(copy));
  const position = new BigUint64Array([begin]);
  const response = d2i_OCSP_RESPONSE(null, new Uint8Array(position.buffer), BigInt(copy.length));
  if (response === null) throw new Error(`it is no OCSP response in DER: ${takeReason()}`);
  const status = OCSP_response_status(response);
  OCSP_RESPONSE_free(response);
  // This also keeps the copy alive until here.
  const rest = copy.length - Number(position[0]! - begin);
  if (rest > 0) throw new Error(`${rest} bytes follow the response`);
  if (status !== SUCCESSFUL) throw new Error(`the responder has answered with the error ${status}`);
}
