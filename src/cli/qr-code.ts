/** QR codes in a terminal: two modules to a character, black on white whatever the terminal's colours are. */
import { encodeQR } from "qr";

const blackOnWhite = "\u001b[30;107m";
const reset = "\u001b[0m";
/** By what is black: neither, the upper, the lower, both. */
const halves = [" ", "▀", "▄", "█"] as const;
/** Quiet zone: the standard asks for four modules, readers do with two. */
const borderModules = 2;

/** Lines that end with a line feed each; undefined where the terminal has too few columns for it. */
export function qrCodeText(text: string, columns: number): string | undefined {
  const rows = encodeQR(text, "raw", { ecc: "low", border: borderModules });
  if (rows.length > columns) return undefined;
  const lines: string[] = [];
  for (let upper = 0; upper < rows.length; upper += 2) {
    const pairs = (rows[upper] as boolean[]).map(
      (isBlack, column) => halves[(isBlack ? 1 : 0) + (rows[upper + 1]?.[column] ? 2 : 0)],
    );
    lines.push(`${blackOnWhite}${pairs.join("")}${reset}\n`);
  }
  return lines.join("");
}
