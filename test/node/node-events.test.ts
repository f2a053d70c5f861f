/** The event stream of whole nodes: peers that come and go, blocks that become final, who asks to be an authority. */
import assert from "node:assert/strict";
import path from "node:path";
import { it } from "node:test";
import { addressOf } from "../../src/protocol/identity.ts";
import { EventReader } from "../http/event-reader.ts";
import { commitRecord, poaSpecFor, quietOptions, startNode, temporaryFolder } from "./node-rig.ts";

/** What Node takes for a leak is written to the operator's terminal. */
const warnings: Error[] = [];
process.on("warning", (warning) => warnings.push(warning));

it("tells of peers, final blocks and candidates of a real network", async (t) => {
  const folder = await temporaryFolder(t);
  const [here, there] = ["here", "there"].map((name) => path.join(folder, name)) as [string, string];
  const spec = await poaSpecFor(here);
  const node = await startNode(t, quietOptions(here, spec, { apiPort: 0 }));
  assert.ok(node.apiUrl);
  const reader = await EventReader.open(node.apiUrl, "/v1/events?topics=peer,final,authority,head");
  const other = await startNode(
    t,
    quietOptions(there, spec, { name: "beta", bootstrap: [node.network.addresses[0] ?? ""] }),
  );
  await reader.until("the peer", () => reader.of("peer").length > 0);
  const [connected] = reader.of("peer");
  assert.deepEqual(
    [connected?.change, connected?.nodeId, connected?.direction, connected?.peers],
    ["connected", other.network.nodeId, "inbound", 1],
  );

  await commitRecord(node, "to be final");
  const { head } = node.chain;
  await reader.until("its block is final", () =>
    reader.of("final").some(({ height }) => height >= head.header.height),
  );
  assert.ok(reader.of("head").some(({ hash }) => hash === head.hashHex));

  await reader.until("the other asks to be an authority", () => reader.of("authority").length > 0);
  const [asked] = reader.of("authority");
  assert.equal(asked?.change, "candidate");
  assert.equal(asked.change === "candidate" && asked.authority, addressOf(other.publicKey));
  assert.equal(asked.change === "candidate" && asked.name, "beta");

  await other.stop();
  await reader.until("the peer is gone", () => reader.of("peer").length > 1);
  const gone = reader.of("peer").at(-1);
  assert.deepEqual(
    [gone?.change, gone?.nodeId, gone?.name, gone?.peers],
    ["disconnected", other.network.nodeId, "beta", 0],
  );

  await node.stop();
  await reader.until("the end", ({ hasEnded }) => hasEnded);
  assert.equal(reader.events.at(-1)?.event, "stopping");
  assert.deepEqual(
    warnings.filter(({ name }) => name === "MaxListenersExceededWarning"),
    [],
  );
});
