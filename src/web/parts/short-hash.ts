/** How a long hash, id or address is shown where there is little room. */

const startLength = 8;
const endLength = 6;

/** Its beginning and end: attackers make keys whose beginning alone looks right. */
export function shortHash(text: string): string {
  if (text.length <= startLength + endLength + 1) return text;
  return `${text.slice(0, startLength)}…${text.slice(-endLength)}`;
}
