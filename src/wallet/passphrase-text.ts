/** What counts of a passphrase: the same bytes, whichever keyboard and system typed it. Runs in a browser, too. */

/** C0, DEL and C1, which EIP-2335 strips. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what the rule is about.
const controls = /[\u0000-\u001f\u007f-\u009f]/g;
const surrounding = /^[\s\u200b\ufeff]|[\s\u200b\ufeff]$/;

/** As EIP-2335 has it: Unicode's form NFKD without control codes. `ñ` is one letter or two; both give the same. */
export function processPassphrase(passphrase: string): string {
  return passphrase.normalize("NFKD").replace(controls, "");
}

/** Why a passphrase is not taken for a new key, in a phrase for people; undefined if it is. */
export function passphraseFault(passphrase: string): string | undefined {
  if (!passphrase.isWellFormed()) return "it is not whole Unicode text";
  if (passphrase.includes("\ufeff")) {
    return "it holds a byte order mark (U+FEFF), which nobody sees and nobody can type again";
  }
  if (processPassphrase(passphrase) === "") return "it is empty";
  if (surrounding.test(passphrase)) {
    return "it begins or ends with white space, which is easily lost when it is written down or pasted";
  }
  return undefined;
}

/** Whether white space around a passphrase may be why it opens nothing. */
export function hasStrayCharacters(passphrase: string): boolean {
  return surrounding.test(passphrase) || passphrase.includes("\ufeff");
}
