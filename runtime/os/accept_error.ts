/**
 * What an error of accept(2) means for the thread that accepts.
 *
 * In: an errno of accept4. Out: whether the next connection can simply be accepted, or nothing until something is
 * free again.
 */

import {
  ECONNABORTED,
  EHOSTDOWN,
  EHOSTUNREACH,
  EMFILE,
  ENETDOWN,
  ENETUNREACH,
  ENFILE,
  ENOBUFS,
  ENOMEM,
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

/** Whether there is no descriptor or no memory: the connection stays in the kernel's backlog. */
export function isShortage(errno: number): boolean {
  return errno === EMFILE || errno === ENFILE || errno === ENOBUFS || errno === ENOMEM;
}
