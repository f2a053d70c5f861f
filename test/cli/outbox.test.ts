/** Signed transactions are kept before they are sent: lost answers, killed processes and parallel senders pay once. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, statSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { shellWord } from "../../src/base/shell-word.ts";
import { addressOf } from "../../src/protocol/identity.ts";
import { encodeKeyFile, makeKeyFile } from "../../src/wallet/key-file.ts";
import { openOutbox } from "../../src/wallet/outbox.ts";
import { type ApiRig, alice, bob, openApiRig } from "../http/api-rig.ts";
import { aurex } from "../process/shell.ts";
import { until } from "../support/patience.ts";
import { SmallDisk } from "../support/small-disk.ts";
import { LossyWay } from "./lossy-way.ts";
import { program, quiet, RealHome } from "./real-nodes.ts";
import { type Run, type RunOptions, run } from "./test-terminal.ts";

const aliceAddress = addressOf(alice.publicKey);
const bobAddress = addressOf(bob.publicKey);

/** Without the variables of this test, which are no settings. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("AUREX_")),
);
/** A command as a process of its own. */
const started = (argv: readonly string[]) =>
  spawn(process.execPath, [program, ...argv], { stdio: "ignore", env: environment });

describe("what is signed", () => {
  let rig: ApiRig;
  let way: LossyWay;
  let dataDir: string;
  let place: string[];

  before(async () => {
    rig = await openApiRig();
    way = await LossyWay.open(rig.url);
    dataDir = await mkdtemp(path.join(tmpdir(), "aurex-outbox-"));
    place = ["--data-dir", dataDir, "--api", way.url];
    await mkdir(path.join(dataDir, "keys"), { mode: 0o700 });
    const file = encodeKeyFile(await makeKeyFile("alice", alice.secretKey.slice(0, 32)));
    await writeFile(path.join(dataDir, "keys/alice.json"), file, { mode: 0o600 });
  });
  beforeEach(() => {
    way.fates.length = 0;
    way.posted.length = 0;
    way.onLoss = () => {};
  });
  after(async () => {
    way.close();
    await rig.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  const send = (amount: string, ...flags: string[]) => [
    ...["tx", "send", "--key", "alice", "--to", bobAddress, "--amount", amount, ...flags, ...place],
  ];
  const command = (argv: readonly string[], options?: RunOptions) => run(argv, options);
  const idOf = ({ code, stdout, stderr }: Run): string => {
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  const kept = async () => {
    const outbox = await openOutbox(dataDir, aliceAddress);
    const entries = outbox.entries();
    outbox.close();
    return entries;
  };
  const unsent = async () => (await kept()).filter(({ state }) => state === "unsent");
  const balanceOfBob = async () => {
    if (rig.mempool.hasReady()) await rig.sealWaiting();
    const { balance } = await rig.client.account(bobAddress);
    return Number(balance);
  };
  const isUnknown = ({ code, stderr }: Run) => {
    assert.equal(code, 2, stderr);
    assert.match(stderr, /^Error: whether the node has the transaction [0-9a-f]{64} is not known\n/);
    assert.match(stderr, /\nNext: {2}run the same command again: it sends the same signed transaction/);
    return /transaction ([0-9a-f]{64})/.exec(stderr)?.[1] ?? "";
  };

  it("is sent again as it is after a lost answer or a lost request, and pays once", async () => {
    for (const fate of ["lose-answer", "lose-request"] as const) {
      const before = await balanceOfBob();
      way.fates.push(fate, fate);
      const id = isUnknown(await command(send("3")));
      // The node is gone for the second try as well.
      assert.equal(isUnknown(await command(send("3"))), id);
      const again = await command(send("3"));
      assert.equal(idOf(again), id);
      assert.match(again.stderr, /signed before.*no second one was signed/);
      assert.equal(new Set(way.posted).size, 1, "the same bytes each time");
      assert.equal(await balanceOfBob(), before + 3);
      // Now that its fate is known, the same command means another payment.
      assert.notEqual(idOf(await command(send("3"))), id);
      assert.equal(await balanceOfBob(), before + 6);
      assert.deepEqual(await unsent(), []);
      way.posted.length = 0;
    }
  });

  it("is found again after kill -9 in the middle of sending, whether it had arrived or not", async () => {
    for (const fate of ["lose-answer", "lose-request"] as const) {
      const before = await balanceOfBob();
      const child = started(send("5"));
      const closed = once(child, "close");
      way.fates.push(fate);
      way.onLoss = () => child.kill("SIGKILL");
      assert.deepEqual(await closed, [null, "SIGKILL"]);
      const [entry, ...others] = await unsent();
      assert.equal(others.length, 0);
      const listed = await command(["tx", "outbox", "--json", ...place]);
      const [shown] = JSON.parse(listed.stdout).transactions.filter(
        ({ id }: { id: string }) => id === entry?.id,
      );
      assert.equal(shown.state, fate === "lose-answer" ? "pending" : "unknown");
      assert.equal(idOf(await command(send("5"))), entry?.id);
      assert.equal(await balanceOfBob(), before + 5);
    }
  });

  it("is the same one again after kill -9 between the node's answer and the printed one, and only then", async () => {
    const before = await balanceOfBob();
    const child = started(send("6", "--json", "--wait"));
    const closed = once(child, "close");
    const entry = await until("the node has it, and nothing is printed", async () =>
      (await kept()).find(({ state }) => state === "accepted"),
    );
    // Another one that is run meanwhile is another payment, since the first is alive and will say so.
    const other = idOf(await command(send("6")));
    assert.notEqual(other, entry.id);
    child.kill("SIGKILL");
    await closed;
    const again = await command(send("6"));
    assert.equal(idOf(again), entry.id);
    assert.match(again.stderr, /no second one was signed/);
    assert.notEqual(idOf(await command(send("6"))), entry.id, "by now it has been told");
    assert.equal(await balanceOfBob(), before + 18);
  });

  it("is the same one again if its id could not be printed: a full disk, a reader that went away", async () => {
    for (const to of ["> /dev/full", "| true"]) {
      const before = await balanceOfBob();
      const line = `${aurex} ${send("8").map(shellWord).join(" ")} ${to}`;
      const child = spawn("bash", ["-c", line], { stdio: ["ignore", "pipe", "ignore"], env: environment });
      const [exitCode] = await once(child, "close");
      assert.equal(exitCode, to === "| true" ? 0 : 2, "a pipe's status is that of its reader");
      const lost = (await kept()).find(({ state }) => state === "accepted");
      // The reader may go away late enough to have been told.
      if (to === "| true" && !lost) continue;
      assert.equal(idOf(await command(send("8"))), lost?.id);
      assert.equal(await balanceOfBob(), before + 8);
    }
  });

  it("is paid exactly once, however often its command is killed, whenever that is", async () => {
    const before = await balanceOfBob();
    const payments = Number(process.env.SUITE_KILLED_PAYMENTS ?? 4);
    const ids = new Set<string>();
    for (let payment = 0; payment < payments; payment += 1) {
      const argv = send("1", "--memo", `invoice ${payment}`);
      // From before anything is read to after everything is done.
      const child = spawn(process.execPath, [program, ...argv], {
        stdio: ["ignore", "pipe", "ignore"],
        env: environment,
      });
      let said = "";
      child.stdout.on("data", (chunk) => {
        said += chunk;
      });
      const closed = once(child, "close");
      await new Promise((resolve) => setTimeout(resolve, 150 + Math.random() * 700));
      child.kill("SIGKILL");
      await closed;
      // Whoever has read the id knows, and does not run the command again.
      if (said !== "") {
        ids.add(said.trim());
        continue;
      }
      way.fates.push(Math.random() < 0.5 ? "pass" : "lose-answer");
      const again = await command(argv);
      const told = again.code === 0 ? again : await command(argv);
      way.fates.length = 0;
      ids.add(idOf(told));
      if (Math.random() < 0.3 && rig.mempool.hasReady()) await rig.sealWaiting();
    }
    assert.equal(ids.size, payments);
    assert.equal(await balanceOfBob(), before + payments);
    assert.deepEqual(await unsent(), []);
  });

  it("goes before another one, and both are executed", async () => {
    const before = await balanceOfBob();
    way.fates.push("lose-request");
    const first = isUnknown(await command(send("1")));
    const second = await command(send("2"));
    assert.match(second.stderr, new RegExp(`earlier transaction ${first}.* was sent again`));
    assert.equal(await balanceOfBob(), before + 3);
    way.fates.push("lose-request");
    const third = isUnknown(await command(send("4")));
    const retried = await command(["tx", "outbox", "--retry", ...place]);
    assert.equal(retried.code, 0, retried.stderr);
    assert.match(retried.stderr, new RegExp(third));
    assert.equal(await balanceOfBob(), before + 7);
  });

  it("does not stand in the way once the chain has gone past it, and the same command then signs anew", async () => {
    const { height } = rig.chain.head.header;
    way.fates.push("lose-request", "lose-request");
    const expiring = isUnknown(await command(send("1", "--valid-until", String(height + 1))));
    assert.equal((await unsent()).length, 1);
    // The sequence that it has goes to another one, from another place.
    const { sequence } = await rig.client.account(aliceAddress);
    const other = rig.sign({ kind: "record", data: Buffer.from("x") }, alice, { sequence });
    await rig.client.submit(other.bytes);
    await rig.sealWaiting();
    const before = await balanceOfBob();
    way.fates.length = 0;
    const again = await command(send("1"));
    assert.notEqual(idOf(again), expiring);
    assert.match(again.stderr, new RegExp(`earlier transaction ${expiring}.* is given up: `));
    assert.equal(await balanceOfBob(), before + 1);
    assert.deepEqual(await unsent(), []);
  });

  it("that is refused now keeps its sequence from nobody, and is not signed a second time", async () => {
    const register = ["user", "register", "shop@example.com", "--key", "alice", ...place];
    way.fates.push("lose-request");
    const lost = isUnknown(await command(register));
    // Meanwhile somebody else takes the name.
    const name = Buffer.from("shop@example.com");
    await rig.client.submit(rig.sign({ kind: "registerUser", name }, bob).bytes);
    await rig.sealWaiting();
    const refused = await command(register);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, new RegExp(`${lost}.* is refused now[\\s\\S]*tx outbox --forget ${lost}`));
    const { sequence } = await rig.client.account(aliceAddress);
    const before = await balanceOfBob();
    const small = await command(send("1"));
    assert.match(small.stderr, new RegExp(`${lost}.* stays in the outbox`));
    const taken = await rig.client.transaction(idOf(small));
    assert.ok(taken.status === "pending" && taken.sequence === sequence);
    assert.equal(await balanceOfBob(), before + 1);
    // The two had one sequence, so that only one of them can ever be executed.
    assert.deepEqual(await unsent(), []);
    way.fates.push("lose-request");
    const given = isUnknown(await command(send("1")));
    const forgotten = await command(["tx", "outbox", "--forget", given, ...place]);
    assert.equal(forgotten.stdout, `${given} is forgotten.\n`);
    assert.match(forgotten.stderr, /a block may take it all the same: aurex-node tx show/);
    const unknown = await command(["tx", "outbox", "--forget", given, ...place]);
    assert.match(unknown.stderr, /there is no transaction [0-9a-f]{64} in the outbox/);
  });

  it("is not kept once the node has refused it, and nothing is left of a refused command", async () => {
    const count = (await kept()).length;
    const refused = await command(send("99999999"));
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /the node refused/);
    assert.equal((await kept()).length, count);
  });

  it("is not sent if it cannot be kept: a full disk", async (t) => {
    const disk = await SmallDisk.mount(t, 4);
    if (!disk) return t.skip(SmallDisk.skipReason);
    const full = ["--data-dir", disk.directory, "--api", way.url];
    const input = Buffer.from(alice.secretKey.subarray(0, 32)).toString("hex");
    await command(["keys", "import", "alice", "--data-dir", disk.directory], { input });
    const argv = ["tx", "record", "on a full disk", "--key", "alice", ...full];
    for (const isNew of [true, false]) {
      disk.fill();
      way.posted.length = 0;
      const refused = await command(argv);
      assert.equal(refused.code, 7, refused.stderr);
      assert.match(refused.stderr, /outbox .* cannot be used: .*(?:full|ENOSPC)/);
      assert.deepEqual(way.posted, [], isNew ? "without an outbox" : "with one");
      await disk.empty();
      assert.equal((await command(argv)).code, 0);
    }
    await rig.sealWaiting();
  });

  it("lies in files that nobody else can reach", () => {
    const directory = path.join(dataDir, "outbox");
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    for (const file of readdirSync(directory))
      assert.equal(statSync(path.join(directory, file)).mode & 0o777, 0o600);
  });

  it("can be replaced or cancelled, also if the node has never had it", async () => {
    way.fates.push("lose-request");
    const lost = isUnknown(await command(send("7")));
    const before = await balanceOfBob();
    const cancelled = await command(["tx", "cancel", lost, "--key", "alice", "--json", ...place]);
    assert.equal(cancelled.code, 0, cancelled.stderr);
    assert.equal(JSON.parse(cancelled.stdout).replaces, lost);
    assert.equal(await balanceOfBob(), before);
    assert.deepEqual(await unsent(), []);

    const waiting = idOf(await command(send("2", "--fee", "0.5")));
    const cheap = await command(["tx", "bump", waiting, "--key", "alice", "--fee", "0.51", ...place]);
    assert.equal(cheap.code, 2);
    assert.match(cheap.stderr, /to replace it takes a fee of 0\.55 AUR/);
    const bumped = await command(["tx", "bump", waiting, "--key", "alice", "--json", ...place]);
    const { id, replaces } = JSON.parse(bumped.stdout);
    assert.equal(replaces, waiting);
    const again = await rig.client.transaction(id);
    assert.ok(again.status === "pending" && again.payload.kind === "transfer");
    assert.deepEqual([again.fee, again.payload.to, again.payload.amount], ["0.55", bobAddress, "2"]);
    assert.equal(await balanceOfBob(), before + 2);
    const late = await command(["tx", "bump", id, "--key", "alice", ...place]);
    assert.match(late.stderr, /it is too late/);
    // What was signed elsewhere is fetched from the node, and its id proves the bytes.
    const { sequence } = await rig.client.account(aliceAddress);
    const elsewhere = rig.sign({ kind: "record", data: Buffer.from("from elsewhere") }, alice, {
      sequence,
      fee: 5n,
    });
    await rig.client.submit(elsewhere.bytes);
    const raised = await command(["tx", "bump", elsewhere.idHex, "--key", "alice", ...place]);
    const found = await rig.client.transaction(idOf(raised));
    assert.ok(found.status === "pending" && found.payload.kind === "record");
    assert.equal(found.payload.data, "from elsewhere");
    // By its sequence.
    const bySequence = await command([
      "tx",
      "cancel",
      String(sequence),
      "--key",
      "alice",
      "--json",
      ...place,
    ]);
    assert.equal(JSON.parse(bySequence.stdout).replaces, found.id);
    await rig.sealWaiting();
    const used = await command(["tx", "cancel", String(sequence), "--key", "alice", ...place]);
    assert.equal(used.code, 2);
    assert.match(used.stderr, /the sequence \d+ is used/);
  });

  it("is shown to a person before, who can say no; --yes asks nothing", async () => {
    const argv = ["tx", "send", "--key", "alice", "--to", bobAddress, "--amount", "1.5", ...place];
    const memo = ["--memo", "invoice\u202e4711 \u0430"];
    const refused = await command([...argv, ...memo], { answers: ["no"] });
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /nothing was signed/);
    assert.match(refused.stderr, /^ {2}transfer +1\.5 AUR$/m);
    assert.match(
      refused.stderr,
      new RegExp(`^ {2}to +aurex1 ${(bobAddress.slice(6).match(/.{1,4}/g) ?? []).join(" ")}$`, "m"),
    );
    assert.match(
      refused.stderr,
      /memo +"invoice\\u\{202e\}4711 \u0430"\n +not ASCII: \\u\{202e\} U\+202E, \u0430 U\+0430/,
    );
    assert.doesNotMatch(refused.stderr, /\u202e/);
    const before = await balanceOfBob();
    assert.equal((await command([...argv], { answers: ["yes"] })).code, 0);
    assert.equal((await command([...argv, "--yes"], { answers: [] })).code, 0);
    assert.equal(await balanceOfBob(), before + 3);
  });
});

