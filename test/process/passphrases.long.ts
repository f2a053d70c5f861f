/** Passphrases: one rule for files and variables, of every command and of the node's own key. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { loadKey } from "../../src/wallet/keystore.ts";
import { run } from "../cli/test-terminal.ts";
import { oldKeyFile } from "../wallet/old-key-file.ts";
import { aurex, folderOf, program, quiet, ShellNode, shell } from "./shell.ts";

const secret = "correct horse é";

describe("the passphrase in a file or a variable", () => {
  const written: [string, string | Buffer][] = [
    ["alone", secret],
    ["with LF", `${secret}\n`],
    ["with CR LF", `${secret}\r\n`],
    ["with a byte order mark", `\uFEFF${secret}\r\n`],
  ];
  it("is the same with every line end, with and without a byte order mark", async (t) => {
    const dataDir = await folderOf(t);
    const file = path.join(dataDir, "secret.txt");
    const made = await run(["keys", "new", "bob", "--data-dir", dataDir], {
      environment: { AUREX_PASSPHRASE: secret },
    });
    assert.equal(made.code, 0, made.stderr);
    for (const [how, text] of written) {
      writeFileSync(file, text);
      const argv = ["keys", "passphrase", "bob", "--data-dir", dataDir, "--json"];
      for (const [flags, environment] of [
        [["--passphrase-file", file], {}],
        [[], { AUREX_PASSPHRASE_FILE: file }],
        [[], { AUREX_PASSPHRASE: String(text) }],
      ] as const) {
        const changed = await run([...argv, ...flags], {
          environment: { ...environment, AUREX_NEW_PASSPHRASE: secret },
        });
        assert.equal(changed.code, 0, `${how}: ${changed.stderr}`);
      }
      const key = `${how.replaceAll(" ", "-")}`;
      await run(["keys", "new", key, "--data-dir", dataDir, "--passphrase-file", file]);
      assert.ok(await loadKey(dataDir, key, secret), how);
    }
  });

  it("is refused for a new key with white space at its ends or a byte order mark in it, and the reason said", async (t) => {
    const dataDir = await folderOf(t);
    for (const [given, why] of [
      [` ${secret}\r\n`, /begins or ends with white space/],
      [`${secret}\t\n`, /begins or ends with white space/],
      [`\uFEFF\uFEFF${secret}`, /byte order mark/],
    ] as const) {
      const made = await run(["keys", "new", "bob", "--data-dir", dataDir], {
        environment: { AUREX_PASSPHRASE: given },
      });
      assert.equal(made.code, 7);
      assert.match(made.stderr, why);
      const asked = await run(["keys", "new", "bob", "--data-dir", dataDir], {
        answers: [given.replace(/\r?\n$/, "")],
      });
      assert.equal(asked.code, 7);
      assert.match(asked.stderr, why);
    }
    assert.ok((await run(["keys", "new", "bob", "--data-dir", dataDir])).code === 0, "nothing was made");
    // A key that has such a passphrase from elsewhere opens by it; without it the reason is said.
    await run(["keys", "new", "carol", "--data-dir", dataDir], { environment: { AUREX_PASSPHRASE: secret } });
    const stray = await run(["keys", "passphrase", "carol", "--remove", "--data-dir", dataDir], {
      environment: { AUREX_PASSPHRASE: `${secret} ` },
    });
    assert.equal(stray.code, 7);
    assert.match(stray.stderr, /without the white space/);
  });

  it("that is none is refused: two lines, UTF-16, empty, a directory, no such file", async (t) => {
    const dataDir = await folderOf(t);
    const file = path.join(dataDir, "secret.txt");
    const refused = async (place: string, why: RegExp) => {
      const { code, stderr } = await run([
        "keys",
        "new",
        "bob",
        "--data-dir",
        dataDir,
        "--passphrase-file",
        place,
      ]);
      assert.ok(code === 7 || code === 2, stderr);
      assert.match(stderr, why);
    };
    for (const [text, why] of [
      [`${secret}\nmore\n`, /more than one line/],
      [Buffer.from(`\uFEFF${secret}`, "utf16le"), /UTF-16/],
      ["", /empty/],
      ["\r\n", /empty/],
      ["x".repeat(5_000), /5000 bytes/],
    ] as const) {
      writeFileSync(file, text);
      await refused(file, why);
    }
    await refused(dataDir, /cannot be used/);
    await refused(path.join(dataDir, "none"), /cannot be used\nWhy: {3}ENOENT/);
  });

  it("of an earlier version's variable, line end included, still opens its key", async (t) => {
    const dataDir = await folderOf(t);
    await run(["keys", "new", "other", "--data-dir", dataDir]);
    const old = oldKeyFile("old", new Uint8Array(32), `${secret}\r`);
    writeFileSync(path.join(dataDir, "keys/old.json"), old, { mode: 0o600 });
    const { code, stderr } = await run(["keys", "passphrase", "old", "--data-dir", dataDir], {
      environment: { AUREX_PASSPHRASE: `${secret}\r`, AUREX_NEW_PASSPHRASE: secret },
    });
    assert.equal(code, 0, stderr);
    assert.ok(await loadKey(dataDir, "old", secret));
  });
});

describe("keys passphrase", () => {
  it("sets, changes and removes, asked for in a terminal, and the key stays the same", async (t) => {
    const dataDir = await folderOf(t);
    const made = JSON.parse((await run(["keys", "new", "alice", "--data-dir", dataDir, "--json"])).stdout);
    const change = (answers: string[], ...flags: string[]) =>
      run(["keys", "passphrase", "alice", "--data-dir", dataDir, "--json", ...flags], { answers });
    const answer = { name: "alice", address: made.address };
    assert.deepEqual(JSON.parse((await change(["one", "one"])).stdout), { ...answer, encrypted: true });
    assert.equal((await change(["wrong"])).code, 7);
    assert.match((await change(["one", "two", "three"])).stderr, /differ/);
    assert.match((await change(["one", ""])).stderr, /--remove/);
    assert.ok(await loadKey(dataDir, "alice", "one"), "nothing has changed so far");
    assert.equal((await change(["one", "two", "two"])).code, 0);
    assert.equal(JSON.parse((await change(["two"], "--remove")).stdout).encrypted, false);
    assert.ok(await loadKey(dataDir, "alice"));
    assert.equal((await run(["keys", "passphrase", "nobody", "--data-dir", dataDir])).code, 7);
  });

  it("killed at any moment leaves the old file or the new one, whole", async (t) => {
    const dataDir = await folderOf(t);
    assert.equal(shell(`${aurex} keys new alice --data-dir ${dataDir}`).code, 0);
    const before = readFileSync(path.join(dataDir, "keys/alice.json"), "utf8");
    let changes = 0;
    for (let index = 0; index < 10; index += 1) {
      const child = spawn(process.execPath, [program, "keys", "passphrase", "alice", "--data-dir", dataDir], {
        env: { ...process.env, AUREX_PASSPHRASE: secret, AUREX_NEW_PASSPHRASE: secret },
        stdio: "ignore",
      });
      const exited = once(child, "exit");
      await new Promise((resolve) => setTimeout(resolve, 250 + index * 150));
      child.kill("SIGKILL");
      await exited;
      const isEncrypted = readFileSync(path.join(dataDir, "keys/alice.json"), "utf8") !== before;
      if (isEncrypted) changes += 1;
      assert.ok(await loadKey(dataDir, "alice", isEncrypted ? secret : undefined));
    }
    const last = shell(`${aurex} keys passphrase alice --data-dir ${dataDir}`, {
      AUREX_PASSPHRASE: secret,
      AUREX_NEW_PASSPHRASE: "another",
    });
    assert.equal(last.code, 0, last.stderr);
    assert.ok(await loadKey(dataDir, "alice", "another"), `${changes} of 10 had changed it`);
    assert.ok(readdirSync(path.join(dataDir, "keys")).includes("alice.json"));
  });
});

describe("the node's own key", () => {
  it("may be encrypted: from file or variable at the start, else 7; it signs, is listed and never logged", async (t) => {
    const dataDir = path.join(await folderOf(t), "node");
    const file = path.join(path.dirname(dataDir), "secret.txt");
    writeFileSync(file, `${secret}\r\n`);
    assert.equal(shell(`${aurex} keys node --data-dir ${dataDir}`).code, 0);
    const set = shell(`${aurex} keys passphrase node --data-dir ${dataDir} --new-passphrase-file ${file}`);
    assert.equal(set.code, 0, set.stderr);
    assert.equal(shell(`${aurex} keys node --data-dir ${dataDir} --address`).code, 0);
    const flags = `--consensus poa --authority ${quiet} --data-dir ${dataDir}`;
    const without = shell(`${aurex} ${flags}`);
    assert.equal(without.code, 7, without.stderr);
    assert.match(without.stderr, /the key node is encrypted\nNext: {2}.*--passphrase-file/);
    const wrong = shell(`${aurex} ${flags}`, { AUREX_PASSPHRASE: "wrong" });
    assert.equal(wrong.code, 7, wrong.stderr);
    const starts: [string, Record<string, string>][] = [
      [`--passphrase-file ${file}`, {}],
      ["", { AUREX_PASSPHRASE: secret }],
      ["", { AUREX_PASSPHRASE_FILE: file }],
    ];
    for (const [more, variables] of starts) {
      const node = new ShellNode(t, dataDir, `${aurex} ${flags} ${more} --log-level debug`, variables);
      await node.status();
      const sent = shell(
        `${aurex} tx record hi --key node --wait --data-dir ${dataDir} --passphrase-file ${file}`,
      );
      assert.equal(sent.code, 0, sent.stderr);
      assert.equal(await node.stop(), 0, node.stderr);
      const log = readFileSync(path.join(dataDir, "blockchain.log"), "utf8");
      assert.ok(!`${node.stdout}${log}`.includes("correct horse"));
    }
  });
});
