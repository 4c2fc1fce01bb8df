/**
 * The servers of one engine, as a worker of one of them sees them.
 *
 * In: what concerns clients of any server. Out: answers, by promises none of which is rejected. Only with an engine: a server alone has
 * no peers.
 */

/** A worker of a server. */
export interface WorkerPlace {
  /** The uid of the server. */
  readonly server: string;
  readonly worker: number;
}

/** The key by which names of a server's sessions are checked, if the server lives. */
export type SessionKey =
  | { readonly status: "known"; readonly key: Uint8Array }
  | { readonly status: "unknown" | "busy" };

/** Reaches the servers of an engine. */
export interface Peers {
  /** Sends a request to all workers of all servers, also of this one. False: it was not done, or nobody knows whether it was. */
  request(word: string, data: Uint8Array): Promise<boolean>;
  /**
   * Asks all other servers. One that does not answer within a second is missing in the answers, and the log says so.
   *
   * @returns undefined: they cannot be asked now
   */
  survey(question: Uint8Array): Promise<readonly Uint8Array[] | undefined>;
  /** Answers what another server has asked. @param address what came with the question */
  answer(address: string, answer: Uint8Array): Promise<void>;
  /** The key of another server's sessions. */
  sessionKey(server: string): Promise<SessionKey>;
  /** Sends commands of a session to its worker on another server. False: it was not done, or nobody knows whether it was. */
  pass(to: WorkerPlace, session: string, data: Uint8Array): Promise<boolean>;
}
