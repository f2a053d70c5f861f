/** Finds what must not stand in the project's files: package registries, and places of one machine. */

const foreign = [
  // Hosts that serve packages; a funding or homepage address in the lock file is none.
  /\b(?:registry|npm|pypi|crates|packages?|artifactory|verdaccio|nexus)(?:\.[a-z0-9-]+)+\.(?:org|com|io|net|dev|internal|local)\b/gi,
  // Folders of one machine, written so that this file does not find itself.
  /(?<![\w.~-])[/]work[/](?:main|shared|\.)[\w./-]*/g,
  /\.\.[/]shared(?![\w-])[\w./-]*/g,
  /(?<!\w)[.]library\b[\w./-]*/g,
];

/** Every foreign piece of `text`, as it stands there. */
export function findForeign(text: string): string[] {
  return foreign.flatMap((pattern) => text.match(pattern) ?? []);
}
