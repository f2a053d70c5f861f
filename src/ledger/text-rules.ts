/** Which texts may stand in the ledger: user names, asset symbols and names. */
import { toUtf8 } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { aurSymbol } from "../protocol/amount.ts";
import { isCapital, isVisible } from "./characters.ts";

/**
 * The user name in these bytes, or why they are none: UTF-8, NFC, lower case, every character visible, and nothing that
 * a wallet could take for an address or a key. The length is bounded by the type.
 */
export function parseUserName(bytes: Uint8Array): Result<string, string> {
  const text = parseNormalText(bytes);
  if (!text.ok) return text;
  const name = text.value;
  for (const character of name) {
    const codePoint = character.codePointAt(0) as number;
    if (!isVisible(codePoint)) return fail("it has spaces or characters that cannot be seen");
    if (isCapital(codePoint)) return fail("it is not in lower case");
  }
  if (name.startsWith("aurex1")) return fail("it looks like an address");
  if (/^[0-9a-f]{64}$/.test(name)) return fail("it looks like a key");
  return ok(name);
}

/** The asset's symbol: 1 to 12 capital letters and digits, the first a letter, and not the chain's own. */
export function parseAssetSymbol(bytes: Uint8Array): Result<string, string> {
  const symbol = toUtf8(bytes);
  if (symbol === undefined || !/^[A-Z][A-Z0-9]{0,11}$/.test(symbol)) {
    return fail("the symbol must be 1 to 12 capital letters and digits, the first a letter");
  }
  return symbol === aurSymbol ? fail(`the symbol ${aurSymbol} is the chain's own`) : ok(symbol);
}

/** The asset's name: UTF-8, NFC, not empty, of visible characters and plain spaces. */
export function parseAssetName(bytes: Uint8Array): Result<string, string> {
  const text = parseNormalText(bytes);
  if (!text.ok) return fail(`the name: ${text.fault}`);
  const isReadable = [...text.value].every(
    (character) => character === " " || isVisible(character.codePointAt(0) as number),
  );
  return isReadable ? text : fail("the name has characters that cannot be seen");
}

function parseNormalText(bytes: Uint8Array): Result<string, string> {
  if (bytes.length === 0) return fail("it is empty");
  const text = toUtf8(bytes);
  if (text === undefined) return fail("it is not UTF-8");
  return text.normalize("NFC") === text ? ok(text) : fail("it is not in Unicode's form NFC");
}
