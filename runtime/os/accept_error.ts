/**
 * Which errors of accept(2) concern one connection only, and not the listener.
 *
 * In: an errno of accept4. Out: whether the acceptor can simply accept the next connection. Called by the
 * acceptor.
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

/** Whether only that connection is lost: it is gone already, or a firewall forbids it. */
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
