/** The programs of package.json that take options: each says what there is, and refuses what it does not know in one line. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

const root = path.join(import.meta.dirname, "../..");

interface Program {
  readonly name: string;
  readonly file: string;
}

/** Those that are run from bench and test; what is run from bin takes no options. */
function programs(): Program[] {
  const { scripts } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  return Object.entries(scripts).flatMap(([name, command]) => {
    const file = /node_modules\/\.bin\/node ((?:bench|test)\/\S+\.ts)$/.exec(command)?.[1];
    return file === undefined ? [] : [{ name, file }];
  });
}

function run(file: string, ...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...argv], { cwd: root }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

test("there are programs", () => {
  const names = programs().map(({ name }) => name);
  assert.deepEqual(names.sort(), ["attack", "bench", "chaos", "pictures", "sim", "soak", "test:long"]);
});

for (const { name, file } of programs()) {
  test(`npm run ${name}`, async () => {
    const [help, wrong] = await Promise.all([run(file, "--help"), run(file, "--no-such-option")]);
    assert.equal(help.code, 0, help.stderr);
    assert.match(help.stdout, new RegExp(`^npm run ${name} -- \\[`, "m"));
    assert.match(help.stdout, /^Exit code: 0 /m);
    assert.match(help.stdout, new RegExp(`^Example: npm run ${name}`, "m"));
    assert.equal(wrong.code, 2, wrong.stderr);
    assert.match(wrong.stderr, /no-such-option/);
    assert.match(wrong.stderr, new RegExp(`npm run ${name} -- --help says what there is`));
    assert.doesNotMatch(wrong.stderr, /^ {4}at /m);
  });
}
