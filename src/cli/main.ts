/** The `aurex-node` program: from its arguments to an exit code. */
import { AurexCommand } from "./command.ts";
import { reportFailure, unknownWord } from "./failure.ts";
import { processTerminal, type Terminal } from "./terminal.ts";
import { packageVersion } from "./version.ts";

interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Imports what the command needs; `--help` of the program and other commands never do. */
  readonly load: () => Promise<(terminal: Terminal) => AurexCommand>;
}

const defaultCommand = "start";

const entries: readonly CommandEntry[] = [
  {
    name: defaultCommand,
    summary: "run a node (the default command)",
    load: async () => (await import("./start.ts")).startCommand,
  },
  {
    name: "init",
    summary: "write the chain spec of a new chain",
    load: async () => (await import("./init.ts")).initCommand,
  },
  {
    name: "status",
    summary: "show what a running node does",
    load: async () => (await import("./status.ts")).statusCommand,
  },
  {
    name: "peers",
    summary: "show the peers of a running node",
    load: async () => (await import("./peers.ts")).peersCommand,
  },
  {
    name: "doctor",
    summary: "check what a node needs from this machine, and say what to do",
    load: async () => (await import("./doctor.ts")).doctorCommand,
  },
  {
    name: "authority",
    summary: "show who seals, and vote on who shall",
    load: async () => (await import("./authority.ts")).authorityCommand,
  },
  {
    name: "admin",
    summary: "change a running node: its log, its peers, or stop it",
    load: async () => (await import("./admin.ts")).adminCommand,
  },
  {
    name: "found-anew",
    summary: "leave a chain that nobody uses yet, and begin another",
    load: async () => (await import("./found-anew.ts")).foundAnewCommand,
  },
  {
    name: "pool",
    summary: "serve a mining pool, or mine for one",
    load: async () => (await import("./pool.ts")).poolCommand,
  },
  {
    name: "invite",
    summary: "print an invitation to a closed network",
    load: async () => (await import("./invite.ts")).inviteCommand,
  },
  {
    name: "join",
    summary: "join a closed network with an invitation",
    load: async () => (await import("./join.ts")).joinCommand,
  },
  {
    name: "keys",
    summary: "make and show keys",
    load: async () => (await import("./keys.ts")).keysCommand,
  },
  {
    name: "user",
    summary: "register a name for a key",
    load: async () => (await import("./user.ts")).userCommand,
  },
  {
    name: "tx",
    summary: "sign and send transactions, and see what became of one",
    load: async () => (await import("./tx.ts")).txCommand,
  },
  {
    name: "account",
    summary: "show what an account has",
    load: async () => (await import("./account.ts")).accountCommand,
  },
  {
    name: "block",
    summary: "show one block",
    load: async () => (await import("./chain.ts")).blockCommand,
  },
  {
    name: "mempool",
    summary: "show what waits for a block",
    load: async () => (await import("./mempool.ts")).mempoolCommand,
  },
  {
    name: "search",
    summary: "find blocks, transactions, accounts and assets",
    load: async () => (await import("./search.ts")).searchCommand,
  },
  {
    name: "events",
    summary: "follow what happens in a running node",
    load: async () => (await import("./events.ts")).eventsCommand,
  },
  {
    name: "chain",
    summary: "show blocks",
    load: async () => (await import("./chain.ts")).chainCommand,
  },
  {
    name: "config",
    summary: "show the settings of a node",
    load: async () => (await import("./config.ts")).configCommand,
  },
  {
    name: "export",
    summary: "write the chain of a stopped node into an SQLite file",
    load: async () => (await import("./export/export.ts")).exportCommand,
  },
  {
    name: "digest",
    summary: "say in one document what an SQL ledger comes to, and hold a ledger against one",
    load: async () => (await import("./attest/digest.ts")).digestCommand,
  },
  {
    name: "statement",
    summary: "write the statement of an account: opening balance, entries, closing balance",
    load: async () => (await import("./attest/statement.ts")).statementCommand,
  },
  {
    name: "prove",
    summary: "prove a transaction, or what an account has, in a file",
    load: async () => (await import("./attest/prove.ts")).proveCommand,
  },
  {
    name: "verify-proof",
    summary: "verify such a file, without a network",
    load: async () => (await import("./attest/verify-proof.ts")).verifyProofCommand,
  },
  {
    name: "audit",
    summary: "judge an SQL ledger by the file alone",
    load: async () => (await import("./audit/audit.ts")).auditCommand,
  },
  {
    name: "reindex",
    summary: "build the account index of a stopped node anew",
    load: async () => (await import("./reindex.ts")).reindexCommand,
  },
  {
    name: "demo",
    summary: "run a network of both engines on this machine and show it at work",
    load: async () => (await import("./demo.ts")).demoCommand,
  },
  {
    name: "demo-lan",
    summary: "run three machines that find each other on a LAN of namespaces (Linux, root)",
    load: async () => (await import("./demo-lan.ts")).demoLanCommand,
  },
  {
    name: "completion",
    summary: "print a script for a shell that completes commands and flags",
    load: async () => {
      const { completionCommand } = await import("./completion.ts");
      return (terminal) => completionCommand(terminal, () => buildProgram(isAny, terminal));
    },
  },
];

const isAny = () => true;

/**
 * Runs one command.
 *
 * @param argv the arguments after `node` and the script
 * @returns the exit code of the process; errors have been said
 */
export async function main(argv: readonly string[], terminal: Terminal = processTerminal()): Promise<number> {
  try {
    const wanted = wantedCommand(argv);
    const program = await buildProgram((name) => name === wanted, terminal);
    await program.parseAsync([...argv], { from: "user" });
    return exitCodeOf(program);
  } catch (thrown) {
    return reportFailure(thrown, argv, terminal);
  }
}

/** The command that the arguments name; the default where they begin with a flag. */
function wantedCommand(argv: readonly string[]): string {
  const [first, second] = argv;
  if (first === undefined || first.startsWith("-")) return defaultCommand;
  const name = first === "help" ? (second ?? defaultCommand) : first;
  const names = entries.map((entry) => entry.name);
  if (names.includes(name)) return name;
  throw unknownWord(`unknown command '${name}'`, name, names, "aurex-node --help");
}

/** @param isLoaded whether a command is there with its flags, and not by its name alone */
async function buildProgram(isLoaded: (name: string) => boolean, terminal: Terminal): Promise<AurexCommand> {
  const program = new AurexCommand("aurex-node", terminal)
    .description(
      "A libp2p blockchain node: Proof of Work and Proof of Authority in one mesh, one SQL ledger.",
    )
    .version(packageVersion(), "-V, --version", "print the version")
    .usage("[command] [flags]")
    // What stands after a command's name is the command's: export and its subcommands have flags of the same names.
    .enablePositionalOptions()
    .examples(
      "aurex-node demo                        # see a network at work",
      "aurex-node --consensus pow --mine      # run a miner",
      "aurex-node --consensus poa --authority # found a network on this LAN, or join it",
      "aurex-node status",
      "aurex-node start --help                # all flags of a node",
    );
  for (const { name, summary, load } of entries) {
    const command = isLoaded(name) ? (await load())(terminal) : new AurexCommand(name, terminal);
    program.addCommand(command.summary(summary), { isDefault: name === defaultCommand });
  }
  return program;
}

function exitCodeOf(command: AurexCommand): number {
  const children = command.commands as AurexCommand[];
  return children.map(exitCodeOf).find((code) => code !== 0) ?? command.exitCode;
}
