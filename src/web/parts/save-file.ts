/** Hands a file that was made in the page to the browser's downloads. */

/** How long the browser may take to begin; a URL that is taken back too early saves nothing. */
const keptMs = 60_000;

/** @param name as the file is to be called */
export function saveFile(name: string, file: Blob): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), keptMs);
}
