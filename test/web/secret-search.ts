/** Looks for a secret in what was written or sent, in every form that a program may give it. */

export interface Secrets {
  /** 32 bytes. */
  readonly seed: Uint8Array;
  readonly words: readonly string[];
  readonly passphrases: readonly string[];
  /** The JSON of its keystore, if there is one: it is encrypted, and nobody's business all the same. */
  readonly keystore?: string;
}

/** So many words in their order are no accident. */
const wordsInARow = 3;

/** The forms of the secrets that a text holds; empty if it holds none. */
export function secretsIn(text: string, secrets: Secrets): string[] {
  const searched = [text, text.toLowerCase(), decoded(text)];
  const found: string[] = [];
  for (const [what, form] of formsOf(secrets)) {
    if (searched.some((each) => each.includes(form))) found.push(what);
  }
  // However they are separated: by blanks, commas, plus signs, quotes or line ends.
  const letters = decoded(text)
    .toLowerCase()
    .split(/[^a-z]+/)
    .join(" ");
  for (let at = 0; at + wordsInARow <= secrets.words.length; at += 1) {
    const run = secrets.words.slice(at, at + wordsInARow).join(" ");
    if (letters.includes(run)) found.push(`words ${at + 1} to ${at + wordsInARow}`);
  }
  return found;
}

function formsOf({ seed, passphrases, keystore }: Secrets): [string, string][] {
  const forms: [string, string][] = [
    ["the seed in hex", Buffer.from(seed).toString("hex")],
    ...base64Forms("the seed", Buffer.from(seed)),
    ["the seed as numbers", [...seed.slice(0, 8)].join(",")],
  ];
  for (const passphrase of passphrases) {
    for (const form of new Set([passphrase.normalize("NFC"), passphrase.normalize("NFKD")])) {
      forms.push(["a passphrase", form], ["a passphrase in a URL", encodeURIComponent(form)]);
      forms.push(["a passphrase in hex", Buffer.from(form).toString("hex")]);
      forms.push(...base64Forms("a passphrase", Buffer.from(form)));
    }
  }
  if (keystore !== undefined) {
    const { crypto } = JSON.parse(keystore) as { crypto: { cipher: { message: string } } };
    const message = Buffer.from(crypto.cipher.message, "hex");
    forms.push(["the keystore", crypto.cipher.message], ...base64Forms("the keystore", message));
  }
  return forms;
}

/** Base64 of bytes that stand anywhere in a larger piece: one form for each place in a group of three. */
function base64Forms(what: string, bytes: Buffer): [string, string][] {
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    // The first and the last characters depend on the neighbours.
    const inner = text.slice(before === 0 ? 0 : before + 1, -2);
    const url = inner.replaceAll("+", "-").replaceAll("/", "_");
    return [
      [`${what} in base64`, inner],
      [`${what} in base64url`, url],
    ] as [string, string][];
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
