/** The page `/docs`: its markup, its script as browsers read it, and what it may do. */
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";

export const referencePage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API of this Aurex node</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/reference.css">
<script type="module" src="/docs/reference.js"></script>
</head>
<body>
<header>
<h1>API of this Aurex node</h1>
<span id="version"></span>
<a href="/openapi.json">openapi.json</a>
<label>Token <input id="token" type="password" autocomplete="off" size="24"></label>
</header>
<nav aria-label="Topics"></nav>
<main><noscript>This page needs JavaScript. The same is in <a href="/openapi.json">openapi.json</a>.</noscript></main>
</body>
</html>
`;

/** The page loads from its own node alone, nothing inline runs, and no other page may frame it. */
export const referenceHeaders: Readonly<Record<string, string>> = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
};

let script: string | undefined;

/** From the package this is the compiled file; in the project's own tree its types are taken away here. */
export function referenceScript(): string {
  const isSource = import.meta.filename.endsWith(".ts");
  const file = new URL(isSource ? "./reference.ts" : "./reference.js", import.meta.url);
  script ??= isSource
    ? stripTypeScriptTypes(readFileSync(file, "utf8"))
    : readFileSync(file, "utf8").replace(/\n\/\/# sourceMappingURL=.*/, "");
  return script;
}
