/**
 * The servers of the engine as one worker reaches them: each call is a request to the main thread.
 *
 * In: calls of one worker. Out: promises, none of which is rejected; a request that cannot be sent now has failed.
 */
import type { Peers, SessionKey, WorkerPlace } from "../broker/mod.ts";
import type { EngineCalls } from "./engine_calls.ts";
import { REQUEST } from "./engine_request.ts";
import { answerParts } from "./surveys.ts";

const NO_BYTES = new Uint8Array(0);

/** Reaches the servers of the engine. */
export class EnginePeers implements Peers {
  readonly #calls: EngineCalls;

  constructor(calls: EngineCalls) {
    this.#calls = calls;
  }

  async request(word: string, data: Uint8Array): Promise<boolean> {
    const [isDone] = await this.#calls.call(REQUEST.control, [data, word]) ?? [];
    return isDone === 1;
  }

  async survey(question: Uint8Array): Promise<readonly Uint8Array[] | undefined> {
    const [status, ...answers] = await this.#calls.call(REQUEST.survey, [question]) ?? ["busy"];
    return status === "done" ? answers as Uint8Array[] : undefined;
  }

  async answer(address: string, answer: Uint8Array): Promise<void> {
    const parts = answerParts(answer) ?? [{ bytes: NO_BYTES, index: 0, count: 0 }];
    for (const { bytes, index, count } of parts) {
      // One at a time: a long answer must leave the ring to other calls.
      const reply = await this.#calls.call(REQUEST.answer, [bytes, address, index, count]);
      if (reply === undefined) return; // busy: this server is missing there
    }
  }

  async sessionKey(server: string): Promise<SessionKey> {
    const [status, key] = await this.#calls.call(REQUEST.sessionKey, [server]) ?? ["busy"];
    // The bytes of an answer share their memory with other answers.
    return { status, key: key instanceof Uint8Array ? key.slice() : key } as SessionKey;
  }

  async pass(
    { server, worker }: WorkerPlace,
    session: string,
    data: Uint8Array,
  ): Promise<boolean> {
    const values = [data, session, server, worker];
    const [isDone] = await this.#calls.call(REQUEST.pass, values) ?? [];
    return isDone === 1;
  }
}
