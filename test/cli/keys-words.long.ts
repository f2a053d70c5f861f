/** Keys from words, seeds and keystores by the command line: made, confirmed, taken over, handed on; and what is refused. */
import assert from "node:assert/strict";
import { createDecipheriv, createHash, scryptSync } from "node:crypto";
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { toHex } from "../../src/base/bytes.ts";
import { keyPairFromSeed } from "../../src/protocol/signing.ts";
import { loadKey, showKey } from "../../src/wallet/keystore.ts";
import { aurex, folderOf, shell } from "../process/shell.ts";
import { oldKeyFile } from "../wallet/old-key-file.ts";
import { type Run, type RunOptions, run } from "./test-terminal.ts";

const words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
/** Of these words: by SLIP-0010 over m/44'/1096110680'/0', computed by another program. */
const seedOfWords = "82f52787682704b408605033070af1e8d8f73eeb4b9c6b5ba481aa0c5711eed2";
const vectors = JSON.parse(readFileSync(new URL("../vectors/keys/eip2335.json", import.meta.url), "utf8"));

const seedIn = ({ secretKey }: { secretKey: Uint8Array }) => toHex(secretKey.subarray(0, 32));

function refused({ code, stdout, stderr }: Run, exitCode: number, why: RegExp): void {
  assert.equal(code, exitCode, stderr);
  assert.equal(stdout, "");
  assert.match(stderr, why);
  assert.match(stderr, /\nNext: {2}\S/);
  assert.doesNotMatch(stderr, /\n {4}at /);
}

/** A person who types back the words that are shown, and answers "" to the question for a passphrase. */
function confirming(question: string, stderr: string): string {
  const [, number] = /^Word (\d+): $/.exec(question) ?? [];
  return number === undefined ? "" : (shownWords(stderr)[Number(number) - 1] as string);
}

function shownWords(stderr: string): string[] {
  return [...stderr.matchAll(/\b(\d+)\. ([a-z]+)/g)].map((match) => match[2] as string);
}

/** What is printed as a label and a value a line. */
function rowsOf(stdout: string): (readonly [label: string, value: string])[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [, label, value] =
        /^(\S+(?: \S+)*) {2,}(.+)$/.exec(line) ?? assert.fail(`no label and value: ${line}`);
      return [label as string, value as string];
    });
}

/** Words that a key can have. Labels are left out before: "name", "path", "public" and "key" can be among the words of a key. */
function wordsAmong(values: readonly unknown[]): string[] {
  const said = new Set(JSON.stringify(values).toLowerCase().split(/\W+/));
  return wordlist.filter((word) => said.has(word));
}

