/** The URLs of the page's own workers, in the form that its policy of trusted types asks for. */

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): {
    createScriptURL(url: string): unknown;
  };
}

/** Only files that were served beside this one may run. */
const folder = new URL(/* @vite-ignore */ "./", import.meta.url).href;
const rules = {
  createScriptURL(url: string): string {
    const absolute = new URL(url, import.meta.url).href;
    if (!absolute.startsWith(folder)) throw new TypeError(`${absolute} is no script of this page`);
    return absolute;
  },
};
const trustedTypes = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
const policy = trustedTypes?.createPolicy("aurex", rules) ?? rules;

/**
 * What `new Worker(…)` takes.
 *
 * @param url as `import url from "./worker.ts?worker&url"` gives it
 */
export function ownScript(url: string): string {
  // A browser with trusted types gives an object that the constructors take in the place of the text.
  return policy.createScriptURL(url) as string;
}
