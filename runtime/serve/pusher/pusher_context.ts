/**
 * What the clients and requests of one app share on one worker.
 *
 * In: the worker's channels, and the app. Out: nothing more; it is data.
 */

import type { ChannelContext, RequestSender, Servers } from "../centrifuge/mod.ts";
import type { ClientEventReport } from "../../thread/mod.ts";
import type { PresenceRooms } from "./presence_rooms.ts";
import type { PusherApp } from "./pusher_app.ts";
import type { PusherDirectory } from "./pusher_directory.ts";
import type { PusherFace } from "./pusher_face.ts";

/** The shared objects. */
export interface PusherContext {
  readonly app: PusherApp;
  /** The channels of the worker. */
  readonly channels: ChannelContext;
  readonly face: PusherFace;
  readonly rooms: PresenceRooms;
  /** The signed-in clients of this worker. */
  readonly directory: PusherDirectory;
  /** Carries what concerns connections to the workers that have them. */
  readonly control: RequestSender;
  readonly servers: Servers;
  /** Is told of events of clients; absent: nobody is. */
  readonly reporter?: PusherReporter | undefined;
}

/** Is told of what only this protocol has. */
export interface PusherReporter {
  /** A client has sent an event, and it is published. @param app the name of the app */
  clientEvent(app: string, event: Omit<ClientEventReport, "kind" | "app">): void;
}
