/** A text as a QR code, for the camera of a phone. */
import { useMemo } from "preact/hooks";
import { encodeQR } from "qr";
import { qrPath } from "./qr-path.ts";

/** The standard's quiet zone is four modules; readers do with two. */
const borderModules = 2;

/** @param label what it is a code of, read aloud */
export function QrCode({ text, label }: { text: string; label: string }) {
  const rows = useMemo(() => encodeQR(text, "raw", { ecc: "low", border: borderModules }), [text]);
  return (
    <svg class="qr-code" viewBox={`0 0 ${rows.length} ${rows.length}`} role="img" aria-label={label}>
      <rect class="qr-light" width={rows.length} height={rows.length} />
      <path class="qr-dark" d={qrPath(rows)} />
    </svg>
  );
}
