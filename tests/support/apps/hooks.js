/**
 * An app that decides about the clients of channels, for tests. What it decides is in the names: the user `banned` may not connect, and so on.
 * What tests have to know of it, it publishes: on a busy machine a worker counts as blocked, and another copy of the app serves beside it.
 */

let subRefreshes = 0;
const seconds = () => Date.now() / 1000;
const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));

function refusal(code, message, more = {}) {
  return Object.assign(new Error(message), { code, ...more });
}

export default {
  channels: {
    async connect({ data, token, transport, name, client, user }) {
      const wanted = data?.user;
      if (wanted === "by config") return;
      if (data?.slow) await wait(data.slow);
      if (wanted === "banned") throw refusal(4501, "you are banned");
      if (wanted === "early") throw refusal(1000, "come back tomorrow");
      if (wanted === "fault") throw new Error("connect has a fault");
      if (wanted === "no") return false;
      if (wanted === "milliseconds") return { expireAt: Date.now() };
      if (wanted === "number") return { user: 42, channels: [] };
      const answer = {
        user: wanted ?? user,
        data: { transport, name, token, hasClient: client !== "" },
      };
      if (wanted === "short") return { ...answer, expireAt: seconds() + 1, meta: { left: 1 } };
      if (wanted === "once") return { ...answer, expireAt: seconds() + 1, meta: { left: 0 } };
      if (wanted === "server") return { ...answer, channels: ["chat:all"] };
      return { ...answer, info: { color: "red" }, meta: { secret: `of ${wanted}` } };
    },
    refresh({ client, user, meta }, server) {
      server.publish("chat:refreshed", JSON.stringify([client, user, meta.left]));
      if (meta.left-- > 0) return { expireAt: seconds() + 1 };
    },
    subscribe({ channel, user, data, meta }) {
      if (channel === "closed:gate" && user === "ann") {
        return { data: { welcome: meta, data }, info: { seat: 7 } };
      }
      if (channel === "chat:refused") throw refusal(403, "no entry");
      if (channel === "chat:out") throw refusal(4502, "go away");
      if (channel === "chat:fault") return { data: 1n };
      if (channel === "chat:false") return false;
      if (channel === "chat:short") return wait(1).then(() => ({ expireAt: seconds() + 1 }));
    },
    subRefresh({ client, channel }, server) {
      server.publish("chat:refreshed", JSON.stringify([client, channel]));
      if (channel === "chat:short" && subRefreshes++ < 1) return { expireAt: seconds() + 1 };
    },
    async publish({ channel, data, user, client }) {
      if (data.by === "config") return;
      if (data.bad) throw refusal(401, `not ${data.bad}`, { temporary: true });
      if (data.raw) return {};
      await wait(1);
      return {
        data: { ...data, user, stamped: client !== "", channel },
        skipHistory: data.skip === true,
        key: data.key,
      };
    },
    rpc({ method, data, user, meta }, server) {
      if (method === "add") return data.a + data.b;
      if (method === "slow") return wait(30).then(() => ({ user, meta }));
      if (method === "nothing") return;
      if (method === "publish") {
        const more = data?.key === undefined ? undefined : { key: data.key };
        return server.publish("chat:lobby", JSON.stringify({ from: "rpc" }), more);
      }
      if (method === "never") return new Promise(() => {});
      if (method === "fault") throw new Error("rpc has a fault");
      throw refusal(104, "method not found");
    },
    message({ data, user }, server) {
      if (data === "leave") throw refusal(4503, "as you wish");
      server.publish("chat:lobby", JSON.stringify({ user, data }));
    },
    disconnect({ client, user, code, reason, transport }, server) {
      const told = [user, transport, code, reason, client !== ""];
      server.publish("chat:gone", JSON.stringify(told));
    },
  },
};
