/** What `npm run test:long` runs besides the suite: more seeds, longer soaks, and chaos. */

export interface LongStep {
  readonly name: string;
  readonly what: string;
  /** Arguments of Node, from the project's root. */
  readonly argv: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  /**
   * waits: it waits more than it works, so it runs beside the others. one core: it keeps about one core busy, so it runs
   * beside the others, too, one of its kind after the other. alone: it measures how nodes share the machine, so nothing runs
   * beside it, and it comes last. None of them: one after the other.
   */
  readonly company?: "waits" | "one core" | "alone";
}

export const longSteps: readonly LongStep[] = [
  {
    name: "finality",
    what: "finality against an adversary in 20,000 runs, fairness under each Byzantine strategy, and each rule switched off",
    argv: ["test/simulation/finality/run.ts"],
  },
  {
    name: "seeds",
    what: "ten simulated nodes under faults, 200 seeds; what the simulation sees with a rule switched off; miners for hours, with clocks and blocks that are held back",
    argv: [
      ...["--test", "--test-concurrency=2", "test/simulation/mixed.test.ts", "test/simulation/pure.long.ts"],
      ...["test/simulation/controls.long.ts", "test/simulation/pow-shares.long.ts"],
      ...["test/simulation/pow-clock.long.ts", "test/simulation/pow-withheld.long.ts"],
      ...["test/simulation/pow-hash-rate.long.ts", "test/simulation/founding.long.ts"],
      ...["test/simulation/restored.long.ts", "test/simulation/found-anew.long.ts"],
    ],
    variables: { SUITE_SIMULATION_SEEDS: "200" },
  },
  {
    name: "lan",
    what: "machines of a LAN: partitions of a minute, several addresses, founders that die, networks that meet, the demonstration, what init prints",
    company: "waits",
    argv: [
      ...["--test", "--test-concurrency=3", "test/lan/network.long.ts", "test/lan/foundings.long.ts"],
      ...["test/lan/addresses.long.ts", "test/lan/demo.long.ts", "test/cli/init-next.long.ts"],
    ],
    variables: { SUITE_LAN_PARTITION_S: "60" },
  },
  {
    name: "nodes",
    what: "several nodes as processes: one that catches up, a full disk, a quorum that is lost, a key that runs twice, a pool whose chain is replaced",
    argv: [
      ...["--test", "--test-concurrency=3", "test/e2e/catching-up.long.ts", "test/e2e/bootstrap.long.ts"],
      ...["test/e2e/full-disk.long.ts", "test/e2e/lost-quorum.long.ts", "test/e2e/cloned.long.ts"],
      ...["test/e2e/submitted.long.ts", "test/e2e/pool-reorganized.long.ts"],
      ...["test/e2e/pool.long.ts", "test/e2e/pool-reinstalled.long.ts", "test/pool/pool-member.long.ts"],
      ...["test/pool/pool-over-libp2p.long.ts", "test/client/lying.long.ts"],
    ],
  },
  {
    name: "install",
    what: "the package installed from its archive by old and new Nodes, which node a command is about, what it prints, and what others read of its arguments",
    company: "one core",
    argv: [
      ...["--test", "--test-concurrency=1", "test/launcher/package.long.ts"],
      ...["test/cli/node-place.long.ts", "test/cli/argv.long.ts", "test/cli/views.long.ts"],
      "test/cli/keys-words.long.ts",
    ],
  },
  {
    name: "process",
    what: "the program as a process: passphrases from anywhere, odd places, signals, streams that end",
    argv: [
      ...[
        "--test",
        "--test-concurrency=4",
        "test/process/passphrases.long.ts",
        "test/process/places.long.ts",
      ],
      ...["test/process/signals.long.ts", "test/process/streams.long.ts", "test/e2e/demo-killed.long.ts"],
    ],
  },
  {
    name: "kills",
    what: "what a node had told of after each of 10 kills in the middle of commits, what an authority had signed, and a store that is killed at any step",
    company: "waits",
    argv: ["--test", "--test-concurrency=1", "test/e2e/killed.long.ts", "test/store/kill.long.ts"],
    variables: { SUITE_KILLS: "10" },
  },
  {
    name: "help",
    what: "every example of every --help, and every line of README, followed by a shell as it is printed",
    company: "one core",
    argv: ["--test", "test/readme/help-lines.long.ts"],
  },
  {
    name: "postgres",
    what: "lives of chains written to a PostgreSQL server, and connections to it that are cut at any byte",
    argv: [
      ...["--test", "--test-concurrency=1", "test/export/postgres/postgres-job.test.ts"],
      ...["test/export/postgres/postgres-faults.test.ts", "test/export/postgres/postgres-command.long.ts"],
    ],
    variables: { SUITE_POSTGRES_RUNS: "25" },
  },
  {
    name: "lab",
    what: "the demo's lab on five processes, by its API and by its page: a miner that withholds, wrong clocks, a balance that is changed",
    // One lab after the other: each is five processes.
    argv: ["--test", "--test-concurrency=1", "test/demo/troubles.long.ts", "test/web/lab-troubles.long.ts"],
  },
  {
    name: "export-kills",
    what: "200 kills of a process that writes the SQL ledger, 20 of one that brings an older ledger up to date, and 60 drawn histories of a chain and its export",
    argv: [
      ...["--test", "--test-concurrency=2", "test/export/killed-export.test.ts"],
      ...["test/export/any-history.test.ts", "test/export/migration-killed.long.ts"],
    ],
    variables: { SUITE_EXPORT_KILLS: "200", SUITE_EXPORT_HISTORIES: "30" },
  },
  {
    name: "files",
    what: "a folder of Parquet files whose writer is killed 25 times, with reorganizations",
    argv: ["--test", "test/export/files.long.ts"],
  },
  {
    name: "exchange",
    what: "50,000 deposits to an exchange whose node and watcher are killed, with reorganizations",
    company: "one core",
    argv: ["--test", "test/exchange/deposits.long.ts"],
    variables: { SUITE_DEPOSITS: "50000" },
  },
  {
    name: "audit",
    what: "ledgers that were tampered with in more than 400 ways, 200 that were not, and one of 50,000 transactions",
    argv: [
      ...["--test", "--test-concurrency=2", "test/audit/tampered.long.ts"],
      ...["test/audit/simulated.test.ts", "test/audit/million.long.ts"],
    ],
    variables: { SUITE_SIMULATED_LEDGERS: "200", SUITE_AUDIT_TRANSACTIONS: "50000" },
  },
  {
    name: "history",
    what: "100,000 transactions in one account, read in pages both ways",
    company: "one core",
    argv: ["--test", "test/http/long-history.test.ts"],
    variables: { SUITE_HISTORY: "100000" },
  },
  {
    name: "verify-page",
    what: "the page of a chain of 100,000 blocks: Verify from the chain id on, cancelled, and from what it kept",
    argv: ["--test", "test/web/long-chain.long.ts"],
  },
  {
    name: "requests",
    what: "20,000 generated requests to a node's API",
    company: "one core",
    argv: ["--test", "test/api/generated-requests.test.ts"],
    variables: { SUITE_API_REQUESTS: "20000" },
  },
  {
    name: "page",
    what: "the page in front of 100,000 blocks, through 3,000 more, and of a node that is killed and reset",
    company: "one core",
    argv: ["--test", "test/web/resilience.long.ts"],
    variables: { SUITE_PAGE_BLOCKS: "100000" },
  },
  {
    name: "soak",
    what: "five miners of unequal strength for three minutes",
    company: "alone",
    argv: ["test/soak/run.ts", "--minutes", "3"],
  },
  {
    name: "senders",
    what: "40 processes that send with one key at once, and 60 payments whose commands are killed",
    argv: ["--test", "test/cli/outbox.test.ts"],
    variables: { SUITE_SENDERS: "40", SUITE_KILLED_PAYMENTS: "60" },
  },
  {
    name: "pages",
    what: "every page in both appearances at both widths, and each by keyboard alone; consensus, peers and forks in full; the lab, the lessons, and a node that lies",
    argv: [
      ...["--test", "--test-concurrency=2", "test/web/every-page.long.ts"],
      ...["test/web/consensus-pages.long.ts", "test/web/lying.long.ts"],
      ...["test/web/lab-page.long.ts", "test/web/learn.long.ts", "test/web/own-pages.long.ts"],
      "test/web/wallet-focus.long.ts",
    ],
    variables: { SUITE_PAGES_ALL: "1" },
  },
  {
    name: "deployment",
    what: "the image built and run without an engine, three of it as one network, and the system calls of the service",
    argv: ["--test", "test/ops/deployment.long.ts"],
  },
  {
    name: "stopped",
    what: "an authority that is stopped for 15 s, and one that gets a tenth of the time: nobody parts from it",
    company: "waits",
    argv: ["--test", "test/attack/stopped-authority.long.ts"],
  },
  {
    name: "chaos",
    what: "four authorities under load for three minutes, 30 perturbations (npm run chaos: five minutes, 40)",
    company: "alone",
    argv: ["test/chaos/run.ts", "--minutes", "3", "--perturbations", "30"],
  },
];

/** @throws if a name is none of a step */
export function stepsNamed(names: readonly string[]): readonly LongStep[] {
  const unknown = names.filter((name) => !longSteps.some((step) => step.name === name));
  if (unknown.length > 0) throw new RangeError(`there is no step ${unknown.join(", ")}`);
  return names.length === 0 ? longSteps : longSteps.filter(({ name }) => names.includes(name));
}