/** More in `npm run test:long`: each is a process of its own. */
const senders = Number(process.env.SUITE_SENDERS ?? 8);

describe("many processes with one key", () => {
  it("at once against a real node: all are committed, one sequence each, in spite of a kill", async () => {
    const home = await RealHome.open();
    try {
      const node = await home.start(
        "--consensus",
        "poa",
        "--authority",
        ...quiet,
        "--data-dir",
        home.path("n"),
      );
      const line = (index: number) =>
        `aurex-node tx record "payment ${index}" --key node --data-dir ${home.path("n")}`;
      const killed = home.line(`${line(98)} & p=$!; sleep 0.4; kill -9 $p; wait $p; true`);
      const sent = await home.line(
        `for i in $(seq ${senders}); do aurex-node tx record "payment $i" --key node --wait --json --data-dir ${home.path("n")} & done; wait`,
      );
      await killed;
      const answers = sent.stdout
        .trim()
        .split("\n")
        .map((text) => JSON.parse(text));
      assert.equal(answers.length, senders, sent.stderr);
      const sequences = new Set<number>();
      for (const { id, status } of answers) {
        assert.equal(status, "committed");
        const shown = JSON.parse(await home.output("tx", "show", id, "--json", "--api", node.apiUrl));
        sequences.add(shown.sequence);
      }
      assert.equal(sequences.size, senders);
      assert.ok(existsSync(home.path("n", "outbox")));
    } finally {
      await home.close();
    }
  });
});
