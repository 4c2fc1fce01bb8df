/**
 * Questions to all servers, and the answers that come in parts.
 *
 * In: who is asked, and parts of answers as they arrive. Out: the whole answers, as soon as all are there, or what is there after a
 * second. Called on the main thread. An answer is bounded, and so is the number of open questions.
 */
import { joinBytes } from "../../../protocol/basics.ts";

/** Milliseconds in which servers answer. */
export const SURVEY_TIME = 1_000;
/** Open questions; beyond, none is asked. */
const MAX_OPEN = 16;
/** The bytes of a part, and the parts of an answer: 8 MiB. */
const PART_BYTES = 128 * 1024;
const MAX_PARTS = 64;

/** The answers to a question. */
export interface SurveyResult {
  /** By the uid of the server. */
  readonly answers: ReadonlyMap<string, Uint8Array>;
  /** Those that have not answered in time. */
  readonly missing: readonly string[];
}

/** A part of an answer. */
export interface AnswerPart {
  /** From 0. */
  readonly index: number;
  /** How many parts the answer has. */
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** An open question. */
interface Survey {
  readonly asked: ReadonlySet<string>;
  readonly parts: Map<string, Uint8Array[]>;
  readonly answers: Map<string, Uint8Array>;
  end(): void;
}

/** An answer in parts; undefined if it is too long. */
export function answerParts(answer: Uint8Array): readonly AnswerPart[] | undefined {
  const count = Math.max(1, Math.ceil(answer.length / PART_BYTES));
  if (count > MAX_PARTS) return undefined;
  return Array.from({ length: count }, (_, index) => {
    const bytes = answer.subarray(index * PART_BYTES, (index + 1) * PART_BYTES);
    return { index, count, bytes };
  });
}

/** The open questions of one server. */
export class Surveys {
  readonly #open = new Map<string, Survey>();
  #lastId = 0;

  /** Opens a question to some servers; undefined: too many are open. */
  open(
    asked: readonly string[],
  ): { readonly id: string; readonly result: Promise<SurveyResult> } | undefined {
    if (this.#open.size >= MAX_OPEN) return undefined;
    const id = `${++this.#lastId}`;
    const result = new Promise<SurveyResult>((resolve) => {
      const answers = new Map<string, Uint8Array>();
      const end = () => {
        clearTimeout(timer);
        this.#open.delete(id);
        resolve({ answers, missing: asked.filter((uid) => !answers.has(uid)) });
      };
      const timer = setTimeout(end, SURVEY_TIME);
      this.#open.set(id, { asked: new Set(asked), parts: new Map(), answers, end });
      if (asked.length === 0) end();
    });
    return { id, result };
  }

  /** A part of a server's answer has come. Parts that do not fit together are ignored: the server is missing. */
  add(id: string, uid: string, { index, count, bytes }: AnswerPart): void {
    const survey = this.#open.get(id);
    if (survey === undefined || !survey.asked.has(uid) || survey.answers.has(uid)) return;
    const parts = survey.parts.get(uid) ?? [];
    if (index !== parts.length || !(count >= 1 && count <= MAX_PARTS)) return;
    parts.push(bytes);
    survey.parts.set(uid, parts);
    if (parts.length < count) return;
    survey.parts.delete(uid);
    survey.answers.set(uid, joinBytes(parts));
    if (survey.answers.size === survey.asked.size) survey.end();
  }

  /** Ends all questions with what is there. */
  close(): void {
    for (const { end } of [...this.#open.values()]) end();
  }
}
