/** Text as people save it: one rule for every file that a person writes, whatever editor and system they use. */
import { toUtf8 } from "./bytes.ts";
import { fail, ok, type Result } from "./result.ts";

const byteOrderMark = "\uFEFF";

/**
 * The text of a file in UTF-8, without the byte order mark that some editors write before it.
 * Faults, each a phrase that follows the file's name: UTF-16, bytes of no text.
 */
export function textOf(bytes: Uint8Array): Result<string, string> {
  const [first, second] = bytes;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (isUtf16) return fail("it is UTF-16 text: save it as UTF-8");
  if (bytes.includes(0)) return fail("it holds zero bytes, so it is no text in UTF-8");
  const text = toUtf8(bytes);
  if (text === undefined) return fail("it is no text in UTF-8");
  return ok(withoutMark(text));
}

/**
 * The one line that a file or a variable holds, such as a passphrase: without a byte order mark and without the line
 * end after it (LF or CR LF). Every blank counts. Faults: further lines.
 */
export function oneLineOf(text: string): Result<string, string> {
  const line = withoutMark(text).replace(/\r?\n$|\r$/, "");
  if (/[\r\n]/.test(line)) return fail("it has more than one line");
  return ok(line);
}

function withoutMark(text: string): string {
  return text.startsWith(byteOrderMark) ? text.slice(byteOrderMark.length) : text;
}
