/** The dark modules of a QR code as one path of SVG. */

/** @param rows true where the code is dark */
export function qrPath(rows: readonly (readonly boolean[])[]): string {
  const pieces: string[] = [];
  rows.forEach((row, y) => {
    let x = 0;
    while (x < row.length) {
      const start = x;
      while (row[x]) x += 1;
      if (x > start) pieces.push(`M${start} ${y}h${x - start}v1h-${x - start}z`);
      else x += 1;
    }
  });
  return pieces.join("");
}
