/**
 * Asks the hooks about one client, and carries out what they answer.
 *
 * In: commands of the client, and the moments at which its connection or a subscription is to end. Out: the next step of the caller,
 * with a grant, or with nothing if the config decides; a refusal goes to the client at once. After a wait the replies are sent here, unless
 * the client has left. Only made if there are hooks.
 */

import {
  CLIENT_ERRORS,
  type Command,
  type Disconnect,
  DISCONNECTS,
  UNSUBSCRIBES,
  writeRpcResult,
} from "../../../protocol/centrifuge/mod.ts";
import { NEVER } from "../../net/mod.ts";
import type { ConnectionClaims } from "../tokens/mod.ts";
import { answerChannelCommand, type CommandClient, publish } from "./channel_commands.ts";
import type { ChannelContext } from "./channel_context.ts";
import {
  type ClientHooks,
  type ConnectGrant,
  type HookAnswer,
  type HookCaller,
  type HookRefusal,
  isRefusal,
  type RefreshGrant,
  type SubscribeGrant,
} from "./client_hooks.ts";
import type { ClientLink } from "./client_link.ts";
import { momentOf, presentOf } from "./deadlines.ts";
import type { Replies } from "./replies.ts";
import type { Subscription } from "./subscription.ts";

type CommandOf<Name extends Command["name"]> = Extract<Command, { readonly name: Name }>;

/** The client. */
export interface DecidedClient extends Omit<HookCaller, "fields">, CommandClient {
  readonly link: Pick<ClientLink, "fields">;
  /** Ends the connection. */
  disconnect(reason: Disconnect): void;
  /** The connection ends at this moment of the loop's clock. */
  prolong(moment: number): void;
  /** The moments have changed. */
  setTimer(): void;
}

/** What somebody else decides about a client. */
export class ClientDecisions {
  readonly #context: ChannelContext;
  readonly #client: DecidedClient;
  // Answers about prolongation that are not there yet.
  #asked = 0;

  constructor(context: ChannelContext, client: DecidedClient) {
    this.#context = context;
    this.#client = client;
  }

  /** Whether somebody has been asked, and has not answered, how long something goes on. */
  get isAsking(): boolean {
    return this.#asked > 0;
  }

  /** Whether there is a hook for publications now. */
  get publishes(): boolean {
    return this.#hooks?.publish !== undefined;
  }

  /** Whether there is one for calls. */
  get answersCalls(): boolean {
    return this.#hooks?.rpc !== undefined;
  }

  /** Whether there is one for messages. */
  get takesMessages(): boolean {
    return this.#hooks?.message !== undefined;
  }

  /** May the client connect? */
  connect(
    { command, claims }: {
      readonly command: CommandOf<"connect">;
      readonly claims: ConnectionClaims | undefined;
    },
    replies: Replies,
    next: (grant: ConnectGrant | undefined) => void | Promise<void>,
  ): void | Promise<void> {
    const { name = "", version = "", data, headers = new Map(), token = "" } = command.request;
    const ask = { name, version, data, claims, headers, token: claims === undefined ? token : "" };
    const answer = this.#hooks?.connect?.({ ...this.#caller, ...ask });
    return this.#unlessRefused(answer, { id: command.id, replies }, next);
  }

  /** May it subscribe? */
  subscribe(
    { id, request }: CommandOf<"subscribe">,
    replies: Replies,
    next: (grant: SubscribeGrant | undefined) => void | Promise<void>,
  ): void | Promise<void> {
    const { channel = "", data, token = "" } = request;
    const answer = this.#hooks?.subscribe?.({ ...this.#caller, channel, data, token });
    return this.#unlessRefused(answer, { id, replies }, next);
  }

