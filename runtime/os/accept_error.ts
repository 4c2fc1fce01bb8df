/**
 * What accept(2) says of the connection, and not of the listener.
 *
 * In: an errno of accept4. Out: whether the next connection may be well. Asked by the acceptor.
 */

import {
  ECONNABORTED,
  EHOSTDOWN,
  EHOSTUNREACH,
  ENETDOWN,
  ENETUNREACH,
  ENONET,
  ENOPROTOOPT,
  EOPNOTSUPP,
  EPERM,
  EPROTO,
  ETIMEDOUT,
} from "./errno.ts";

/** Whether that connection alone is lost: gone already, or forbidden by a firewall. */
export function isLostConnection(errno: number): boolean {
  switch (errno) {
    // accept(2): "Linux accept() passes already-pending network errors on the new socket".
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
      return true;
    case ECONNABORTED:
    case ETIMEDOUT:
    case EPERM: // the firewall
      return true;
    default:
      return false;
  }
}
