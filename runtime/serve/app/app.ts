/**
 * The app, as the session sees it: asked about requests before the routes are.
 *
 * In: exchanges. Out: the app's answers. A handler that answers at once costs no promise; what `fetch` does not answer goes on to the
 * server's own files and endpoints. What it throws is 500, with the stack in the log and not in the answer. Replacing the module is a
 * reload: new requests go to the new copy, those in progress are finished by the old one.
 */

import { dirname } from "@std/path/posix/dirname";
import { APP, type Config, CONNECTION_LIMITS } from "../../config/mod.ts";
import { errorMessage } from "../../error_message.ts";
import { LogLabel } from "../../observe/log/mod.ts";
import { inTime, LATE, StartRefusal } from "../../thread/mod.ts";
import type {
  AppExchange,
  AppResult,
  AppRoute,
  AppSchedule,
  WebSocketHandler,
} from "../session/mod.ts";
import { NamedFiles, type NamedFilesParts, pathPattern } from "../files/mod.ts";
import type { AppModule } from "./app_module.ts";
import { intervalOf } from "./interval.ts";
import { LateWork } from "./late_work.ts";
import { callFault } from "./load_fault.ts";
import { type AnswerParts, AppResponse } from "./app_response.ts";
import { AppRequest } from "./app_request.ts";
import { AppServer, type AppServerParts } from "./app_server.ts";
import { AppSockets } from "./app_sockets.ts";
import { upgradeOf } from "./deno_upgrade.ts";
import { promiseOf } from "./promise_of.ts";
import { RequestOrigins } from "./request_origins.ts";
import { framingOf, sendStatic, sendStream, sendText, type StreamWatch } from "./send_response.ts";
import type { Topics } from "./topics.ts";

/** What an app is made with. */
export interface AppParts {
  /** Loads the first copy; called by `start`, when the server's own parts have what they need. */
  load(): Promise<AppModule>;
  readonly address: AppServerParts["address"];
  readonly topics: Topics;
  /** The path of the app's file, absolute. */
  readonly entry: string;
  /** What files of its folder are sent with. */
  readonly files: Omit<NamedFilesParts, "root">;
  /** Counts an error of the app, and tells the operator. */
  report(what: string, error: unknown): void;
}

type Fetched = Response | undefined;

const ERROR_ANSWERS_NOTHING =
  "The app's error has returned nothing: the answer is 500, as if there were none";

/** The app of one worker, for the worker's life. */
export class App implements AppRoute {
  readonly label = new LogLabel("app");
  /** What the app may ask of the server. */
  readonly server: AppServer;
  /** The current copy. */
  module: AppModule = {};
  readonly #parts: AppParts;
  readonly #origins: RequestOrigins;
  readonly #late: LateWork;
  readonly #sockets: AppSockets;
  #pattern: ((path: string) => boolean) | undefined = undefined;
  #timeout = 0;
  #startTimeout = APP.startTimeout;
  #drainTime = CONNECTION_LIMITS.drainTime;
  readonly #folder: string;
  #files: NamedFiles | null = null;
  /** Requests whose handler is asynchronous and has not answered yet. */
  #pending = 0;

  constructor(parts: AppParts) {
    this.#parts = parts;
    const { address, topics } = parts;
    const folder = this.#folder = dirname(parts.entry);
    const report = (what: string, error: unknown) => parts.report(what, error);
    this.#late = new LateWork(report);
    const sockets = this.#sockets = new AppSockets({ module: () => this.module, topics, report });
    const pendingRequests = () => this.#pending;
    this.server = new AppServer({ address, folder, topics, sockets, pendingRequests });
    this.#origins = new RequestOrigins(this.server.url.host);
  }

