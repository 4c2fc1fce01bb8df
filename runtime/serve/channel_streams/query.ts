/**
 * The parameters of a request, read strictly: a name that is mistyped must not change what is asked for without a word.
 *
 * In: the query. Out: values by name, or the refusal that names what is wrong. Pure.
 */

import { badRequest, quoted, type Refusal } from "./refusal.ts";

/** How many names a refusal lists. */
const LISTED = 3;

/** The parameters that an endpoint has. */
export interface QueryRules {
  /** Each at most once. */
  readonly single: readonly string[];
  /** Any number of times. */
  readonly repeated: readonly string[];
}

/** The parameters of a request. */
export class Query {
  readonly #parameters: URLSearchParams;

  private constructor(parameters: URLSearchParams) {
    this.#parameters = parameters;
  }

  /** Reads a query. */
  static read(text: string, { single, repeated }: QueryRules): Query | Refusal {
    const parameters = new URLSearchParams(text);
    const names = [...new Set(parameters.keys())];
    const all = [...repeated, ...single];
    const unknown = names.filter((name) => !all.includes(name));
    if (unknown.length > 0) {
      const list = unknown.slice(0, LISTED).map(quoted).join(", ");
      return badRequest(`There is no parameter ${list}; there are ${all.join(", ")}`);
    }
    const twice = single.find((name) => parameters.getAll(name).length > 1);
    if (twice !== undefined) return badRequest(`The parameter ${twice} may be given once`);
    return new Query(parameters);
  }

  /** The value; empty if there is none. */
  get(name: string): string {
    return this.#parameters.get(name) ?? "";
  }

  /** All values. */
  all(name: string): readonly string[] {
    return this.#parameters.getAll(name);
  }

  /** A whole number, or `otherwise` if there is none; a refusal for anything else. */
  integer(name: string, { least, most, otherwise }: {
    readonly least: number;
    readonly most: number;
    readonly otherwise: number;
  }): number | Refusal {
    const text = this.get(name);
    if (text === "") return otherwise;
    const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    return badRequest(`The parameter ${name} must be a number from ${least} to ${most}`);
  }

  /** `true` or `false`. */
  flag(name: string): boolean | Refusal {
    const text = this.get(name);
    if (text === "" || text === "false") return false;
    return text === "true" || badRequest(`The parameter ${name} must be true or false`);
  }
}
