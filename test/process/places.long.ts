/** Places as machines have them: file systems without hard links, other users' files, no home, odd paths. */
import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { until } from "../support/patience.ts";
import { aurex, folderOf, quiet, ShellNode, shell } from "./shell.ts";

const noLinks = path.join(import.meta.dirname, "no-links.py");
const canForbidLinks = shell(
  `cd /tmp && python3 ${noLinks} bash -c 'touch $$.a; ! ln $$.a $$.b; r=$?; rm -f $$.*; exit $r'`,
);
const withoutSeccomp =
  canForbidLinks.code === 0 ? false : "python3 with seccomp makes the file system of this test";
const isRoot = process.getuid?.() === 0;
const asStranger = "setpriv --reuid 12345 --regid 12345 --clear-groups";
const canBeStranger = isRoot && shell(`${asStranger} ${aurex} --version`).code === 0;
const withoutStranger = canBeStranger ? false : "only root can become another user for this test";

describe("a file system without hard links", { skip: withoutSeccomp }, () => {
  for (const [name, errno] of [
    ["EPERM, as exFAT", 1],
    ["EOPNOTSUPP, as SMB", 95],
  ] as const) {
    it(`holds a node's key, its lock and its chain (${name})`, async (t) => {
      const folder = await folderOf(t);
      const dataDir = path.join(folder, "node");
      const variables = { LINK_ERRNO: String(errno) };
      const before = `python3 ${noLinks} ${aurex}`;
      const made = shell(`${before} keys new alice --data-dir ${dataDir} --json`, variables);
      assert.equal(made.code, 0, made.stderr);
      const again = shell(`${before} keys new alice --data-dir ${dataDir}`, variables);
      assert.equal(again.code, 7, "a key is never overwritten");
      assert.match(again.stderr, /there is a key alice already/);
      const flags = `--consensus poa --authority ${quiet} --data-dir ${dataDir}`;
      const node = new ShellNode(t, dataDir, `${before} ${flags}`, variables);
      await node.status();
      const second = shell(`${before} ${flags}`, variables);
      assert.equal(second.code, 3, second.stderr);
      await until("the node seals", async () => (await node.status()).authority);
      assert.equal(await node.stop(), 0, node.stderr);
      assert.deepEqual(
        readdirSync(dataDir).filter((file) => /claim|tmp/.test(file)),
        [],
      );
    });
  }
});

