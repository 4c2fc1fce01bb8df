import { assertEquals } from "@std/assert";
import { ClientIdentity } from "../../../../runtime/serve/centrifuge/client_identity.ts";
import { UserConnections } from "../../../../runtime/serve/centrifuge/user_connections.ts";
import { Stores } from "../../channels/stores.ts";

function clientOf(user: string): ClientIdentity {
  const identity = new ClientIdentity();
  identity.user = user;
  return identity;
}

Deno.test("user connections: one that leaves again makes room for one that saw it", () => {
  const stores = new Stores(256 * 1024);
  const { first: store } = stores;
  const [one, other] = [clientOf("u"), clientOf("u")];
  const second = new UserConnections(stores.threads[1]!, 1);
  assertEquals(second.enter(other), "entered");
  const connections = new UserConnections({
    join: (key, member) => store.join(key, member),
    leave(key, client) {
      store.leave(key, client);
      // As if it had seen the same.
      second.leave(other);
    },
    presenceStats: (key) => store.presenceStats(key),
    rejoin: (key, client) => store.rejoin(key, client),
  }, 1);
  assertEquals(connections.enter(one), "entered");
  assertEquals(connections.enter(clientOf("v")), "entered");
  assertEquals(second.enter(clientOf("u")), "limit");
});