  /** Carries out a publish command. */
  publish(command: CommandOf<"publish">, replies: Replies): void | Promise<void> {
    const { id, request } = command;
    const { channel: name = "", data } = request;
    const found = this.#context.rules.resolve(name);
    if ("error" in found) return replies.error(id, found.error);
    if (data === undefined) return replies.error(id, CLIENT_ERRORS.BAD_REQUEST);
    // Before the hook, which would be work too.
    const tooMuch = this.#context.rates.refusalOf(found.channel, this.#client.identity, "publish");
    if (tooMuch !== undefined) return replies.error(id, tooMuch);
    const answer = this.#hooks?.publish?.({ ...this.#caller, channel: name, data });
    // After a wait the message is gone.
    const lasting = answer instanceof Promise ? data.slice() : data;
    return this.#unlessRefused(answer, { id, replies }, (grant) => {
      const changed = { ...command, request: { ...request, data: grant?.data ?? lasting } };
      const parts = { command: changed, replies, isCounted: true };
      if (grant === undefined) return answerChannelCommand(this.#context, this.#client, parts);
      const { skipHistory, key } = grant;
      return publish(this.#context, this.#client, {
        command: changed,
        replies,
        channel: found.channel,
        skipHistory,
        key,
      });
    });
  }

  /** Carries out an rpc command. */
  call({ id, request }: CommandOf<"rpc">, replies: Replies): void | Promise<void> {
    const { method = "", data } = request;
    const answer = this.#hooks?.rpc?.({ ...this.#caller, method, data });
    return this.#unlessRefused(answer, { id, replies }, (grant) => {
      if (grant === undefined) return replies.error(id, CLIENT_ERRORS.METHOD_NOT_FOUND);
      replies.add((out) => writeRpcResult(out, id, grant.data));
    });
  }

  /** Carries out a send command, which has no reply. */
  take({ request: { data } }: CommandOf<"send">, replies: Replies): void | Promise<void> {
    return this.#after(this.#hooks?.message?.({ ...this.#caller, data }), replies, (settled) => {
      if (!isRefusal(settled) || "error" in settled) return;
      this.#client.disconnect(settled.disconnect);
    });
  }

  /** The connection is to end now; whether somebody is asked, who may prolong it. */
  askForConnection(): boolean {
    const answer = this.#hooks?.refresh?.(this.#caller);
    if (answer === undefined) return false;
    this.#settle(answer, {
      prolong: (moment) => this.#client.prolong(moment),
      end: (reason = DISCONNECTS.EXPIRED) => this.#client.disconnect(reason),
    });
    return true;
  }

  /** The subscription is to end now; whether somebody is asked, who may prolong it. */
  askToGoOn(subscription: Subscription): boolean {
    const { name: channel } = subscription;
    const { subscriptions } = this.#client;
    const answer = this.#hooks?.subRefresh?.({ ...this.#caller, channel });
    if (answer === undefined) return false;
    subscription.expiresAt = NEVER;
    this.#settle(answer, {
      prolong: (moment) => subscription.expiresAt = moment,
      end: (reason) => {
        if (reason !== undefined) return this.#client.disconnect(reason);
        if (subscriptions.get(channel) === subscription) {
          subscriptions.end(channel, UNSUBSCRIBES.EXPIRED);
        }
      },
    });
    return true;
  }

  /** The connection has ended. */
  tellEnd(reason: Disconnect): void {
    this.#hooks?.disconnect?.({ ...this.#caller, reason });
  }

  get #hooks(): ClientHooks | undefined {
    return this.#context.hooks;
  }

  get #caller(): HookCaller {
    const { identity, transport, link: { fields } } = this.#client;
    return { identity, transport, fields };
  }

  #unlessRefused<Grant>(
    answer: HookAnswer<Grant> | Promise<HookAnswer<Grant>>,
    { id, replies }: { readonly id: number; readonly replies: Replies },
    next: (grant: Grant | undefined) => void | Promise<void>,
  ): void | Promise<void> {
    return this.#after(answer, replies, (settled) => {
      if (!isRefusal(settled)) return next(settled);
      if ("disconnect" in settled) this.#client.disconnect(settled.disconnect);
      else replies.error(id, settled.error);
    });
  }

  #after<Grant>(
    answer: HookAnswer<Grant> | Promise<HookAnswer<Grant>>,
    replies: Replies,
    next: (answer: Grant | HookRefusal | undefined) => void | Promise<void>,
  ): void | Promise<void> {
    if (!(answer instanceof Promise)) return next(answer);
    return answer.then((settled) => {
      if (this.#client.isClosed) return;
      const pending = next(settled);
      this.#client.send(replies);
      return pending;
    });
  }

  #settle(
    answer: HookAnswer<RefreshGrant> | Promise<HookAnswer<RefreshGrant>>,
    then: { prolong(moment: number): void; end(reason?: Disconnect): void },
  ): void {
    const next = (settled: HookAnswer<RefreshGrant>) => {
      this.#asked--;
      if (this.#client.isClosed) return;
      const moment = this.#refreshedUntil(settled);
      if (typeof moment === "number") then.prolong(moment);
      else then.end(moment);
      this.#client.setTimer();
    };
    this.#asked++;
    if (answer instanceof Promise) this.#context.follow(answer.then(next));
    else next(answer);
  }

  /** Until when; otherwise it ends now, perhaps with a reason. A hook that has failed is asked again. */
  #refreshedUntil(answer: HookAnswer<RefreshGrant>): number | Disconnect | undefined {
    const now = presentOf(this.#context);
    if (!isRefusal(answer)) {
      const moment = answer && momentOf(this.#context, answer.expireAt);
      return moment !== undefined && moment > now ? moment : undefined;
    }
    if ("disconnect" in answer) return answer.disconnect;
    const hasFailed = answer.error.code === CLIENT_ERRORS.INTERNAL.code;
    return hasFailed ? now + this.#context.limits.expiryGrace : undefined;
  }
}
