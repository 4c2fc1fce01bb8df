/**
 * The requests that workers make to the conductor, and the values of each.
 *
 * Data only; engine_broker.ts writes the requests and reads the answers, request_answers.ts the other way round.
 */

/** What is asked; behind it the values of the request, and those of the answer. */
export const REQUEST = {
  /**
   * name, data, fields, form, historySize, historyTtlMs, skipHistory, idempotencyKey, version, versionEpoch
   * → status, offset, epoch
   */
  publish: 1,
  /** name → status */
  open: 2,
  /** name, offset, epoch, limit, maxBytes → status, offset, epoch, and for each entry: offset, form, fields, data */
  recover: 3,
  /** name, offset or nothing, epoch, limit, maxBytes, reverse → as `recover` */
  history: 4,
  /** name → 1: done */
  removeHistory: 5,
  /** name, client, user, info, announce → status */
  join: 6,
  /** name, client; no answer */
  leave: 7,
  /** name, limit → status, clients, users, and for each member: client, info */
  presence: 8,
  /** data, word → 1: done */
  control: 9,
  /** question → "done" and the answers of the other servers, or "busy" */
  survey: 10,
  /** a part of an answer, address, index, count or 0 if it is too long → nothing */
  answer: 11,
  /** server → status, key */
  sessionKey: 12,
  /** commands, session, server, worker → 1: done */
  pass: 13,
  /** name, client; no answer */
  rejoin: 14,
} as const;

/** Values of the answer before its list, and of each item of it. */
export const READ_ANSWER = { head: 3, item: 4 } as const;
export const PRESENCE_ANSWER = { head: 3, item: 2 } as const;