  isAsked(path: string): boolean {
    // `OPTIONS *` is about the server as a whole.
    return path !== "*" && (this.#pattern === undefined || this.#pattern(path));
  }

  get timeout(): number {
    return this.#timeout;
  }

  /** Takes what the config says of apps, at the start and at each reload. */
  configure({ app, limits }: Pick<Config, "app" | "limits">): void {
    if (app === undefined) return;
    this.#startTimeout = app.startTimeout;
    this.#drainTime = limits.drainTime;
    this.#timeout = app.timeout;
    this.#pattern = app.path === undefined ? undefined : pathPattern(app.path);
  }

  handle(exchange: AppExchange): AppResult | Promise<AppResult> {
    const { module } = this;
    if (module.fetch === undefined) return "next";
    const request = new AppRequest(exchange, this.#origins);
    let fetched: Fetched | Promise<Fetched>;
    let promise: Promise<Fetched> | undefined;
    try {
      fetched = module.fetch(request as unknown as Request, this.server, this.#late.context);
      promise = promiseOf(fetched);
      if (promise === undefined && answersText(fetched as Fetched, exchange)) {
        return request.close(false);
      }
    } catch (error) {
      return this.#fail(error, { exchange, request, module, wasKept: false, hasFailed: false });
    }
    const wasKept = promise !== undefined;
    const turn: Turn = { exchange, request, module, wasKept, hasFailed: false };
    if (promise === undefined) return this.#answer(fetched as Fetched, turn);
    this.#pending++;
    return promise.then((settled) => {
      this.#pending--;
      return this.#answer(settled, turn);
    }, (error) => {
      this.#pending--;
      return this.#fail(error, turn);
    });
  }

  movedSocket(): WebSocketHandler {
    return this.#sockets.moved();
  }

  /** What the app has scheduled. @throws {TypeError} if its time is none */
  get schedule(): AppSchedule | undefined {
    const { scheduled } = this.module;
    if (scheduled === undefined) return undefined;
    const run = () => {
      const promise = promiseOf(scheduled.run(this.server));
      // Who calls it reports its failure.
      if (promise !== undefined) this.#late.follow(promise, () => {});
      return promise;
    };
    return { every: intervalOf(scheduled.every), run };
  }

  /** Loads the app, and calls its `start`. @throws {StartRefusal} */
  async start(): Promise<void> {
    this.module = await this.#parts.load();
    const fault = await this.startFault(this.module, this.#parts.entry);
    if (fault !== undefined) throw new StartRefusal(`cannot start --app: ${fault}`);
  }

  /** Calls the `start` of a copy; returns why it cannot be used: it throws, or takes too long. */
  async startFault(module: AppModule, entry: string): Promise<string | undefined> {
    const starting = startFault(module, this.server, entry);
    const fault = await inTime(starting, this.#startTimeout);
    if (fault !== LATE) return fault;
    void starting.then(() => this.stopCopy(module)); // nobody uses it any more
    const seconds = this.#startTimeout / 1000;
    return `${entry}: its start() has not ended after ${seconds} s (--app-start-timeout)`;
  }

  /** Calls the `stop` of a copy that is not used any more. */
  async stopCopy(module: AppModule): Promise<void> {
    try {
      await this.#late.ended(this.#drainTime);
      await module.stop?.();
    } catch (error) {
      this.#parts.report("stop() of an old copy", error);
    }
  }

  /** Calls the app's `stop`, after what goes on behind answers, unless that takes nearly all of the time. */
  async stop(left: number): Promise<void> {
    await this.#late.ended(left);
    await this.module.stop?.();
  }

  #answer(response: Fetched, turn: Turn): AppResult | Promise<AppResult> {
    const { exchange, request } = turn;
    try {
      // An upgrade is the answer, whatever the handler returns; after a time-out it is too late for one.
      if (response === undefined || exchange.isAnswered) return this.#pass(response, turn);
      if (!AppResponse.isOwn(response)) return this.#sendOther(asResponse(response), turn);
      const parts = AppResponse.take(response);
      if (parts.stream !== null || parts.file !== null) return this.#sendLater(parts, turn);
      sendStatic(exchange, parts);
      request.close(turn.wasKept);
    } catch (error) {
      return this.#fail(error, turn);
    }
  }

  /** There is no answer, or none is needed any more. */
  #pass(response: Fetched, { exchange, request, wasKept, hasFailed }: Turn): AppResult {
    // What has failed is not for the files and endpoints, which might answer 200.
    if (!exchange.isAnswered && hasFailed) throw new TypeError(ERROR_ANSWERS_NOTHING);
    request.close(wasKept);
    if (!exchange.isAnswered) return "next";
    if (!isResponse(response)) return;
    const upgrade = upgradeOf(response);
    if (upgrade === undefined) AppResponse.discard(response);
    else upgrade(exchange); // its socket learns that it is too late
  }

  /** Sends a Response that Deno has made, or the one of an upgrade. */
  #sendOther(response: Response, turn: Turn): void | Promise<void> {
    const { exchange, request, wasKept } = turn;
    const upgrade = upgradeOf(response);
    if (upgrade === undefined) {
      const parts = AppResponse.take(response);
      if (parts.stream !== null) return this.#sendLater(parts, turn);
      sendStatic(exchange, parts);
    } else if (!upgrade(exchange)) {
      exchange.respondText(400, "The request is no valid WebSocket handshake\n");
    }
    request.close(wasKept);
  }

  /** Sends an answer that may not be complete when this returns: a file, or a stream. */
  #sendLater(parts: AnswerParts, turn: Turn): void | Promise<void> {
    const { exchange, request, wasKept } = turn;
    if (parts.file === null) {
      if (sendStream(exchange, parts, this.#watch(request))) request.close(wasKept);
      return;
    }
    this.#files ??= new NamedFiles({ ...this.#parts.files, root: this.#folder });
    const { fields } = framingOf(parts.fields, parts.status);
    const sending = this.#files.respond(exchange, parts.file, fields);
    if (sending !== undefined) return sending.finally(() => request.close(true));
    request.close(wasKept);
  }

  #watch(request: AppRequest): StreamWatch {
    return {
      begins: () => request.beginBody(),
      ended: () => request.close(true),
      failed: (error) => {
        request.close(true);
        this.#parts.report("the body of an answer", error);
      },
    };
  }

  /** Lets the app's `error` answer; without one the session does. */
  #fail(error: unknown, turn: Turn): AppResult | Promise<AppResult> {
    const { module, exchange, request, wasKept } = turn;
    if (module.error === undefined || turn.hasFailed || exchange.isAnswered) {
      request.close(wasKept);
      throw error;
    }
    this.#parts.report("fetch", error);
    const failed: Turn = { ...turn, hasFailed: true };
    let response: Fetched | Promise<Fetched>;
    try {
      response = module.error(error);
    } catch (another) {
      return this.#fail(another, failed);
    }
    const promise = promiseOf(response);
    if (promise === undefined) return this.#answer(response as Fetched, failed);
    const kept: Turn = { ...failed, wasKept: true };
    return promise.then(
      (settled) => this.#answer(settled, kept),
      (another) => this.#fail(another, kept),
    );
  }
}

/** Answers with a Response whose body is text, as nearly all are; false: it is another one. @throws {TypeError} if it cannot be sent */
function answersText(response: Fetched, exchange: AppExchange): boolean {
  if (exchange.isAnswered || !AppResponse.isOwn(response)) return false;
  const text = AppResponse.takeText(response);
  if (text === null) return false;
  sendText(exchange, response.status, AppResponse.fieldsOf(response), text);
  return true;
}

/** One request in progress. */
interface Turn {
  readonly exchange: AppExchange;
  readonly request: AppRequest;
  /** The copy that it was given to. */
  readonly module: AppModule;
  /** Whether its head is a copy, as the handler was asynchronous. */
  readonly wasKept: boolean;
  /** Whether `error` has been called. */
  readonly hasFailed: boolean;
}

async function startFault(
  { start, scheduled }: AppModule,
  server: AppServer,
  entry: string,
): Promise<string | undefined> {
  try {
    if (scheduled !== undefined) {
      intervalOf(scheduled.every);
      if (typeof scheduled.run !== "function") {
        throw new TypeError("scheduled.run must be a function: scheduled: { every, run() {} }");
      }
    }
  } catch (error) {
    return `${entry}: ${errorMessage(error)}`;
  }
  try {
    await start?.(server);
    return undefined;
  } catch (error) {
    return callFault(error, "its start()", entry);
  }
}

/** Not by the global class, which the app may have replaced. */
function isResponse(value: unknown): value is Response {
  return value instanceof AppResponse;
}

function asResponse(value: unknown): Response {
  if (isResponse(value)) return value;
  const is = value === null ? "null" : typeof value === "object" ? "another object" : typeof value;
  throw new TypeError(
    `The app's fetch must return a Response, or undefined; it has returned ${is}`,
  );
}
