/** The version of the files that this tab runs; the node may have become newer meanwhile. */

/** Put in by `bin/build-page.js`. */
declare const __PAGE_VERSION__: string;

export const pageVersion: string = typeof __PAGE_VERSION__ === "string" ? __PAGE_VERSION__ : "not built";
