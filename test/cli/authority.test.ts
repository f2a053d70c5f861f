/** The commands about authorities and closed networks, against the API of a real chain in this process. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { toHex } from "../../src/base/bytes.ts";
import { createNetworkSecret, loadNetworkSecret } from "../../src/node/network-secret.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { decodeInvitation, encodeInvitation } from "../../src/protocol/invitation.ts";
import { type ApiRig, authority, bob, openApiRig, rigToken } from "../http/api-rig.ts";
import { candidateAddress, type DeskRig, openDeskRig, own } from "../http/rig-desk.ts";
import { folderUntilEnd } from "../support/temporary-folder.ts";
import { type Run, run } from "./test-terminal.ts";

/** Ended with 2, and said what, why and next. */
function assertRefused({ code, stdout, stderr }: Run, what: RegExp): void {
  assert.equal(code, 2, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, what);
  assert.match(stderr, /\nNext: {2}\S/);
}

function temporaryFolder(_t: TestContext): Promise<string> {
  return folderUntilEnd("aurex-cli-");
}

/** As somebody who may read a file with the token of the rig's API. */
async function asOperator(argv: readonly string[]): Promise<Run> {
  const file = path.join(await folderUntilEnd("aurex-cli-"), "token");
  await writeFile(file, `${rigToken}\n`, { mode: 0o600 });
  return run(argv, { environment: { AUREX_API_TOKEN_FILE: file } });
}

describe("aurex-node authority", () => {
  let rig: DeskRig;
  before(async () => {
    rig = await openDeskRig(authority);
  });
  after(() => rig.close());
  const command = (...argv: string[]) => asOperator(["authority", ...argv, "--api", rig.url]);

  it("list shows authorities, candidates and what a change takes", async () => {
    rig.candidateAsks();
    const people = await command("list");
    assert.equal(people.code, 0, people.stderr);
    assert.match(people.stdout, /^admission +vote$/m);
    assert.match(people.stdout, /^finality needs +1 of 1$/m);
    assert.match(people.stdout, new RegExp(`^ *${own} +this node`, "m"));
    assert.match(
      people.stdout,
      new RegExp(`^ *${candidateAddress} +box\\n +at height 0; not voted for: has not answered`, "m"),
    );
    const programs = JSON.parse((await command("list", "--json")).stdout);
    assert.equal(programs.candidates[0].address, candidateAddress);
  });

  it("leave refuses for the last authority", async () => {
    assertRefused(await command("leave"), /^Error: the last authority cannot leave\nWhy:/);
  });

  it("vote add lets a candidate in that asks; a second vote for it changes nothing", async () => {
    rig.candidateAsks();
    const voted = await command("vote", "add", candidateAddress);
    assert.equal(voted.code, 0, voted.stderr);
    const [id, ...lines] = voted.stdout.trimEnd().split("\n");
    assert.match(id ?? "", /^[0-9a-f]{64}$/);
    assert.deepEqual(lines, [
      `voted to add ${candidateAddress}`,
      `it passes with 1 of 1 votes; see aurex-node authority list --api ${rig.url}`,
    ]);
    await rig.sealWaiting();
    assert.equal((await rig.client.transaction(id ?? "")).status, "committed");
    assert.match((await command("list")).stdout, new RegExp(`^in flight +add\\s+${candidateAddress}$`, "m"));
    assertRefused(await command("vote", "add", candidateAddress), /would change nothing/);
  });

  it("vote says what is wrong", async () => {
    const bobAddress = addressOf(bob.publicKey);
    assertRefused(await command("vote", "add", bobAddress), /nobody is made one against their will/);
    assertRefused(
      await command("vote", "add", bobAddress, "--expires", "9"),
      /--consent and --expires go together/,
    );
    const short = ["--consent", "abcd", "--expires", "9"];
    assertRefused(await command("vote", "add", bobAddress, ...short), /--consent is no consent/);
    assertRefused(await command("vote", "burn", bobAddress), /It must be add or remove/);
    assertRefused(await command("vote", "remove", "aurex1abc"), /aurex1abc is no address/);
  });

  it("open is for open-lan, and takes a duration", async () => {
    assertRefused(await command("open", "--for", "10m"), /admission policy is vote/);
    for (const duration of ["10", "0m", "25h", "-1m", "10d"]) {
      assertRefused(await command("open", `--for=${duration}`), /It must be a duration such as/);
    }
  });

  it("propose prints the command that authorities vote with", async (t) => {
    const follower = await openDeskRig(bob);
    t.after(() => follower.close());
    const proposed = await asOperator(["authority", "propose", "--api", follower.url]);
    assert.equal(proposed.code, 0, proposed.stderr);
    const [, vote] = /aurex-node (authority vote add .*)$/m.exec(proposed.stdout) ?? [];
    assert.ok(vote);
    const voted = await command(...vote.split(" ").slice(1));
    assert.equal(voted.code, 0, voted.stderr);
    assertRefused(
      await asOperator(["authority", "leave", "--api", follower.url]),
      /this node is no authority/,
    );
  });

  it("of a node without authorities, and without a node, says so", async (t) => {
    const pow = await openApiRig();
    t.after(() => pow.close());
    assertRefused(await run(["authority", "list", "--api", pow.url]), /Proof of Work chain/);
    assertRefused(await run(["authority", "list", "--api", "http://127.0.0.1:1"]), /no node answers/);
  });
});

