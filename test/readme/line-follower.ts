/** Follows printed lines as a shell reads them, in homes of their own, and knows which lines nobody has followed. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { RealHome, type StartedNode } from "../cli/real-nodes.ts";
import type { Run } from "../cli/test-terminal.ts";
import { root } from "./printed-lines.ts";

/** Lines that another test follows, or that are about this test itself: by whom, and what shows that it does. */
export const followedElsewhere: Record<string, [file: string, shows: RegExp]> = {
  // They take a server that asks for a password.
  "aurex-node export postgres --ddl partitioned": [
    "test/export/postgres/postgres-command.long.ts",
    /"export", "postgres", "--ddl", "partitioned"/,
  ],
  "aurex-node export postgres --url postgres://ledger@db.example.org/chain --data-dir ./alpha": [
    "test/export/postgres/postgres-command.long.ts",
    /aurex-node export postgres --url '\$\{urlOf\("stopped"\)\}' --data-dir \.\/alpha/,
  ],
  "aurex-node export postgres --url @/etc/aurex/ledger.url --ledger ./alpha/ledger.sqlite": [
    "test/export/postgres/postgres-command.long.ts",
    /aurex-node export postgres --url @\$\{file\} --ledger ledger\.sqlite/,
  ],
  "npm start": ["package.json", /"start": ".* bin\/aurex-node\.js demo"/],
  "npm start -- --data-dir ./demo --transactions 100": [
    "package.json",
    /"start": ".* bin\/aurex-node\.js demo"/,
  ],
  "aurex-node demo --open": ["test/e2e/demo.test.ts", /\["demo", "--open"/],
  "npm test": ["package.json", /"test": ".*--test /],
  "npm run lint": ["package.json", /"lint": ".*biome check/],
  "npm run typecheck": ["package.json", /"typecheck": ".*tsc/],
  "npm run build": ["package.json", /"build": ".*build\.js --force"/],
  "npm run pictures": ["package.json", /"pictures": ".*test\/web\/pictures\.ts"/],
  "npm run bench": ["package.json", /"bench": ".*bench\/run\.ts"/],
  "npm run soak": ["package.json", /"soak": ".*soak\/run\.ts"/],
  "npm run attack": ["package.json", /"attack": ".*attack\/run\.ts"/],
  "npm run sim": ["package.json", /"sim": ".*finality\/run\.ts"/],
  "npm run chaos": ["package.json", /"chaos": "/],
  "npm run test:long": ["package.json", /"test:long": "/],
  "sudo npm run demo:lan": ["package.json", /"demo:lan": ".* bin\/aurex-node\.js demo-lan"/],
  // A terminal asks for the words that it has shown.
  "aurex-node keys new alice --words": ["test/cli/keys-words.long.ts", /\["alice", \["--words"\], 12\]/],
  "aurex-node keys import alice": ["test/cli/keys-words.long.ts", /\["keys", "import", "alice"/],
  "aurex-node keys import alice --file words.txt --account 1": [
    "test/cli/keys-words.long.ts",
    /keys import alice --file words\.txt --account 1/,
  ],
  "aurex-node keys import alice --file keystore.json --passphrase-file secret.txt": [
    "test/cli/keys-words.long.ts",
    /keys import alice --file keystore\.json --passphrase-file secret\.txt/,
  ],
  "aurex-node keys export alice --out alice-keystore.json": [
    "test/cli/keys-words.long.ts",
    /keys export alice --out alice-keystore\.json/,
  ],
  "aurex-node keys export node --new-passphrase-file secret.txt > node-keystore.json": [
    "test/cli/keys-words.long.ts",
    /keys export node --new-passphrase-file secret\.txt/,
  ],
  // They go on until Ctrl-C.
  "aurex-node status --watch": ["test/cli/views.long.ts", /"status", "--watch"/],
  "aurex-node events": ["test/cli/views.long.ts", /"events --topics head"/],
  "aurex-node events --topics head,reorg,final": [
    "test/cli/views.long.ts",
    /"events --topics head,reorg,final"/,
  ],
  "aurex-node events --topics transaction --account alice@example.com": [
    "test/cli/views.long.ts",
    /events --topics head,transaction --account/,
  ],
  "aurex-node events --topics warning --json | jq .data.what": [
    "test/cli/views.long.ts",
    /events --topics head,warning --json/,
  ],
  "source <(aurex-node completion bash)": ["test/cli/completion.test.ts", /scriptOf\("bash"\)/],
  "source <(aurex-node completion zsh)": ["test/cli/completion.test.ts", /scriptOf\("zsh"\)/],
  "aurex-node completion fish | source": ["test/cli/completion.test.ts", /scriptOf\("fish"\)/],
  // Two machines: one with a node, one with the key.
  "aurex-node tx send --from aurex1… --to bob@example.com --amount 3 --prepare unsigned.json": [
    "test/cli/offline.test.ts",
    /tx send --from \$\{aliceAddress\} --to bob@example\.com --amount 3 --prepare unsigned\.json/,
  ],
  ...Object.fromEntries(
    [
      "aurex-node tx sign unsigned.json --key alice --offline --out signed.json",
      "aurex-node tx sign unsigned.json --key alice --sequence 8 --fee 0.1 --offline > signed-8.json",
      "aurex-node tx broadcast signed.json",
    ].map((line) => [line, ["test/cli/offline.test.ts", new RegExp(`"${line.replaceAll(".", "\\.")}"`)]]),
  ),
  "aurex-node tx broadcast signed.json --wait": [
    "test/cli/offline.test.ts",
    /"broadcast", file\("signed\.json"\), "--wait"/,
  ],
  ...Object.fromEntries(
    [
      "aurex-node digest ledger.sqlite --chain local-poa",
      "aurex-node digest ledger.sqlite --chain local-poa --at 1 --out digest.json",
      "aurex-node digest ledger.sqlite --verify digest.json",
      "aurex-node prove alice@example.com --ledger ledger.sqlite --chain local-pow --out proof.json",
      "aurex-node prove alice@example.com --ledger ledger.sqlite --chain local-pow --at 1 --json",
      "aurex-node statement --account alice@example.com --ledger ledger.sqlite --chain local-pow",
      "aurex-node statement --account alice@example.com --ledger ledger.sqlite --chain local-pow --at 2026-12-31 --html alice.html --csv alice.csv",
      "aurex-node statement --account alice@example.com --ledger ledger.sqlite --chain local-pow --proof alice-proof.json --json",
    ].map((line) => [line, ["test/attest/commands.test.ts", new RegExp(`"${line.replaceAll(".", "\\.")}"`)]]),
  ),
  "sudo aurex-node demo-lan": ["test/lan/demo.long.ts", /"demo-lan"/],
  "sudo aurex-node demo-lan --json": ["test/lan/demo.long.ts", /"demo-lan", "--json"/],
};

/** What stands in a printed line for a value that its reader has: each is filled in, in its order. */
export type Values = Readonly<Record<string, string | readonly string[]>>;

export interface Expected {
  readonly values?: Values;
  readonly code?: number;
  readonly stdout?: RegExp;
}

export class LineFollower {
  readonly #printed: ReadonlyMap<string, string>;
  readonly #followed = new Set<string>();
  readonly #homes: RealHome[] = [];

  /** @param printed each line without its comment, with where it stands */
  constructor(printed: ReadonlyMap<string, string>) {
    this.#printed = printed;
  }

  /** The lines that begin so. */
  linesWith(start: string): string[] {
    return [...this.#printed.keys()].filter((line) => line.startsWith(start));
  }

  /** A home whose nodes take free ports, unless a line names one. */
  async newHome(): Promise<RealHome> {
    const home = await RealHome.open();
    this.#homes.push(home);
    Object.assign(home.environment, { AUREX_PORT: "0", AUREX_API_PORT: "0", AUREX_POOL_PORT: "0" });
    return home;
  }

  async close(): Promise<void> {
    await Promise.all(this.#homes.map((home) => home.close()));
  }

  /** A printed line with its placeholders filled in. */
  filled(line: string, values: Values = {}): string {
    assert.ok(
      this.#printed.has(line),
      `${line} is printed nowhere: take its step out, or follow the new line`,
    );
    this.#followed.add(line);
    let text = line;
    for (const [placeholder, given] of Object.entries(values)) {
      for (const value of [given].flat()) {
        assert.ok(text.includes(placeholder), `${line} has no ${placeholder} (left)`);
        text = text.replace(placeholder, () => value);
      }
    }
    assert.doesNotMatch(text, /…/, `${line}: a placeholder is not filled in`);
    return text;
  }

  /** Follows a line that ends by itself. */
  async follow(home: RealHome, line: string, expected: Expected = {}): Promise<Run> {
    const text = this.filled(line, expected.values);
    const ran = await home.line(text);
    const where = this.#printed.get(line);
    assert.equal(ran.code, expected.code ?? 0, `${text} (${where})\n${ran.stdout}${ran.stderr}`);
    if (expected.stdout) assert.match(ran.stdout, expected.stdout, text);
    return ran;
  }

  /** Follows a line that runs a node, which goes on. */
  followStart(home: RealHome, line: string, values?: Values): Promise<StartedNode> {
    return home.startLine(this.filled(line, values));
  }

  /** Follows a line that runs a node, until the node has started. */
  async followUntilStarted(home: RealHome, line: string, values?: Values): Promise<void> {
    const node = await this.followStart(home, line, values);
    await node.stop();
  }

  /** Every line was followed here, or another test shows that it follows it. */
  async assertAllFollowed(): Promise<void> {
    for (const [line, [file, shows]] of Object.entries(followedElsewhere)) {
      if (!this.#printed.has(line)) continue;
      assert.match(await readFile(path.join(root, file), "utf8"), shows, line);
    }
    const left = [...this.#printed].filter(
      ([line]) => !this.#followed.has(line) && !Object.hasOwn(followedElsewhere, line),
    );
    assert.deepEqual(
      left.map(([line, where]) => `${where}: ${line}`),
      [],
    );
  }
}

function hasTool(name: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${name}`]);
    return true;
  } catch {
    return false;
  }
}
const missing = ["jq", "sqlite3"].filter((tool) => !hasTool(tool));
/** Why lines cannot be followed on this machine. */
export const skipped = missing.length > 0 ? `this machine has no ${missing.join(" and no ")}` : false;

export const loopbackOf = ({ addresses }: StartedNode) => (addresses[0] ?? "").replace(/\/p2p\/.*/, "");
export const portOf = (node: StartedNode) => /\/tcp\/(\d+)/.exec(loopbackOf(node))?.[1] ?? "";
