/** How each page is loaded: when it is opened first, and no sooner. */
import type { ComponentType } from "preact";
import type { PageName, PageProps } from "./pages.ts";

type LoadPage = () => Promise<{ readonly default: ComponentType<PageProps> }>;

export const pageLoaders: Readonly<Record<PageName, LoadPage>> = {
  overview: () => import("../pages/overview/page.tsx"),
  blocks: () => import("../pages/blocks/page.tsx"),
  block: () => import("../pages/block/page.tsx"),
  transaction: () => import("../pages/transaction/page.tsx"),
  mempool: () => import("../pages/mempool/page.tsx"),
  forks: () => import("../pages/forks/page.tsx"),
  accounts: () => import("../pages/accounts/page.tsx"),
  account: () => import("../pages/account/page.tsx"),
  users: () => import("../pages/users/page.tsx"),
  user: () => import("../pages/user/page.tsx"),
  assets: () => import("../pages/assets/page.tsx"),
  asset: () => import("../pages/asset/page.tsx"),
  audit: () => import("../pages/audit/page.tsx"),
  consensus: () => import("../pages/consensus/page.tsx"),
  pool: () => import("../pages/pool/page.tsx"),
  network: () => import("../pages/network/page.tsx"),
  send: () => import("../pages/send/page.tsx"),
  wallet: () => import("../pages/wallet/page.tsx"),
  settings: () => import("../pages/settings/page.tsx"),
  lab: () => import("../pages/lab/page.tsx"),
  learn: () => import("../pages/learn/page.tsx"),
  words: () => import("../pages/words/page.tsx"),
  lesson: () => import("../pages/lesson/page.tsx"),
  reference: () => import("../pages/reference/page.tsx"),
  search: () => import("../pages/search/page.tsx"),
};
