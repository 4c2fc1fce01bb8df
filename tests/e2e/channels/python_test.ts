/**
 * A client in another language that knows nothing of this server: Python's `websockets` speaks the JSON protocol as documented, message by
 * message, beside npm `centrifuge` on the same channel.
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { Backend, sign } from "../../support/channel_backend.ts";
import { connected, subscribe } from "../../support/channel_server.ts";
import { expectProgram } from "../../support/program.ts";
import { pythonWith } from "../../support/python.ts";
import { waitFor } from "../../support/wait_for.ts";
import "../../support/load_libc.ts";

const PYTHON = pythonWith("import websockets");
const MISSING = PYTHON === undefined
  ? " (skipped, to install it: apt-get install python3-websockets)"
  : "";

/** Prints a line of JSON for each result: its name, and what came. */
const CLIENT = `
import asyncio, json, sys
import websockets

loop = asyncio.new_event_loop()

# Runs it to its end, within 20 s.
def run(coroutine):
    return loop.run_until_complete(asyncio.wait_for(coroutine, 20))

async def open_socket():
    return await websockets.connect(url, ping_interval=None)

url, token = sys.argv[1:]

def tell(name, value):
    print(json.dumps([name, value]))

class Client:
    def __init__(self):
        self.socket = run(open_socket())
        self.id = 0
        self.pushes = []
        self.pings = 0

    # Reads one message: replies by their ids; keeps pushes, and answers pings.
    def read(self):
        replies = {}
        for line in run(self.socket.recv()).split("\\n"):
            reply = json.loads(line)
            if reply == {}:
                self.pings += 1
                run(self.socket.send("{}"))
            elif "push" in reply:
                self.pushes.append(reply["push"])
            else:
                replies[reply["id"]] = reply
        return replies

    # Sends commands as one message and returns their replies in order.
    def ask(self, *commands):
        ids = []
        lines = []
        for name, request in commands:
            self.id += 1
            ids.append(self.id)
            lines.append(json.dumps({"id": self.id, name: request}))
        run(self.socket.send("\\n".join(lines)))
        replies = {}
        while len(replies) < len(ids):
            replies.update(self.read())
        return [replies[id].get(name, replies[id]) for id, (name, _) in zip(ids, commands)]

    def published(self, count):
        while len(self.pushes) < count:
            self.read()
        return [(push["pub"]["offset"], push["pub"]["data"]) for push in self.pushes]

    # Without a close frame.
    def cut(self):
        self.socket.transport.abort()

ROOM = "chat:room"
def publish(data):
    return ("publish", {"channel": ROOM, "data": data})

first = Client()
hello, joined = first.ask(("connect", {"token": token}), ("subscribe", {"channel": ROOM, "recoverable": True}))
tell("hello", hello)
position = {"epoch": joined["epoch"], "offset": joined.get("offset", 0)}
tell("published", first.ask(publish({"text": "first \\u2713"}), publish([1, None])))
tell("got", first.published(2))
while first.pings < 2:
    first.read()
tell("after pings", first.ask(("presence_stats", {"channel": ROOM})))
position["offset"] = 2
first.cut()

second = Client()
second.ask(("connect", {"token": token}))
second.ask(*[publish(i) for i in range(3)])
tell("history", second.ask(("history", {"channel": ROOM, "limit": 10, "since": position})))
recover = {"channel": ROOM, "recoverable": True, "recover": True, **position}

third = Client()
tell("recovered", third.ask(("connect", {"token": token}), ("subscribe", recover))[1])
second.ask(publish("live"))
tell("live", third.published(1))

fourth = Client()
unknown = {**recover, "epoch": "another"}
tell("lost", fourth.ask(("connect", {"token": token}), ("subscribe", unknown))[1])
tell("refused", fourth.ask(("subscribe", {"channel": "closed:room"})))
`;

Deno.test({
  name: `channels: Python's websockets connects, subscribes, publishes and recovers${MISSING}`,
  ignore: PYTHON === undefined,
  fn: async () => {
    await using backend = await Backend.start({}, {
      channelLimits: { pingTime: 300, pongTime: 60_000 },
    });
    const { server } = backend;
    const other = server.client();
    await connected(other);
    const room = await subscribe(other, "chat:room", { positioned: true });
    const { epoch } = room.subscribed[0]!.streamPosition!;
    const token = await sign({ sub: "ada" });
    const output = await expectProgram(PYTHON!, ["-c", CLIENT, server.url, token]);
    const told = Object.fromEntries(output.trim().split("\n").map((line) => JSON.parse(line)));
    const { client, version, ping, pong } = told["hello"];
    assertMatch(client, /^\S{8,}$/);
    assert(version.length > 0 && ping > 0);
    assertEquals(pong, true);
    assertEquals(told["published"], [{}, {}]);
    const data = [{ text: "first ✓" }, [1, null], 0, 1, 2, "live"];
    const numbered = data.map((one, i) => [i + 1, one]);
    assertEquals(told["got"], numbered.slice(0, 2));
    assertEquals(told["after pings"], [{ num_clients: 2, num_users: 2 }]);
    // deno-lint-ignore no-explicit-any -- what came as JSON
    const pairs = (publications: any) =>
      publications.map((one: { offset: number; data: unknown }) => [one.offset, one.data]);
    const [history] = told["history"];
    assertEquals([pairs(history.publications), history.offset], [numbered.slice(2, 5), 5]);
    const { recovered, was_recovering, publications } = told["recovered"];
    assertEquals([recovered, was_recovering], [true, true]);
    assertEquals(pairs(publications), numbered.slice(2, 5));
    assertEquals(publications[0].info.user, "ada");
    assertEquals(told["live"], [[6, "live"]]);
    assertEquals([told["lost"].recovered ?? false, told["lost"].was_recovering], [false, true]);
    assertEquals([told["lost"].epoch, told["lost"].publications ?? []], [epoch, []]);
    assertEquals(told["refused"][0].error, { code: 103, message: "permission denied" });
    // The other client has seen all of it, in the same order.
    await waitFor(() => room.data.length === data.length, { what: "all publications" });
    assertEquals([room.data, room.offsets], [data, [1, 2, 3, 4, 5, 6]]);
  },
});
