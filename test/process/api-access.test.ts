/** Who reaches the API of a real node: the token file, TLS, other addresses, and the commands that find their way by themselves. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { chmod, copyFile, readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { silentLogger } from "../../src/base/logger.ts";
import { pinnedFetch } from "../../src/http/pinned-fetch.ts";
import { knownApiToken, openApiToken } from "../../src/node/api-token.ts";
import { readTlsFiles } from "../../src/node/tls-files.ts";
import { TlsWatch } from "../../src/node/tls-watch.ts";
import { readDirectoryLock } from "../../src/store/directory-lock.ts";
import { openApiRig } from "../http/api-rig.ts";
import { until } from "../support/patience.ts";
import { aurex, folderOf, quiet, ShellNode, shell } from "./shell.ts";

const hasOpenssl = shell("command -v openssl").code === 0;

async function apiOf({ dataDir }: ShellNode) {
  const holder = await readDirectoryLock(dataDir);
  assert.ok(holder?.apiUrl);
  return { ...holder, apiUrl: holder.apiUrl };
}

/** Files of a certificate for a name that no test machine has. */
function certificateIn(folder: string, name: string): { cert: string; key: string } {
  const [cert, key] = [path.join(folder, `${name}-cert.pem`), path.join(folder, `${name}-key.pem`)];
  const made = shell(
    `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=${name}.example.com -keyout ${key} -out ${cert}`,
  );
  assert.equal(made.code, 0, made.stderr);
  return { cert, key };
}

const flagsOf = (dataDir: string) =>
  `--listen-address 127.0.0.1 --port 0 --api-port 0 --no-mdns --data-dir ${dataDir}`;

describe("the token file", () => {
  it("is made for the node's user alone, survives kill -9, and serves the commands by itself", async (t) => {
    const dataDir = path.join(await folderOf(t), "node");
    const file = path.join(dataDir, "api-token");
    const node = new ShellNode(t, dataDir, `${aurex} ${quiet} --data-dir ${dataDir}`);
    await node.status();
    const token = (await readFile(file, "utf8")).trim();
    assert.match(token, /^[0-9a-f]{64}$/);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    const { apiUrl } = await apiOf(node);
    const level = shell(`${aurex} admin log-level debug --data-dir ${dataDir}`);
    assert.equal(level.code, 0, level.stderr);
    // By the URL alone nobody knows whose node it is, and which token goes with it.
    const stranger = { HOME: "/nonexistent" };
    const refused = shell(`${aurex} admin log-level info --api ${apiUrl}`, stranger);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /needs the node's token\nNext: .*--api-token-file FILE/);
    const named = shell(`${aurex} admin log-level info --api ${apiUrl} --api-token-file ${file}`, stranger);
    assert.equal(named.code, 0, named.stderr);
    const byVariable = shell(`${aurex} admin log-level info --api ${apiUrl}`, {
      ...stranger,
      AUREX_API_TOKEN_FILE: file,
    });
    assert.equal(byVariable.code, 0, byVariable.stderr);
    const missing = shell(
      `${aurex} admin log-level info --api ${apiUrl} --api-token-file ${file}-not`,
      stranger,
    );
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /there is no token in .*api-token-not/);

    await node.stop("SIGKILL");
    const again = new ShellNode(t, dataDir, `${aurex} ${quiet} --data-dir ${dataDir}`);
    await again.status();
    assert.equal((await readFile(file, "utf8")).trim(), token);
    const stopped = shell(`${aurex} admin stop --data-dir ${dataDir}`);
    assert.equal(stopped.code, 0, stopped.stderr);
    assert.equal(await again.ended(), 0, again.stderr);
    for (const log of [node, again]) assert.ok(!`${log.stdout}${log.stderr}`.includes(token));
    assert.ok(!(await readFile(path.join(dataDir, "blockchain.log"), "utf8")).includes(token));
  });

  it("that others can read, or that holds no token, is refused with what to do", async (t) => {
    const folder = await folderOf(t);
    const dataDir = path.join(folder, "node");
    const file = path.join(folder, "token");
    const start = `${aurex} ${quiet} --data-dir ${dataDir} --api-token-file ${file}`;
    await writeFile(file, `${"a".repeat(40)}\n`, { mode: 0o600 });
    await chmod(file, 0o644);
    const open = shell(start);
    assert.equal(open.code, 7, open.stderr);
    assert.match(open.stderr, /token file .* cannot be used\nWhy: .*mode is 0644\nNext: .*chmod 600/);
    await writeFile(file, "short\n");
    await chmod(file, 0o600);
    const wrong = shell(start);
    assert.equal(wrong.code, 7, wrong.stderr);
    assert.match(wrong.stderr, /must hold one line of 32 to 200/);
    for (const content of ["", "with blanks in a line of more than 32 letters\n", "x".repeat(2_000)]) {
      await writeFile(file, content);
      await assert.rejects(openApiToken(file, { allowOpen: false }), { code: "node/token-invalid" });
      await assert.rejects(knownApiToken(file), { code: "node/token-invalid" });
    }
    // An orchestrator's own secret, whose mode nobody can set.
    await writeFile(file, "a-secret-of-an-orchestrator-with-some-letters");
    await chmod(file, 0o644);
    const node = new ShellNode(t, dataDir, `${start} --allow-open-keys`);
    await node.status();
    const level = shell(`${aurex} admin log-level debug --data-dir ${dataDir}`);
    assert.equal(level.code, 0, level.stderr);
    assert.equal(await node.stop(), 0);
  });
});

