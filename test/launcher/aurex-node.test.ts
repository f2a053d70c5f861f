/** The launcher and the build's freshness, on made-up packages in a temporary folder and real processes. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";

const binFolder = path.join(import.meta.dirname, "../../bin");
const folder = mkdtempSync(path.join(tmpdir(), "aurex-launcher-"));
after(() => rmSync(folder, { recursive: true }));

/**
 * Code after which its process gets SIGINT every millisecond or two from the moment when it ends until it is gone. The first
 * has come before the process goes on to its end. Without a pause between them the process can stand still for minutes: its
 * threads take turns at the lock that each signal needs.
 */
const interruptedAtEnd = `process.on("exit", () => {
  const { spawn } = process.getBuiltinModule("node:child_process");
  const { existsSync } = process.getBuiltinModule("node:fs");
  const began = \`${folder}/began-\${process.pid}\`;
  const line = 'kill -INT $PPID; : > "$0"; for i in $(seq 2000); do kill -INT $PPID 2>/dev/null || break; sleep 0.001; done';
  spawn("sh", ["-c", line, began], { stdio: "ignore" });
  while (!existsSync(began));
});`;

/** A Node that is too old, as far as the launcher can tell; it runs everything else as this one does. */
const oldNode = path.join(folder, "old-node");
writeFileSync(
  path.join(folder, "old.mjs"),
  'Object.defineProperty(process, "version", { value: "v20.20.2" });\n' +
    'Object.defineProperty(process.versions, "node", { value: "20.20.2" });\n' +
    `Object.defineProperty(process, "execPath", { value: ${JSON.stringify(oldNode)} });\n` +
    `if (process.env.INTERRUPTED_AT_END) {\n${interruptedAtEnd}\n}\n`,
);
writeFileSync(oldNode, `#!/bin/sh\nexec "${process.execPath}" --import "${folder}/old.mjs" "$@"\n`);
chmodSync(oldNode, 0o755);

let packages = 0;

/** A package with the real launcher and these files; `src/cli/main.ts` says who it is unless given. */
function makePackage(files: Record<string, string>, withOwnNode = true): string {
  const root = path.join(folder, `package-${packages++}`);
  cpSync(binFolder, path.join(root, "bin"), { recursive: true });
  for (const [file, text] of Object.entries({ "package.json": '{"type":"module"}', ...files })) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  if (withOwnNode) {
    mkdirSync(path.join(root, "node_modules/.bin"), { recursive: true });
    symlinkSync(process.execPath, path.join(root, "node_modules/.bin/node"));
  }
  return root;
}

const says = (what: string, code = 0) =>
  `export async function main(argv) { console.log(JSON.stringify(["${what}", ...argv])); return ${code}; }\n`;
const sourceMain = { "src/cli/main.ts": says("source") };
const builtMain = { "dist/cli/main.js": says("built"), "dist/.built": "" };

function launch(root: string, node: string, ...argv: string[]) {
  const launcher = path.join(root, "bin/aurex-node.js");
  const { status, stdout, stderr } = spawnSync(node, [launcher, ...argv], { encoding: "utf8" });
  return { status, stdout, stderr };
}

function setTimeSeconds(root: string, file: string, seconds: number): void {
  utimesSync(path.join(root, file), seconds, seconds);
}