describe("keys new --words", () => {
  it("shows words once, has some typed again, and from these words the key comes again anywhere", async (t) => {
    const [dataDir, elsewhere] = [await folderOf(t), await folderOf(t)];
    for (const [name, flags, count] of [
      ["alice", ["--words"], 12],
      ["bob", ["--words", "24"], 24],
    ] as const) {
      const answers = Array<typeof confirming>(4).fill(confirming);
      const made = await run(["keys", "new", name, ...flags, "--data-dir", dataDir], { answers });
      assert.equal(made.code, 0, made.stderr);
      const shown = shownWords(made.stderr);
      assert.equal(shown.length, count);
      assert.match(made.stdout, /^path +m\/44'\/1096110680'\/0'$/m);
      assert.deepEqual(wordsAmong(rowsOf(made.stdout).map(([, value]) => value)), []);
      const input = shown.map((word, index) => `${index + 1}. ${word.toUpperCase()}`).join("\r\n");
      const again = await run(["keys", "import", name, "--data-dir", elsewhere, "--json"], { input });
      assert.equal(again.code, 0, again.stderr);
      const key = await showKey(dataDir, name);
      assert.equal(JSON.parse(again.stdout).address, key.address);
      assert.equal(key.path, "m/44'/1096110680'/0'");
      const file = readFileSync(path.join(dataDir, "keys", `${name}.json`), "utf8");
      assert.deepEqual(wordsAmong(Object.values(JSON.parse(file))), []);
    }
  });

  it("makes nothing until they are confirmed, and forgives two mistakes a word", async (t) => {
    const dataDir = await folderOf(t);
    const argv = ["keys", "new", "alice", "--words", "--data-dir", dataDir];
    // None is in the list of words, so none can be right.
    const wrong = await run(argv, { answers: ["", "no", "not", "nope"] });
    refused(wrong, 7, /was typed wrong 3 times, so no key was made/);
    assert.equal(existsSync(path.join(dataDir, "keys")), false);
    let mistakes = 2;
    const late = (question: string, stderr: string) =>
      question.startsWith("Word") && mistakes-- > 0 ? "zebra?" : confirming(question, stderr);
    assert.equal((await run(argv, { answers: Array(6).fill(late) })).code, 0);
    // A taken name is said before anybody writes words down.
    const taken = await run(argv, { answers: [""] });
    refused(taken, 7, /there is a key alice already/);
    assert.deepEqual(shownWords(taken.stderr), []);
  });

  it("gives them to a program with --json alone, and to nobody where nobody reads", async (t) => {
    const dataDir = await folderOf(t);
    refused(await run(["keys", "new", "alice", "--words", "--data-dir", dataDir]), 2, /shown to nobody/);
    const made = await run(["keys", "new", "alice", "--words", "24", "--json", "--data-dir", dataDir]);
    const answer = JSON.parse(made.stdout);
    assert.equal(answer.words.split(" ").length, 24);
    assert.equal(made.stderr, "");
    const shown = JSON.parse((await run(["keys", "show", "alice", "--json", "--data-dir", dataDir])).stdout);
    assert.equal(shown.words, undefined);
    assert.equal(shown.address, answer.address);
    refused(await run(["keys", "new", "x", "--words", "13", "--data-dir", dataDir]), 2, /must be 12 or 24/);
  });
});

describe("keys import", () => {
  it("takes words of any account, a seed in hex, from stdin, a file or a question", async (t) => {
    const dataDir = await folderOf(t);
    const file = path.join(dataDir, "words.txt");
    writeFileSync(file, `\ufeff${words.toUpperCase()}\r\n`);
    let count = 0;
    const take = async (flags: readonly string[], options: RunOptions) => {
      const name = `key${count++}`;
      const { code, stderr } = await run(["keys", "import", name, ...flags, "--data-dir", dataDir], options);
      assert.equal(code, 0, stderr);
      return seedIn(await loadKey(dataDir, name));
    };
    for (const [flags, options] of [
      [[], { input: words }],
      [["--file", "-"], { input: `${words}\n` }],
      [["--file", file], {}],
      [["--account", "0"], { input: words }],
      [[], { answers: [words, ""] }],
      [[], { answers: [words.replace(/(useful|wave) /g, "$1\n"), ""] }],
      [[], { input: seedOfWords }],
      [[], { input: `0x${seedOfWords.toUpperCase()}\n` }],
      [[], { answers: [seedOfWords, ""] }],
    ] as const) {
      assert.equal(await take(flags, options), seedOfWords, JSON.stringify(flags));
    }
    const second = await take(["--account", "1"], { input: words });
    assert.notEqual(second, seedOfWords);
    assert.equal((await showKey(dataDir, `key${count - 1}`)).path, "m/44'/1096110680'/1'");
    // A passphrase encrypts it, as with `keys new`.
    const environment = { AUREX_PASSPHRASE: "señor" };
    await run(["keys", "import", "safe", "--data-dir", dataDir], { input: words, environment });
    assert.equal(seedIn(await loadKey(dataDir, "safe", "señor".normalize("NFD"))), seedOfWords);
  });

  it("refuses what is no key, with the reason, and makes nothing", async (t) => {
    const dataDir = await folderOf(t);
    const argv = ["keys", "import", "alice", "--data-dir", dataDir];
    const scrypt = structuredClone(vectors.keystores[0]);
    const absurd = structuredClone(scrypt);
    absurd.crypto.kdf.params.n = 2 ** 30;
    absurd.pubkey = "00".repeat(32);
    for (const [input, why] of [
      ["", /there are 0 words/],
      ["hello", /"hello", is not in the list|there are 1 words/],
      [words.replace("yellow", "zoo"), /checksum is wrong/],
      [`${seedOfWords}00`, /is not in the list/],
      ["{", /not JSON/],
      ["{}", /version/],
      [JSON.stringify(scrypt), /BLS key/],
      [JSON.stringify(absurd), /MiB of memory/],
      ["x".repeat(20_000), /more than 16384 bytes/],
    ] as const) {
      refused(await run(argv, { input }), 7, why);
    }
    refused(await run([...argv, "--account", "1"], { input: seedOfWords }), 2, /--account goes with words/);
    refused(await run([...argv, "--file", path.join(dataDir, "none")]), 2, /ENOENT/);
    refused(await run(["keys", "import", "node", "--data-dir", dataDir], { input: words }), 7, /node's own/);
    assert.equal(existsSync(path.join(dataDir, "keys")), false);
  });

  it("takes keystores of others, by scrypt and PBKDF2, and Aurex's own files of every version", async (t) => {
    const dataDir = await folderOf(t);
    const environment = { AUREX_PASSPHRASE: vectors.password };
    for (const [index, keystore] of vectors.keystores.entries()) {
      // The vectors hold a secret of 32 bytes for another curve; without its key it is an Ed25519 seed like any other.
      const input = JSON.stringify({ ...keystore, pubkey: "" });
      const name = `vector${index}`;
      const argv = ["keys", "import", name, "--data-dir", dataDir];
      refused(
        await run(argv, { input, environment: { AUREX_PASSPHRASE: "wrong" } }),
        7,
        /not opened by this/,
      );
      refused(await run(argv, { input }), 7, /is encrypted/);
      const taken = await run(argv, { input, environment });
      assert.equal(taken.code, 0, taken.stderr);
      const key = await loadKey(dataDir, name, vectors.password);
      assert.equal(seedIn(key), vectors.secret);
      assert.equal((await showKey(dataDir, name)).path, keystore.path);
    }
    const seed = Buffer.from(seedOfWords, "hex");
    const old = await run(["keys", "import", "old", "--data-dir", dataDir], {
      input: oldKeyFile("somebody", seed, "sesame"),
      environment: { AUREX_PASSPHRASE: "sesame", AUREX_NEW_PASSPHRASE: "another" },
    });
    assert.equal(old.code, 0, old.stderr);
    assert.equal(seedIn(await loadKey(dataDir, "old", "another")), seedOfWords);
    await run(["keys", "new", "plain", "--data-dir", dataDir]);
    const input = readFileSync(path.join(dataDir, "keys/plain.json"), "utf8");
    await run(["keys", "import", "copy", "--data-dir", dataDir], { input });
    assert.equal((await showKey(dataDir, "copy")).address, (await showKey(dataDir, "plain")).address);
  });
});

describe("keys export", () => {
  it("writes a keystore that opens by nothing but EIP-2335, in a file of its own, and imports again", async (t) => {
    const [dataDir, elsewhere] = [await folderOf(t), await folderOf(t)];
    await run(["keys", "import", "alice", "--data-dir", dataDir], { input: words });
    const file = path.join(dataDir, "alice-keystore.json");
    const argv = ["keys", "export", "alice", "--data-dir", dataDir, "--out", file];
    refused(await run(argv), 2, /there is no new passphrase/);
    const environment = { AUREX_NEW_PASSPHRASE: "sesame ñ" };
    assert.equal((await run(argv, { environment })).code, 0);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    refused(await run(argv, { environment }), 2, /is there already/);
    refused(await run([...argv, "--cipher", "des"]), 2, /must be aes-128-ctr or aes-128-gcm/);
    const own = ["keys", "export", "alice", "--data-dir", dataDir, "--cipher", "aes-128-gcm"];
    const { stdout } = await run(own, { environment });
    assert.equal(JSON.parse(stdout).crypto.cipher.function, "aes-128-gcm");
    const { crypto, pubkey, version } = JSON.parse(readFileSync(file, "utf8"));
    assert.equal(version, 4);
    assert.equal(pubkey, toHex(keyPairFromSeed(Buffer.from(seedOfWords, "hex")).publicKey));
    assert.equal(openByHand(crypto, "sesame ñ"), seedOfWords);
    const taken = await run(["keys", "import", "alice", "--data-dir", elsewhere, "--file", file], {
      environment: { AUREX_PASSPHRASE: "sesame ñ" },
    });
    assert.equal(taken.code, 0, taken.stderr);
    assert.equal((await showKey(elsewhere, "alice")).address, (await showKey(dataDir, "alice")).address);
    // What is stored is a keystore, too.
    const stored = JSON.parse(readFileSync(path.join(elsewhere, "keys/alice.json"), "utf8"));
    assert.equal(stored.crypto.cipher.function, "aes-128-gcm");
  });

  it("keeps the passphrase of an encrypted key, asked for once, and goes to stdout without --out", async (t) => {
    const dataDir = await folderOf(t);
    await run(["keys", "import", "bob", "--data-dir", dataDir], {
      input: words,
      environment: { AUREX_PASSPHRASE: "sesame" },
    });
    const exported = await run(["keys", "export", "bob", "--data-dir", dataDir], { answers: ["sesame"] });
    assert.equal(exported.code, 0, exported.stderr);
    assert.equal(openByHand(JSON.parse(exported.stdout).crypto, "sesame"), seedOfWords);
    refused(
      await run(["keys", "export", "bob", "--data-dir", dataDir], { answers: ["wrong"] }),
      7,
      /does not open/,
    );
  });
});

function openByHand(crypto: (typeof vectors.keystores)[0]["crypto"], passphrase: string): string {
  const { n, r, p, salt } = crypto.kdf.params;
  const secret = Buffer.from(passphrase.normalize("NFKD"));
  const derived = scryptSync(secret, Buffer.from(salt, "hex"), 32, { N: n, r, p, maxmem: 2 ** 29 });
  const message = Buffer.from(crypto.cipher.message, "hex");
  const sum = createHash("sha256").update(derived.subarray(16)).update(message).digest("hex");
  assert.equal(sum, crypto.checksum.message);
  const iv = Buffer.from(crypto.cipher.params.iv, "hex");
  return createDecipheriv("aes-128-ctr", derived.subarray(0, 16), iv).update(message).toString("hex");
}

describe("a key of an earlier version", () => {
  it("opens, says how its file is renewed, and that renews it", async (t) => {
    const dataDir = await folderOf(t);
    const seed = Buffer.from(seedOfWords, "hex");
    await run(["keys", "new", "other", "--data-dir", dataDir]);
    const file = path.join(dataDir, "keys/old.json");
    // These versions took a passphrase with a blank at its end; it still opens, and is not taken again.
    writeFileSync(file, oldKeyFile("old", seed, "sesame "), { mode: 0o600 });
    assert.equal(seedIn(await loadKey(dataDir, "old", "sesame ")), seedOfWords);
    const listed = await run(["keys", "list", "--data-dir", dataDir]);
    const [, renew = ""] =
      /To renew its file: (aurex-node keys passphrase old .*)\n/.exec(listed.stderr) ?? [];
    assert.match(renew, /--data-dir/);
    const argv = ["keys", "passphrase", "old", "--data-dir", dataDir];
    const environment = { AUREX_PASSPHRASE: "sesame " };
    const blank = { ...environment, AUREX_NEW_PASSPHRASE: "sesame " };
    refused(await run(argv, { environment: blank }), 7, /begins or ends with white space/);
    const renewed = await run(argv, { environment: { ...environment, AUREX_NEW_PASSPHRASE: "sesame" } });
    assert.equal(renewed.code, 0, renewed.stderr);
    assert.equal(JSON.parse(readFileSync(file, "utf8")).version, 4);
    assert.equal((await run(["keys", "list", "--data-dir", dataDir])).stderr, "");
    assert.equal(seedIn(await loadKey(dataDir, "old", "sesame")), seedOfWords);
  });
});

describe("the lines that help prints", () => {
  it("run in a shell as they are", async (t) => {
    const home = await folderOf(t);
    const place = `cd ${home} && export HOME=${home} AUREX_DATA_DIR=; `;
    writeFileSync(path.join(home, "words.txt"), words);
    writeFileSync(path.join(home, "secret.txt"), "sesame\n");
    const line = (text: string, env: Record<string, string> = {}) => {
      const ran = shell(`${place} ${text.replaceAll("aurex-node", aurex)} --data-dir ./alpha`, env);
      assert.equal(ran.code, 0, `${text}: ${ran.stderr}`);
      return ran.stdout;
    };
    line("aurex-node keys import alice --file words.txt --account 1");
    line("aurex-node keys export alice --out alice-keystore.json", { AUREX_NEW_PASSPHRASE: "sesame" });
    renameSync(path.join(home, "alice-keystore.json"), path.join(home, "keystore.json"));
    const again = shell(
      `${place} ${aurex} keys import alice --file keystore.json --passphrase-file secret.txt --data-dir ./beta`,
    );
    assert.equal(again.code, 0, again.stderr);
    line("aurex-node keys node");
    shell(
      `${place} ${aurex} keys export node --new-passphrase-file secret.txt --data-dir ./alpha > node-keystore.json`,
    );
    const { crypto } = JSON.parse(readFileSync(path.join(home, "node-keystore.json"), "utf8"));
    assert.equal(openByHand(crypto, "sesame").length, 64);
  });
});