describe("another address than loopback", () => {
  it("takes TLS or an explicit word", async (t) => {
    const dataDir = path.join(await folderOf(t), "node");
    const bare = shell(`${aurex} ${flagsOf(dataDir)} --api-host 0.0.0.0`);
    assert.equal(bare.code, 2);
    assert.match(
      bare.stderr,
      /apiHost .* needs apiTlsCert\nWhy: .*clear text.*\nNext: .*--api-tls-cert.*--api-insecure/,
    );
    const node = new ShellNode(t, dataDir, `${aurex} ${flagsOf(dataDir)} --api-host 0.0.0.0 --api-insecure`);
    await node.status();
    const { apiUrl } = await apiOf(node);
    assert.match(apiUrl, /^http:\/\/127\.0\.0\.1:\d+$/);
    await until("it warns", () => /the API is served to other machines in clear text/.test(node.stdout));
    const status = shell(`${aurex} status --data-dir ${dataDir}`);
    assert.equal(status.code, 0, status.stderr);
    assert.equal(await node.stop(), 0);
  });

  it("that this machine does not have is refused with the flag", async (t) => {
    const dataDir = path.join(await folderOf(t), "node");
    const foreign = shell(`${aurex} ${flagsOf(dataDir)} --api-host 192.0.2.1 --api-insecure`);
    assert.equal(foreign.code, 2, foreign.stderr);
    assert.match(foreign.stderr, /cannot listen on 192\.0\.2\.1:0[\s\S]*--api-host/);
  });
});

