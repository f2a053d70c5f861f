/** The wallet of this page, opened once, for all components; and other tabs' changes to it. */
import { useEffect, useState } from "preact/hooks";
import { ownScript } from "../shell/own-script.ts";
import { memoryKeep, openKeep } from "./keep.ts";
import { KeyRing, type KeyRingState } from "./key-ring.ts";
import { portsCookie } from "./origin.ts";
import { type StretchOptions, stretchInWorker } from "./stretch-in-worker.ts";
import workerUrl from "./stretch-worker.ts?worker&url";

export interface Wallet {
  readonly ring: KeyRing;
  /** Locks every key, in the other tabs of this page, too. */
  lockEverywhere(): void;
}

type TabMessage = "lock" | "changed";

let opening: Promise<Wallet> | undefined;

export function openWallet(): Promise<Wallet> {
  opening ??= open();
  return opening;
}

async function open(): Promise<Wallet> {
  const ring = await openRing();
  const tabs = tabChannel();
  let known = ring.state.keys;
  let isTold = false;
  ring.subscribe(() => {
    if (known === ring.state.keys) return;
    known = ring.state.keys;
    if (ring.keep.whyNotLasting === undefined) rememberPort(known.length > 0);
    if (!isTold) tabs?.postMessage("changed" satisfies TabMessage);
  });
  tabs?.addEventListener("message", async ({ data }: MessageEvent<TabMessage>) => {
    if (data === "lock") ring.lockAll();
    else {
      isTold = true;
      await ring.refresh();
      isTold = false;
    }
  });
  document.addEventListener("visibilitychange", () => ring.lockWhatIsDue());
  addEventListener("pagehide", () => ring.lockAll());
  return {
    ring,
    lockEverywhere() {
      ring.lockAll();
      tabs?.postMessage("lock" satisfies TabMessage);
    },
  };
}

/** Storage that opens and cannot be read, as on a full or broken disk, is as good as none. */
async function openRing(): Promise<KeyRing> {
  const ring = new KeyRing(await openKeep());
  try {
    await ring.refresh();
    return ring;
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return new KeyRing(memoryKeep(`its storage cannot be read: ${reason}`));
  }
}

function tabChannel(): BroadcastChannel | undefined {
  return typeof BroadcastChannel === "undefined" ? undefined : new BroadcastChannel("aurex-wallet");
}

function rememberPort(hasKeys: boolean): void {
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing on pages of plain HTTP.
  document.cookie = portsCookie(document.cookie, location.port, hasKeys);
}

/** The wallet and what is in it; undefined while it is being opened. */
export function useWallet(): (Wallet & { readonly state: KeyRingState }) | undefined {
  const [wallet, setWallet] = useState<Wallet>();
  const [, setTold] = useState(0);
  useEffect(() => {
    let end = () => {};
    let isOver = false;
    void openWallet().then((opened) => {
      if (isOver) return;
      setWallet(opened);
      end = opened.ring.subscribe(() => setTold((count) => count + 1));
    });
    return () => {
      isOver = true;
      end();
    };
  }, []);
  return wallet && { ...wallet, state: wallet.ring.state };
}

/** Makes keys of passphrases in a worker of this page. */
export function pageStretch(options: StretchOptions) {
  return stretchInWorker(newWorker, options);
}

function newWorker(): Worker | undefined {
  try {
    return new Worker(ownScript(workerUrl), { type: "module" });
  } catch {
    return undefined;
  }
}
