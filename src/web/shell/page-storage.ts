/** What the page keeps in this browser: found and deleted by its names. */

/** Names of all that the page keeps begin with this. */
const prefix = "aurex";
/** Of the wallet: the only thing that cannot be had again. */
const keysDatabase = "aurex-wallet";

export interface KeptThings {
  /** Small texts: settings, progress, chains that were seen. */
  readonly texts: readonly string[];
  /** Databases; null: this browser does not say which there are. */
  readonly databases: readonly string[] | null;
}

/** @returns undefined if the browser keeps nothing for this page */
export async function keptThings(): Promise<KeptThings | undefined> {
  const texts = keptTexts();
  if (texts === undefined) return undefined;
  const databases = await keptDatabases();
  return { texts, databases };
}

/** The keys are kept: without a copy elsewhere, what they own would be lost. */
export async function forgetAllButKeys(): Promise<void> {
  for (const text of keptTexts() ?? []) localStorage.removeItem(text);
  const databases = (await keptDatabases()) ?? [];
  await Promise.all(databases.filter((name) => name !== keysDatabase).map(deleteDatabase));
}

/** Everything, with the keys. */
export async function forgetAll(): Promise<void> {
  await forgetAllButKeys();
  await deleteDatabase(keysDatabase);
}

function keptTexts(): string[] | undefined {
  try {
    return Object.keys(localStorage).filter((name) => name.startsWith(prefix));
  } catch {
    return undefined;
  }
}

async function keptDatabases(): Promise<string[] | null> {
  try {
    const all = await indexedDB.databases();
    return all.flatMap(({ name }) => (name?.startsWith(prefix) ? [name] : []));
  } catch {
    return null;
  }
}

/** Resolves when it is gone, or when another tab still has it open: it is gone then as soon as that tab is closed. */
function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onblocked = () => resolve();
    request.onerror = () => reject(request.error);
  });
}