describe("a user of nobody's", { skip: withoutStranger }, () => {
  it("without a home and without an entry in the list of users works with a data directory", async (t) => {
    const folder = await folderOf(t);
    chmodSync(folder, 0o755);
    const dataDir = path.join(folder, "node");
    mkdirSync(dataDir);
    chownSync(dataDir, 12345, 12345);
    const alone = `env -u HOME ${asStranger} ${aurex}`;
    const made = shell(`${alone} keys new alice --data-dir ${dataDir} --json`);
    assert.equal(made.code, 0, made.stderr);
    const node = new ShellNode(t, dataDir, `${alone} ${quiet} --data-dir ${dataDir}`);
    await node.status();
    const { code, stderr } = shell(`${alone} status --data-dir ${dataDir} --json`);
    assert.equal(code, 0, stderr);
    assert.equal(await node.stop(), 0, node.stderr);
    for (const home of ["env -u HOME", "env HOME="]) {
      const homeless = shell(`${home} ${asStranger} ${aurex} start ${quiet}`);
      assert.equal(homeless.code, 2, homeless.stderr);
      assert.match(homeless.stderr, /this user has none \(no HOME/);
      assert.match(homeless.stderr, /\nNext: {2}.*--data-dir/);
    }
  });

  it("is told that there is no permission for the directory of another, and of --api", async (t) => {
    const folder = await folderOf(t);
    chmodSync(folder, 0o755);
    const dataDir = path.join(folder, "node");
    const node = new ShellNode(t, dataDir, `${aurex} ${quiet} --data-dir ${dataDir}`);
    await node.status();
    const { readDirectoryLock } = await import("../../src/store/directory-lock.ts");
    const url = (await readDirectoryLock(dataDir))?.apiUrl;
    for (const command of [
      "status",
      "chain list",
      "keys list",
      "keys show node",
      `start ${quiet}`,
      "tx record hi --key node",
    ]) {
      const { code, stderr } = shell(`env -u HOME ${asStranger} ${aurex} ${command} --data-dir ${dataDir}`);
      assert.ok(code === 2 || code === 7, `${command}: ${code} ${stderr}`);
      assert.match(stderr, /^Error: no permission (?:for|to read) \//, command);
    }
    const asked = shell(`env -u HOME ${asStranger} ${aurex} status --api ${url}`);
    assert.equal(asked.code, 0, asked.stderr);
    assert.equal(await node.stop(), 0, node.stderr);
  });
});

describe("a key file that a volume mounts", {
  skip: isRoot ? false : "only root can give files away",
}, () => {
  it("is taken from another owner if the group alone may read it, else only on the operator's word", async (t) => {
    const dataDir = path.join(await folderOf(t), "node");
    assert.equal(shell(`${aurex} keys node --data-dir ${dataDir}`).code, 0);
    const key = path.join(dataDir, "node.key.json");
    const started = async (flags: string, variables: Record<string, string> = {}) => {
      const node = new ShellNode(t, dataDir, `${aurex} ${quiet} --data-dir ${dataDir} ${flags}`, variables);
      await node.status();
      assert.equal(await node.stop(), 0, node.stderr);
    };
    const refused = () => {
      const { code, stderr } = shell(`${aurex} ${quiet} --data-dir ${dataDir}`);
      assert.equal(code, 7, stderr);
      assert.match(stderr, /can be reached by others.*\n.*--allow-open-keys/);
    };
    chmodSync(key, 0o640);
    refused();
    await started("--allow-open-keys");
    await started("", { AUREX_ALLOW_OPEN_KEYS: "true" });
    chownSync(key, 12345, 12345);
    await started("");
    chmodSync(key, 0o644);
    refused();
    await started("--allow-open-keys");
  });
});

describe("odd paths", () => {
  it("with blanks, quotes, line ends and other alphabets hold a node, and so does a link", async (t) => {
    const folder = await folderOf(t);
    const dataDir = path.join(folder, "with blank", "it's", "zeile\nzwei", "données-日本-🦊", "-dash");
    const odd = new ShellNode(t, dataDir, `${aurex} ${quiet} --data-dir "$PLACE"`, { PLACE: dataDir });
    await odd.status();
    assert.equal(await odd.stop(), 0, odd.stderr);
    const link = path.join(folder, "link");
    symlinkSync(dataDir, link);
    const node = new ShellNode(t, link, `${aurex} ${quiet} --data-dir ${link}`);
    await node.status();
    const second = shell(`${aurex} ${quiet} --data-dir "$PLACE"`, { PLACE: dataDir });
    assert.equal(second.code, 3, "two paths to one directory are one directory");
    assert.equal(await node.stop(), 0, node.stderr);
  });

  it("that lead to no directory are refused with the reason, and nothing is a bug", async (t) => {
    const folder = await folderOf(t);
    const file = path.join(folder, "file");
    writeFileSync(file, "");
    symlinkSync("loop", path.join(folder, "loop"));
    for (const place of [
      file,
      `${file}/below`,
      `${folder}/loop`,
      `${folder}/${"x".repeat(300)}`,
      "/proc/none",
      "/dev/null",
    ]) {
      for (const command of [`start ${quiet}`, "keys new alice", "doctor"]) {
        const { code, stderr } = shell(`${aurex} ${command} --data-dir ${place}`);
        assert.doesNotMatch(stderr, /a bug of its own/, `${command} ${place}`);
        assert.ok((code ?? 0) >= 2, `${command} ${place}: ${code} ${stderr}`);
      }
    }
  });

  it("a working directory that was removed harms no absolute path", async (t) => {
    const folder = await folderOf(t);
    const dataDir = path.join(folder, "node");
    const gone = path.join(folder, "gone");
    const line = `mkdir ${gone}; cd ${gone}; rmdir ${gone}; `;
    const { code, stderr } = shell(`${line} ${aurex} keys new alice --data-dir ${dataDir}`);
    assert.equal(code, 0, stderr);
    const relative = shell(`${line} ${aurex} keys new alice --data-dir node`);
    assert.ok(relative.code !== 0 && !relative.stderr.includes("a bug of its own"), relative.stderr);
    assert.equal(existsSync(gone), false);
  });
});
