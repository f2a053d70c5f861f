/** What can be known of where the browser keeps the keys: private windows, storage that may be cleared, other ports. */

export interface OriginFacts {
  /** It is a private window of Firefox or Safari, as far as can be told; those of Chromium cannot be told. */
  readonly looksPrivate: boolean;
  /** "granted": the browser will not clear it by itself. "denied": it may. "unknown": it cannot be asked here. */
  readonly persistence: "granted" | "denied" | "unknown";
}

const cookieName = "aurex-wallet-ports";
const portsMax = 8;

/** @param ask whether to ask for lasting storage: some browsers ask the person, so it is done when a key is made */
export async function originFacts({ ask }: { readonly ask: boolean }): Promise<OriginFacts> {
  const storage = globalThis.navigator?.storage as StorageManager | undefined;
  return { looksPrivate: await looksPrivate(storage), persistence: await persistenceOf(storage, ask) };
}

async function persistenceOf(
  storage: StorageManager | undefined,
  ask: boolean,
): Promise<OriginFacts["persistence"]> {
  try {
    if (!storage?.persisted) return "unknown";
    const isGranted = (await storage.persisted()) || (ask && (await storage.persist()));
    return isGranted ? "granted" : "denied";
  } catch {
    return "unknown";
  }
}

/**
 * Firefox and Safari refuse a private window its file system. Chromium tells a private window from another one by nothing:
 * it answers both with the same quota, on purpose. So what is true of private windows is said in every window, too.
 */
async function looksPrivate(storage: StorageManager | undefined): Promise<boolean> {
  try {
    await storage?.getDirectory();
    return false;
  } catch (thrown) {
    return thrown instanceof DOMException && /Security|Unknown/.test(thrown.name);
  }
}

/**
 * Ports of this host at which this browser has keys. Keys are bound to host and port; cookies are bound to the host alone,
 * so a cookie with nothing but port numbers can tell a page at another port that there are keys elsewhere.
 */
export function portsWithKeys(cookie: string): string[] {
  const found = cookie.split("; ").find((part) => part.startsWith(`${cookieName}=`));
  const ports = found?.slice(cookieName.length + 1).split(".") ?? [];
  return ports.filter((port) => /^\d{1,5}$/.test(port));
}

/** The cookie that says whether there are keys at this port. */
export function portsCookie(cookie: string, port: string, hasKeys: boolean): string {
  const others = portsWithKeys(cookie).filter((other) => other !== port);
  const ports = (hasKeys ? [port, ...others] : others).slice(0, portsMax);
  return `${cookieName}=${ports.join(".")}; path=/; max-age=${ports.length > 0 ? 34_560_000 : 0}; samesite=strict`;
}

/** The same node under the other name of this machine, where other keys may be. */
export function otherLoopbackName(
  location: Pick<Location, "protocol" | "hostname" | "port">,
): string | undefined {
  const other = { localhost: "127.0.0.1", "127.0.0.1": "localhost" }[location.hostname];
  return other && `${location.protocol}//${other}${location.port ? `:${location.port}` : ""}`;
}