describe("which code runs", () => {
  it("src/ by type stripping where nothing is built, without a word on stderr", () => {
    const typed = 'import { DatabaseSync } from "node:sqlite";\nconst answer: number = 3;\n';
    const text = `${typed}export const main = (argv: string[]): Promise<number> => {
      new DatabaseSync(":memory:").close();
      console.log(argv.join());
      return Promise.resolve(answer);
    };`;
    const root = makePackage({ "src/cli/main.ts": text });
    assert.deepEqual(launch(root, process.execPath, "a", "--b=c d"), {
      status: 3,
      stdout: "a,--b=c d\n",
      stderr: "",
    });
  });

  it("dist/ where it is newer than all of src/, and no longer once a file or a folder changes", () => {
    const root = makePackage({ ...sourceMain, ...builtMain, "src/base/clock.ts": "" });
    const times = (seconds: number) => {
      for (const file of ["src/cli/main.ts", "src/base/clock.ts", "src/cli", "src/base", "src"]) {
        setTimeSeconds(root, file, seconds);
      }
    };
    const whoRuns = () => JSON.parse(launch(root, process.execPath).stdout)[0];
    times(1_000);
    setTimeSeconds(root, "dist/.built", 2_000);
    assert.equal(whoRuns(), "built");
    setTimeSeconds(root, "src/base/clock.ts", 3_000);
    assert.equal(whoRuns(), "source");
    times(1_000);
    setTimeSeconds(root, "src/base", 3_000);
    assert.equal(whoRuns(), "source");
  });

  it("src/ where a build was cut short", () => {
    const root = makePackage({ ...sourceMain, "dist/cli/main.js": says("built") });
    assert.equal(JSON.parse(launch(root, process.execPath).stdout)[0], "source");
  });

  it("dist/ in a package without src/", () => {
    const root = makePackage(builtMain);
    assert.equal(JSON.parse(launch(root, process.execPath).stdout)[0], "built");
  });

  it("dist/ through a link to the launcher, as npm makes one for a program", () => {
    const root = makePackage(builtMain);
    const link = path.join(folder, "aurex-node-link");
    symlinkSync(path.join(root, "bin/aurex-node.js"), link);
    const { stdout, status } = spawnSync(process.execPath, [link, "x"], { encoding: "utf8" });
    assert.deepEqual([JSON.parse(stdout), status], [["built", "x"], 0]);
  });

  it("other warnings are shown", () => {
    const text = 'export const main = async () => (process.emitWarning("look here", "SomeWarning"), 0);';
    assert.match(
      launch(makePackage({ "src/cli/main.ts": text }), process.execPath).stderr,
      /SomeWarning: look here/,
    );
  });

  it("an error that main does not catch ends with 1 and its trace", () => {
    const text = 'export const main = async () => { throw new Error("a bug"); };';
    const { status, stderr } = launch(makePackage({ "src/cli/main.ts": text }), process.execPath);
    assert.equal(status, 1);
    assert.match(stderr, /Error: a bug\n +at .*main/);
  });

  it("a package that is not installed says so in one line and ends with 2", () => {
    const text = 'import "a-package-that-is-not-there";\nexport const main = async () => 0;';
    const { status, stderr } = launch(makePackage({ "src/cli/main.ts": text }), process.execPath);
    assert.equal(status, 2);
    assert.match(stderr, /^aurex-node is not installed whole \(.*a-package-that-is-not-there.*npm ci\n$/);
  });
});

describe("started by an older Node", () => {
  it("runs on the project's own Node, with all arguments, the exit code and the streams", () => {
    const text = `export async function main(argv: string[]) {
      console.log(process.version, argv.join());
      console.error("to stderr");
      return 130;
    }`;
    const { status, stdout, stderr } = launch(
      makePackage({ "src/cli/main.ts": text }),
      oldNode,
      "start",
      "--mine",
    );
    assert.deepEqual([status, stdout, stderr], [130, `${process.version} start,--mine\n`, "to stderr\n"]);
  });

  it("shows an invitation in the arguments of no process, from its first moment on", {
    skip: process.platform !== "linux" && "reads /proc",
  }, () => {
    const token = `aurex1.${"Ab0_-".repeat(40)}`;
    const text = `import { readFileSync } from "node:fs";
    const argumentsOf = (pid: number) => readFileSync(\`/proc/\${pid}/cmdline\`, "utf8");
    export async function main(argv: string[]) {
      const { title } = process;
      console.log(JSON.stringify({ argv, title, all: [process.pid, process.ppid].map(argumentsOf) }));
      return 0;
    }`;
    const root = makePackage({ "src/cli/main.ts": text });
    for (const argv of [
      ["join", token],
      ["join", `--x=${token}`, "--name", "a b"],
      ["doctor", token, token],
    ]) {
      const { status, stdout, stderr } = launch(root, oldNode, ...argv);
      assert.deepEqual([status, stderr], [0, ""]);
      const said = JSON.parse(stdout);
      assert.deepEqual(said.argv, argv);
      for (const each of [said.title, ...said.all]) assert.ok(!each.includes(token.slice(7)), each);
      // Between zeros, as it was started: a title that hid something later would have blanks.
      const shown = argv.map((each) => each.replace(token, "aurex1.…"));
      assert.deepEqual(said.all[0].split("\0").slice(-argv.length - 1, -1), shown);
    }
  });

  it("says in one line what is needed where that Node is not there, and ends with 2", () => {
    const { status, stdout, stderr } = launch(makePackage(sourceMain, false), oldNode);
    assert.deepEqual([status, stdout], [2, ""]);
    assert.match(stderr, /^aurex-node needs Node 24 or newer and this is v20\.20\.2: .*npm ci\n$/);
  });

  it("does not start itself for ever where that Node is the old one", () => {
    const root = makePackage(sourceMain, false);
    mkdirSync(path.join(root, "node_modules/.bin"), { recursive: true });
    symlinkSync(oldNode, path.join(root, "node_modules/.bin/node"));
    assert.equal(launch(root, oldNode).status, 2);
  });
});

describe("the bounds of the heap", {
  skip: process.platform === "win32" && "it cannot replace itself",
}, () => {
  const heap = `import v8 from "node:v8";
    const youngBytes = () =>
      v8.getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space").space_size;
    export async function main(argv) {
      let most = 0;
      let kept = [];
      for (let index = 0; index < 2_000_000; index += 1) {
        kept.push({ index, text: \`\${index}\` });
        if (kept.length > 400_000) kept = [];
        if (index % 10_000 === 0) most = Math.max(most, youngBytes());
      }
      console.log(JSON.stringify({ argv, youngMegabytes: most / 2 ** 20, execArgv: process.execArgv, malloc: process.env.MALLOC_TRIM_THRESHOLD_ }));
      return 7;
    }`;
  const run = (node: string, argv: readonly string[], variables: Record<string, string> = {}) => {
    const root = makePackage({ "src/cli/main.ts": heap });
    const { status, stdout, stderr } = spawnSync(node, [path.join(root, "bin/aurex-node.js"), ...argv], {
      encoding: "utf8",
      env: { ...process.env, ...variables },
    });
    assert.deepEqual([status, stderr], [7, ""]);
    return JSON.parse(stdout);
  };

  for (const argv of [[], ["--name", "north"], ["start", "--mine"], ["pool", "serve"]]) {
    it(`are those of a node for: aurex-node ${argv.join(" ")}`, () => {
      const said = run(process.execPath, argv);
      assert.deepEqual(said.argv, argv);
      assert.ok(said.youngMegabytes <= 80, `${said.youngMegabytes} MiB`);
      assert.equal(said.malloc, String(8 * 1024 * 1024));
    });
  }

  it("are those of a node under an older Node, too", () => {
    const { youngMegabytes, malloc } = run(oldNode, ["start"]);
    assert.ok(youngMegabytes <= 80);
    assert.equal(malloc, String(8 * 1024 * 1024));
    assert.equal(run(oldNode, ["start"], { MALLOC_TRIM_THRESHOLD_: "1" }).malloc, "1");
  });

  it("are V8's own for a command that ends by itself, which would only start more slowly", () => {
    assert.deepEqual(run(process.execPath, ["status"]).execArgv, []);
  });

  it("are the operator's, if there are such", () => {
    const variables = { NODE_OPTIONS: "--max-semi-space-size=2" };
    const said = run(process.execPath, ["start"], variables);
    assert.deepEqual(said.execArgv, []);
    // Ours would let it grow to 64. On a busy machine V8 is over its bound for a moment.
    assert.ok(said.youngMegabytes <= 24, `${said.youngMegabytes} MiB`);
  });
});

describe("signals", () => {
  /** Counts each signal on stdout; ends with 40 + the count at SIGTERM. */
  const counter = `let interrupts = 0;
    export const main = () => new Promise((resolve) => {
      const busy = setInterval(() => {}, 1000);
      process.on("SIGINT", () => console.log("interrupt", ++interrupts));
      process.on("SIGTERM", () => { console.log("terminate"); clearInterval(busy); resolve(40 + interrupts); });
      console.log("ready", process.pid);
    });`;

  function start(
    node: string,
    main = counter,
    variables: Record<string, string> = {},
  ): { child: ChildProcess; said: (text: string) => Promise<string> } {
    const root = makePackage({ "src/cli/main.ts": main });
    const child = spawn(node, [path.join(root, "bin/aurex-node.js")], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, ...variables },
    });
    let heard = "";
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      heard += text;
    });
    const said = async (text: string) => {
      while (!heard.includes(text)) {
        const ended = child.stdout!.readableEnded;
        assert.ok(!ended, `ended without saying ${text}: ${heard}`);
        await Promise.race([once(child.stdout!, "data"), once(child.stdout!, "end")]);
      }
      return heard;
    };
    return { child, said };
  }

  for (const [what, node] of [
    ["this Node", process.execPath],
    ["an older Node", oldNode],
  ] as const) {
    it(`reach the CLI under ${what}, and its exit code comes back`, async () => {
      const { child, said } = start(node);
      await said("ready");
      child.kill("SIGINT");
      await said("interrupt 1\n");
      child.kill("SIGTERM");
      assert.deepEqual(await once(child, "exit"), [41, null]);
    });
  }

  it("one Ctrl-C that arrives twice, from the terminal and from the launcher, counts once", async () => {
    const { child, said } = start(oldNode);
    const innerPid = Number(/ready (\d+)\n/.exec(await said("\n"))?.[1]);
    assert.notEqual(innerPid, child.pid);
    process.kill(innerPid, "SIGINT");
    child.kill("SIGINT");
    await said("interrupt 1\n");
    // Longer than the launcher takes two for one: this is a second Ctrl-C.
    await new Promise((resolve) => setTimeout(resolve, 600));
    child.kill("SIGINT");
    assert.doesNotMatch(await said("interrupt 2\n"), /interrupt 3/);
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "exit"), [42, null]);
  });

  /** Stops listening at the first signal, as a command does that has been stopped; `then` is what it does next. */
  const stopsListening = (then: string) => `export const main = () => new Promise((resolve, reject) => {
      const busy = setInterval(() => {}, 1000);
      const end = (settle) => { clearInterval(busy); settle(); };
      process.once("SIGINT", () => { ${then} });
      console.log("ready");
    });`;
  const again = 'process.kill(process.pid, "SIGINT");';

  for (const [when, then] of [
    ["has stopped listening", `${again} setImmediate(() => end(resolve));`],
    ["is ending", `${interruptedAtEnd} end(resolve);`],
  ] as const) {
    it(`one Ctrl-C that arrives again when the command ${when} does not end it as a signal does`, async () => {
      const { child, said } = start(process.execPath, stopsListening(then));
      await said("ready");
      const ended = once(child, "exit");
      child.kill("SIGINT");
      assert.deepEqual(await ended, [0, null]);
    });
  }

  it("one Ctrl-C that arrives again when the launcher is ending does not end it as a signal does", async () => {
    const main = stopsListening("end(resolve);");
    const { child, said } = start(oldNode, main, { INTERRUPTED_AT_END: "yes" });
    await said("ready");
    const ended = once(child, "exit");
    child.kill("SIGINT");
    assert.deepEqual(await ended, [0, null]);
  });

  it("a second Ctrl-C ends a command that has stopped listening and does not end by itself", async () => {
    const untilFree =
      'setInterval(() => { if (process.listenerCount("SIGINT") === 0) console.log("free"); }, 20);';
    const { child, said } = start(process.execPath, stopsListening(untilFree));
    await said("ready");
    const ended = once(child, "exit");
    child.kill("SIGINT");
    await said("free");
    child.kill("SIGINT");
    assert.deepEqual(await ended, [null, "SIGINT"]);
  });

  it("an error that main does not catch is shown after a signal, too", async () => {
    const failing = stopsListening('end(() => reject(new Error("a bug")));');
    const root = makePackage({ "src/cli/main.ts": failing });
    const child = spawn(process.execPath, [path.join(root, "bin/aurex-node.js")], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let trace = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (trace += text));
    await once(child.stdout, "data");
    const closed = once(child, "close");
    child.kill("SIGINT");
    assert.deepEqual(await closed, [1, null]);
    assert.match(trace, /Error: a bug\n +at /);
  });

  it("a launcher that is killed outright takes the command with it, in good order", async () => {
    const { child, said } = start(oldNode);
    await said("ready");
    child.kill("SIGKILL");
    await said("terminate\n");
  });

  it("an end by signal is passed on as one", async () => {
    const { child, said } = start(oldNode);
    const innerPid = Number(/ready (\d+)\n/.exec(await said("\n"))?.[1]);
    process.kill(innerPid, "SIGKILL");
    assert.deepEqual(await once(child, "exit"), [null, "SIGKILL"]);
  });
});
