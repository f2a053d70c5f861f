/** The configuration as users meet it: on the command line, in a file on disk, in what `config show` prints. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { Command, Option } from "commander";
import { loadNodeConfig } from "../../src/config/load.ts";
import { type ConfigFault, plainConfig, type ResolvedConfig } from "../../src/config/node-config.ts";
import { resolveNodeConfig } from "../../src/config/resolve.ts";
import { nodeFlags, nodeSettings, settingNames } from "../../src/config/settings.ts";
import { formatConfig } from "../../src/config/show.ts";

const folder = mkdtempSync(path.join(tmpdir(), "aurex-config-"));
after(() => rmSync(folder, { recursive: true }));
const homeDirectory = "/home/ada";

function commandWithFlags(): Command {
  const command = new Command("start").exitOverride();
  for (const { flags, description, repeatable, hidden } of nodeFlags()) {
    const option = new Option(flags, description).hideHelp(hidden);
    if (repeatable) option.argParser((text: string, before: string[] = []) => [...before, text]);
    command.addOption(option);
  }
  return command;
}

function parse(...argv: string[]): ResolvedConfig {
  const flags = commandWithFlags().parse(argv, { from: "user" }).opts();
  const result = resolveNodeConfig({ flags, environment: {}, homeDirectory });
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

describe("flags, registered with commander", () => {
  it("nothing given is nothing set", () => {
    assert.ok(Object.values(parse()).every(({ source }) => source === "default"));
  });

  it("each kind of flag arrives", () => {
    const config = plainConfig(
      parse(
        ...["--consensus", "pow", "--mine", "--no-mdns", "--no-api", "--data-dir", "d", "--difficulty=3"],
        ...[
          "--bootstrap",
          "/ip4/127.0.0.1/tcp/1",
          "--bootstrap",
          "/ip4/127.0.0.1/tcp/2",
          "--mine-threads",
          "2",
        ],
      ),
    );
    assert.equal(config.mine, true);
    assert.equal(config.mdns, false);
    assert.equal(config.api, false);
    assert.equal(config.dataDir, "d");
    assert.equal(config.difficulty, 3);
    assert.equal(config.mineThreads, 2);
    assert.deepEqual(config.bootstrap, ["/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/2"]);
  });

  it("a switch can overrule a file in both directions", () => {
    const flags = commandWithFlags().parse(["--no-mine", "--mdns"], { from: "user" }).opts();
    const result = resolveNodeConfig({
      flags,
      environment: {},
      homeDirectory,
      fileText: "mine: true\nmdns: false",
    });
    assert.ok(result.ok);
    assert.deepEqual(result.value.mine, { value: false, source: "flag --no-mine" });
    assert.deepEqual(result.value.mdns, { value: true, source: "flag --mdns" });
  });

  it("--help names every setting with its default", () => {
    const help = commandWithFlags().helpInformation().replace(/\s+/g, " ");
    for (const name of settingNames) {
      const { defaultText, argument, help: description } = nodeSettings[name];
      assert.ok(help.includes(description), name);
      if (argument !== undefined && defaultText !== undefined)
        assert.ok(help.includes(`(default: ${defaultText})`));
    }
  });
});

describe("the config file on disk", () => {
  it("is found by flag and by variable, the flag first", () => {
    const byFlag = path.join(folder, "flag.yaml");
    const byVariable = path.join(folder, "variable.yaml");
    writeFileSync(byFlag, "port: 1\n");
    writeFileSync(byVariable, "port: 2\n");
    const environment = { AUREX_CONFIG: byVariable };
    const fromVariable = loadNodeConfig({ flags: {}, environment, homeDirectory });
    const fromFlag = loadNodeConfig({ flags: { config: byFlag }, environment, homeDirectory });
    assert.ok(fromVariable.ok && fromFlag.ok);
    assert.deepEqual(fromVariable.value.port, { value: 2, source: `file ${byVariable}:1` });
    assert.deepEqual(fromFlag.value.port, { value: 1, source: `file ${byFlag}:1` });
  });

  it("a file that is not there, is a directory, or is huge is a fault", () => {
    const huge = path.join(folder, "huge.yaml");
    writeFileSync(huge, Buffer.alloc(1024 * 1024 + 1, "#"));
    for (const config of [path.join(folder, "none.yaml"), folder, huge]) {
      const result = loadNodeConfig({ flags: { config }, environment: {}, homeDirectory });
      assert.ok(!result.ok);
      assert.deepEqual(
        result.fault.map(({ code }: ConfigFault) => code),
        ["config/file-unreadable"],
      );
    }
  });

  it("the commented example names every setting, with its real default", () => {
    const text = readFileSync(new URL("../../config/node.yaml", import.meta.url), "utf8");
    const hostName = "laptop-2";
    const asIs = resolveNodeConfig({ flags: {}, environment: {}, homeDirectory, hostName, fileText: text });
    assert.ok(asIs.ok && Object.values(asIs.value).every(({ source }) => source === "default"));

    // Taking the # away from every setting gives a whole configuration.
    const uncommented = text.replace(/^# ([a-zA-Z]+:(?: .*)?| {2}- .*)$/gm, "$1");
    const keys = [...uncommented.matchAll(/^([a-zA-Z]+):/gm)].map((match) => match[1]);
    assert.deepEqual(keys.sort(), settingNames.filter((name) => !nodeSettings[name].notInFile).sort());
    const withoutChoices = uncommented.replace(
      /^(?:chain|passphraseFile|trustRecovery|apiTlsCert|apiTlsKey|apiAllowedHost|apiCors|metricsAddress|export|bootstrap):.*$|^ {2}- .*$/gm,
      "",
    );
    const full = resolveNodeConfig({ flags: {}, environment: {}, homeDirectory, fileText: withoutChoices });
    assert.ok(full.ok, JSON.stringify(full));
    assert.deepEqual(plainConfig(full.value), plainConfig(asIs.value));
    const bootstrap = uncommented.slice(uncommented.indexOf("bootstrap:"), uncommented.indexOf("mdns:"));
    assert.ok(resolveNodeConfig({ flags: {}, environment: {}, homeDirectory, fileText: bootstrap }).ok);
  });
});

describe("config show", () => {
  const flags = {
    consensus: "poa",
    name: "no",
    bootstrap: ["/ip4/127.0.0.1/tcp/1"],
    export: "ledger.sqlite",
  };

  it("prints what can be read back as a config file", () => {
    const result = resolveNodeConfig({ flags, environment: {}, homeDirectory });
    assert.ok(result.ok);
    for (const withSources of [false, true]) {
      const fileText = formatConfig(result.value, withSources);
      const again = resolveNodeConfig({ flags: {}, environment: {}, homeDirectory, fileText });
      assert.ok(again.ok, JSON.stringify(again));
      assert.deepEqual(plainConfig(again.value), plainConfig(result.value));
    }
  });

  it("prints each value with where it came from", () => {
    const result = resolveNodeConfig({ flags, environment: { AUREX_API_PORT: "1" }, homeDirectory });
    assert.ok(result.ok);
    const lines = formatConfig(result.value, true).split("\n");
    assert.ok(lines.some((line) => /^consensus: poa +# flag --consensus$/.test(line)));
    assert.ok(lines.some((line) => /^apiPort: 1 +# environment AUREX_API_PORT$/.test(line)));
    assert.ok(lines.some((line) => /^logLevel: info +# default$/.test(line)));
    assert.ok(lines.some((line) => /^# chain: +# default$/.test(line)));
  });
});