describe("an API over TLS", { skip: hasOpenssl ? false : "this machine has no openssl" }, () => {
  async function tlsNode(t: TestContext, folder: string) {
    const dataDir = path.join(folder, "node");
    const { cert, key } = certificateIn(folder, "node");
    const flags = `--api-host 0.0.0.0 --api-tls-cert ${cert} --api-tls-key ${key}`;
    const node = new ShellNode(t, dataDir, `${aurex} ${flagsOf(dataDir)} ${flags}`);
    await node.ready();
    return { node, dataDir, cert };
  }

  it("answers the commands of its directory whatever its certificate names, and others that trust its issuer", async (t) => {
    const folder = await folderOf(t);
    const { node, dataDir, cert } = await tlsNode(t, folder);
    const { apiUrl, apiCertificate } = await apiOf(node);
    assert.match(apiUrl, /^https:\/\/127\.0\.0\.1:\d+$/);
    for (const command of ["status", "admin log-level debug"]) {
      const ran = shell(`${aurex} ${command} --data-dir ${dataDir} --json`);
      assert.equal(ran.code, 0, `${command}: ${ran.stderr}${ran.stdout}`);
    }
    // Of a node alone doctor complains, having found it.
    assert.match(shell(`${aurex} doctor --data-dir ${dataDir}`).stdout, /runs, height 0/);
    const stranger = shell(`${aurex} status --api ${apiUrl}`, { HOME: "/nonexistent" });
    assert.equal(stranger.code, 2);
    assert.match(stranger.stderr, /certificate[\s\S]*NODE_EXTRA_CA_CERTS/);
    const { port } = new URL(apiUrl);
    const trusting = shell(
      `curl -sS --cacert ${cert} --resolve node.example.com:${port}:127.0.0.1 https://node.example.com:${port}/livez`,
    );
    // The name is none of this node's until its operator says so.
    assert.match(trusting.stdout, /api\/host-refused/, trusting.stderr);
    await assert.rejects(fetch(`http://127.0.0.1:${port}/livez`), "no plain HTTP");
    assert.ok(apiCertificate);
    const pinned = await pinnedFetch(apiCertificate)(`${apiUrl}/livez`, {});
    assert.equal(pinned.status, 200);
    const other = apiCertificate.replace(/^../, (pair) => (pair === "00" ? "01" : "00"));
    await assert.rejects(pinnedFetch(other)(`${apiUrl}/livez`, {}), /another certificate/);
    assert.equal(await node.stop(), 0, node.stderr);
  });

  it("takes a renewed certificate into use, and keeps the old one while the files do not go together", async (t) => {
    const folder = await folderOf(t);
    const [first, second] = [certificateIn(folder, "first"), certificateIn(folder, "second")];
    const files = { certFile: path.join(folder, "cert.pem"), keyFile: path.join(folder, "key.pem") };
    const put = async (cert: string, key: string) => {
      await copyFile(cert, files.certFile);
      await copyFile(key, files.keyFile);
    };
    await put(first.cert, first.key);
    const identity = await readTlsFiles(files);
    const rig = await openApiRig({ door: { tls: identity } });
    t.after(() => rig.close());
    const said: string[] = [];
    const watch = new TlsWatch(files, identity, {
      everyMs: 20,
      logger: { ...silentLogger, warn: (_fields, message) => said.push(message) },
      onRenewed: async (renewed) => rig.api.renewTls(renewed),
    });
    t.after(() => watch.stop());
    const fingerprintOf = async (file: string) => new X509Certificate(await readFile(file)).fingerprint256;
    const shows = (fingerprint: string) =>
      pinnedFetch(fingerprint)(`${rig.url}/livez`, {}).then(
        ({ ok }) => ok,
        () => false,
      );
    assert.ok(await shows(await fingerprintOf(first.cert)));
    await put(second.cert, first.key);
    await until("the fault is said", () => said.length > 0);
    assert.ok(await shows(await fingerprintOf(first.cert)));
    await put(second.cert, second.key);
    await until("the new certificate is shown", async () => shows(await fingerprintOf(second.cert)));
    assert.equal(said.length, 1);
  });

  it("is not begun with files that are no certificate and its key", async (t) => {
    const folder = await folderOf(t);
    const [one, other] = [certificateIn(folder, "one"), certificateIn(folder, "other")];
    const dataDir = path.join(folder, "node");
    const cases: readonly (readonly [cert: string, key: string, said: RegExp])[] = [
      [one.cert, other.key, /cannot speak TLS with these files[\s\S]*openssl/],
      [one.key, one.key, /cannot speak TLS with these files/],
      ["/dev/null", one.key, /cannot speak TLS with these files/],
      [path.join(folder, "none.pem"), one.key, /none\.pem cannot be used[\s\S]*--api-tls-cert/],
    ];
    for (const [cert, key, said] of cases) {
      const ended = shell(`${aurex} ${flagsOf(dataDir)} --api-tls-cert ${cert} --api-tls-key ${key}`);
      assert.equal(ended.code, 2, ended.stderr);
      assert.match(ended.stderr, said);
    }
  });
});
