/** README's chain whose authorities are named before the first block: its lines followed on two machines, until a block is final. */
import assert from "node:assert/strict";
import type { RealHome, StartedNode } from "../cli/real-nodes.ts";
import { until } from "../support/patience.ts";
import { type LineFollower, loopbackOf } from "./line-follower.ts";

/** @returns the nodes of both homes; the chain spec is `consortium.json` in each */
export async function startNamedAuthorities(
  lines: LineFollower,
  home: RealHome,
  other: RealHome,
): Promise<readonly [StartedNode, StartedNode]> {
  const addresses: string[] = [];
  for (const place of [home, other]) {
    const { stdout } = await lines.follow(place, "aurex-node keys node --consensus poa --address", {
      stdout: /^aurex1/,
    });
    addresses.push(stdout.trim());
  }
  const init = "aurex-node init --consensus poa --authority aurex1… aurex1… --out consortium.json";
  await lines.follow(home, init, { values: { "aurex1…": addresses } });
  await other.line(`cp ${home.path("consortium.json")} .`);
  const start = "aurex-node --consensus poa --authority --chain consortium.json";
  const first = await lines.followStart(home, start);
  Object.assign(other.environment, { AUREX_BOOTSTRAP: loopbackOf(first) });
  const second = await lines.followStart(other, start);
  assert.deepEqual([first.address, second.address], addresses, "each runs with the key that the spec names");
  assert.equal((await home.line("aurex-node tx record --key node --wait hello")).code, 0);
  await until("a block is final on both", async () => {
    const heights = [home, other].map(
      async (place) => JSON.parse(await place.output("status", "--json")).final.height,
    );
    return (await Promise.all(heights)).every((height) => height > 0);
  });
  return [first, second];
}
