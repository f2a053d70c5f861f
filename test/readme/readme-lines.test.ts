/**
 * Every command line of README, run by a shell as it is printed, in a home of its own. The examples of all --help texts
 * are followed by test/readme/help-lines.long.ts (`npm run test:long -- help`).
 */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import type { RealHome } from "../cli/real-nodes.ts";
import { until } from "../support/patience.ts";
import { LineFollower, loopbackOf, skipped } from "./line-follower.ts";
import { startNamedAuthorities } from "./named-authorities.ts";
import { readmeLines, withoutComments } from "./printed-lines.ts";

const lines = new LineFollower(withoutComments(await readmeLines()));

describe("the lines that README prints", { skip: skipped }, () => {
  after(() => lines.close());

  it("of a miner", async () => {
    const home = await lines.newHome();
    const node = await lines.followStart(home, "aurex-node --consensus pow --mine");
    await lines.follow(home, "aurex-node keys new alice", { stdout: /^address +aurex1/m });
    await lines.follow(home, 'aurex-node tx record --key alice "hello from this machine" --wait', {
      stdout: /^committed in/m,
    });
    await lines.follow(home, "aurex-node chain list", { stdout: /^ *1 +[0-9a-f]/m });
    await node.stop();
  });

  it("of a pool and its member", async () => {
    const home = await lines.newHome();
    await lines.followStart(home, "aurex-node pool serve --mine-empty");
    const account = (await home.output("keys", "node", "--address")).trim();
    const shown = await lines.follow(home, "aurex-node pool show", { stdout: /^members +0/m });
    const [, address = ""] = /aurex-node pool join (\S+) --account/.exec(shown.stdout) ?? [];
    const member = await lines.newHome();
    const join = lines.filled("aurex-node pool join /ip4/192.0.2.1/tcp/13247 --account aurex1…", {
      "/ip4/192.0.2.1/tcp/13247": address,
      "aurex1…": account,
    });
    // Until it is told to stop: it ends neither by itself nor after a time that suits an idle machine.
    const joined = member.lineUntilTold(join);
    await until("the pool has a member that is connected", async () =>
      (await home.output("pool", "show")).match(/^members +\d+, [1-9]\d* connection/m),
    );
    joined.tell("SIGINT");
    const { code, stdout, stderr } = await joined.ended;
    assert.equal(code, 0, `${join}\n${stdout}${stderr}`);
  });

  it("of a chain whose authorities are named before the first block, and of a candidate", async () => {
    const [home, other, asking] = [await lines.newHome(), await lines.newHome(), await lines.newHome()];
    const [first, second] = await startNamedAuthorities(lines, home, other);
    await asking.line(`cp ${home.path("consortium.json")} .`);
    Object.assign(asking.environment, { AUREX_BOOTSTRAP: loopbackOf(first) });
    await lines.follow(home, "aurex-node doctor", { stdout: /ok +peers/ });
    await lines.follow(home, "aurex-node authority list", { stdout: /^finality needs +2 of 2$/m });

    const candidate = await asking.startLine(
      "aurex-node --consensus poa --authority --chain consortium.json",
    );
    const hasAsked = async (place: RealHome) =>
      JSON.stringify(JSON.parse(await place.output("authority", "list", "--json")).candidates).includes(
        candidate.address,
      );
    for (const place of [home, other]) await until("the candidate has asked", () => hasAsked(place));
    const vote = { values: { "aurex1…": candidate.address } };
    await lines.follow(home, "aurex-node authority vote add aurex1…", vote);
    assert.equal((await other.line(`aurex-node authority vote add ${candidate.address}`)).code, 0);
    const authorities = async () => JSON.parse(await home.output("status", "--json")).authorities as string[];
    const isIn = async () => (await authorities()).includes(candidate.address);
    await until("the candidate is an authority", isIn);
    await lines.follow(asking, "aurex-node authority leave", { stdout: /leaves the authorities/ });
    await until("it has left", async () => !(await isIn()));
    await lines.follow(home, "aurex-node authority vote remove aurex1…", {
      values: { "aurex1…": second.address },
    });
  });

  it("of a network that founds itself, and of an invitation to a closed one", async () => {
    const home = await lines.newHome();
    await lines.followUntilStarted(home, "aurex-node --consensus poa --authority");
    const closed = await lines.newHome();
    await closed.startLine("aurex-node --consensus poa --authority --admission token");
    await lines.follow(closed, "aurex-node invite", { stdout: /^aurex1\./ });
  });

  it("of the ledger that auditors get, and of its audit", async () => {
    const home = await lines.newHome();
    assert.equal((await home.line("aurex-node demo --data-dir ./demo")).code, 0);
    const blocks = `sqlite3 ./demo/ledger.sqlite 'SELECT "index", hash, miner, signer_id FROM blocks'`;
    await lines.follow(home, blocks, { stdout: /^1\|[0-9a-f]{64}\|/m });
    await home.line("cp demo/ledger.sqlite ledger.sqlite");
    for (const line of lines.linesWith("sqlite3 ledger.sqlite ")) await lines.follow(home, line);
    const keeping = "--export ./alpha/ledger.sqlite";
    const node = await home.startLine(`aurex-node --consensus pow --mine --data-dir ./alpha ${keeping}`);
    await home.line("aurex-node tx record --key node --wait hello");
    await node.stop();
    await home.line("cp alpha/ledger.sqlite ledger.sqlite");
    const holds = /consistent up to block 1:/;
    await lines.follow(home, "aurex-node audit ledger.sqlite", { stdout: holds });
    const withReport = "--genesis ./alpha/chain-spec.json --html report.html";
    await lines.follow(home, `aurex-node audit ledger.sqlite ${withReport}`, {
      stdout: /authentic up to block 1:[\s\S]*report: .*report\.html/,
    });
  });

  it("are all followed, here or by another test", () => lines.assertAllFollowed());
});
