/** Text as people and machines give it: YAML that looks like numbers, byte order marks, variables of an orchestrator, no home. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { foreignVariablesNote } from "../../src/config/foreign-variables.ts";
import { loadNodeConfig } from "../../src/config/load.ts";
import { type NodeConfig, plainConfig } from "../../src/config/node-config.ts";
import { type ConfigInput, resolveNodeConfig } from "../../src/config/resolve.ts";

const folder = mkdtempSync(path.join(tmpdir(), "aurex-text-"));
after(() => rmSync(folder, { recursive: true }));

function resolved(input: Partial<ConfigInput>): NodeConfig {
  const result = resolveNodeConfig({ flags: {}, environment: {}, homeDirectory: "/home/ada", ...input });
  assert.ok(result.ok, JSON.stringify(result));
  return plainConfig(result.value);
}

function refused(input: Partial<ConfigInput>): string {
  const result = resolveNodeConfig({ flags: {}, environment: {}, homeDirectory: "/home/ada", ...input });
  assert.ok(!result.ok);
  return result.fault.map(({ message, why }) => `${message}: ${why}`).join("\n");
}

describe("a config file holds text", () => {
  for (const name of ["007", "1e3", "0x10", "0o17", "on", "yes", "2026-11-25", "1.50", "true", "1_000"]) {
    it(`a name ${name} stays ${name}, as do a network and a path`, () => {
      for (const quoted of [name, `"${name}"`, `'${name}'`]) {
        assert.equal(resolved({ fileText: `name: ${quoted}\nexport: ${quoted}\n` }).name, name);
        assert.equal(resolved({ fileText: `export: ${quoted}`, filePath: "/x/n.yaml" }).export, `/x/${name}`);
      }
    });
  }

  it("numbers and switches are read from it as before", () => {
    const fileText =
      "port: 4000\nmine: yes\nmdns: off\nmineThreads: auto\nbootstrap:\n  - /ip4/127.0.0.1/tcp/1\n";
    const { port, mine, mdns, mineThreads, bootstrap } = resolved({ fileText });
    assert.deepEqual(
      [port, mine, mdns, mineThreads, bootstrap],
      [4000, true, false, "auto", ["/ip4/127.0.0.1/tcp/1"]],
    );
    for (const wrong of ["0x10", "1e3", "1_000", "4000.5", ".inf"]) {
      assert.match(refused({ fileText: `port: ${wrong}` }), /port must be a whole number/);
    }
  });

  it("no value is an error that says how to mean the text, and quotes do", () => {
    for (const none of ["", "~", "null", "NULL", "# later"]) {
      assert.match(refused({ fileText: `port: 1\nname: ${none}\n` }), /:2 .*"name" has no value.*quotes/);
    }
    assert.equal(resolved({ fileText: 'name: "null"' }).name, "null");
    assert.equal(resolved({ fileText: 'dataDir: "~"' }).dataDir, "/home/ada");
  });

  it("a version that YAML is told to have changes nothing", () => {
    assert.equal(resolved({ fileText: "%YAML 1.1\n---\nname: 0777\n" }).name, "0777");
  });

  it("a key given twice is refused, tabs and line ends of Windows are not", () => {
    assert.match(refused({ fileText: "port: 1\nport: 2\n" }), /unique/);
    assert.equal(resolved({ fileText: "port:\t7\r\nname: a\r\n" }).name, "a");
  });
});

describe("a config file on disk", () => {
  const load = (content: string | Uint8Array) => {
    const file = path.join(folder, "n.yaml");
    writeFileSync(file, content);
    return loadNodeConfig({ flags: { config: file }, environment: {}, homeDirectory: "/home/ada" });
  };

  it("may begin with a byte order mark", () => {
    const loaded = load("\uFEFFname: ada\r\n");
    assert.ok(loaded.ok);
    assert.equal(loaded.value.name.value, "ada");
  });

  it("in UTF-16, or no text at all, is refused with what to do", () => {
    for (const bytes of [Buffer.from("\uFEFFname: ada", "utf16le"), Buffer.of(0x6e, 0xff), Buffer.of(0)]) {
      const loaded = load(bytes);
      assert.ok(!loaded.ok);
      assert.match(loaded.fault[0]?.why ?? "", /UTF-8/);
    }
  });

  it("that is empty sets nothing", () => {
    for (const text of ["", "\n", "---\n", "# only a comment\n", "\uFEFF"]) assert.ok(load(text).ok);
  });
});

describe("variables of an orchestrator", () => {
  const links = {
    AUREX_PORT: "tcp://10.0.0.1:13245",
    AUREX_PORT_13245_TCP: "tcp://10.0.0.1:13245",
    AUREX_PORT_13245_TCP_PROTO: "tcp",
    AUREX_PORT_13245_TCP_PORT: "13245",
    AUREX_PORT_13245_TCP_ADDR: "10.0.0.1",
    AUREX_SERVICE_HOST: "10.0.0.1",
    AUREX_SERVICE_PORT: "13245",
    AUREX_SERVICE_PORT_API: "13280",
    AUREX_API_PORT: "tcp://10.0.0.2:13280",
    AUREX_API_SERVICE_HOST: "10.0.0.2",
    AUREX_POOL_PORT: "udp://[fd00::1]:13247",
    AUREX_POOL_PORT_13247_UDP_ADDR: "fd00::1",
    AUREX_NAME: "/web/aurex",
  };

  it("are ignored and named, with how to switch them off", () => {
    const { port, apiPort, poolPort, name } = resolved({ environment: links });
    assert.deepEqual([port, apiPort, poolPort, name], [13245, 13280, 13247, "pow"]);
    const note = foreignVariablesNote(links) ?? "";
    for (const variable of Object.keys(links)) assert.ok(note.includes(variable), variable);
    assert.match(note, /enableServiceLinks: false/);
    assert.equal(foreignVariablesNote({ AUREX_PORT: "4000", AUREX_NAME: "ada" }), undefined);
  });

  it("do not hide a value that is wrong, or a name that is misspelled", () => {
    assert.match(refused({ environment: { ...links, AUREX_PORT: "tcp" } }), /port must be a whole number/);
    assert.match(refused({ environment: { AUREX_PROT: "1" } }), /AUREX_PORT/);
    assert.match(refused({ environment: { AUREX_SERVICE_HOSTS: "x" } }), /not a setting/);
  });
});

describe("a user without a home", () => {
  it("needs a data directory, and nothing else", () => {
    assert.match(refused({ homeDirectory: undefined }), /no HOME/);
    assert.equal(
      resolved({ homeDirectory: undefined, flags: { dataDir: "/d" } }).logFile,
      "/d/blockchain.log",
    );
    assert.match(refused({ homeDirectory: undefined, flags: { dataDir: "~/d" } }), /dataDir must be a path/);
  });
});
