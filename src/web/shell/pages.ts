/** All pages: their paths, where the side lists them, and how each is loaded. */
import type { ComponentType } from "preact";

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
  /** Only where the demo served the page. */
  readonly labOnly?: boolean;
  /** Only on a chain of this engine. */
  readonly engine?: "pow" | "poa";
  readonly load: () => Promise<{ readonly default: ComponentType<PageProps> }>;
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
  {
    name: "overview",
    path: "",
    title: "Overview",
    group: "Chain",
    load: () => import("../pages/overview/page.tsx"),
  },
  {
    name: "blocks",
    path: "blocks",
    title: "Blocks",
    group: "Chain",
    load: () => import("../pages/blocks/page.tsx"),
  },
  { name: "block", path: "block/:reference", title: "Block", load: () => import("../pages/block/page.tsx") },
  {
    name: "transaction",
    path: "transaction/:id",
    title: "Transaction",
    load: () => import("../pages/transaction/page.tsx"),
  },
  {
    name: "mempool",
    path: "mempool",
    title: "Mempool",
    group: "Chain",
    load: () => import("../pages/mempool/page.tsx"),
  },
  {
    name: "forks",
    path: "forks",
    title: "Forks",
    group: "Chain",
    load: () => import("../pages/forks/page.tsx"),
  },
  {
    name: "accounts",
    path: "accounts",
    title: "Accounts",
    group: "Ledger",
    load: () => import("../pages/accounts/page.tsx"),
  },
  {
    name: "account",
    path: "account/:reference",
    title: "Account",
    load: () => import("../pages/account/page.tsx"),
  },
  {
    name: "users",
    path: "users",
    title: "Users",
    group: "Ledger",
    load: () => import("../pages/users/page.tsx"),
  },
  { name: "user", path: "user/:name", title: "User", load: () => import("../pages/user/page.tsx") },
  {
    name: "assets",
    path: "assets",
    title: "Assets",
    group: "Ledger",
    load: () => import("../pages/assets/page.tsx"),
  },
  { name: "asset", path: "asset/:id", title: "Asset", load: () => import("../pages/asset/page.tsx") },
  {
    name: "audit",
    path: "audit",
    title: "Audit",
    group: "Ledger",
    load: () => import("../pages/audit/page.tsx"),
  },
  {
    name: "consensus",
    path: "consensus",
    title: "Consensus",
    group: "Network",
    load: () => import("../pages/consensus/page.tsx"),
  },
  {
    name: "pool",
    path: "pool",
    title: "Mining pool",
    group: "Network",
    engine: "pow",
    load: () => import("../pages/pool/page.tsx"),
  },
  {
    name: "network",
    path: "network",
    title: "Peers",
    group: "Network",
    load: () => import("../pages/network/page.tsx"),
  },
  { name: "send", path: "send", title: "Send", group: "You", load: () => import("../pages/send/page.tsx") },
  {
    name: "wallet",
    path: "wallet",
    title: "Keys",
    group: "You",
    load: () => import("../pages/wallet/page.tsx"),
  },
  {
    name: "settings",
    path: "settings",
    title: "Settings",
    group: "You",
    load: () => import("../pages/settings/page.tsx"),
  },
  {
    name: "lab",
    path: "lab",
    title: "Lab",
    group: "Learn",
    labOnly: true,
    load: () => import("../pages/lab/page.tsx"),
  },
  {
    name: "learn",
    path: "learn",
    title: "How it works",
    group: "Learn",
    load: () => import("../pages/learn/page.tsx"),
  },
  { name: "words", path: "learn/words", title: "Words", load: () => import("../pages/words/page.tsx") },
  { name: "lesson", path: "learn/:lesson", title: "Lesson", load: () => import("../pages/lesson/page.tsx") },
  {
    name: "reference",
    path: "reference",
    title: "API",
    group: "Learn",
    load: () => import("../pages/reference/page.tsx"),
  },
  { name: "search", path: "search", title: "Search", load: () => import("../pages/search/page.tsx") },
];
