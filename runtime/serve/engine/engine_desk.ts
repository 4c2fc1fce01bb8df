/**
 * The main thread's side of the workers' calls: reads their requests, and writes the answers.
 *
 * In: a call of {@link EngineDesk.look} whenever a worker has marked its ring, and of {@link EngineDesk.lookAtAll} when publications have
 * been answered, so that workers need not call for each. Out: requests to a handler, in the order of each
 * worker; the answers in the order in which the handler gives them. An answer that has no room in the ring waits here: there are not
 * more of them than requests under way, whose number is bounded.
 */
import { EngineRings, resetEngineRings } from "./engine_memory.ts";
import { packTuple, type TupleValue, unpackTuple } from "./tuple.ts";

/** Records of one worker that one turn reads. */
const RECORDS_A_TURN = 1_024;
/** Milliseconds until an answer that had no room is tried again. */
const RETRY = 1;

/** What carries out requests. */
export interface EngineHandler {
  /** One request. The answer's values may be given at once or later; undefined: nobody waits for one. Must not reject. */
  request(worker: number, kind: number, values: readonly TupleValue[]): EngineAnswer;
}

/** The values of an answer, now or later. */
export type EngineAnswer = readonly TupleValue[] | Promise<readonly TupleValue[]> | undefined;

/** What a desk works with. */
export interface EngineDeskParts {
  /** Made by `createEngineMemory`. */
  readonly memory: SharedArrayBuffer;
  readonly workers: number;
  readonly handler: EngineHandler;
  /** Gives a worker's loop a turn. */
  ring(worker: number): void;
}

interface Place {
  rings: EngineRings;
  /** Answers that had no room. */
  queue: Uint8Array[];
  isRung: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** The desk. */
export class EngineDesk {
  readonly #parts: EngineDeskParts;
  readonly #places: Place[];
  #isExpecting = false;

  constructor(parts: EngineDeskParts) {
    this.#parts = parts;
    this.#places = Array.from({ length: parts.workers }, (_, worker) => this.#open(worker));
  }

  /** A worker has written requests. */
  look(worker: number): void {
    const place = this.#places[worker]!;
    place.rings.clear();
    const isEmpty = place.rings.requests.read(
      (message) => this.#receive(worker, place, message),
      RECORDS_A_TURN,
    );
    if (place.rings.takeStarved()) this.#ring(worker, place);
    if (this.#isExpecting) place.rings.expect();
    if (!isEmpty) setTimeout(() => this.#places[worker] === place && this.look(worker));
  }

  /** Publications are under way, and {@link lookAtAll} is called at their end: others wait for that, and workers need not call for them. */
  expect(): void {
    this.#isExpecting = true;
    for (const { rings } of this.#places) rings.expect();
  }

  /** Looks at what workers have written while publications were under way. */
  lookAtAll(): void {
    this.#isExpecting = false;
    for (let worker = 0; worker < this.#places.length; worker++) this.look(worker);
  }

  /** A worker is dead: what it has asked is answered to nobody. Before its successor starts. */
  remove(worker: number): void {
    clearTimeout(this.#places[worker]!.timer);
    resetEngineRings(this.#parts.memory, worker);
    this.#places[worker] = this.#open(worker);
  }

  /** Ends the tries to write answers. */
  close(): void {
    for (const { timer } of this.#places) clearTimeout(timer);
  }

  #open(worker: number): Place {
    const rings = new EngineRings(this.#parts.memory, worker);
    return { rings, queue: [], isRung: false, timer: undefined };
  }

  #receive(worker: number, place: Place, message: Uint8Array): void {
    const values = unpackTuple(message);
    const [number, kind] = values.splice(0, 2);
    const answer = this.#parts.handler.request(worker, kind as number, values);
    if (number === undefined || answer === undefined) return;
    const send = (values: readonly TupleValue[]) => {
      if (this.#places[worker] !== place) return; // it has died
      const message = packTuple([number, ...values]);
      if (place.timer === undefined && place.queue.length === 0 && !place.rings.answers.isStopped) {
        if (place.rings.answers.write(message)) return this.#ring(worker, place);
      } else {
        place.queue.push(message.slice());
      }
      this.#write(worker, place);
    };
    if (answer instanceof Promise) void answer.then(send);
    else send(answer);
  }

  #write(worker: number, place: Place): void {
    if (place.timer !== undefined) return;
    const { answers } = place.rings;
    let hasRoom = answers.resume();
    while (hasRoom && place.queue.length > 0) hasRoom = answers.write(place.queue.shift()!);
    this.#ring(worker, place);
    if (hasRoom) return;
    place.timer = setTimeout(() => {
      place.timer = undefined;
      if (this.#places[worker] === place) this.#write(worker, place);
    }, RETRY);
  }

  /** Rings once for all answers of a turn. */
  #ring(worker: number, place: Place): void {
    if (place.isRung) return;
    place.isRung = true;
    queueMicrotask(() => {
      place.isRung = false;
      this.#parts.ring(worker);
    });
  }
}
