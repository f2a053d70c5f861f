/**
 * Every command line of README and of all --help texts, run by a shell as it is printed: in a home of its own that has
 * only the nodes that the text assumes. A line that is not followed here fails the last test. test/readme/readme-lines.test.ts
 * follows README's lines alone.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, describe, it } from "node:test";
import type { RealHome } from "../cli/real-nodes.ts";
import { until } from "../support/patience.ts";
import { LineFollower, loopbackOf, portOf, skipped } from "./line-follower.ts";
import { startNamedAuthorities } from "./named-authorities.ts";
import { helpExamples, readmeLines, root, withoutComments } from "./printed-lines.ts";

const lines = new LineFollower(withoutComments([...(await helpExamples()), ...(await readmeLines())]));
const follow = lines.follow.bind(lines);
const followStart = lines.followStart.bind(lines);
const followUntilStarted = lines.followUntilStarted.bind(lines);
const newHome = lines.newHome.bind(lines);

describe("the lines that README and help print", { skip: skipped }, () => {
  after(() => lines.close());

  it("of a miner, its commands and its pool", async () => {
    const home = await newHome();
    const node = await followStart(home, "aurex-node --consensus pow --mine");
    await follow(home, "aurex-node keys new alice", { stdout: /^address +aurex1/m });
    await follow(home, 'aurex-node tx record --key alice "hello from this machine" --wait', {
      stdout: /^committed in/m,
    });
    await follow(home, "aurex-node chain list", { stdout: /^ *1 +[0-9a-f]/m });
    await follow(home, "aurex-node chain list --from 0 --limit 100 --json", { stdout: /^\{/ });
    await follow(home, "aurex-node chain show", { stdout: /^height +1$/m });
    await follow(home, "aurex-node chain show head", { stdout: /^height +1$/m });
    const one = { values: { "12": "1" }, stdout: /"record"/ };
    await follow(home, "aurex-node chain show 12 --json | jq .transactions", one);
    await follow(home, "aurex-node block", { stdout: /^height +1$/m });
    await follow(home, "aurex-node block 12 --json | jq .transactions", one);
    await follow(home, "aurex-node search 12 --json | jq '.items[].type'", {
      values: { "12": "1" },
      stdout: /^"block"$/m,
    });
    await follow(home, "aurex-node mempool", { stdout: /^waiting +0/m });
    await follow(home, "aurex-node mempool --json | jq .count", { stdout: /^0$/m });
    await follow(home, "aurex-node status", { stdout: /^role +miner$/m });
    await follow(home, "aurex-node status --json | jq .head.height", { stdout: /^1$/m });
    const api = { values: { "http://127.0.0.1:13281": node.apiUrl }, stdout: new RegExp(node.nodeId) };
    await follow(home, "aurex-node status --api http://127.0.0.1:13281", api);

    const other = await newHome();
    const second = await followStart(
      other,
      "aurex-node --consensus pow --port 0 --api-port 0 --bootstrap /ip4/127.0.0.1/tcp/13245",
      { "13245": portOf(node) },
    );
    await until("they are connected", async () =>
      (await home.output("peers")).includes(second.nodeId.slice(-8)),
    );
    await follow(home, "aurex-node peers");
    await follow(home, "aurex-node peers --wide", { stdout: new RegExp(second.nodeId) });
    await follow(home, "aurex-node peers --json | jq -r '.peers[].nodeId'", {
      stdout: new RegExp(`^${second.nodeId}$`, "m"),
    });
    await follow(home, "aurex-node doctor", { stdout: /ok +peers/ });

    const their = { values: { "12D3Koo…": second.nodeId } };
    await follow(home, "aurex-node admin log-level debug", { stdout: /^log level debug, before info$/m });
    await follow(home, "aurex-node admin log-level info", { stdout: /^log level info, before debug$/m });
    await follow(home, "aurex-node admin bootstrap add /ip4/192.0.2.1/tcp/13245", {
      stdout: /from now on$/m,
    });
    await follow(home, "aurex-node admin bootstrap remove /ip4/192.0.2.1/tcp/13245", { stdout: /no more$/m });
    await follow(home, "aurex-node admin ban 12D3Koo…", { ...their, stdout: /is banned until/ });
    await until("they are not connected", async () => /^No peers/.test(await home.output("peers")));
    await follow(home, "aurex-node admin ban 12D3Koo… --for 1d", {
      ...their,
      stdout: /it was not connected$/m,
    });
    await follow(home, "aurex-node admin unban 12D3Koo…", { ...their, stdout: /is banned no more$/m });
    await until("they are connected again", async () =>
      (await home.output("peers")).includes(second.nodeId.slice(-8)),
    );
    await second.stop();
    await follow(home, "aurex-node admin stop", { stdout: /^the node stops$/m });
    await until("the node has ended", () => node.child.exitCode !== null || node.child.signalCode !== null);
    assert.equal(node.child.exitCode, 0);

    const config = await newHome();
    await follow(config, "aurex-node config show --consensus poa > node.yaml");
    await follow(config, "AUREX_PORT=4000 aurex-node config show --config node.yaml --sources", {
      stdout: /^consensus: poa +# file node\.yaml:1$/m,
    });
    await follow(config, "aurex-node config show --sources", { stdout: /^name: /m });
    const configured = await newHome();
    await configured.line("aurex-node config show --consensus pow > node.yaml");
    await followUntilStarted(configured, "aurex-node --config node.yaml --log-format json");
    await follow(config, "aurex-node start --help", { stdout: /^Usage: aurex-node start/ });
  });

  it("of a pool and its members", async () => {
    const home = await newHome();
    for (const line of [
      "aurex-node pool serve",
      "aurex-node pool serve --pool-fee 1 --pool-payout-minimum 5 --export ledger.sqlite",
    ]) {
      await followUntilStarted(home, line);
    }
    await followStart(home, "aurex-node pool serve --mine-empty");
    const account = (await home.output("keys", "node", "--address")).trim();
    const shown = await follow(home, "aurex-node pool show", { stdout: /^members +0/m });
    const [, address = ""] = /aurex-node pool join (\S+) --account/.exec(shown.stdout) ?? [];
    await follow(home, "aurex-node pool show --json | jq .members", { stdout: /^\[\]/ });
    const member = await newHome();
    const bare = address.replace(/\/p2p\/.*/, "");
    for (const [line, values] of [
      [
        "aurex-node pool join /ip4/192.0.2.1/tcp/13247 --account aurex1…",
        { "/ip4/192.0.2.1/tcp/13247": bare },
      ],
      [
        "aurex-node pool join /ip4/192.0.2.1/tcp/13247 --account aurex1… --threads 4",
        { "/ip4/192.0.2.1/tcp/13247": bare },
      ],
      [
        "aurex-node pool join /ip4/192.0.2.1/tcp/13247/p2p/12D3Koo… --account aurex1… --json",
        { "/ip4/192.0.2.1/tcp/13247/p2p/12D3Koo…": address },
      ],
    ] as const) {
      const text = lines.filled(line, { ...values, "aurex1…": account });
      // Until it is told to stop: it ends neither by itself nor after a time that suits an idle machine.
      const joined = member.lineUntilTold(text);
      await until("the pool has a member that is connected", async () =>
        (await home.output("pool", "show")).match(/^members +\d+, [1-9]\d* connection/m),
      );
      joined.tell("SIGINT");
      const { code, stdout, stderr } = await joined.ended;
      assert.equal(code, 0, `${text}\n${stdout}${stderr}`);
    }
  });

  it("of a chain whose authorities are named before the first block, as README has them", async () => {
    await startNamedAuthorities(lines, await newHome(), await newHome());
  });

  it("of authorities, transactions and accounts", async () => {
    const [home, other, asking] = [await newHome(), await newHome(), await newHome()];
    const own = (await home.output("keys", "node", "--consensus", "poa", "--address")).trim();
    await follow(other, "aurex-node keys node --data-dir ./alpha");
    const theirs = (await other.line("aurex-node keys node --data-dir ./alpha --address")).stdout.trim();
    // The first example of `keys` makes nothing where a node is.
    await follow(home, "aurex-node keys node", { stdout: new RegExp(own) });
    const alice = (await home.output("keys", "new", "alice", "--address")).trim();
    const bob = (await home.output("keys", "new", "bob", "--address")).trim();
    await follow(
      home,
      "aurex-node init --consensus poa --authority aurex1… aurex1… --allocation aurex1…=1000 --out chain.json",
      { values: { "aurex1…": [own, theirs, alice] } },
    );
    for (const place of [other, asking]) await place.line(`cp ${home.path("chain.json")} .`);
    const first = await home.startLine("aurex-node --consensus poa --authority --chain chain.json");
    for (const place of [other, asking]) {
      Object.assign(place.environment, { AUREX_BOOTSTRAP: loopbackOf(first) });
    }
    await followStart(other, "aurex-node --consensus poa --chain chain.json --authority --data-dir ./alpha");

    await follow(home, "aurex-node keys list", { stdout: /^node +aurex1.*\nalice +aurex1.*\nbob +aurex1/ });
    await follow(home, "aurex-node keys show alice", { stdout: new RegExp(alice) });
    await follow(home, "aurex-node user register alice@example.com --key alice --wait", {
      stdout: /^committed in/m,
    });
    await follow(home, "aurex-node tx send --key alice --to aurex1… --amount 10.5", {
      values: { "aurex1…": bob },
    });
    await follow(home, "aurex-node block final", { stdout: /^final +yes$/m });
    await follow(home, "aurex-node search alice", { stdout: /user alice@example\.com/ });
    await follow(home, "aurex-node mempool --account alice@example.com", { stdout: /^waiting /m });
    await follow(home, "aurex-node account alice@example.com --history", { stdout: /registerUser/ });
    await follow(home, "aurex-node account alice@example.com --history --csv > alice.csv");
    await follow(home, "aurex-node user register bob@example.com --key bob");
    await follow(home, 'aurex-node tx record --key alice "invoice 4711 paid" --wait', {
      stdout: /^committed in/m,
    });
    await until("bob has his name", async () => (await home.run(["account", "bob@example.com"])).code === 0);
    await follow(home, "aurex-node tx send --key alice --to bob@example.com --amount 10.5 --wait", {
      stdout: /^committed/m,
    });
    const issued = await follow(
      home,
      'aurex-node tx issue --key alice --symbol GOLD --name "Gold grams" --supply 1000 --decimals 3',
    );
    const ID = issued.stdout.trim();
    await until("it is issued", async () => /committed/.test(await home.output("tx", "show", ID)));
    await follow(home, "aurex-node tx send --key alice --to bob@example.com --amount 3 --asset ID --wait", {
      values: { ID },
      stdout: /^committed in/m,
    });
    await follow(home, "aurex-node tx show ID", { values: { ID }, stdout: /^status +committed$/m });
    await follow(home, "aurex-node tx show ID --json | jq .status", {
      values: { ID },
      stdout: /^"committed"$/m,
    });
    await follow(home, 'aurex-node tx record --key node "hello"');
    // One that waits for a lower sequence, so that no block takes it first.
    const { pendingSequence } = JSON.parse(await home.output("account", alice, "--json"));
    const recorded = await home.line(
      `aurex-node tx record --key alice --sequence ${pendingSequence + 1} "too early"`,
    );
    assert.equal(recorded.code, 0, recorded.stderr);
    const late = recorded.stdout.trim();
    await follow(home, "aurex-node tx outbox", { stdout: new RegExp(`pending +${late}`) });
    await follow(home, "aurex-node tx outbox --retry");
    const bumped = await follow(home, "aurex-node tx bump ID --key alice", { values: { ID: late } });
    const higher = "aurex-node tx bump ID --key alice --fee 0.5";
    const again = await follow(home, higher, { values: { ID: bumped.stdout.trim() } });
    await follow(home, "aurex-node tx outbox --forget ID", { values: { ID: again.stdout.trim() } });
    await follow(home, "aurex-node tx cancel ID --key alice", { values: { ID: again.stdout.trim() } });
    const held = await follow(
      home,
      'aurex-node tx record --key alice "instead of what waits with this sequence" --sequence 7',
    );
    await follow(home, "aurex-node tx cancel ID --key alice", { values: { ID: held.stdout.trim() } });
    // It fills the gap.
    await follow(home, "aurex-node tx cancel 7 --key alice", { values: { "7": String(pendingSequence) } });
    await follow(home, "aurex-node account", { stdout: new RegExp(own) });
    await follow(home, "aurex-node account alice@example.com", { stdout: /^name +alice@example\.com$/m });
    const balance = { values: { "aurex1…": bob }, stdout: /^21$/m };
    await follow(home, "aurex-node account aurex1… --json | jq -r .balance", balance);

    await follow(home, "aurex-node authority list", { stdout: /^finality needs +2 of 2$/m });
    await follow(home, "aurex-node authority list --json | jq .candidates", { stdout: /^\[\]/ });
    await follow(home, "aurex-node doctor --consensus poa", { stdout: /ok +node/ });

    const candidate = await asking.startLine("aurex-node --consensus poa --authority --chain chain.json");
    const asks = async (place: RealHome, ...flags: string[]) =>
      (await place.line(`aurex-node authority list --json ${flags.join(" ")}`)).stdout.includes(
        candidate.address,
      );
    await until("the candidate has asked", () => asks(home));
    await follow(asking, "aurex-node authority propose", { stdout: /each authority votes with/ });
    const { stdout } = await follow(asking, "aurex-node authority propose --json");
    const { consent, expiresAtHeight } = JSON.parse(stdout);
    await follow(home, "aurex-node authority vote add aurex1…", { values: { "aurex1…": candidate.address } });
    await follow(other, "aurex-node authority vote add aurex1… --consent HEX --expires 1234", {
      values: { "aurex1…": candidate.address, HEX: consent, "1234": String(expiresAtHeight) },
    });
    const authorities = async () => JSON.parse(await home.output("status", "--json")).authorities as string[];
    await until("the candidate is an authority", async () =>
      (await authorities()).includes(candidate.address),
    );
    await follow(asking, "aurex-node authority leave", { stdout: /leaves the authorities/ });
    await until("it has left", async () => !(await authorities()).includes(candidate.address));
    await follow(home, "aurex-node authority vote remove aurex1…", { values: { "aurex1…": theirs } });
  });

  it("of a network that is founded on a LAN", async () => {
    const home = await newHome();
    const founder = await followStart(home, "aurex-node --consensus poa --authority");
    const alpha = await newHome();
    const second = await alpha.startLine("aurex-node --consensus poa --authority --data-dir ./alpha");
    await follow(home, "aurex-node found-anew");
    await follow(alpha, "aurex-node found-anew --data-dir ./alpha");
    for (const [place, { chainId }] of [
      [home, founder],
      [alpha, second],
    ] as const) {
      await until("the node is on another chain", async () => {
        const { code, stdout } = await place.run(["status", "--json"]);
        return code === 0 && JSON.parse(stdout).chainId !== chainId;
      });
    }
    await follow(home, "aurex-node authority open --for 10m", { stdout: /^the join window is open until/ });
  });

  it("of a backup of a node's key, as docs/operating.md has it", async () => {
    const home = await newHome();
    const node = await home.startLine("aurex-node --consensus poa --authority");
    const page = await readFile(path.join(root, "docs/operating.md"), "utf8");
    const [line = "", , target = ""] = /^cp -a (~\/\.aurex\S*) (\/media\/backup\/)/m.exec(page) ?? [];
    const copied = await home.line(`mkdir backup && ${line.replace(target, "backup/")}`);
    assert.equal(copied.code, 0, copied.stderr);
    assert.equal(
      (await home.output("keys", "node", "--address", "--data-dir", home.path("backup"))).trim(),
      node.address,
    );
  });

  it("of a closed network", async () => {
    const home = await newHome();
    await home.startLine("aurex-node --consensus poa --authority --admission token");
    await follow(home, "aurex-node invite --address /dns4/node.example.com/tcp/13246", {
      stdout: /^aurex1\./,
    });
    await follow(home, "aurex-node invite --json | jq -r .token", { stdout: /^aurex1\./ });
    const { stdout } = await follow(home, "aurex-node invite", { stdout: /^aurex1\./ });
    const invited = async () => {
      const place = await newHome();
      await place.line(`printf %s ${stdout.trim()} > invitation.txt`);
      return place;
    };
    // A terminal would be asked; another stream is read.
    const asked = await (await invited()).startLine(`${lines.filled("aurex-node join")} < invitation.txt`);
    await asked.stop();
    for (const line of [
      "aurex-node join --invitation-file invitation.txt --name beta --data-dir ./beta",
      "aurex-node join --invitation-file invitation.txt --no-authority",
    ]) {
      await followUntilStarted(await invited(), line);
    }
  });

  it("of chain specs and keys before any node", async () => {
    const home = await newHome();
    const { stdout } = await follow(home, "aurex-node keys node --consensus poa --address");
    await follow(
      home,
      "aurex-node init --consensus poa --authority aurex1… --period 1s --block-reward 5 --out fast.json",
      {
        values: { "aurex1…": stdout.trim() },
      },
    );
    await follow(
      home,
      "aurex-node init --consensus poa --authority $(aurex-node keys node --consensus poa --address) --out chain.json",
      { stdout: new RegExp(stdout.trim()) },
    );
    await follow(
      home,
      "aurex-node init --consensus pow --difficulty 3 --block-time 10s --block-reward 50 --halving 210000 --out work.json",
    );
    await home.line("printf sesame > secret.txt");
    await home.output("keys", "new", "alice");
    const fresh = { AUREX_NEW_PASSPHRASE: "sesame" };
    Object.assign(home.environment, fresh);
    await follow(home, "aurex-node keys passphrase alice", { stdout: /is encrypted by the new passphrase/ });
    delete home.environment.AUREX_NEW_PASSPHRASE;
    const removed = "aurex-node keys passphrase alice --remove --passphrase-file secret.txt";
    await follow(home, removed, { stdout: /has no passphrase/ });
    const ofNode = "aurex-node keys passphrase node --new-passphrase-file secret.txt";
    await follow(home, ofNode, { stdout: /is encrypted by the new passphrase/ });
    await home.line("rm .aurex/aurex/poa/keys/alice.json");
    const secret = { values: { "…": "sesame" }, stdout: /"encrypted":true/ };
    await follow(home, "AUREX_PASSPHRASE=… aurex-node keys new alice --json", secret);
  });

  it("of a node that has stopped, and of the ledger that auditors get", async () => {
    const home = await newHome();
    const demo = "aurex-node demo --data-dir ./demo && sqlite3 ./demo/ledger.sqlite .tables";
    await follow(home, demo, { stdout: /\bblocks\b.*\n[\s\S]*\btransactions\b/ });
    for (const line of [
      `sqlite3 ./demo/ledger.sqlite 'SELECT "index", hash, miner, signer_id FROM blocks'`,
    ]) {
      await follow(home, line, { stdout: /^1\|[0-9a-f]{64}\|/m });
    }
    await home.line("cp demo/ledger.sqlite ledger.sqlite");
    for (const line of lines.linesWith("sqlite3 ledger.sqlite ")) {
      await follow(home, line);
    }
    await follow(home, "aurex-node export --bundle audit.tar.gz --ledger ledger.sqlite", {
      stdout: /audit\.tar\.gz: \d+ bytes/,
    });
    await home.line("tar -xzf audit.tar.gz");
    if ((await home.line("python3 -c 'import cryptography'")).code === 0) {
      const verified = await home.line("python3 audit/verify_ledger.py");
      assert.equal(verified.code, 0, verified.stdout);
      await home.line(
        "sqlite3 audit/ledger.sqlite 'UPDATE transactions SET amount_units = 7 WHERE amount_units = 1'",
      );
      await home.line(
        `sqlite3 audit/ledger.sqlite "UPDATE blocks SET miner = 'mallory' WHERE miner IS NOT NULL"`,
      );
      assert.equal((await home.line("python3 audit/verify_ledger.py")).code, 9);
    }
    const stopped = await newHome();
    const keeping = "--export ./alpha/ledger.sqlite";
    const node = await stopped.startLine(`aurex-node --consensus pow --mine --data-dir ./alpha ${keeping}`);
    await stopped.line("aurex-node tx record --key node --wait hello");
    await follow(stopped, "aurex-node export --copy monday.sqlite --data-dir ./alpha", {
      stdout: /a copy of/,
    });
    await follow(stopped, "aurex-node prove aurex1… --data-dir ./alpha > proof.json", {
      values: { "aurex1…": node.address },
    });
    await follow(stopped, "aurex-node verify-proof proof.json", { stdout: /The proof holds/ });
    const { chainId } = JSON.parse(await readFile(stopped.path("proof.json"), "utf8"));
    await follow(stopped, "aurex-node verify-proof proof.json --genesis 2f…", {
      values: { "2f…": chainId },
      stdout: /as\s+you\s+gave\s+it/,
    });
    await follow(stopped, "aurex-node digest --sign --out today.json --data-dir ./alpha", {
      stdout: /signed by +12D3KooW/,
    });
    await follow(stopped, "aurex-node export --bundle monday.tar.gz --sign --data-dir ./alpha", {
      stdout: /monday\.tar\.gz: \d+ bytes/,
    });
    await node.stop();
    const again = "aurex-node export --copy monday.sqlite --ledger ./alpha/ledger.sqlite --force";
    await follow(stopped, again, { stdout: /a copy of .*\nup to block 1 /m });
    await follow(stopped, "aurex-node keys list --data-dir ./alpha --json", {
      stdout: new RegExp(node.address),
    });
    await follow(
      stopped,
      "aurex-node doctor --data-dir ./alpha --json | jq '.findings[] | select(.ok == false)'",
    );
    await follow(stopped, "aurex-node export --out ledger.sqlite --data-dir ./alpha", { stdout: /2 blocks/ });
    await follow(stopped, "aurex-node export --out block-1.sqlite --from 1 --to 1 --data-dir ./alpha", {
      stdout: /from block 1 up to block 1/,
    });
    for (const format of ["csv", "jsonl", "parquet"]) {
      await follow(stopped, `aurex-node export ${format} --out ledger-${format} --data-dir ./alpha`, {
        stdout: /files written.*\nblocks 0 to 1 of chain .*\ncontent digest [0-9a-f]{64}/,
      });
      await follow(
        stopped,
        `aurex-node export ${format} --out monday-${format} --ledger monday.sqlite --json`,
        {
          stdout: /"contentDigest": ?"[0-9a-f]{64}"/,
        },
      );
    }
    await follow(stopped, "aurex-node reindex --data-dir ./alpha", { stdout: /covers 2 of 2 blocks/ });
    await follow(stopped, "aurex-node reindex --data-dir ./alpha --json", { stdout: /"blocks": ?2/ });
    await follow(stopped, "sqlite3 ledger.sqlite 'SELECT * FROM transactions LIMIT 10'", {
      stdout: /hello|record/,
    });
  });

  it("of the audit of a ledger", async () => {
    const home = await newHome();
    const keeping = "--export ./alpha/ledger.sqlite";
    const node = await home.startLine(`aurex-node --consensus pow --mine --data-dir ./alpha ${keeping}`);
    await home.line("aurex-node tx record --key node --wait hello");
    await node.stop();
    await home.line("cp alpha/ledger.sqlite ledger.sqlite");
    const holds = /consistent up to block 1:/;
    await follow(home, "aurex-node audit ledger.sqlite", { stdout: holds });
    const withReport = "--genesis ./alpha/chain-spec.json --html report.html";
    await follow(home, `aurex-node audit ledger.sqlite ${withReport}`, {
      stdout: /authentic up to block 1:[\s\S]*report: .*report\.html/,
    });
    await follow(home, "aurex-node audit ledger.sqlite --json | jq '.chains[].words'", { stdout: holds });
    await follow(home, "aurex-node audit --data-dir ./alpha", { stdout: holds });
  });

  it("of the demo", async () => {
    const home = await newHome();
    await follow(home, "aurex-node demo");
    await follow(home, "aurex-node demo --pow 1 --poa 3 --transactions 50 --exit");
    // In the background until it is told to stop, as the shell's line says.
    const background = lines
      .filled("aurex-node demo --stay > demo.txt &")
      .replace(/&$/, "& echo $! > demo.pid; wait $!");
    const staying = home.line(background);
    const inFile = async (name: string) => readFile(home.path(name), "utf8").catch(() => "");
    await until(
      "the demo shows what can be sent",
      async () => /aurex-node tx /.test(await inFile("demo.txt")),
      {
        seen: () => home.path("demo.txt"),
      },
    );
    process.kill(Number(await inFile("demo.pid")), "SIGINT");
    assert.equal((await staying).code, 0);
  });

  it("are all followed, here or by another test", () => lines.assertAllFollowed());
});
