/** The one table of node settings: flags, variables, file keys, help and defaults all follow from it. */
import path from "node:path";
import { apiSettings } from "./api-settings.ts";
import type { NodeConfig, SettingName } from "./node-config.ts";
import {
  aLedgerTarget,
  announcedAddresses,
  aPath,
  aSwitch,
  either,
  ipAddresses,
  oneOf,
  tcpMultiaddrs,
  textLike,
  theWord,
  wholeNumber,
} from "./readers.ts";
import { always, none, type Setting, tcpPort } from "./setting.ts";

const nodeName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** The first part of a host's name, made to fit a node's name; undefined if it tells no machine from another. */
function nameOfHost(hostName: string | undefined): string | undefined {
  const [first = ""] = (hostName ?? "").split(".");
  const name = first
    .replace(/[^A-Za-z0-9_-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 64);
  return nodeName.test(name) && name !== "localhost" ? name : undefined;
}

/** Every setting of a node, in the order of `--help`; a later one's default may follow from an earlier one. */
export const nodeSettings: { readonly [Name in SettingName]: Setting<NodeConfig[Name]> } = {
  consensus: {
    help: "consensus engine of the chain to run",
    argument: "engine",
    reader: oneOf("pow", "poa"),
    defaultText: "pow",
    default: always("pow"),
  },
  network: {
    help: "network to belong to: nodes find and accept only those of the same one",
    argument: "name",
    reader: textLike(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/, "1 to 32 of a-z, 0-9 and inner -"),
    defaultText: "aurex",
    default: always("aurex"),
  },
  name: {
    help: "name of this node in status, log and ledger",
    argument: "name",
    reader: textLike(nodeName, "1 to 64 of A-Z, a-z, 0-9, _, . and -, letter or digit first"),
    defaultText: "the name of this host",
    default: ({ hostName, known }) => nameOfHost(hostName) ?? known.consensus,
  },
  dataDir: {
    help: "directory of the node's key, chain and log",
    argument: "directory",
    reader: aPath,
    defaultText: "~/.aurex/<network>/<--name, else the engine>",
    // Not the host's name: two engines on one host would share a directory.
    default: ({ homeDirectory, givenName, known }) =>
      path.join(homeDirectory, ".aurex", known.network, givenName ?? known.consensus),
  },
  passphraseFile: {
    help: "file with the passphrase of the node's key, if it has one (or AUREX_PASSPHRASE; a terminal asks)",
    argument: "file",
    reader: aPath,
    default: none,
  },
  allowOpenKeys: {
    help: "take key files that others on this machine may read: a mounted volume may leave no choice",
    reader: aSwitch,
    defaultText: "false",
    default: always(false),
  },
  chain: {
    help: "chain spec to run instead of the built-in one",
    argument: "spec.json",
    reader: aPath,
    default: none,
  },
  difficulty: {
    help: "leading zero hex digits of a block hash in the built-in pow chain",
    argument: "digits",
    reader: wholeNumber(1, 4),
    defaultText: "2",
    default: ({ known }) => (known.consensus === "pow" && known.chain === undefined ? 2 : undefined),
  },
  authority: {
    help: "seal blocks with this node's key (poa); without a chain, found its network or join it",
    reader: aSwitch,
    defaultText: "false",
    default: always(false),
  },
  expect: {
    help: "authorities that must be there, this one included, before one of them founds the network",
    argument: "count",
    reader: wholeNumber(1, 64),
    defaultText: "1",
    default: always(1),
  },
  admission: {
    help: "who may become an authority of a network that this node founds: open-lan (anyone on this LAN in the first hour), token or vote",
    argument: "policy",
    reader: oneOf("open-lan", "token", "vote"),
    defaultText: "open-lan",
    default: always("open-lan"),
  },
  signAlone: {
    help: "sign blocks and votes without having heard another authority after the start (poa): only if the others are gone for good, never on a restored backup",
    reader: aSwitch,
    defaultText: "false",
    default: always(false),
  },
  trustRecovery: {
    help: "block to take for final because its authorities are lost for good, named by an operator who knows",
    argument: "hash",
    reader: textLike(/^[0-9a-f]{64}$/, "the 64 hex digits of a block's hash"),
    default: none,
  },
  servePool: {
    help: "serve a mining pool (pow); aurex-node pool serve says the same",
    reader: aSwitch,
    defaultText: "false",
    default: always(false),
  },
  mine: {
    help: "mine blocks (pow)",
    reader: aSwitch,
    defaultText: "false, with --serve-pool true",
    default: ({ known }) => known.servePool,
  },
  mineEmpty: {
    help: "mine also while no transaction waits",
    reader: aSwitch,
    defaultText: "false",
    default: always(false),
  },
  mineThreads: {
    help: "threads to mine with; 0: leave it to outside miners (docs/mining.md)",
    argument: "count",
    reader: either(wholeNumber(0, 256), theWord("auto")),
    defaultText: "auto, with --serve-pool 0",
    default: ({ known }) => (known.servePool ? 0 : "auto"),
  },
  listenAddress: {
    help: "address to listen on for peers, may be given several times; :: is every address, IPv4 too",
    argument: "ip",
    reader: ipAddresses,
    defaultText: "0.0.0.0",
    repeatable: true,
    default: always(["0.0.0.0"]),
  },
  announceAddress: {
    help: "address under which other nodes reach this one, beside those that it listens on (NAT, containers); multiaddr, IP or host name, may be given several times",
    argument: "address",
    reader: announcedAddresses,
    repeatable: true,
    default: always([]),
  },
  port: {
    help: "TCP port to listen on for peers, 0 for any free one",
    argument: "port",
    reader: tcpPort,
    defaultText: "13245 for pow, 13246 for poa",
    default: ({ known }) => (known.consensus === "pow" ? 13_245 : 13_246),
  },
  poolPort: {
    help: "TCP port to listen on for the pool's members, 0 for any free one",
    argument: "port",
    reader: tcpPort,
    defaultText: "13247",
    default: always(13_247),
  },
  poolFee: {
    help: "percent of what each block earns that the pool keeps",
    argument: "percent",
    reader: wholeNumber(0, 10),
    defaultText: "0",
    default: always(0),
  },
  poolPayoutMinimum: {
    help: "AUR that a member must be due to be paid",
    argument: "aur",
    reader: textLike(/^(?:0|[1-9]\d{0,9})(?:\.\d{1,8})?$/, "an amount such as 1 or 0.25"),
    defaultText: "1",
    default: always("1"),
  },
  poolPayoutEvery: {
    help: "blocks from one round of payments to the next",
    argument: "blocks",
    reader: wholeNumber(1, 100_000),
    defaultText: "20",
    default: always(20),
  },
  bootstrap: {
    help: "peer to dial, may be given several times",
    argument: "multiaddr",
    reader: tcpMultiaddrs,
    repeatable: true,
    default: always([]),
  },
  mdns: {
    help: "find peers on the local network",
    reader: aSwitch,
    defaultText: "true",
    default: always(true),
  },
  introductions: {
    help: "dial nodes that peers tell of, beyond those that are named, were met before, or are found by mDNS",
    reader: aSwitch,
    defaultText: "true",
    default: always(true),
  },
  ...apiSettings,
  accountIndex: {
    help: "keep the history of each account for the API",
    reader: aSwitch,
    defaultText: "true",
    default: always(true),
  },
  export: {
    help: "keep the SQL ledger up to date in this SQLite file, or in a PostgreSQL database (postgres://…)",
    argument: "file.sqlite|url",
    reader: aLedgerTarget,
    default: none,
  },
  finalizedOnly: {
    help: "with --export: keep only blocks that are final, which no reorganization can take back",
    reader: aSwitch,
    defaultText: "false",
    default: always(false),
  },
  logLevel: {
    help: "least important lines to log: debug, info, warn, error or silent",
    argument: "level",
    reader: oneOf("debug", "info", "warn", "error", "silent"),
    defaultText: "info",
    default: always("info"),
  },
  logFormat: {
    help: "log lines for people or for programs: human or json",
    argument: "format",
    reader: oneOf("human", "json"),
    defaultText: "human",
    default: always("human"),
  },
  logFile: {
    help: "file to log to",
    argument: "file",
    reader: aPath,
    defaultText: "<data-dir>/blockchain.log",
    default: ({ known }) => path.join(known.dataDir, "blockchain.log"),
  },
  logRotate: {
    help: "put the log file aside at 16 MiB and keep ten old ones, compressed; off if logrotate does it",
    reader: aSwitch,
    defaultText: "true",
    default: always(true),
  },
  config: {
    help: "file with any of these settings",
    argument: "file.yaml",
    reader: aPath,
    notInFile: true,
    default: none,
  },
};

export const settingNames = Object.keys(nodeSettings) as SettingName[];

/** The flag of a setting, e.g. `--data-dir` for `dataDir`. */
export function flagOf(name: SettingName): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** The environment variable of a setting, e.g. `AUREX_DATA_DIR` for `dataDir`. */
export function variableOf(name: SettingName): string {
  return `AUREX_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** One flag as a command line parser registers it; commander's `opts()` then has the setting's own name. */
export interface NodeFlag {
  readonly setting: SettingName;
  /** In commander's form: `--data-dir <directory>`, `--mine`, `--no-mdns`. */
  readonly flags: string;
  readonly description: string;
  readonly repeatable: boolean;
  /** True for the form of a switch that only says its default; it is there to overrule a file or a variable. */
  readonly hidden: boolean;
  /** The only words that it takes. */
  readonly choices?: readonly string[] | undefined;
}

/** All flags of all settings; a switch has two, `--x` and `--no-x`, so that neither has a value when not given. */
export function nodeFlags(): NodeFlag[] {
  return settingNames.flatMap((setting) => {
    const { help, argument, defaultText, repeatable = false, reader } = nodeSettings[setting];
    const { choices }: { readonly choices?: readonly string[] } = reader;
    const flag = flagOf(setting);
    if (argument !== undefined) {
      const description = defaultText === undefined ? help : `${help} (default: ${defaultText})`;
      return [{ setting, flags: `${flag} <${argument}>`, description, repeatable, hidden: false, choices }];
    }
    const isOnByDefault = defaultText === "true";
    return [
      { setting, flags: flag, description: help, repeatable, hidden: isOnByDefault },
      {
        setting,
        flags: flag.replace("--", "--no-"),
        description: `do not ${help}`,
        repeatable,
        hidden: !isOnByDefault,
      },
    ];
  });
}
