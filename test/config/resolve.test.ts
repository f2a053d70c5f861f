/** Where each value of a node's configuration comes from, and what is said about wrong ones. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { type ConfigFault, plainConfig, type ResolvedConfig } from "../../src/config/node-config.ts";
import { type ConfigInput, resolveNodeConfig } from "../../src/config/resolve.ts";
import { flagOf, nodeSettings, settingNames, variableOf } from "../../src/config/settings.ts";

const nothing = { flags: {}, environment: {}, homeDirectory: "/home/ada" };

function resolved(input: Partial<ConfigInput>): ResolvedConfig {
  const result = resolveNodeConfig({ ...nothing, ...input });
  assert.ok(result.ok, JSON.stringify(result));
  return result.value;
}

function faults(input: Partial<ConfigInput>): ConfigFault[] {
  const result = resolveNodeConfig({ ...nothing, ...input });
  assert.ok(!result.ok, "a fault was expected");
  for (const { message, why, next } of result.fault) assert.ok(message && why && next);
  return result.fault;
}

function onlyFault(input: Partial<ConfigInput>): ConfigFault {
  const [fault, ...more] = faults(input);
  assert.deepEqual(more, []);
  return fault as ConfigFault;
}

describe("defaults", () => {
  it("are those of the documentation", () => {
    assert.deepEqual(plainConfig(resolved({})), {
      consensus: "pow",
      network: "aurex",
      name: "pow",
      dataDir: "/home/ada/.aurex/aurex/pow",
      passphraseFile: undefined,
      allowOpenKeys: false,
      chain: undefined,
      difficulty: 2,
      authority: false,
      expect: 1,
      admission: "open-lan",
      signAlone: false,
      trustRecovery: undefined,
      servePool: false,
      mine: false,
      mineEmpty: false,
      mineThreads: "auto",
      listenAddress: ["0.0.0.0"],
      announceAddress: [],
      port: 13245,
      poolPort: 13247,
      poolFee: 0,
      poolPayoutMinimum: "1",
      poolPayoutEvery: 20,
      bootstrap: [],
      mdns: true,
      introductions: true,
      api: true,
      apiPort: 13280,
      apiHost: "127.0.0.1",
      apiTlsCert: undefined,
      apiTlsKey: undefined,
      apiInsecure: false,
      apiAllowedHost: [],
      apiCors: [],
      apiTokenFile: "/home/ada/.aurex/aurex/pow/api-token",
      apiRateLimit: 200,
      apiConnections: 256,
      metricsAddress: undefined,
      accountIndex: true,
      export: undefined,
      finalizedOnly: false,
      logLevel: "info",
      logFormat: "human",
      logFile: "/home/ada/.aurex/aurex/pow/blockchain.log",
      logRotate: true,
      config: undefined,
    });
  });

  it("follow from other settings", () => {
    const config = plainConfig(resolved({ flags: { consensus: "poa", network: "lab", name: "Ada" } }));
    assert.equal(config.port, 13246);
    assert.equal(config.dataDir, "/home/ada/.aurex/lab/Ada");
    assert.equal(plainConfig(resolved({ flags: { dataDir: "/d" } })).logFile, "/d/blockchain.log");
    const { mine, mineThreads } = plainConfig(resolved({ flags: { servePool: true } }));
    assert.deepEqual([mine, mineThreads], [true, 0], "a pool's members mine, not the node");
  });
});

describe("the name of a node", () => {
  const nameAndPlace = (input: Partial<ConfigInput>) => {
    const { name, dataDir } = plainConfig(resolved(input));
    return [name, dataDir];
  };

  it("is its host's, made to fit; the directory stays where it was", () => {
    for (const [hostName, name] of [
      ["laptop-2", "laptop-2"],
      ["laptop-2.lan.example.com", "laptop-2"],
      ["Ada's MacBook", "Ada-s-MacBook"],
      ["_build.1", "build"],
      ["x".repeat(80), "x".repeat(64)],
    ] as const) {
      assert.deepEqual(nameAndPlace({ hostName }), [name, "/home/ada/.aurex/aurex/pow"], hostName);
    }
  });

  it("is the engine's where the host has none, or one that tells no machine from another", () => {
    for (const hostName of [undefined, "", "localhost", "localhost.localdomain", "-", "...", "日本"]) {
      const flags = { consensus: "poa" };
      assert.deepEqual(nameAndPlace({ hostName, flags }), ["poa", "/home/ada/.aurex/aurex/poa"], hostName);
    }
  });

  it("names the directory where an operator gives it; two engines on one host share none", () => {
    const hostName = "laptop-2";
    assert.deepEqual(nameAndPlace({ hostName, flags: { name: "alpha" } }), [
      "alpha",
      "/home/ada/.aurex/aurex/alpha",
    ]);
    const [, ofPow] = nameAndPlace({ hostName });
    const [, ofPoa] = nameAndPlace({ hostName, flags: { consensus: "poa" } });
    assert.notEqual(ofPow, ofPoa);
  });
});

describe("precedence", () => {
  const layers = {
    fileText: "port: 1\napiPort: 2\nname: from-file\n",
    filePath: "/etc/aurex/node.yaml",
    environment: { AUREX_PORT: "11", AUREX_API_PORT: "12", PATH: "/bin" },
    flags: { port: "21", mdns: false, api: undefined },
  };

  it("is flag over variable over file over default, and each value knows its source", () => {
    const config = resolved(layers);
    assert.deepEqual(config.port, { value: 21, source: "flag --port" });
    assert.deepEqual(config.apiPort, { value: 12, source: "environment AUREX_API_PORT" });
    assert.deepEqual(config.name, { value: "from-file", source: "file /etc/aurex/node.yaml:3" });
    assert.deepEqual(config.mdns, { value: false, source: "flag --no-mdns" });
    assert.deepEqual(config.api, { value: true, source: "default" });
  });

  it("holds for every setting and every set of places that give it", () => {
    const samples: Record<string, [unknown, unknown, unknown]> = {
      port: [1, 2, 3],
      apiPort: [1, 2, 3],
      name: ["a", "b", "c"],
      network: ["a", "b", "c"],
      mineThreads: [1, "auto", 3],
      poolFee: [1, 2, 3],
      dataDir: ["/a", "/b", "/c"],
      logLevel: ["debug", "warn", "error"],
    };
    const place = fc.record({ file: fc.boolean(), variable: fc.boolean(), flag: fc.boolean() });
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(samples)), place, (key, given) => {
        const name = settingNames.find((candidate) => candidate === key)!;
        const [inFile, inVariable, inFlag] = samples[key]!;
        const config = resolved({
          ...(given.file ? { fileText: `${name}: ${JSON.stringify(inFile)}`, filePath: "/c/n.yaml" } : {}),
          environment: given.variable ? { [variableOf(name)]: String(inVariable) } : {},
          flags: given.flag ? { [name]: String(inFlag) } : {},
        });
        if (given.flag) assert.deepEqual(config[name], { value: inFlag, source: `flag ${flagOf(name)}` });
        else if (given.variable)
          assert.deepEqual(config[name], { value: inVariable, source: `environment ${variableOf(name)}` });
        else if (given.file) assert.deepEqual(config[name], { value: inFile, source: "file /c/n.yaml:1" });
        else assert.equal(config[name].source, "default");
      }),
    );
  });

  it("takes an empty variable as not set", () => {
    assert.equal(resolved({ environment: { AUREX_PORT: "" } }).port.source, "default");
  });
});

describe("values", () => {
  it("reads several listen addresses from a flag, a variable or a file, and one as before", () => {
    const expected = ["192.0.2.1", "::1"];
    const fromFlag = resolved({ flags: { listenAddress: ["192.0.2.1", "::1"] } });
    const fromVariable = resolved({ environment: { AUREX_LISTEN_ADDRESS: "192.0.2.1, ::1" } });
    const fromFile = resolved({ fileText: 'listenAddress: [192.0.2.1, "::1"]', filePath: "/n.yaml" });
    for (const { listenAddress } of [fromFlag, fromVariable, fromFile]) {
      assert.deepEqual(listenAddress.value, expected);
    }
    assert.deepEqual(resolved({ fileText: "listenAddress: 192.0.2.1" }).listenAddress.value, ["192.0.2.1"]);
  });

  it("reads what to announce: multiaddrs, IP addresses and names, and none of them without a port", () => {
    const announced = ["/dns4/node.example.org/tcp/4001", "203.0.113.7", "node.example.org", "2001:db8::1"];
    assert.deepEqual(resolved({ flags: { announceAddress: announced } }).announceAddress.value, announced);
    const result = resolveNodeConfig({
      flags: { announceAddress: ["203.0.113.7"], port: "0" },
      environment: {},
      homeDirectory: "/home/ada",
    });
    assert.ok(!result.ok);
    assert.equal(result.fault[0]?.code, "config/conflict");
  });

  it("reads switches from text and from YAML", () => {
    for (const [text, value] of [
      ["true", true],
      ["on", true],
      ["1", true],
      ["No", false],
      ["0", false],
    ] as const) {
      assert.equal(resolved({ environment: { AUREX_MDNS: text } }).mdns.value, value);
    }
    assert.equal(resolved({ fileText: "mdns: false" }).mdns.value, false);
  });

  it("reads paths: home, relative to the file, relative to the working directory", () => {
    const fileText = "dataDir: data\nexport: ~/ledger.sqlite\nlogFile: /var/log/aurex.log\n";
    const config = plainConfig(
      resolved({ fileText, filePath: "conf/node.yaml", flags: { chain: "spec.json" } }),
    );
    assert.equal(config.dataDir, "conf/data");
    assert.equal(config.export, "/home/ada/ledger.sqlite");
    assert.equal(config.logFile, "/var/log/aurex.log");
    assert.equal(config.chain, "spec.json");
  });

  it("reads peers from repeated flags, a variable with commas, a YAML list", () => {
    const peers = ["/ip4/127.0.0.1/tcp/1", "/dns4/node.example.com/tcp/2"];
    assert.deepEqual(resolved({ flags: { bootstrap: peers } }).bootstrap.value, peers);
    assert.deepEqual(resolved({ environment: { AUREX_BOOTSTRAP: peers.join(", ") } }).bootstrap.value, peers);
    const fileText = `bootstrap:\n${peers.map((peer) => `  - ${peer}\n`).join("")}`;
    assert.deepEqual(resolved({ fileText }).bootstrap.value, peers);
  });

  const wrong: [string, unknown][] = [
    ["consensus", "pos"],
    ["network", "Two Words"],
    ["name", "../../etc"],
    ["dataDir", ""],
    ["chain", 7],
    ["difficulty", "0"],
    ["difficulty", "5"],
    ["difficulty", "2.5"],
    ["authority", "maybe"],
    ["expect", "0"],
    ["expect", "many"],
    ["admission", "anyone"],
    ["trustRecovery", "abc"],
    ["mine", 1],
    ["mineThreads", "none"],
    ["mineThreads", "-1"],
    ["listenAddress", "localhost"],
    ["listenAddress", ""],
    ["listenAddress", []],
    ["announceAddress", "/ip4/203.0.113.7/udp/1"],
    ["announceAddress", "no_name!"],
    ["announceAddress", ["a.b", "-"]],
    ["port", "65536"],
    ["port", "-1"],
    ["port", "0x10"],
    ["port", Number.NaN],
    ["bootstrap", "node.example.com:13245"],
    ["bootstrap", ["/ip4/127.0.0.1/udp/1"]],
    ["bootstrap", Array(65).fill("/ip4/127.0.0.1/tcp/1")],
    ["apiPort", ""],
    ["apiHost", "node.example.com"],
    ["apiHost", "0.0.0.0:13280"],
    ["apiHost", ""],
    ["apiAllowedHost", "*"],
    ["apiAllowedHost", "https://node.example.com"],
    ["apiAllowedHost", "node.example.com:443"],
    ["apiCors", "*"],
    ["apiCors", "null"],
    ["apiCors", "wallet.example.com"],
    ["apiCors", "https://wallet.example.com/app"],
    ["apiCors", "https://ada@wallet.example.com"],
    ["apiCors", "file:///home/ada"],
    ["apiRateLimit", "-1"],
    ["apiConnections", "31"],
    ["apiTokenFile", ""],
    ["metricsAddress", "0.0.0.0:99999"],
    ["metricsAddress", "[127.0.0.1]:9100"],
    ["metricsAddress", "300.1.1.1"],
    ["metricsAddress", ":9100"],
    ["metricsAddress", "http://localhost:9100"],
    ["export", null],
    ["logLevel", "loud"],
    ["logFormat", "xml"],
    ["logFile", "a\0b"],
  ];
  for (const [name, raw] of wrong) {
    it(`refuses ${name} ${JSON.stringify(raw)?.slice(0, 40)} and says what it must be`, () => {
      const fault = onlyFault({ flags: { [name]: raw } });
      assert.equal(fault.code, "config/value-invalid");
      assert.ok(fault.message.includes(`flag ${flagOf(name as "port")}`), fault.message);
      assert.ok(fault.why.startsWith(`${name} must be `), fault.why);
    });
  }

  it("names the line of a wrong value in a file, and never shows more than a bit of it", () => {
    const fault = onlyFault({ fileText: `# a comment\n\nport: "${"9".repeat(5000)}"`, filePath: "n.yaml" });
    assert.ok(fault.message.includes("file n.yaml:3"), fault.message);
    assert.ok(fault.message.length < 200);
  });
});

describe("unknown names", () => {
  it("in a file: the nearest key and the line", () => {
    const fault = onlyFault({ fileText: "port: 1\ndata-dir: /d\n", filePath: "n.yaml" });
    assert.ok(fault.code === "config/key-unknown" && fault.nearest === "dataDir");
    assert.ok(fault.message.includes("n.yaml:2"));
  });

  it("in the environment: the nearest variable; other programs' variables are none of ours", () => {
    const fault = onlyFault({ environment: { AUREX_PROT: "1", AURORA: "x", MY_AUREX_PORT: "2" } });
    assert.ok(fault.code === "config/variable-unknown" && fault.nearest === "AUREX_PORT");
  });

  it("among flags: the nearest flag", () => {
    const fault = onlyFault({ flags: { dataDirectory: "/d" } });
    assert.ok(fault.code === "config/flag-unknown" && fault.nearest === "--data-dir");
  });

  it("a file cannot name a config file", () => {
    assert.equal(onlyFault({ fileText: "config: other.yaml" }).code, "config/key-unknown");
  });

  it("names of objects' own properties are unknown like others", () => {
    assert.equal(onlyFault({ fileText: "__proto__: 1" }).code, "config/key-unknown");
    assert.equal(onlyFault({ fileText: "constructor: 1" }).code, "config/key-unknown");
  });

  it("all mistakes are told at once", () => {
    const codes = faults({
      fileText: "prot: 1\n",
      environment: { AUREX_NAEM: "x" },
      flags: { difficulty: "9", apiPort: "x" },
    }).map(({ code }) => code);
    assert.deepEqual(codes, [
      "config/key-unknown",
      "config/variable-unknown",
      "config/value-invalid",
      "config/value-invalid",
    ]);
  });
});

describe("files that are no settings", () => {
  const texts: [string, string, number][] = [
    ["a list", "- port\n- 1\n", 1],
    ["a word", "port", 1],
    ["a key given twice", "port: 1\nname: x\nport: 2\n", 3],
    ["an open bracket", "port: 1\nbootstrap: [\n", 3],
    ["a key that is no word", "port: 1\n? [a, b]\n: 1\n", 1],
  ];
  for (const [what, fileText, line] of texts) {
    it(`${what}: refused with the line`, () => {
      const fault = faults({ fileText, filePath: "n.yaml" })[0]!;
      assert.ok(fault.code === "config/file-invalid", fault.code);
      assert.equal(fault.line, line);
    });
  }

  it("an empty file and one of comments say nothing", () => {
    for (const fileText of ["", "# port: 1\n", "---\n"]) {
      assert.ok(Object.values(resolved({ fileText })).every(({ source }) => source === "default"));
    }
  });

  it("any text gives settings or faults, and never throws", () => {
    fc.assert(fc.property(fc.string(), (fileText) => void resolveNodeConfig({ ...nothing, fileText })));
  });
});

describe("settings that do not go together", () => {
  const conflicts: [object, string[]][] = [
    [{ consensus: "poa", mine: true }, ["mine", "consensus"]],
    [{ consensus: "poa", servePool: true }, ["servePool", "consensus"]],
    [{ servePool: true, mine: false }, ["servePool", "mine"]],
    [{ consensus: "pow", authority: true }, ["authority", "consensus"]],
    [{ consensus: "poa", difficulty: "2" }, ["difficulty", "consensus"]],
    [{ chain: "spec.json", difficulty: "2" }, ["difficulty", "chain"]],
    [{ consensus: "pow", expect: "3" }, ["expect", "consensus"]],
    [{ consensus: "pow", admission: "vote" }, ["admission", "consensus"]],
    [{ consensus: "pow", signAlone: true }, ["signAlone", "consensus"]],
    [{ consensus: "pow", trustRecovery: "ab".repeat(32) }, ["trustRecovery", "consensus"]],
    [{ apiHost: "0.0.0.0" }, ["apiHost", "apiTlsCert"]],
    [{ apiHost: "::" }, ["apiHost", "apiTlsCert"]],
    [{ apiHost: "192.0.2.1", apiInsecure: false }, ["apiHost", "apiTlsCert"]],
    [{ apiTlsCert: "cert.pem" }, ["apiTlsCert", "apiTlsKey"]],
    [{ apiTlsKey: "key.pem" }, ["apiTlsKey", "apiTlsCert"]],
    [{ apiTlsCert: "cert.pem", apiTlsKey: "key.pem", apiInsecure: true }, ["apiInsecure", "apiTlsCert"]],
    [{ consensus: "poa", chain: "spec.json", expect: "3" }, ["expect", "chain"]],
    [{ consensus: "poa", chain: "spec.json", admission: "token" }, ["admission", "chain"]],
  ];
  for (const [flags, settings] of conflicts) {
    it(`${settings.join(" and ")}: ${JSON.stringify(flags)}`, () => {
      const fault = onlyFault({ flags: { ...flags } });
      assert.ok(fault.code === "config/conflict");
      assert.deepEqual(fault.settings, settings);
    });
  }
});

describe("an API for other machines", () => {
  for (const flags of [
    { apiHost: "0.0.0.0", apiInsecure: true },
    { apiHost: "::", apiTlsCert: "cert.pem", apiTlsKey: "key.pem" },
    { apiHost: "127.0.0.2" },
    { apiHost: "::1" },
    { apiHost: "[::1]" },
  ]) {
    it(`is taken with TLS, or if the operator says so: ${JSON.stringify(flags)}`, () => {
      assert.equal(resolved({ flags: { ...flags } }).apiHost.value, flags.apiHost.replace(/[[\]]/g, ""));
    });
  }

  it("has names and origins in the form in which browsers send them", () => {
    const config = resolved({
      flags: {
        apiAllowedHost: ["Node.Example.com", "10.0.0.1,[::1]"],
        apiCors: ["https://Wallet.example.com:443/", "http://localhost:3000"],
      },
    });
    assert.deepEqual(config.apiAllowedHost.value, ["node.example.com", "10.0.0.1", "::1"]);
    assert.deepEqual(config.apiCors.value, ["https://wallet.example.com", "http://localhost:3000"]);
  });
});

it("every setting of the table accepts its own default", () => {
  const config = resolved({});
  for (const name of settingNames) {
    const { value } = config[name];
    if (value === undefined) continue;
    assert.deepEqual(nodeSettings[name].reader.read(value, { homeDirectory: "/h" }), value, name);
  }
});
