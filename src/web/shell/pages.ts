/** All pages: their paths, and where the side lists them. */

/** What a page gets: the values of its path's parameters and of its query. */
export interface PageProps {
  readonly values: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

export interface PageEntry {
  readonly name: PageName;
  /** Without `#/`; parts that begin with a colon are parameters. */
  readonly path: string;
  /** In the side and in the window's title. */
  readonly title: string;
  /** Undefined: the side does not list it. */
  readonly group?: PageGroup;
  /** The page that the side marks in its place. */
  readonly partOf?: PageName;
  /** Only where the demo served the page. */
  readonly labOnly?: boolean;
  /** Only on a chain of this engine. */
  readonly engine?: "pow" | "poa";
  /** It says nothing of the node that is shown, so whether that node answers does not matter. */
  readonly isNodeless?: boolean;
}

export type PageGroup = (typeof pageGroups)[number];

/** In the order of the side. */
export const pageGroups = ["Chain", "Ledger", "Network", "You", "Learn"] as const;

export type PageName =
  | "overview"
  | "lab"
  | "blocks"
  | "block"
  | "transaction"
  | "mempool"
  | "forks"
  | "accounts"
  | "account"
  | "users"
  | "user"
  | "assets"
  | "asset"
  | "audit"
  | "consensus"
  | "pool"
  | "network"
  | "send"
  | "wallet"
  | "learn"
  | "lesson"
  | "words"
  | "reference"
  | "settings"
  | "search";

export const pages: readonly PageEntry[] = [
  { name: "overview", path: "", title: "Overview", group: "Chain" },
  { name: "blocks", path: "blocks", title: "Blocks", group: "Chain" },
  { name: "block", path: "block/:reference", title: "Block", partOf: "blocks" },
  { name: "transaction", path: "transaction/:id", title: "Transaction" },
  { name: "mempool", path: "mempool", title: "Mempool", group: "Chain" },
  { name: "forks", path: "forks", title: "Forks", group: "Chain" },
  { name: "accounts", path: "accounts", title: "Accounts", group: "Ledger" },
  { name: "account", path: "account/:reference", title: "Account", partOf: "accounts" },
  { name: "users", path: "users", title: "Users", group: "Ledger" },
  { name: "user", path: "user/:name", title: "User", partOf: "users" },
  { name: "assets", path: "assets", title: "Assets", group: "Ledger" },
  { name: "asset", path: "asset/:id", title: "Asset", partOf: "assets" },
  { name: "audit", path: "audit", title: "Audit", group: "Ledger" },
  { name: "consensus", path: "consensus", title: "Consensus", group: "Network" },
  { name: "pool", path: "pool", title: "Mining pool", group: "Network", engine: "pow" },
  { name: "network", path: "network", title: "Peers", group: "Network" },
  { name: "send", path: "send", title: "Send", group: "You" },
  { name: "wallet", path: "wallet", title: "Keys", group: "You" },
  { name: "settings", path: "settings", title: "Settings", group: "You" },
  { name: "lab", path: "lab", title: "Lab", group: "Learn", labOnly: true, isNodeless: true },
  { name: "learn", path: "learn", title: "How it works", group: "Learn", isNodeless: true },
  { name: "words", path: "learn/words", title: "Words", partOf: "learn", isNodeless: true },
  { name: "lesson", path: "learn/:lesson", title: "Lesson", partOf: "learn" },
  { name: "reference", path: "reference", title: "API", group: "Learn" },
  { name: "search", path: "search", title: "Search" },
];
