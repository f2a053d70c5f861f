/** Key files of all kinds that can be taken over: keystores of EIP-2335, and Aurex's own. Runs in a browser, too. */
import { fail, ok, type Result } from "../base/result.ts";
import { seedBytes } from "../protocol/signing.ts";
import { type KeystoreFault, looksLikeKeystore, openKeystore, readKeystore } from "./eip2335.ts";
import { KeyError } from "./key-error.ts";
import { openKeyFile, parseKeyFile } from "./key-file.ts";
import { portableStretch, type Stretch } from "./stretch.ts";

export interface ImportedFile {
  readonly isEncrypted: boolean;
  /** Where in a set of words the key is from; empty where the file does not say. */
  readonly path: string;
  /** The seed, 32 bytes; the passphrase does not matter if the file is not encrypted. */
  open(passphrase: string): Promise<Result<Uint8Array, KeystoreFault>>;
}

/** The key file in a text, or why it is none, in a phrase for people. Absurd costs are refused here. */
export function parsedForImport(
  text: string,
  stretch: Stretch = portableStretch,
): Result<ImportedFile, string> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return fail("it is not JSON");
  }
  return looksLikeKeystore(json) ? ofKeystore(json, stretch) : ofKeyFile(text, stretch);
}

/** A keystore of another program need not name its public key. */
function ofKeystore(json: unknown, stretch: Stretch): Result<ImportedFile, string> {
  const keystore = readKeystore(json);
  if (!keystore.ok) return keystore;
  return ok({
    isEncrypted: true,
    path: keystore.value.path,
    open: (passphrase) => openKeystore(keystore.value, passphrase, stretch),
  });
}

function ofKeyFile(text: string, stretch: Stretch): Result<ImportedFile, string> {
  const file = parseKeyFile(text);
  if (typeof file === "string") return fail(file);
  return ok({
    isEncrypted: file.secret.kind !== "plain",
    path: file.path,
    open: async (passphrase) => {
      try {
        const { secretKey } = await openKeyFile(file, "to be imported", passphrase, stretch);
        return ok(secretKey.slice(0, seedBytes));
      } catch (thrown) {
        if (!(thrown instanceof KeyError)) throw thrown;
        const isWrong = thrown.code === "key/passphrase-wrong";
        return fail({
          code: isWrong ? "keystore/passphrase-wrong" : "keystore/damaged",
          reason: isWrong
            ? "is not opened by this passphrase (or it was changed)"
            : "holds another key than it names",
        });
      }
    },
  });
}