describe("aurex-node invite and join", () => {
  let rig: ApiRig;
  before(async () => {
    rig = await openApiRig();
  });
  after(() => rig.close());

  it("hand a network's secret over from one data directory to another", async (t) => {
    const [founder, joiner] = [await temporaryFolder(t), await temporaryFolder(t)];
    const secret = await createNetworkSecret(founder);
    const invited = await run(["invite", "--data-dir", founder, "--api", rig.url]);
    assert.equal(invited.code, 0, invited.stderr);
    assert.match(invited.stdout, /^aurex1\.[A-Za-z0-9_-]+\n$/);
    assert.match(invited.stderr, /as good as a password/);
    const token = invited.stdout.trim();
    const decoded = decodeInvitation(token);
    assert.ok(decoded.ok);
    assert.deepEqual(decoded.value, {
      chainId: rig.chain.spec.chainId,
      secret,
      network: "test",
      addresses: ["/ip4/192.168.1.5/tcp/13246"],
    });
    const joined = await run(["join", token, "--data-dir", joiner, "--no-start", "--json"]);
    assert.equal(joined.code, 0, joined.stderr);
    assert.deepEqual(JSON.parse(joined.stdout), {
      dataDir: joiner,
      network: "test",
      chainId: toHex(rig.chain.spec.chainId),
      addresses: ["/ip4/192.168.1.5/tcp/13246"],
    });
    assert.deepEqual(await loadNetworkSecret(joiner), secret);
    const onwards = await run(["invite", "--data-dir", joiner, "--api", rig.url, "--json"]);
    assert.equal(JSON.parse(onwards.stdout).token, token, "who has joined can invite");
    const other = encodeInvitation({ ...decoded.value, chainId: new Uint8Array(32) });
    const refused = await run(["join", other, "--data-dir", joiner, "--no-start"]);
    assert.equal(refused.code, 6);
    assert.match(refused.stderr, /belongs to another network\nWhy: .*\nNext: {2}name another --data-dir/);
  });

  it("invite names the addresses that it is told to", async (t) => {
    const founder = await temporaryFolder(t);
    await createNetworkSecret(founder);
    const place = ["--data-dir", founder, "--api", rig.url, "--json"];
    const { stdout } = await run(["invite", "--address", "/dns4/node.example.com/tcp/1", ...place]);
    assert.deepEqual(JSON.parse(stdout).addresses, ["/dns4/node.example.com/tcp/1"]);
  });

  it("invite refuses for a network that is open", async (t) => {
    const dataDir = await temporaryFolder(t);
    const refused = await run(["invite", "--data-dir", dataDir, "--api", rig.url]);
    assertRefused(refused, /this network is open/);
    assert.match(refused.stderr, /aurex-node --consensus poa --network test --authority/);
  });

  it("join says what is wrong with a token, and leaves nothing behind", async (t) => {
    const dataDir = await temporaryFolder(t);
    for (const token of ["aurex1.abc", "hello", own]) {
      assertRefused(
        await run(["join", token, "--data-dir", dataDir]),
        /^Error: this is no invitation\nWhy: /,
      );
    }
    assert.equal(await loadNetworkSecret(dataDir), undefined);
    assertRefused(await run(["join"], { input: "" }), /this is no invitation/);
  });
});
