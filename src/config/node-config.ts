/** What a node can be told: the resolved configuration, where each value came from, and the faults. */

export interface NodeConfig {
  readonly consensus: "pow" | "poa";
  readonly network: string;
  readonly name: string;
  readonly dataDir: string;
  /** File with the passphrase of the node's own key; undefined: a terminal asks if the key is encrypted. */
  readonly passphraseFile: string | undefined;
  /** Take key files that other users of this machine may read. */
  readonly allowOpenKeys: boolean;
  readonly chain: string | undefined;
  /** Only of the built-in pow chain: a chain spec has its own, and poa has none. */
  readonly difficulty: number | undefined;
  readonly authority: boolean;
  /** Only for founding: candidates that have to be there, this node included; 1: none is waited for. */
  readonly expect: number;
  /** Only for founding: how the chain that this node founds takes in further authorities. */
  readonly admission: "open-lan" | "token" | "vote";
  /** As an authority of a set larger than one, sign without having heard another one after the start. */
  readonly signAlone: boolean;
  /** Hex of the block to take for final after the quorum is lost for good. */
  readonly trustRecovery: string | undefined;
  /** Serve a mining pool, whose blocks go to this node's account. */
  readonly servePool: boolean;
  readonly mine: boolean;
  readonly mineEmpty: boolean;
  readonly mineThreads: number | "auto";
  readonly listenAddress: readonly string[];
  /** Multiaddrs, IP addresses and host names. */
  readonly announceAddress: readonly string[];
  readonly port: number;
  readonly poolPort: number;
  /** Percent. */
  readonly poolFee: number;
  /** Decimal AUR. */
  readonly poolPayoutMinimum: string;
  /** Blocks. */
  readonly poolPayoutEvery: number;
  readonly bootstrap: readonly string[];
  readonly mdns: boolean;
  /** Dial nodes that peers tell of. */
  readonly introductions: boolean;
  readonly api: boolean;
  readonly apiPort: number;
  /** The IP address that the API listens on. */
  readonly apiHost: string;
  /** PEM file; goes with `apiTlsKey`. */
  readonly apiTlsCert: string | undefined;
  readonly apiTlsKey: string | undefined;
  /** Serve the API to other machines in clear text. */
  readonly apiInsecure: boolean;
  /** Names, without scheme and port, under which the API is asked. */
  readonly apiAllowedHost: readonly string[];
  /** Origins of web pages that may ask the API. */
  readonly apiCors: readonly string[];
  readonly apiTokenFile: string;
  /** Requests a second from one address of another machine; 0: not limited. */
  readonly apiRateLimit: number;
  /** Open to the API at the same time. */
  readonly apiConnections: number;
  /** `HOST:PORT` where the metrics alone are served; undefined: only by the API. */
  readonly metricsAddress: string | undefined;
  /** Keep the account index. */
  readonly accountIndex: boolean;
  readonly export: string | undefined;
  /** The SQL ledger ends with the last final block. */
  readonly finalizedOnly: boolean;
  readonly logLevel: "debug" | "info" | "warn" | "error" | "silent";
  readonly logFormat: "human" | "json";
  readonly logFile: string;
  /** Put the log file aside when it is large; false if another program such as logrotate does it. */
  readonly logRotate: boolean;
  readonly config: string | undefined;
}

export type SettingName = keyof NodeConfig;

/** A value and where it came from: `default`, `file node.yaml:3`, `environment AUREX_PORT` or `flag --port`. */
export interface Sourced<Value> {
  readonly value: Value;
  readonly source: string;
}

export type ResolvedConfig = { readonly [Name in SettingName]: Sourced<NodeConfig[Name]> };

/** Why a configuration was refused: what is wrong (`message`), why, and what to do next. */
export type ConfigFault = {
  readonly message: string;
  readonly why: string;
  readonly next: string;
} & (
  | { readonly code: "config/flag-unknown"; readonly flag: string; readonly nearest: string }
  | { readonly code: "config/variable-unknown"; readonly variable: string; readonly nearest: string }
  | { readonly code: "config/key-unknown"; readonly key: string; readonly nearest: string }
  | { readonly code: "config/value-invalid"; readonly setting: SettingName; readonly source: string }
  | { readonly code: "config/conflict"; readonly settings: readonly [SettingName, SettingName] }
  | { readonly code: "config/no-home" }
  | { readonly code: "config/file-invalid"; readonly file: string; readonly line: number }
  | { readonly code: "config/file-unreadable"; readonly file: string }
);

/** The bare values of a resolved configuration, without their sources. */
export function plainConfig(resolved: ResolvedConfig): NodeConfig {
  const entries = Object.entries(resolved).map(([name, { value }]) => [name, value]);
  return Object.fromEntries(entries) as NodeConfig;
}
